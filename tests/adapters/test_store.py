"""The store on real files: what it refuses, and with which Problem."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import subprocess
import sys
import time

import pytest
import sqlalchemy as sa

from gctrust.adapters.store.lease import Lease
from gctrust.adapters.store.schema import LEASES, META, SIGNALS
from gctrust.adapters.store.store import Store, store_kind_of
from gctrust.errors import Problem, Retry


def test_opens_in_wal_with_full_sync_and_foreign_keys(tmp_path):
    store = Store(tmp_path / "deep" / "store.db")
    with store.read() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1
    assert (tmp_path / "deep" / "store.db").stat().st_mode & 0o777 == 0o600


def test_the_kind_is_marked_and_held(tmp_path):
    path = tmp_path / "store.db"
    assert store_kind_of(path) is None
    Store(path, "organisation").close()
    Store(path, "organisation").close()
    assert store_kind_of(path) == "organisation"
    with pytest.raises(Problem) as caught:
        Store(path, "sandbox")
    assert caught.value.code == "store.other-kind"
    assert caught.value.facts["holds"] == "organisation"


def test_no_database_at_all(tmp_path):
    path = tmp_path / "store.db"
    path.write_bytes(b"this is a letter, not a database" * 99)
    for attempt in (lambda: Store(path), lambda: store_kind_of(path)):
        with pytest.raises(Problem) as caught:
            attempt()
        assert caught.value.code == "store.unreadable"
        assert caught.value.facts["store"] == str(path)
        assert caught.value.next_step


def test_a_folder_that_cannot_be(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(Problem) as caught:
        Store(tmp_path / "file" / "store.db")
    assert caught.value.code == "store.unreadable"


def test_a_newer_schema_is_refused(tmp_path):
    store = Store(tmp_path / "store.db")
    with store.write() as connection:
        connection.execute(sa.update(META).where(META.c.name == "schema").values(value="99"))
    with pytest.raises(Problem) as caught:
        Store(tmp_path / "store.db")
    assert caught.value.code == "store.newer"


def test_locked_by_another_writer(tmp_path):
    store = Store(tmp_path / "store.db")
    other = sqlite3.connect(store.name, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with store.read() as connection:  # readers are not in the way of a writer
        assert connection.execute(sa.select(META)).all()
    with store.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA busy_timeout=50")
    with pytest.raises(Problem) as caught, store.write() as _:
        pass
    other.close()
    assert caught.value.code == "store.locked"
    assert caught.value.type.retry is Retry.LATER


def test_disk_full(tmp_path):
    store = Store(tmp_path / "store.db")
    pages = sqlite3.connect(store.name).execute("PRAGMA page_count").fetchone()[0]
    with store.engine.connect() as connection:
        connection.exec_driver_sql(f"PRAGMA max_page_count={pages}")
    with pytest.raises(Problem) as caught, store.write() as connection:
        connection.execute(sa.insert(META).values(name="big", value="x" * 100_000))
    assert caught.value.code == "store.full"
    with store.read() as connection:
        assert connection.execute(sa.select(META).where(META.c.name == "big")).first() is None


def test_read_only(tmp_path):
    store = Store(tmp_path / "store.db")
    with store.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA query_only=ON")
    with pytest.raises(Problem) as caught, store.write() as connection:
        connection.execute(sa.insert(META).values(name="x", value="y"))
    assert caught.value.code == "store.unreadable"


def test_a_failed_transaction_leaves_nothing(tmp_path):
    store = Store(tmp_path / "store.db")
    with contextlib.suppress(ZeroDivisionError), store.write() as connection:
        connection.execute(sa.insert(META).values(name="x", value="y"))
        raise ZeroDivisionError
    with store.read() as connection:
        assert connection.execute(sa.select(META).where(META.c.name == "x")).first() is None


def test_foreign_keys_hold(tmp_path):
    store = Store(tmp_path / "store.db")
    with pytest.raises(sa.exc.IntegrityError), store.write() as connection:
        connection.execute(sa.insert(SIGNALS).values(run="none", name="x", at=0.0))


def test_lease_epochs(tmp_path):
    store = Store(tmp_path / "store.db")
    first, second = Lease(store, "first"), Lease(store, "second")
    assert first.acquire()
    assert (first.epoch, first.held(), second.acquire(), second.held()) == (1, True, False, False)
    assert first.renew()
    first.release()
    assert second.acquire()
    assert second.epoch == 2
    assert not first.held()
    assert not first.renew()


def test_lease_of_a_hung_holder(tmp_path):
    store = Store(tmp_path / "store.db")
    hung, eager = Lease(store, "hung"), Lease(store, "eager", ttl=0.0)
    assert hung.acquire()
    assert hung.held()
    assert eager.acquire()
    assert not hung.held()
    assert not hung.renew()
    assert hung.epoch == 0
    assert eager.held()


def test_lease_of_a_holder_that_has_ended_is_free_at_once(tmp_path):
    store = Store(tmp_path / "store.db")
    assert Lease(store, "gone").acquire()
    ended = subprocess.Popen([sys.executable, "-c", ""])
    os.waitid(os.P_PID, ended.pid, os.WEXITED | os.WNOWAIT)  # ended, not yet waited for: a zombie
    set_pid(store, ended.pid)
    assert Lease(store, "next").acquire()
    set_pid(store, ended.pid)
    ended.wait()
    assert Lease(store, "third").acquire()
    alive = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    set_pid(store, alive.pid)
    assert not Lease(store, "fourth").acquire()
    alive.communicate(b"")


def set_pid(store, pid):
    with store.write() as connection:
        connection.execute(sa.update(LEASES).values(pid=pid))


def test_a_clock_set_back_leaves_no_lease_to_who_has_ended(tmp_path):
    store = Store(tmp_path / "store.db")
    assert Lease(store, "gone").acquire()
    with store.write() as connection:  # it last beat before the clock was set back by an hour
        ahead = LEASES.c.beat + 3600.0
        connection.execute(sa.update(LEASES).values(beat=ahead, host="another machine"))
    next_ = Lease(store, "next", ttl=0.2)
    assert not next_.acquire(), "it may be alive, and beat again"
    time.sleep(0.3)
    assert next_.acquire()


def test_a_file_whose_schema_is_damaged_is_told_as_unreadable(tmp_path):
    """SQLite quotes the damaged octets, which are no UTF-8."""
    path = tmp_path / "s.db"
    Store(path).close()
    octets = path.read_bytes()
    for place in (b"CREATE TABLE webhook_health", b"webhook_health"):
        path.write_bytes(octets.replace(place, place[:-3] + b"\xce(\xff"))
        for attempt in (lambda: Store(path), lambda: store_kind_of(path)):
            with pytest.raises(Problem) as caught:
                attempt()
            assert caught.value.code == "store.unreadable"
