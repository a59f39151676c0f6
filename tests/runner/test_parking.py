"""A run that waits long is a row: no coroutine holds it, and any worker goes on with it."""

from __future__ import annotations

import asyncio

import sqlalchemy as sa
from test_runner import running, until
from tiny import HandClock, House, TinyOrder

from gctrust.adapters.store.schema import PARKED, STEPS
from gctrust.runner.claims import AT_ONCE, Claims

LONG = 86400.0


def parked(house: House) -> int:
    with house.store.read() as connection:
        return int(connection.execute(sa.select(sa.func.count()).select_from(PARKED)).scalar_one())


async def test_waiting_runs_hold_no_task_and_each_wakes_at_its_time(tmp_path):
    house = House(tmp_path, HandClock())
    async with running(house.runner(linger=0.1)) as runner:
        idle = len(asyncio.all_tasks())
        runs = [runner.submit(TinyOrder(f"r{n}", 1, LONG + n)) for n in range(20)]
        await until(lambda: parked(house) == 20, 30)
        await until(lambda: len(asyncio.all_tasks()) <= idle, 5)
        assert runner.idle
        first = runner.show(runs[0])
        assert (first.waiting_for, first.waiting_until) == ("a pause", house.clock.at + LONG)
        house.clock.at += LONG + 9.5
        for run in runs[:10]:
            assert (await runner.await_end(run, 20)).status == "succeeded"
        assert parked(house) == 10
        assert all(runner.show(run).ended is None for run in runs[10:])
        assert runner.pending_deadlines()[0] == first.waiting_until + 10
    assert house.ledger.verify().findings == ()


async def test_a_signal_brings_a_parked_run_forward(tmp_path):
    house = House(tmp_path)
    async with running(house.runner(linger=0.1)) as runner:
        run = runner.submit(TinyOrder(lines=1, wait=LONG))
        await until(lambda: parked(house))
        runner.signal(run, "deaf")
        await until(lambda: not parked(house))
        await until(lambda: parked(house), 15)
        runner.signal(run, "advance")
        assert (await runner.await_end(run, 15)).summary["signal"] == "advance"
        assert house.file.read_text() == "0\n", "finished steps are not done again"


async def test_a_parked_run_goes_on_in_another_process(tmp_path):
    house = House(tmp_path, HandClock())
    async with running(house.runner(linger=0.1)) as runner:
        run = runner.submit(TinyOrder(lines=2, wait=LONG))
        await until(lambda: parked(house))
    later = House(tmp_path, HandClock(house.clock.at + LONG + 1))
    async with running(later.runner(linger=0.1)) as runner:
        await until(lambda: parked(later) and later.file.read_text() == "0\n1\n", 15)
        later.clock.at += LONG
        assert (await runner.await_end(run, 15)).status == "succeeded"
    assert [step.step for step in runner.runs.get(run).history] == list(range(1, 9))


async def test_a_replay_tells_the_history_again_that_a_kill_cut_off(tmp_path):
    house = House(tmp_path, HandClock())
    async with running(house.runner()) as runner:
        run = runner.submit(TinyOrder(lines=2, wait=LONG))
        await until(lambda: runner.show(run).waiting_until)
        before = runner.show(run)
    with house.store.write() as connection:
        connection.execute(sa.delete(STEPS))
    async with running(House(tmp_path, house.clock).runner()) as runner:
        await until(lambda: runner.show(run).history == before.history != ())


def claims(house: House, name: str = "one") -> Claims:
    made = Claims(house.store, name, 6.0, ("tiny",))
    assert made.acquire()
    return made


def test_a_signal_that_came_before_the_parking_is_not_slept_over(tmp_path):
    house = House(tmp_path)
    runs, mine = house.runner().runs, claims(house)
    run = runs.submit(TinyOrder())
    assert mine.look(0.0, 5) == {run: 0}
    runs.signal(run, "cancel")
    assert mine.look(0.0, 5) == {run: 1}
    assert not mine.park(run, LONG, ("cancel", "advance"))
    assert mine.held(run)
    assert mine.park(run, LONG, ("advance",)), "it does not listen for what came"
    assert (mine.held(run), mine.look(LONG - 1, 5)) == (False, {})
    assert mine.look(LONG, 5) == {run: 0}


def test_a_look_takes_no_more_than_there_is_room_for_and_lets_new_runs_in(tmp_path):
    house = House(tmp_path)
    runs, mine = house.runner().runs, claims(house)
    old = [runs.submit(TinyOrder(f"old{n}")) for n in range(AT_ONCE)]
    assert len(mine.look(0.0, 100)) == AT_ONCE
    for run in old:
        assert mine.park(run, 50.0, ())
    new = [runs.submit(TinyOrder(f"new{n}")) for n in range(AT_ONCE)]
    assert not mine.look(100.0, 0)
    taken = mine.look(100.0, 6).keys()
    assert (len(taken & set(old)), len(taken & set(new))) == (3, 3)
    assert len(mine.look(100.0, 100)) == 6 + AT_ONCE


def test_what_another_took_over_is_neither_held_nor_parked(tmp_path):
    house = House(tmp_path)
    runs, mine = house.runner().runs, claims(house)
    run = runs.submit(TinyOrder())
    mine.look(0.0, 5)
    other = Claims(House(tmp_path).store, "two", 0.0, ("tiny",))  # as if this process had hung
    assert other.acquire()
    assert other.look(0.0, 5) == {run: 0}
    assert not mine.held(run)
    assert mine.park(run, LONG, ())
    assert other.held(run), "it was not parked under the other's hands"
