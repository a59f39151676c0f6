"""What the store and the ledger on it promise, asked of SQLite and of PostgreSQL."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
import sqlalchemy as sa

from gctrust.adapters.credentials.api_tokens import ApiTokens, Role
from gctrust.adapters.ledger.entry import Entry
from gctrust.adapters.ledger.ledger import Ledger
from gctrust.adapters.ledger.signed_note import VerifierKey
from gctrust.adapters.ledger.verify import verify_store
from gctrust.adapters.store.schema import META, SIGNALS
from gctrust.adapters.store.store import Store
from gctrust.errors import Problem


class Clock:
    def now(self) -> float:
        return 1_800_000_000.25


def test_what_is_committed_is_there_and_what_is_not_is_not(place: Path | str) -> None:
    store = Store(place)
    with store.write() as connection:
        connection.execute(sa.insert(META).values(name="kept", value="yes"))
    with pytest.raises(sa.exc.IntegrityError), store.write() as connection:
        connection.execute(sa.insert(META), [{"name": n, "value": "yes"} for n in ("lost", "kept")])
    store.close()
    again = Store(place)
    with again.read() as connection:
        names = set(connection.execute(sa.select(META.c.name)).scalars())
    assert "kept" in names
    assert "lost" not in names
    assert again.id == store.id
    again.close()


def test_kind_and_schema_are_held(place: Path | str) -> None:
    Store(place, "sandbox").close()
    with pytest.raises(Problem) as caught:
        Store(place, "organisation")
    assert caught.value.code == "store.other-kind"
    store = Store(place, "sandbox")
    with store.write() as connection:
        connection.execute(sa.update(META).where(META.c.name == "schema").values(value="999"))
    store.close()
    with pytest.raises(Problem) as caught:
        Store(place, "sandbox")
    assert caught.value.code == "store.newer"


def test_a_row_is_put_once_or_made_to_be_this(place: Path | str) -> None:
    store = Store(place)
    with store.write() as connection:
        for value in ("one", "two"):
            store.put(connection, META, name="put", value=value)
            store.put_once(connection, META, name="once", value=value)
    with store.read() as connection:
        rows = {row.name: row.value for row in connection.execute(sa.select(META))}
    assert (rows["put"], rows["once"]) == ("two", "one")
    store.close()


def test_a_foreign_key_is_kept(place: Path | str) -> None:
    store = Store(place)
    with pytest.raises(sa.exc.IntegrityError), store.write() as connection:
        connection.execute(sa.insert(SIGNALS).values(run="nobody", name="cancel", at=1.0))
    store.close()


def test_two_processes_worth_of_appends_make_one_tree(place: Path | str, tmp_path: Path) -> None:
    """Four threads with connections of their own, as workers have."""
    first = Ledger(Store(place), tmp_path / "key", Clock(), "tester")
    failed: list[BaseException] = []

    def append(worker: int) -> None:
        store = Store(place)
        ledger = Ledger(store, tmp_path / "key", Clock(), "tester")
        try:
            for n in range(40):
                ledger.append(Entry("done", f"{n}.example", f"run@{worker}", n))
        except BaseException as error:
            failed.append(error)
        finally:
            store.close()

    threads = [threading.Thread(target=append, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    verdict = first.verify()
    assert (verdict.findings, verdict.entries) == ((), 160)
    proof = first.prove(70)
    assert proof.index == 70
    key = VerifierKey.parse(first.verifier_key)
    assert verify_store(first.store.engine, key, proof.note).anchored
    with first.store.write() as connection:
        connection.execute(sa.text("UPDATE ledger SET entry = 'x' || entry WHERE seq = 33"))
    assert "ledger entry 33" in {f.subject for f in first.verify().findings}
    first.store.close()


def test_tokens(place: Path | str, tmp_path: Path) -> None:
    store = Store(place)
    ledger = Ledger(store, tmp_path / "tokens.key", Clock(), "os:anna")
    tokens = ApiTokens(store, ledger, Clock())
    token = tokens.create("ci", Role.OPERATOR).reveal()
    known = tokens.known(token)
    assert known is not None
    assert known.actor == "token:ci"
    assert tokens.known(token + "x") is None
    with pytest.raises(Problem):
        tokens.create("ci", Role.VIEWER)
    tokens.revoke("ci")
    assert tokens.known(token) is None
    told = [(e.action, e.entity, e.actor) for e in ledger.entries()]
    assert told == [("token.created", "ci", "os:anna"), ("token.revoked", "ci", "os:anna")]
    store.close()


def test_a_server_that_is_away_is_told(postgres: str) -> None:
    away = sa.make_url(postgres).set(query={"host": "/nowhere"}).set(password="hunter2")
    with pytest.raises(Problem) as caught:
        Store(away.render_as_string(hide_password=False))
    assert caught.value.code == "store.unreachable"
    assert "hunter2" not in str(caught.value)


def test_texts_of_any_script_verify(place: Path | str, tmp_path: Path) -> None:
    store = Store(place)
    ledger = Ledger(store, tmp_path / "key", Clock(), "tester")
    data = {"text": '日本 \U0001f600 \\ " \t'}
    ledger.append(Entry("done", "bücher.example", "r", 1, data=dict(data)))
    assert ledger.verify().findings == ()
    assert ledger.entries()[0].data == data
    store.close()


@pytest.mark.parametrize("text", ["mysql://user:hunter2@db/x", "no url at all", "http://x"])
def test_a_url_of_another_kind_is_told_without_its_password(text: str) -> None:
    with pytest.raises(Problem) as caught:
        Store(text)
    assert caught.value.code == "store.bad-url"
    assert "hunter2" not in str(caught.value)


def test_a_store_of_an_earlier_version_is_brought_forward(place: Path | str) -> None:
    store = Store(place)
    with store.write() as connection:
        connection.execute(sa.update(META).where(META.c.name == "schema").values(value="2"))
    store.close()
    again = Store(place)
    with again.read() as connection:
        marks = {row.name: row.value for row in connection.execute(sa.select(META))}
    assert int(marks["schema"]) > 2
    assert again.id == store.id
    again.close()
