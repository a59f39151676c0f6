"""The runner on the real engine and a real file, in this process."""

from __future__ import annotations

import asyncio
import contextlib

import pytest
from sqlalchemy import event
from tiny import BUSY, REFUSED, AppendLine, HandClock, House, TinyOrder, appender, raising, tiny

from gctrust.errors import Problem
from gctrust.pipelines.effect import Undone
from gctrust.pipelines.effects import Now, Record, Stage, Wait, do
from gctrust.pipelines.orders import RunEnd


@contextlib.asynccontextmanager
async def running(runner):
    await runner.start()
    try:
        yield runner
    finally:
        await runner.close()


async def until(condition, seconds=8.0):
    for _ in range(int(seconds / 0.02)):
        if condition():
            return
        await asyncio.sleep(0.02)
    raise AssertionError("it did not come about in time")


async def test_a_run_ends_with_history_and_ledger(tmp_path):
    house = House(tmp_path)
    async with running(house.runner()) as runner:
        run = runner.submit(TinyOrder(lines=2, wait=0.0))
        end = await runner.await_end(run, 10)
        assert end == RunEnd("succeeded", {"lines": 2, "signal": None})
        row = runner.show(run)
        assert (row.status, row.stage, row.journey) == ("succeeded", "append", "tiny")
        assert [step.name for step in row.history][:3] == [
            "1 Stage append",
            "2 AppendLine 0",
            "3 Now",
        ]
        assert all(step.kind == "done" for step in row.history)
        assert [entry.action for entry in house.ledger.entries(run=run)] == [
            "append-line.intended",
            "append-line.done",
        ] * 2 + ["tiny.done"]
        assert house.ledger.verify().findings == ()
        assert [r.id for r in runner.list_runs()] == [run]


async def test_same_identity_joins_then_a_new_generation(tmp_path):
    async with running(House(tmp_path).runner()) as runner:
        first = runner.submit(TinyOrder(lines=1, wait=0.3))
        assert runner.submit(TinyOrder(lines=1, wait=0.3)) == first
        await runner.await_end(first, 10)
        second = runner.submit(TinyOrder(lines=1, wait=0.0))
        assert second != first
        assert (await runner.await_end(second, 10)).status == "succeeded"


async def test_a_signal_ends_a_wait(tmp_path):
    async with running(House(tmp_path).runner()) as runner:
        run = runner.submit(TinyOrder(lines=1, wait=3000.0))
        await until(lambda: runner.show(run).waiting_until)
        assert runner.show(run).waiting_for == "a pause"
        runner.signal(run, "deaf")
        assert await runner.await_end(run, 0.6) is None
        runner.signal(run, "advance")
        assert (await runner.await_end(run, 5)).summary["signal"] == "advance"
        assert runner.show(run).waiting_until is None


async def test_cancel_is_heard_by_the_pipeline(tmp_path):
    async with running(House(tmp_path).runner()) as runner:
        run = runner.submit(TinyOrder(lines=5, wait=3000.0))
        runner.cancel(run)
        assert await runner.await_end(run, 8) == RunEnd("cancelled", {"lines": 1})


async def test_a_wait_follows_a_virtual_clock(tmp_path):
    house = House(tmp_path, HandClock())
    async with running(house.runner()) as runner:
        run = runner.submit(TinyOrder(lines=2, wait=86400.0))
        for _ in range(2):
            await until(lambda: runner.idle and runner.pending_deadlines())
            (deadline,) = runner.pending_deadlines()
            assert deadline == house.clock.at + 86400.0
            house.clock.at = deadline
            await until(lambda deadline=deadline: deadline not in runner.pending_deadlines(), 1.0)
        assert (await runner.await_end(run, 5)).status == "succeeded"
        row = runner.show(run)
        assert row.ended - row.started == 2 * 86400.0


async def test_a_passing_fault_is_tried_again(tmp_path):
    house = House(tmp_path)
    performer = raising(BUSY, 2, appender(house.file))
    async with running(house.runner(performer)) as runner:
        run = runner.submit(TinyOrder(lines=1, wait=0.0))
        assert (await runner.await_end(run, 10)).status == "succeeded"
        kinds = [(step.name, step.kind) for step in runner.show(run).history][1:6]
        assert kinds == [
            ("2 AppendLine 0", "again"),
            ("3 Wait", "done"),
            ("4 AppendLine 0", "again"),
            ("5 Wait", "done"),
            ("6 AppendLine 0", "done"),
        ]


async def test_patience_ends_then_resume_goes_on_at_the_failed_step(tmp_path):
    house = House(tmp_path)
    performer = raising(BUSY, 4, appender(house.file))
    async with running(house.runner(performer)) as runner:
        run = runner.submit(TinyOrder(lines=2, wait=0.0))
        with pytest.raises(Problem) as caught:
            await runner.await_end(run, 10)
        assert caught.value.code == "tiny.busy"
        assert runner.show(run).status == "failed"
        assert runner.resume(run)
        assert (await runner.await_end(run, 15)).status == "succeeded"
        assert house.file.read_text() == "0\n1\n"
        assert next(s.name for s in runner.show(run).history if s.life == 2) == "2 AppendLine 0"
        assert not runner.resume(run)


