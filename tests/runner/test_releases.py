"""A run that one release began is finished by the next, by the questions that its code asks."""

from __future__ import annotations

import asyncio
from types import ModuleType

import pytest
import sqlalchemy as sa
from releases import first, second
from test_runner import running, until
from tiny import HandClock, House, TinyOrder

from gctrust.adapters.store.schema import PARKED, RUNS
from gctrust.runner.codec import Codec
from gctrust.runner.means import Patience
from gctrust.runner.runner import Runner

PAUSE = 50.0
OUTPUTS = sa.table("operation_outputs", sa.column("output"))  # the engine's


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


# --- a worker of an earlier release ------------------------------------------------------------


async def is_left(runner: Runner, run: str, cause: str) -> None:
    """Open, untouched, and it says for what; and so it stays."""
    await until(lambda: runner.show(run).waiting_for == f"run.later-release: {cause}")
    await asyncio.sleep(0.3)
    row = runner.show(run)
    assert (row.status, row.waiting_for) == ("open", f"run.later-release: {cause}")


async def test_a_change_that_an_earlier_one_does_not_know(tmp_path):
    house = House(tmp_path, HandClock())
    run = await begun(house, second)
    async with running(runner_of(House(tmp_path, house.clock), first)) as runner:
        await is_left(runner, run, "the change line-before")
    assert house.file.read_text().split() == ["0", "1"], "it did nothing"
    house.clock.at += PAUSE
    async with running(runner_of(House(tmp_path, house.clock), second)) as runner:
        assert (await runner.await_end(run, 20)).status == "succeeded"
    assert house.file.read_text().split() == ["0", "1", "3", "2"]


@pytest.mark.parametrize("parked", [False, True])
async def test_a_journey_that_an_earlier_one_does_not_know(tmp_path, parked):
    house = House(tmp_path, HandClock())
    run = await begun(house, first)
    if parked:
        house.clock.at += PAUSE
        with house.store.write() as connection:
            connection.execute(sa.update(RUNS).values(owner=""))
            connection.execute(sa.insert(PARKED).values(run=run, due=house.clock.at - 1.0))
    earlier = House(tmp_path, house.clock)
    async with running(earlier.runner()) as runner:
        known = runner.submit(TinyOrder("known", lines=1, wait=0.0))
        await is_left(runner, run, "the journey lines")
        assert (await runner.await_end(known, 10)).status == "succeeded"
    assert house.file.read_text().split() == ["1"]
    house.clock.at += PAUSE
    async with running(runner_of(House(tmp_path, house.clock), first)) as runner:
        assert (await runner.await_end(run, 20)).status == "succeeded"
        assert runner.show(run).waiting_for == ""


@pytest.mark.parametrize(
    ("table", "column", "cause"),
    [
        (RUNS, "order", "its order, or what it came to so far"),
        (OUTPUTS, "output", "what AppendLine came to"),
    ],
)
async def test_words_that_an_earlier_one_does_not_know(tmp_path, table, column, cause):
    house = House(tmp_path, HandClock())
    run = await begun(house, first)
    tomorrow, today = (
        sa.func.replace(table.c[column], f'"{old}"', f'"{new}"')
        for old, new in (("Line", "Row"), ("Row", "Line"))
    )
    with house.store.write() as connection:
        names = sa.func.replace(tomorrow, '"LinesOrder"', '"RowsOrder"')
        connection.execute(sa.update(table).values({column: names}))
    async with running(runner_of(House(tmp_path, house.clock), first)) as runner:
        await is_left(runner, run, cause)
    assert house.file.read_text().split() == ["1"]
    with house.store.write() as connection:
        names = sa.func.replace(today, '"RowsOrder"', '"LinesOrder"')
        connection.execute(sa.update(table).values({column: names}))
    house.clock.at += PAUSE
    async with running(runner_of(House(tmp_path, house.clock), first)) as runner:
        assert (await runner.await_end(run, 20)).status == "succeeded"
