"""Stores that earlier versions wrote, with data, become this version's; stores/*.sql are theirs.

Each was left by that version's own code: an ended run, a run that waits, a signed ledger, and the
engine's tables. Versions 2 and 3 each began without what their later stores have.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from gctrust.adapters.ledger.entry import Entry
from gctrust.adapters.store import migrate
from gctrust.adapters.store.schema import METADATA, RUNS, SCHEMA_VERSION, SIGNALS, STEPS
from gctrust.adapters.store.store import Store
from gctrust.errors import Problem
from gctrust.runner.runner import Runner

sys.path.insert(0, str(Path(__file__).parents[1] / "runner"))
from test_runner import running, until
from tiny import HandClock, House

STORES = Path(__file__).with_name("stores")
VERSIONS = sorted(path.stem for path in STORES.glob("*.sql"))


def written(home: Path, version: str) -> Path:
    """The store of that version in `home`, with the key that its ledger was signed with."""
    store = home / "store.db"
    with sqlite3.connect(store) as connection:
        connection.executescript((STORES / f"{version}.sql").read_text("utf-8"))
    connection.close()
    seed = hashlib.sha256(b"the stores of earlier versions").digest()
    key = Ed25519PrivateKey.from_private_bytes(seed)
    text = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (home / "ledger.key").write_bytes(text)
    return store


def described(store: Store) -> dict[str, object]:
    """Every table of ours as the database itself tells it; the engine's are not ours."""
    inspector = sa.inspect(store.engine)
    return {
        name: (
            {c["name"]: (str(c["type"]), c["nullable"]) for c in inspector.get_columns(name)},
            inspector.get_pk_constraint(name)["constrained_columns"],
            sorted(
                (k["constrained_columns"], k["referred_table"], k["referred_columns"])
                for k in inspector.get_foreign_keys(name)
            ),
            sorted(u["column_names"] for u in inspector.get_unique_constraints(name)),
            sorted(
                (i["name"], i["column_names"], i["unique"]) for i in inspector.get_indexes(name)
            ),
        )
        for name in inspector.get_table_names()
        if name in METADATA.tables
    }


def differences(store: Store) -> list[object]:
    """What Alembic would still change; the engine's tables are left out."""
    with store.read() as connection:
        ours = {"include_name": lambda name, kind, _: kind != "table" or name in METADATA.tables}
        return compare_metadata(MigrationContext.configure(connection, opts=ours), METADATA)


def rows(path: Path, table: str) -> list[dict[str, object]]:
    connection = sqlite3.connect(path)
    connection.row_factory = sqlite3.Row
    found = [dict(row) for row in connection.execute(f"SELECT * FROM {table} ORDER BY rowid")]
    connection.close()
    return found


def without(row: dict[str, object], *names: str) -> dict[str, object]:
    return {name: value for name, value in row.items() if name not in names}


def delivered(path: Path, outbox: list[dict[str, object]]) -> list[dict[str, object]]:
    """Each event's deliveries: those it has, else one to the environment's endpoint."""
    if "webhook_deliveries" in {row["name"] for row in rows(path, "sqlite_master")}:
        return rows(path, "webhook_deliveries")
    told = ("entry", "entity", "status", "tries", "next_at")
    return [
        {"outbox": row["id"], "endpoint": "environment", **{name: row[name] for name in told}}
        for row in outbox
    ]


def test_the_fixtures_are_every_version_before_this_one():
    assert {int(name[0]) for name in VERSIONS} >= set(range(1, SCHEMA_VERSION))


@pytest.mark.parametrize("version", VERSIONS)
def test_it_becomes_the_schema_of_a_new_store_and_keeps_its_data(tmp_path, version):
    path = written(tmp_path, version)
    kept = ("runs", "steps", "signals", "ledger", "outbox", "workflow_status")
    before = {table: rows(path, table) for table in kept}
    waiting = delivered(path, before["outbox"])
    store, fresh = Store(path, "sandbox"), Store(tmp_path / "fresh.db", "sandbox")
    assert described(store) == described(fresh)
    assert differences(store) == []
    assert rows(path, "webhook_deliveries") == waiting
    before["outbox"] = [without(row, "tries", "next_at") for row in before["outbox"]]
    assert "deliveries" not in {row["name"] for row in rows(path, "sqlite_master")}
    for table, old in before.items():
        new = rows(path, table)
        assert [{name: row[name] for name in was} for row, was in zip(new, old, strict=True)] == old
    with store.read() as connection:
        assert connection.exec_driver_sql("PRAGMA foreign_key_check").all() == []
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1