async def test_a_lasting_problem_reaches_the_pipeline_at_once(tmp_path):
    def caught(order):
        try:
            yield from do(Wait(0.0, "x"))
            yield from tiny(order)
        except Problem as problem:
            yield from do(Record("tiny.undone", problem.code))
            return RunEnd("rolled-back", {"code": problem.code})

    house = House(tmp_path)
    runner = house.runner(raising(REFUSED, 1, appender(house.file)), {"tiny": caught})
    async with running(runner):
        run = runner.submit(TinyOrder(lines=1))
        assert await runner.await_end(run, 10) == RunEnd("rolled-back", {"code": "tiny.refused"})
        actions = [entry.action for entry in house.ledger.entries()]
        assert actions == ["append-line.intended", "append-line.failed", "tiny.undone"]


async def test_a_defect_ends_the_run_and_quotes_nothing(tmp_path):
    async def performer(_effect):
        raise ZeroDivisionError("the password is swordfish")

    house = House(tmp_path)
    async with running(house.runner(performer)) as runner:
        run = runner.submit(TinyOrder(lines=1))
        with pytest.raises(Problem) as caught:
            await runner.await_end(run, 10)
        assert caught.value.code == "run.effect-crashed"
    assert b"swordfish" not in (tmp_path / "store.db").read_bytes()


async def test_closed_while_waiting_and_started_again(tmp_path):
    order = TinyOrder(lines=2, wait=1.5)
    async with running(House(tmp_path).runner()) as runner:
        run = runner.submit(order)
        await until(lambda: runner.show(run).waiting_until)
    async with running(House(tmp_path).runner()) as runner:
        assert runner.leading
        assert (await runner.await_end(run, 15)).status == "succeeded"
    assert (tmp_path / "lines.txt").read_text() == "0\n1\n"


@pytest.mark.parametrize("other", ["key", "class"])
async def test_a_replay_that_asks_for_something_else_is_noticed(tmp_path, other):
    def first(order):
        yield from do(Stage("one", "note"))
        yield from do(Wait(order.wait, "long"))
        return RunEnd("succeeded")

    def second(order):
        yield from do(Stage("one", "another note") if other == "key" else Now())
        yield from do(Wait(order.wait, "long"))
        return RunEnd("succeeded")

    clock = HandClock()
    order = TinyOrder(wait=clock.at + 50)
    async with running(House(tmp_path, clock).runner(None, {"tiny": first})) as runner:
        run = runner.submit(order)
        await until(lambda: runner.show(run).waiting_until)
    async with running(House(tmp_path, clock).runner(None, {"tiny": second})) as runner:
        with pytest.raises(Problem) as caught:
            await runner.await_end(run, 10)
        assert caught.value.code == "run.replay-diverged"
        assert caught.value.facts["step"] == 1
    async with running(House(tmp_path, clock).runner(None, {"tiny": first})) as runner:
        assert runner.resume(run)
        await until(lambda: runner.pending_deadlines())
        clock.at += 60
        assert (await runner.await_end(run, 10)).status == "succeeded"


async def test_a_worker_without_the_lease_does_nothing_outward(tmp_path):
    house = House(tmp_path)
    async with running(house.runner()) as runner:
        run = runner.submit(TinyOrder(lines=2, wait=0.4))
        await until(lambda: house.file.exists())
        # Another takes the lease, as if this process had hung for longer than its heartbeat.
        other = House(tmp_path).runner(name="other", lease_ttl=0.0)
        assert other.claims.acquire()
        await asyncio.sleep(2.0)
        assert house.file.read_text() == "0\n"
        assert not runner.leading
        assert runner.show(run).ended is None


async def test_unknown_run(tmp_path):
    async with running(House(tmp_path).runner()) as runner:
        with pytest.raises(Problem) as caught:
            runner.signal("tiny:x@9", "cancel")
        assert caught.value.code == "run.no-such-run"


async def test_a_full_disk_stops_the_run_which_then_goes_on(tmp_path):
    house = House(tmp_path)
    async with running(house.runner()) as runner:
        run = runner.submit(TinyOrder(lines=60, wait=0.0))
        await until(lambda: house.file.exists())
        fill(runner, 0)
        written = -1
        while written != len(house.file.read_text()):
            written = len(house.file.read_text())
            await asyncio.sleep(1.0)
        count = len(house.file.read_text().splitlines())
        assert count < 60, "the disk was full: the run stands still"
        fill(runner, 1_000_000)
        await asyncio.sleep(1.0)
        problem = runner.show(run).problem
        assert problem is None or problem.code == "store.full"
        if problem:
            assert runner.resume(run)
        end = await runner.await_end(run, 30)
        assert end.status == "succeeded"
        assert house.file.read_text() == "".join(f"{n}\n" for n in range(60))
        assert house.ledger.verify().findings == ()


