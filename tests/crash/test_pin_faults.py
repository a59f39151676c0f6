"""What goes wrong around a rotation, on the real sandbox: it stops, waits or goes back, says what
it waits for, and refuses no handshake by its own doing."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from arena import CLIENTS, arena

from gctrust.pipelines.effects import CertificateFiles
from gctrust.pipelines.pin_effects import ClientTarget
from gctrust.sandbox.fleet import Fleet, FleetClient

sys.path.insert(0, str(Path(__file__).parents[1] / "faults"))
from voyage import voyage

LONG = os.environ.get("GCTRUST_LONG") == "1"
long = pytest.mark.skipif(not LONG, reason="GCTRUST_LONG=1 runs the slower faults of a rotation")


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    with arena(tmp_path_factory.mktemp("home")) as made:
        yield made


@pytest.fixture
def house(running):
    running.control("POST", "/reset")
    yield running
    running.control("PUT", "/edges/delays", {"0": 0, "1": 0, "2": 0})


NUMBERS = iter(range(100, 1000))


def ordered(house, **changes):
    """A rotation that soon gives up, of a client of its own."""
    changes = {"horizon": 150.0, "confirm": 20.0} | changes
    return replace(house.pins_order(next(NUMBERS)), **changes)


def reissue(house, order, **how):
    """Another new certificate for the order; returns its serial too."""
    told = {"names": [order.client_id], "profile": "client", "days": 365} | how
    made = house.control("POST", "/ca/issue", told)
    Path(order.new.certificate).write_text(made["certificate"] + made["chain"])
    Path(order.new.key).write_text(made["privateKey"])
    return made["serial"]


def patches(house, order):
    return len(house.journal("PATCH", f"{CLIENTS}{order.client_id}"))


async def live(trip, order):
    """The set of pins the platform shows."""
    found = await trip.app.genesys.get_oauth_client(order.client_id)
    return {pin for pin in (found.primary_pin, found.fallback_pin, found.backup_pin) if pin}


def rules(row):
    return {found.rule for found in row.end.findings}


class WallClock:
    def now(self) -> float:
        return time.time()


@asynccontextmanager
async def client_on(house, files: CertificateFiles):
    """A client outside the inventory, which keeps shaking hands with these files."""
    roots = Path(house.addresses["roots"]).read_text()
    one = FleetClient("batch", Path(files.certificate), Path(files.key), reload_every=1e9)
    fleet, stop = Fleet(WallClock(), house.addresses["mtls"], [one], roots), asyncio.Event()
    load = asyncio.create_task(fleet.run(100_000, stop=stop, pause=0.02))
    try:
        yield fleet
    finally:
        stop.set()
        await load


@long
async def test_a_replica_that_never_converges_sends_the_rotation_back(house):
    order = ordered(house)
    house.control("PUT", "/edges/delays", {"2": 1e9})
    async with voyage(house) as trip:
        before = await live(trip, order)
        row = await trip.ended(order)
        assert (row.status, await live(trip, order)) == ("rolled-back", before)
        assert "pin.match-rate-low" in rules(row)
    assert patches(house, order) == 2


async def test_a_client_that_never_reloads_keeps_its_pin(house):
    order = ordered(house)
    async with client_on(house, order.old) as fleet, voyage(house) as trip:
        before = await live(trip, order)
        row = await trip.ended(order)
        assert (row.status, await live(trip, order)) == ("rolled-back", before)
        assert "pin.still-in-use" in rules(row)
        assert fleet.report().handshakes > 20
        assert fleet.report().refused == 0


async def test_a_certificate_that_starts_within_the_soak_is_waited_for(house):
    order = ordered(house, soak=400.0, horizon=3600.0)
    reissue(house, order, notBefore=house.control("GET", "/clock")["now"] + 80)
    async with voyage(house) as trip:
        row = await trip.ended(order)
        assert row.status == "succeeded"


async def test_one_that_starts_later_is_refused_before_anything_is_written(house):
    order = ordered(house)
    reissue(house, order, notBefore=house.control("GET", "/clock")["now"] + 3600)
    async with voyage(house) as trip:
        row = await trip.ended(order)
        assert row.status == "refused"
        assert "pin.new-not-yet-valid" in rules(row)
    assert patches(house, order) == 0


async def test_a_revoked_certificate_is_seen_refused_and_the_rotation_goes_back(house):
    order = ordered(house)
    house.control("POST", "/ca/revoke", {"serial": reissue(house, order)})
    async with voyage(house) as trip:
        before = await live(trip, order)
        row = await trip.ended(order)
        assert row.status in ("rolled-back", "refused")
        assert await live(trip, order) == before


async def test_an_old_certificate_that_ends_inside_the_overlap_is_refused(house):
    order = ordered(house, drain=400 * 86_400.0)
    async with voyage(house) as trip:
        row = await trip.ended(order)
        assert row.status == "refused"
        assert "pin.overlap-too-late" in rules(row)
    assert patches(house, order) == 0


@long
async def test_an_edit_by_somebody_else_is_left_alone_and_told(house):
    order, theirs = ordered(house), "dGhlaXIgcGluIGlzIDMyIG9jdGV0cyBsb25nIC4uLi4="
    async with voyage(house) as trip:
        run = trip.runner.submit(order)
        await trip.meanwhile(lambda: trip.runner.show(run).stage == "drain")
        chain = Path(order.old.certificate).read_text()
        body = {"id": order.client_id, "mtlsRequired": True, "pinKind": "certificate"}
        house.control("PUT", "/clients", {**body, "certificateChain": chain, "pins": [theirs]})
        row = await trip.ended(order)
        assert await live(trip, order) == {theirs}
        assert row.status in ("unverified", "failed")
        assert "pin.changed-meanwhile" in rules(row)


@pytest.mark.parametrize(
    "stage", ["soak", pytest.param("drain", marks=long), pytest.param("confirm", marks=long)]
)
async def test_there_is_a_way_back_from_every_stage(house, stage):
    order = ordered(house, confirm=60.0)
    async with voyage(house) as trip:
        before = await live(trip, order)
        run = trip.runner.submit(order)
        await trip.meanwhile(lambda: trip.runner.show(run).stage == stage)
        trip.runner.signal(run, "roll-back")
        row = await trip.ended(order)
        assert (row.status, await live(trip, order)) == ("rolled-back", before)


async def test_without_a_log_that_tells_the_drain_ends_by_an_operators_word(house, tmp_path):
    order = ordered(house, horizon=86_400.0)
    silent = tmp_path / "access.log"
    silent.touch()
    async with voyage(house, GCTRUST_PIN_ACCESS_LOG=str(silent)) as trip:
        run = trip.runner.submit(order)
        trip.runner.signal(run, "advance")  # a word nobody asked for counts for nothing
        await trip.meanwhile(lambda: trip.runner.show(run).waiting_for.startswith("your word"))
        assert "no log tells" in trip.runner.show(run).waiting_for
        assert len(await live(trip, order)) == 3
        trip.runner.signal(run, "advance")
        assert (await trip.ended(order)).status == "succeeded"


@long
async def test_two_rotations_of_one_client_are_one_run(house):
    order = ordered(house)
    async with voyage(house) as trip:
        first = trip.runner.submit(order)
        assert trip.runner.submit(replace(order, soak=1.0)) == first
        assert (await trip.ended(order)).status == "succeeded"
    assert patches(house, order) == 2


async def test_a_compromised_key_is_dropped_at_once_and_what_that_refuses_is_counted(house):
    order = ordered(house)
    app = ClientTarget("app", str(house.home / "app.pem"), str(house.home / "app.key"))
    Path(app.certificate).write_text(Path(order.old.certificate).read_text())
    Path(app.key).write_text(Path(order.old.key).read_text())
    order = replace(order, compromised=True, switch="files", targets=(app,), soak=900.0)
    async with client_on(house, order.old) as fleet, voyage(house) as trip:
        row = await trip.ended(order)
        assert row.status == "succeeded"
        assert "pin.emergency-refused" in rules(row)
        assert fleet.report().refused > 0
        assert row.ended - row.started < 900, "nobody waits for a soak"
    assert Path(app.certificate).read_text() == Path(order.new.certificate).read_text()


async def test_clients_files_go_back_with_the_rotation(house):
    order = ordered(house)
    app = ClientTarget("app", str(house.home / "back.pem"), str(house.home / "back.key"))
    Path(app.certificate).write_text(Path(order.old.certificate).read_text())
    Path(app.key).write_text(Path(order.old.key).read_text())
    order = replace(order, switch="files", targets=(app,), old=replace(order.old, key=""))
    async with voyage(house) as trip:
        before = await live(trip, order)
        run = trip.runner.submit(order)
        await trip.meanwhile(lambda: trip.runner.show(run).stage == "drain")
        assert Path(app.certificate).read_text() == Path(order.new.certificate).read_text()
        trip.runner.signal(run, "roll-back")
        row = await trip.ended(order)
        assert (row.status, await live(trip, order)) == ("rolled-back", before)
    assert Path(app.certificate).read_text() == Path(order.old.certificate).read_text()
