"""The machine misbehaves: a second process, a locked store, no place to write, no room left."""

from __future__ import annotations

import json
import resource
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from arena import CUSTOM, MAIL, arena, as_text, until
from voyage import voyage

from gctrust.app import build_app
from gctrust.errors import Problem

WORKER = str(Path(__file__).parents[1] / "crash" / "worker.py")
ROOM = 250_000  # bytes a file may grow to: the store's log is full after a few steps


@pytest.fixture
def house(tmp_path):
    with arena(tmp_path) as made:
        (tmp_path / "addresses.json").write_text(json.dumps(made.addresses))
        yield made


def start(house, order, room=None):
    def narrow():
        if room is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (room, room))

    (house.home / "order.json").write_text(as_text(order))
    files = (str(house.home / name) for name in ("addresses.json", "order.json"))
    command = [sys.executable, WORKER, str(house.home), *files]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, preexec_fn=narrow)


def store_path(house):
    host = house.addresses["api"].removeprefix("http://").replace(":", "-")
    return house.home / "stores" / f"{host}.db"


def ends(house, *workers):
    """Let the platform's time run on until all have ended; their exit codes and last lines."""

    def over():
        house.advance(5.0)
        return all(worker.poll() is not None for worker in workers)

    until(over, 60.0)
    return [(worker.returncode, worker.stdout.read().splitlines()) for worker in workers]


def test_second_process_joins_the_run_and_watches(house):
    order = house.mail_order(1)
    first = start(house, order)
    assert first.stdout.readline() == "leading\n"
    second = start(house, order)
    assert second.stdout.readline() == "watching\n"
    until(lambda: house.publish(order))
    assert ends(house, first, second) == [(0, ["ended succeeded"])] * 2
    assert len(house.journal("POST", MAIL)) == 1


async def test_a_store_that_is_locked_for_a_while_delays_only(house):
    order = house.custom_order(1)
    async with voyage(house) as trip:
        run = trip.runner.submit(order)
        locker = sqlite3.connect(store_path(house), isolation_level=None)
        await trip.until(lambda: house.journal("POST", CUSTOM))
        locker.execute("BEGIN IMMEDIATE")
        now = trip.runner.clock.now()
        await trip.until(lambda: trip.runner.clock.now() > now + 300)  # 1.5 s of ours and more
        assert trip.runner.show(run).status == "open", "nothing can be recorded"
        locker.execute("ROLLBACK")
        locker.close()
        await trip.until(lambda: trip.runner.show(run).status != "open")
        assert trip.runner.show(run).status == "succeeded"
        assert trip.app.ledger.verify().findings == ()
    assert len(house.journal("POST", CUSTOM)) == 1


async def opening(house):
    async with build_app(house.settings()) as app:
        with pytest.raises(Problem) as caught:
            async with app.running():
                pass
    assert house.writes() == []
    return caught.value


async def test_a_store_that_stays_locked_is_named(house):
    async with build_app(house.settings()) as app:
        assert app.store.id
    locker = sqlite3.connect(store_path(house), isolation_level=None)
    locker.execute("BEGIN EXCLUSIVE")
    try:
        assert (await opening(house)).code == "store.locked"
    finally:
        locker.close()


async def test_no_folder_to_write_to(house):
    (house.home / "stores").write_text("a file where the folder should be")
    problem = await opening(house)
    assert problem.code == "store.unreadable"
    assert str(house.home) in str(problem.facts["store"])


async def test_a_damaged_store(house):
    store_path(house).parent.mkdir()
    store_path(house).write_bytes(b"no database " * 1000)
    assert (await opening(house)).code == "store.unreadable"


def test_no_room_left_then_room_again(house):
    """The run stops where its records would no longer be safe, and goes on when there is room."""
    done = start(house, house.custom_order(1))
    assert ends(house, done) == [(0, ["leading", "ended succeeded"])]
    order = house.custom_order(2)
    narrow = start(house, order, ROOM)
    try:
        until(lambda: house.advance(5.0) or narrow.poll() is not None, 6.0)
    except AssertionError:
        narrow.kill()
    lines = narrow.communicate()[0].splitlines()
    assert "ended succeeded" not in lines, "there was room enough: nothing was tested"
    assert all(line.removeprefix("problem ").startswith("store.") for line in lines[1:])
    wide = start(house, order)
    ((code, lines),) = ends(house, wide)
    assert (code, lines) == (0, ["leading", "ended succeeded"])
    assert len(house.journal("POST", CUSTOM)) == 2