def fill(runner, more):
    """Let the database grow by `more` pages only, on every connection its engines have or make."""
    for engine in (runner.store.engine, runner._engine.database):
        with contextlib.closing(engine.raw_connection()) as connection:
            (pages,) = connection.execute("PRAGMA page_count").fetchone()

        @event.listens_for(engine, "checkout")
        def limit(dbapi, _record, _proxy, pages=pages):
            dbapi.execute(f"PRAGMA max_page_count={pages + more}")


async def test_a_clock_that_goes_away_ends_no_wait(tmp_path):
    clock = FailingClock()
    house = House(tmp_path, clock)
    async with running(house.runner()) as runner:
        run = runner.submit(TinyOrder(lines=1, wait=50.0))
        await until(lambda: runner.show(run).waiting_until)
        clock.away = True
        await asyncio.sleep(1.0)
        assert runner.show(run).ended is None
        clock.away = False
        clock.at += 51
        assert (await runner.await_end(run, 10)).status == "succeeded"


class FailingClock(HandClock):
    away = False

    def now(self):
        if self.away:
            raise Problem(BUSY)
        return self.at


async def test_what_was_undone_begins_again_at_the_first_step(tmp_path):
    house = House(tmp_path)
    left = [1]

    def undoing(order):
        started = yield from do(Now())
        yield from do(AppendLine(1))
        if left and left.pop():
            yield from do(Record("tiny.failed", order.name, {}, "tiny.failed", {}))
            raise Undone(Problem(REFUSED, {}))
        return RunEnd("succeeded", {"started": started.at})

    async with running(house.runner(pipelines={"tiny": undoing})) as runner:
        run = runner.submit(TinyOrder())
        with pytest.raises(Problem) as raised:
            await runner.await_end(run, 10)
        assert raised.value.code == "tiny.refused"
        assert runner.resume(run)
        end = await runner.await_end(run, 10)
        assert end.status == "succeeded"
        first = next(row.name for row in runner.show(run).history if row.life == 2)
        assert first == "1 Now"
        assert [e.action for e in house.ledger.entries(run=run)].count("tiny.failed") == 1


async def test_a_passing_fault_at_the_horizon_is_still_met_with_patience(tmp_path):
    """What a pipeline undoes at its horizon must not fail at the first busy answer."""
    house = House(tmp_path)
    busy = raising(BUSY, 2, appender(house.file))
    async with running(house.runner(busy)) as runner:
        run = runner.submit(TinyOrder(lines=1, wait=0.0, horizon=0.0))
        assert (await runner.await_end(run, 10)).status == "succeeded"


async def test_a_run_that_is_asked_for_twice_is_driven_once(tmp_path):
    """As by a process that hung between its asking and the engine's beginning."""
    house, under_way, most = House(tmp_path), 0, 0
    append = appender(house.file)

    async def perform(effect):
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        await asyncio.sleep(2.0)
        under_way -= 1
        return await append(effect)

    async with running(house.runner(perform)) as runner:
        run = runner.submit(TinyOrder(lines=1, wait=0.0))
        await until(lambda: under_way)
        assert await runner._engine.go_on(runner.runs.open_runs()) == {}
        assert (await runner.await_end(run, 20)).status == "succeeded"
    assert most == 1
    assert house.file.read_text() == "0\n"


async def test_what_asked_to_cancel_a_run_before_does_not_cancel_what_is_resumed(tmp_path):
    once = raising(REFUSED, 1, appender(tmp_path / "lines.txt"))
    async with running(House(tmp_path).runner(once)) as runner:
        run = runner.submit(TinyOrder(lines=1, wait=0.0))
        with pytest.raises(Problem):
            await runner.await_end(run, 10)
        runner.cancel(run)
        assert runner.resume(run)
        assert (await runner.await_end(run, 10)).status == "succeeded"


async def test_a_process_that_is_about_to_end_claims_nothing_more(tmp_path):
    house, begun, append = House(tmp_path), asyncio.Event(), appender(tmp_path / "lines.txt")

    async def perform(effect):
        begun.set()
        await asyncio.sleep(2.0)
        return await append(effect)

    runner = house.runner(perform)
    await runner.start()
    runner.submit(TinyOrder(lines=1, wait=0.0))
    await begun.wait()
    closing = asyncio.create_task(runner.close(finish=10.0))
    await asyncio.sleep(0.1)
    late = runner.submit(TinyOrder(name="late"))
    await asyncio.sleep(1.0)
    assert not closing.done()
    assert next(run.owner for run in runner.runs.open_runs([late])) is None
    await closing
    assert house.file.read_text() == "0\n"
