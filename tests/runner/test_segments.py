"""A long run is cut into segments: it does and records the same, and its replay stays short."""

from __future__ import annotations

import asyncio
import sqlite3

import pytest
from test_runner import running, until
from tiny import REFUSED, House, TinyOrder, TinyState, appender, raising

from gctrust.errors import Problem
from gctrust.pipelines.effect import Undone
from gctrust.pipelines.effects import Segment, Wait, do
from gctrust.pipelines.orders import RunEnd

SEGMENT = 10


def steps_by_workflow(house):
    with sqlite3.connect(house.store.name) as connection:
        query = "SELECT workflow_uuid, count(*) FROM operation_outputs GROUP BY 1 ORDER BY 1"
        return dict(connection.execute(query).fetchall())


async def test_no_workflow_grows_beyond_a_segment(tmp_path):
    house = House(tmp_path)
    async with running(house.runner(segment=SEGMENT)) as runner:
        run = runner.submit(TinyOrder(lines=12, wait=0.0))
        end = await runner.await_end(run, 20)
        row = runner.show(run)
    assert end == RunEnd("succeeded", {"lines": 12, "signal": None})
    assert house.file.read_text() == "".join(f"{n}\n" for n in range(12))
    assert [step.step for step in row.history] == list(range(1, 2 + 3 * 12 + 1))
    grown = steps_by_workflow(house)
    assert set(grown) == {run, f"{run}#2", f"{run}#3", f"{run}#4"}
    assert max(grown.values()) < SEGMENT + 3, "a segment and what its pipeline does before a cut"
    entries = [entry.action for entry in house.ledger.entries(run=run)]
    assert entries == ["append-line.intended", "append-line.done"] * 12 + ["tiny.done"]


async def test_a_restart_goes_on_in_the_last_segment(tmp_path):
    house = House(tmp_path)
    async with running(house.runner(segment=SEGMENT)) as runner:
        run = runner.submit(TinyOrder(lines=9, wait=0.3))
        await until(lambda: house.file.exists() and len(house.file.read_text()) == 2 * 6)
    before = steps_by_workflow(house)
    async with running(house.runner(segment=SEGMENT)) as runner:
        assert (await runner.await_end(run, 20)).status == "succeeded"
    after = steps_by_workflow(house)
    assert house.file.read_text() == "".join(f"{n}\n" for n in range(9))
    done = sorted(before)[:-1]
    assert done
    assert {name: after[name] for name in done} == {name: before[name] for name in done}


async def test_a_problem_in_a_later_segment_is_resumed_at_its_step(tmp_path):
    house, write = House(tmp_path), appender(tmp_path / "lines.txt")

    async def refusing(effect):
        if effect.number == 5 and not (tmp_path / "allowed").exists():
            raise Problem(REFUSED)
        return await write(effect)

    async with running(house.runner(refusing, segment=SEGMENT)) as runner:
        run = runner.submit(TinyOrder(lines=7, wait=0.0))
        with pytest.raises(Problem, match=r"tiny\.refused"):
            await runner.await_end(run, 20)
        assert f"{run}#2" in steps_by_workflow(house)
        (tmp_path / "allowed").touch()
        assert runner.resume(run)
        assert (await runner.await_end(run, 20)).status == "succeeded"
    assert house.file.read_text() == "".join(f"{n}\n" for n in range(7))


async def test_what_was_undone_begins_again_in_the_first_segment(tmp_path):
    house = House(tmp_path)
    seen: list[tuple[int, int]] = []

    def undoing(order, state=None):
        at = state.written if state else 0
        while at < 8:
            yield from do(Segment(TinyState(at)))
            yield from do(Wait(0.0, "nothing"))
            yield from do(Wait(0.0, "nothing"))
            at += 1
            seen.append((len(seen), at))
            if at == 7 and not (tmp_path / "allowed").exists():
                raise Undone(Problem(REFUSED))
        return RunEnd("succeeded", {"at": at})

    runner = house.runner(pipelines={"tiny": undoing}, segment=6)
    async with running(runner):
        run = runner.submit(TinyOrder())
        with pytest.raises(Problem, match=r"tiny\.refused"):
            await runner.await_end(run, 20)
        first = len(seen)
        (tmp_path / "allowed").touch()
        assert runner.resume(run)
        assert (await runner.await_end(run, 20)).summary == {"at": 8}
    assert [at for _, at in seen[first:]] == [1, 2, 3, 4, 5, 6, 7, 8]
    names = set(steps_by_workflow(house))
    assert {run, f"{run}#2", f"{run}#2.2"} <= names, "no segment of the first life is replayed"


async def test_each_resumption_has_the_whole_horizon_and_no_more(tmp_path):
    house = House(tmp_path)
    refuse = raising(REFUSED, 2, appender(house.file))
    async with running(house.runner(refuse)) as runner:
        run = runner.submit(TinyOrder(lines=1, wait=0.0, horizon=100.0))
        started = runner.show(run).started
        for life in (1, 2):
            with pytest.raises(Problem):
                await runner.await_end(run, 10)
            row = runner.show(run)
            assert (row.life, row.started) == (life, started)
            await asyncio.sleep(0.3)
            now = house.clock.now()
            assert runner.resume(run)
            assert runner.show(run).horizon == pytest.approx(now + 100.0, abs=0.2)
        assert (await runner.await_end(run, 10)).status == "succeeded"
        assert runner.show(run).started == started