def past_every_wait(house: House, runner: Runner, run: str) -> bool:
    """Time runs on to whatever the run waits for; true when it has ended."""
    house.clock.at = max(house.clock.at, *runner.pending_deadlines()[:1], 0.0)
    return runner.show(run).ended is not None


LATE = pytest.mark.skipif(os.environ.get("GCTRUST_LONG") != "1", reason="GCTRUST_LONG=1 runs it")


@pytest.mark.parametrize(
    "version", [pytest.param(v, marks=() if v in "12" else LATE) for v in VERSIONS]
)
async def test_its_ledger_verifies_and_its_open_run_goes_on(tmp_path, version):
    written(tmp_path, version)
    (tmp_path / "lines.txt").write_text("0\n")
    house = House(tmp_path, HandClock(1_800_000_000.0))
    saved = house.ledger.checkpoint()
    assert house.ledger.verify(saved).findings == ()
    assert house.ledger.entries()[0].actor == "tester"
    async with running(house.runner()) as runner:
        (run,) = [row.id for row in runner.list_runs() if row.ended is None]
        await until(lambda: past_every_wait(house, runner, run))
        assert (await runner.await_end(run, 10)).status == "succeeded"
    assert (tmp_path / "lines.txt").read_text() == "0\n1\n"
    house.ledger.append_all([Entry("more", f"{n}.example", "r", n) for n in range(130)])
    verdict = house.ledger.verify(saved)
    assert (verdict.findings, verdict.anchored) == ((), True)
    assert house.ledger.prove(70).index == 70


@pytest.mark.parametrize("version", ["1", "2"])
def test_a_ledger_that_was_changed_before_is_not_whitewashed(tmp_path, version):
    path = written(tmp_path, version)
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE ledger SET entry = replace(entry, 'n3.', 'x3.') WHERE seq = 3")
    connection.close()
    house = House(tmp_path, HandClock())
    assert "ledger.root-mismatch" in {found.rule for found in house.ledger.verify().findings}
    with pytest.raises(Problem, match=r"ledger\.broken"):
        house.ledger.append(Entry("more", "x.example"))


def test_signed_entries_of_a_store_without_a_name_are_refused(tmp_path):
    path = written(tmp_path, "1")
    with sqlite3.connect(path) as connection:
        connection.execute("DELETE FROM gctrust_meta WHERE name = 'store_id'")
    connection.close()
    with pytest.raises(Problem, match=r"store\.older"):
        Store(path, "sandbox")
    assert rows(path, "gctrust_meta")[0]["value"] == "1", "and it is as it was"


def test_a_store_that_refers_to_rows_it_lost_is_left_as_it_is(tmp_path):
    path = written(tmp_path, "1")
    with sqlite3.connect(path) as connection:
        connection.execute("INSERT INTO signals (run, name, at) VALUES ('nobody', 'x', 0)")
    connection.close()
    with pytest.raises(Problem, match=r"store\.lost-rows") as caught:
        Store(path, "sandbox")
    assert caught.value.facts == {"table": "signals", "row": 2, "refers_to": "runs"}
    assert {row["name"]: row["value"] for row in rows(path, "gctrust_meta")}["schema"] == "1"


def test_a_step_imports_nothing_of_ours():
    folder = Path(migrate.__file__).parent / "migrations"
    for step in folder.glob("to_*.py"):
        lines = step.read_text("utf-8").splitlines()
        assert [line for line in lines if "import" in line and "." in line.split()[1][:1]] == []
        assert not any("gctrust" in line for line in lines), step


OPENING = """
import sys
from pathlib import Path
from gctrust.adapters.store.store import Store
print(Store(Path(sys.argv[1]), "sandbox").id)
"""


def test_two_processes_at_once(tmp_path):
    path = written(tmp_path, "1")
    command = [sys.executable, "-c", OPENING, str(path)]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    assert [one.communicate(timeout=30)[0] for one in processes] == ["3b4fdbf16d9e43c9\n"] * 2
    assert differences(Store(path, "sandbox")) == []


DYING = """
import os, signal, sys
import sqlalchemy as sa
from gctrust.adapters.store import migrate, schema
def die(op):
    os.kill(os.getpid(), signal.SIGKILL)
connection = sa.create_engine(f"sqlite:///{sys.argv[1]}").connect()
connection.connection.driver_connection.isolation_level = None
connection.exec_driver_sql("BEGIN IMMEDIATE")
marks = dict(connection.execute(sa.select(schema.META)).tuples().all())
migrate.bring_forward(connection, marks, "sandbox", lambda n: (*migrate.steps_from(n), die))
"""


