"""A fork takes over the outcomes of before a step, and does what comes after it again."""

from __future__ import annotations

import pytest
from test_runner import running, until
from tiny import REFUSED, House, TinyOrder, appender, raising

from gctrust.errors import Problem


async def ended(runner, order):
    run = runner.submit(order)
    assert (await runner.await_end(run, 20)).status == "succeeded"
    return run


def actions(house, run):
    return [entry.action for entry in house.ledger.entries(run=run)]


async def test_from_a_step(tmp_path):
    house = House(tmp_path)
    async with running(house.runner()) as runner:
        first = await ended(runner, TinyOrder(lines=3, wait=0.0))
        before = runner.show(first).history
        house.file.unlink()
        second, step = runner.forks.fork(first, "5")
        assert (second, step) == ("tiny:a@2", 5)
        assert (await runner.await_end(second, 20)).summary == {"lines": 3, "signal": None}
        row = runner.show(second)
    assert house.file.read_text() == "1\n2\n", "line 0 is taken over, the others are done again"
    assert actions(house, second) == ["append-line.intended", "append-line.done"] * 2 + [
        "tiny.done"
    ]
    assert [s.name for s in row.history] == [s.name for s in before]
    assert [s.ended for s in row.history][:4] == [s.ended for s in before][:4]
    assert row.started > runner.show(first).started
    assert house.ledger.verify().findings == ()


async def test_from_a_stage(tmp_path):
    house = House(tmp_path)
    async with running(house.runner()) as runner:
        first = await ended(runner, TinyOrder(lines=2, wait=0.0))
        house.file.unlink()
        second, step = runner.forks.fork(first, "append")
        assert step == 1
        await runner.await_end(second, 20)
    assert house.file.read_text() == "0\n1\n"


@pytest.mark.parametrize(("place", "lines"), [("14", 5)])
async def test_from_any_segment_and_from_a_fork(tmp_path, place, lines):
    house = House(tmp_path)
    async with running(house.runner(segment=10)) as runner:
        first = await ended(runner, TinyOrder(lines=9, wait=0.0))
        for _ in range(2):
            house.file.unlink()
            first, step = runner.forks.fork(first, place)
            assert str(step) == place
            assert (await runner.await_end(first, 20)).status == "succeeded"
            wanted = "".join(f"{n}\n" for n in range(9 - lines, 9))
            assert house.file.read_text() == wanted
            assert [s.step for s in runner.show(first).history] == list(range(1, 30))


async def test_what_a_later_life_replaced_is_not_taken_over(tmp_path):
    house = House(tmp_path)
    performer = raising(REFUSED, 1, appender(house.file))
    async with running(house.runner(performer)) as runner:
        run = runner.submit(TinyOrder(lines=2, wait=0.0))
        with pytest.raises(Problem):
            await runner.await_end(run, 10)
        runner.resume(run)
        await runner.await_end(run, 10)
        house.file.unlink()
        second, _ = runner.forks.fork(run, "3")
        assert (await runner.await_end(second, 10)).status == "succeeded"
        assert {step.kind for step in runner.show(second).history} == {"done"}
    assert house.file.read_text() == "1\n"


async def test_ordered_by_a_process_that_only_watches(tmp_path):
    """The rows are enough: whoever drives the runs copies the engine's part, even after a crash."""
    house = House(tmp_path)
    async with running(house.runner()) as runner:
        first = await ended(runner, TinyOrder(lines=2, wait=0.0))
    house.file.unlink()
    second, _ = house.runner().forks.fork(first, "5")
    async with running(House(tmp_path).runner()) as runner:
        assert (await runner.await_end(second, 20)).status == "succeeded"
    assert house.file.read_text() == "1\n"


async def test_what_cannot_be_forked(tmp_path):
    house = House(tmp_path)
    async with running(house.runner()) as runner:
        with pytest.raises(Problem, match=r"run\.no-such-run"):
            runner.forks.fork("tiny:a@1", "1")
        first = await ended(runner, TinyOrder(lines=1, wait=0.0))
        for place in ("0", "99", "-1", "nowhere", "", "Stage"):
            with pytest.raises(Problem, match=r"run\.no-such-place"):
                runner.forks.fork(first, place)
        second = runner.submit(TinyOrder(lines=1, wait=600.0))
        await until(lambda: runner.show(second).waiting_until)
        for run in (first, second):
            with pytest.raises(Problem, match=r"run\.still-open"):
                runner.forks.fork(run, "1")
