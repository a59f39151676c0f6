"""A gateway kept right through a switch of the platform's data-action certificates."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from arena import Arena, arena
from voyage import Voyage, told, voyage

from gctrust.adapters.tls.edge_probe import address_of, client_identity
from gctrust.adapters.tls.gateway_probe import probe_gateway
from gctrust.adapters.tls.probe import handshake
from gctrust.cli.demo_gateway import Gateway, GatewayFiles
from gctrust.pipelines.effects import CertificateFiles
from gctrust.pipelines.platform_orders import GatewayOrder

DAY = 86_400.0


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Arena]:
    # The clock runs fast, so that the pauses between two reads are short.
    with arena(tmp_path, "--dialect", "platform", "--clock-rate", "200") as made:
        yield made


@pytest.fixture
def gateway(house: Arena) -> Iterator[Gateway]:
    own = house.issue("gateway", "gateway.demo.example", profile="server")
    files = GatewayFiles(
        Path(own.certificate), Path(own.key),
        house.home / "trust.pem", house.home / "pins.txt", house.home / "access.log",
    )  # fmt: skip
    made = Gateway(files, lambda: float(house.control("GET", "/clock")["now"]))
    made.start()
    yield made
    made.stop()


def order(house: Arena, gateway: Gateway) -> GatewayOrder:
    home = house.home
    return GatewayOrder(
        bundle=str(home / "trust.pem"), pins=str(home / "pins.txt"), nginx=str(home / "ssl.conf"),
        root=house.addresses["data_action_root"], endpoint=gateway.address, every=DAY / 2,
    )  # fmt: skip


async def called(house: Arena, gateway: Gateway, status: str) -> bool:
    """The platform calls the gateway with what it shows as `status`: was it let in?"""
    shown = {one["status"]: one for one in house.control("GET", "/data-actions")}
    certificate, key = house.home / f"{status}.pem", house.home / f"{status}.key"
    certificate.write_text(shown[status]["certificate"])
    key.write_text(shown[status]["privateKey"])
    client = client_identity(CertificateFiles(str(certificate), str(key)))
    made = await handshake(*address_of(gateway.address), None, client=client)
    return not made.cause


async def days(trip: Voyage, number: float) -> None:
    """Half-days, each with time for the run to look."""
    for _ in range(int(number * 2)):
        trip.house.advance(DAY / 2)
        await asyncio.sleep(0.25)


async def test_a_switch_is_seen_through_without_a_refused_call(
    house: Arena, gateway: Gateway
) -> None:
    given = {
        "GCTRUST_DIALECT": "platform",
        "GCTRUST_PIN_ACCESS_LOG": str(house.home / "access.log"),
    }
    (house.home / "access.log").touch()
    async with voyage(house, **given) as trip:
        run = trip.runner.submit(order(house, gateway))
        await trip.meanwhile(lambda: trip.runner.show(run).stage == "watch")
        assert await called(house, gateway, "Current")
        pins = house.home / "pins.txt"
        assert len(pins.read_text().splitlines()) == 1
        house.advance(16 * DAY)  # the next one is shown 30 days before the switch
        await trip.meanwhile(lambda: len(pins.read_text().splitlines()) == 2)
        assert await called(house, gateway, "Current")
        assert await called(house, gateway, "Upcoming")  # before the switch
        assert "ssl_client_fingerprint" in (house.home / "ssl.conf").read_text()
        house.advance(29.5 * DAY)
        await days(trip, 3)
        assert len(pins.read_text().splitlines()) == 2  # nobody showed the new one yet
        for _ in range(100):  # the platform calls on, and the run looks on
            assert await called(house, gateway, "Current")
            if trip.runner.show(run).ended is not None:
                break
            await days(trip, 0.5)
        ended = trip.runner.show(run)
        assert ended.status == "succeeded", told(ended)
        assert ended.end is not None
        assert ended.end.summary["handshakes_with_current"] > 0
        assert len(ended.end.summary["released"]) == 1
        assert ended.end.not_judged == ended.end.findings == ()
        assert len(pins.read_text().splitlines()) == 1
        assert await called(house, gateway, "Current")


async def test_another_regions_root_changes_nothing(house: Arena, gateway: Gateway) -> None:
    wrong = replace(order(house, gateway), root=house.addresses["roots"])
    async with voyage(house, GCTRUST_DIALECT="platform") as trip:
        ended = await trip.ended(wrong)
        assert ended.status == "refused"
        assert ended.end is not None
        assert {one.rule for one in ended.end.findings} == {"gateway.not-of-the-root"}
    assert not (house.home / "pins.txt").exists()


async def test_a_gateway_is_told_that_trusts_nobody_everybody_or_is_away(
    house: Arena, gateway: Gateway
) -> None:
    trust = house.home / "trust.pem"
    trust.write_text(Path(house.addresses["data_action_root"]).read_text())
    assert (await probe_gateway(gateway.address, str(trust), time.time())).trusts
    other = str(house.addresses["roots"])
    seen = await probe_gateway(gateway.address, other, time.time())
    assert (seen.asks, seen.names, seen.open) == (True, False, False)
    own = house.issue("lax", "lax.demo.example", profile="server")
    lax = Gateway(GatewayFiles(Path(own.certificate), Path(own.key)), time.time)
    lax.start()
    seen = await probe_gateway(lax.address, str(trust), time.time())
    assert (seen.asks, seen.open, seen.trusts) == (False, True, False)
    address = lax.address
    lax.stop()
    away = await probe_gateway(address, str(trust), time.time())
    assert (away.trusts, away.cause) == (False, "refused")