def test_killed_when_every_step_is_done_and_nothing_is_committed(tmp_path):
    path = written(tmp_path, "1")
    ended = subprocess.run([sys.executable, "-c", DYING, str(path)], check=False)
    assert ended.returncode == -signal.SIGKILL
    copy = tmp_path / "copy"
    copy.mkdir()
    for file in tmp_path.glob("store.db*"):
        shutil.copy(file, copy)
    assert "segments" not in {r["name"] for r in rows(copy / "store.db", "sqlite_master")}
    assert differences(Store(path, "sandbox")) == []
    assert os.stat(path).st_mode & 0o777 == 0o600


def test_at_head_only_the_marks_are_read(tmp_path):
    Store(tmp_path / "store.db").close()
    writer = sqlite3.connect(tmp_path / "store.db", isolation_level=None)
    writer.execute("BEGIN IMMEDIATE")  # a write would have to wait for this one
    store = Store(tmp_path / "store.db")
    assert store.id
    writer.close()
    quick = "import sys, gctrust.adapters.store.store; sys.exit('alembic' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", quick], check=False).returncode == 0


def test_a_table_and_an_index_of_tomorrow_are_made_at_the_next_opening(tmp_path):
    store = Store(tmp_path / "store.db")
    with store.write() as connection:
        connection.exec_driver_sql("DROP TABLE sealed_keys")
        connection.exec_driver_sql("DROP INDEX ix_signals_run")
        names = " ".join(set(migrate.shape().split()) - {"sealed_keys", "ix_signals_run"})
        connection.execute(
            sa.text("UPDATE gctrust_meta SET value=:n WHERE name='shape'"), {"n": names}
        )
    assert differences(Store(tmp_path / "store.db")) == []


def test_on_postgresql(tmp_path, postgres):
    url = sa.make_url(postgres).set(drivername="postgresql+psycopg")
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql("CREATE DATABASE older")
    engine.dispose()
    place = url.set(database="older").render_as_string(hide_password=False)
    house = House(tmp_path, HandClock(), place=place)
    house.ledger.append(Entry("noted", "n.example"))
    fresh = described(house.store)
    with house.store.write() as connection:  # what version 3 began with
        connection.exec_driver_sql("ALTER TABLE runs DROP COLUMN owner")
        connection.exec_driver_sql("ALTER TABLE outbox ADD COLUMN tries INTEGER NOT NULL")
        connection.exec_driver_sql("ALTER TABLE outbox ADD COLUMN next_at FLOAT NOT NULL")
        connection.exec_driver_sql(
            "CREATE TABLE deliveries (id INTEGER PRIMARY KEY, outbox TEXT REFERENCES outbox (id),"
            ' "try" INTEGER, at FLOAT, status INTEGER, error TEXT, seconds FLOAT)'
        )
        connection.exec_driver_sql(
            "INSERT INTO outbox VALUES ('m', 'r', 1, 'e', 'n.example', '{}', 0, 1.0, 'pending',"
            " 2, 3.0)"
        )
        connection.exec_driver_sql("INSERT INTO deliveries VALUES (1, 'm', 2, 1.0, 503, '', 0.1)")
        connection.exec_driver_sql("UPDATE gctrust_meta SET value='3' WHERE name='schema'")
        connection.exec_driver_sql("DELETE FROM gctrust_meta WHERE name='shape'")
    house.store.close()
    again = House(tmp_path, HandClock(), place=place)
    assert described(again.store) == fresh
    assert differences(again.store) == []
    assert again.ledger.verify().findings == ()
    (waiting,) = again.outbox.rows("pending")
    assert (waiting.id, waiting.tries, waiting.next_at) == ("m", 2, 3.0)
    assert [tried.status for tried in waiting.attempts] == [503]
    again.store.close()


def test_what_is_told_of_a_run_is_what_the_old_version_told(tmp_path):
    store = Store(written(tmp_path, "2"), "sandbox")
    with store.read() as connection:
        told = connection.execute(sa.select(RUNS.c.id, RUNS.c.status, RUNS.c.owner)).all()
        steps = connection.execute(sa.select(sa.func.count()).select_from(STEPS)).scalar()
        late = connection.execute(sa.select(SIGNALS.c.name)).scalars().all()
    assert [tuple(row) for row in told] == [
        ("tiny:a@1", "succeeded", None),
        ("tiny:a@2", "open", None),
    ]
    assert (steps > 5, late) == (True, ["late"])
