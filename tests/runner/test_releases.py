"""A run that one release began is finished by the next, by the questions that its code asks."""

from __future__ import annotations

from types import ModuleType

import pytest
from releases import first, second
from test_runner import running, until
from tiny import HandClock, House

from gctrust.runner.codec import Codec
from gctrust.runner.means import Patience
from gctrust.runner.runner import Runner

PAUSE = 50.0


def runner_of(house: House, release: ModuleType) -> Runner:
    async def append(effect: object) -> object:
        text = f"{effect.number}\n"  # type: ignore[attr-defined]
        if not house.file.exists() or text not in house.file.read_text():
            with house.file.open("a") as out:
                out.write(text)
        return release.Line(effect.number)  # type: ignore[attr-defined]

    return Runner(
        pipelines={"lines": release.lines},
        performer=append,
        clock=house.clock,
        store=house.store,
        outbox=house.outbox,
        executor="test",
        codec=Codec([release.Line, release.AppendLine, release.LinesOrder]),
        patience=Patience(tries=1),
    )


async def begun(house: House, release: ModuleType) -> str:
    async with running(runner_of(house, release)) as runner:
        run = runner.submit(release.LinesOrder(house.clock.now() + PAUSE))
        await until(lambda: runner.pending_deadlines())
    return run


@pytest.mark.parametrize(
    ("begins", "goes_on", "wanted"),
    [
        (first, first, ["1", "2"]),
        (first, second, ["1", "3", "2"]),
        (second, second, ["0", "1", "3", "2"]),
    ],
)
async def test_begun_by_one_finished_by_the_other(tmp_path, begins, goes_on, wanted):
    house = House(tmp_path, HandClock())
    run = await begun(house, begins)
    house.clock.at += PAUSE
    async with running(runner_of(House(tmp_path, house.clock), goes_on)) as runner:
        assert (await runner.await_end(run, 20)).summary == {"lines": wanted}
    assert house.file.read_text().split() == wanted
    assert house.ledger.verify().findings == ()


async def test_a_later_one_is_not_finished_by_an_earlier_which_says_why(tmp_path):
    house = House(tmp_path, HandClock())
    run = await begun(house, second)
    async with running(runner_of(House(tmp_path, house.clock), first)) as runner:
        await until(lambda: runner.show(run).ended is not None)
        assert runner.show(run).problem.code == "run.replay-diverged"
    assert house.file.read_text().split() == ["0", "1"], "and it did nothing"
    house.clock.at += PAUSE
    async with running(runner_of(House(tmp_path, house.clock), second)) as runner:
        runner.resume(run)
        assert (await runner.await_end(run, 20)).status == "succeeded"
    assert house.file.read_text().split() == ["0", "1", "3", "2"]
