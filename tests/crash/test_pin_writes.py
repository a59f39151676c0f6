"""One write of pins, alone: compare-and-set, read back, and what a lost or stale answer hides."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest
from arena import CLIENTS, arena

from gctrust.errors import Problem
from gctrust.pipelines.pin_effects import ComputePins, ReadPins, WritePins

sys.path.insert(0, str(Path(__file__).parents[1] / "faults"))
from voyage import voyage


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    with arena(tmp_path_factory.mktemp("home")) as made:
        yield made


@pytest.fixture
def house(running):
    running.control("POST", "/reset")
    running.control("POST", "/clock", {"rate": 20})
    yield running
    running.control("DELETE", "/faults")


class Desk:
    """An OAuth client with the old pin live, and effects performed one by one."""

    def __init__(self, house, trip) -> None:
        self.house, self.order = house, house.pins_order(1)
        self.path = f"{CLIENTS}{self.order.client_id}"
        self.perform = trip.app.perform

    async def look(self):
        return await self.perform(ReadPins(self.order.client_id))

    async def write(self, etag: str, *, swap: bool = False, **changes: str):
        order = self.order
        pins = await self.perform(ComputePins(order.new, order.old, order.backup, order.kind))
        first, second = (pins.old, pins.new) if swap else (pins.new, pins.old)
        slots = {"primary": first, "fallback": second, "backup": pins.backup}
        told = {"chain": order.new.certificate, "chain_pin": pins.new} | changes
        return await self.perform(
            WritePins(order.client_id, etag, "svc", order.kind, **slots, **told)
        )

    def writes(self) -> int:
        return len(self.house.journal("PATCH", self.path))


@pytest.fixture
async def desk(house):
    async with voyage(house) as trip:
        yield Desk(house, trip)


async def test_the_same_write_again_sends_nothing(desk):
    etag = (await desk.look()).etag
    first = await desk.write(etag)
    assert await desk.write(etag) is not None, "although the etag is the old one"
    assert (await desk.look()).pins == first.pins
    assert desk.writes() == 1


async def test_a_write_whose_answer_is_lost_is_found_by_reading_back(desk):
    etag = (await desk.look()).etag
    desk.house.faults({"kind": "lost", "method": "PATCH", "path": desk.path, "nth": 1})
    assert len((await desk.write(etag)).pins) == 3
    assert desk.writes() == 1


async def test_a_lost_answer_and_a_stale_read_back_are_waited_out(desk):
    published = await desk.write((await desk.look()).etag)
    lost = {"kind": "lost", "method": "PATCH", "path": desk.path, "nth": 1}
    stale = {"kind": "stale", "method": "GET", "path": desk.path, "nth": [2, 3]}
    desk.house.faults(lost, stale)
    assert (await desk.write(published.etag, swap=True)).primary == published.fallback
    assert desk.writes() == 2


async def test_a_stale_look_before_a_write_is_looked_at_again(desk):
    published = await desk.write((await desk.look()).etag)
    desk.house.faults({"kind": "stale", "method": "GET", "path": desk.path, "nth": 1})
    swapped = await desk.write(published.etag, swap=True)
    assert swapped.primary == published.fallback
    assert desk.writes() == 2


async def test_of_two_writers_one_is_refused(desk):
    etag = (await desk.look()).etag
    met = await asyncio.gather(
        desk.write(etag), desk.write(etag, swap=True), return_exceptions=True
    )
    refused = [one for one in met if isinstance(one, Problem)]
    assert [problem.code for problem in refused] == ["genesys.changed-meanwhile"]
    assert desk.writes() == 1


async def test_a_chain_file_swapped_since_the_plan_is_not_published(desk):
    etag = (await desk.look()).etag
    with pytest.raises(Problem) as raised:
        await desk.write(etag, chain=desk.order.old.certificate)
    assert raised.value.code == "file.changed"
    assert desk.writes() == 0
