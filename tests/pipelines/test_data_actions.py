"""A gateway and the platform's next client certificate, with a dictionary for a world."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gctrust.pipelines.data_actions import data_actions
from gctrust.pipelines.effects import Record
from gctrust.pipelines.gateway_effects import (
    GatewaySeen,
    LookAtShown,
    ProbeGateway,
    WriteGateway,
    Written,
)
from gctrust.pipelines.pin_effects import PinUse, PinUsed, ReadPinUse
from gctrust.pipelines.platform_orders import GatewayOrder
from gctrust.pipelines.platform_rotation import Radar, Shown

from .world import World

ORDER = GatewayOrder(
    "trust.pem", "pins.txt", "root.pem", endpoint="gateway:443", horizon=40 * 86400.0
)
OLD = Shown("current", "old", "spki-old", "CN=old", 2e9, True, "pem")
NEXT = Shown("upcoming", "new", "spki-new", "CN=new", 2e9, True, "pem")
NEW = replace(NEXT, status="current")
QUIET, AHEAD, AFTER = Radar((OLD,)), Radar((OLD, NEXT)), Radar((NEW,))
TRUSTS = GatewaySeen(asks=True, names=True)


def used(accepted: int) -> PinUse:
    return PinUse("access.log", 1.0, (PinUsed("new", accepted, 0, 1.0),))


def world(radars: list[Radar], use: object = None, seen: object = TRUSTS) -> World:
    return World(
        {
            LookAtShown: list(radars),
            WriteGateway: Written(True),
            ProbeGateway: seen,
            ReadPinUse: use or used(1),
        }
    )


def held(one: World) -> list[list[str]]:
    return [[shown.certificate_pin for shown in write.held] for write in one.of(WriteGateway)]


@pytest.mark.parametrize("cut", [False, True])
def test_both_are_held_before_the_switch_and_the_old_one_goes_after_three_looks(cut: bool) -> None:
    one = world([QUIET, AHEAD, AHEAD, AFTER, AFTER, AFTER])
    end = one.cut(data_actions, ORDER) if cut else one.run(data_actions(ORDER))
    assert end.status == "succeeded"
    assert held(one) == [["old"], ["old", "new"], ["new"]]
    assert len(one.of(ProbeGateway)) == 3
    assert (end.summary["current_before"], end.summary["current"]) == ("old", "new")
    assert end.summary["released"] == ["old"]
    assert [record.event for record in one.of(Record)][-1] == "data_actions.ended"


def test_reads_that_disagree_change_nothing_and_are_repeated_soon() -> None:
    one = world([QUIET, Radar((), agreed=False), AHEAD, AFTER, AFTER, AFTER])
    assert one.run(data_actions(ORDER)).status == "succeeded"
    assert held(one)[0] == ["old"]
    assert one.now - 1_000_000.0 == 4 * 86_400.0 + 900.0


def test_the_old_one_stays_while_nobody_was_seen_to_use_the_new_one() -> None:
    one = world([AHEAD, AFTER], [used(0)] * 6 + [used(1)])
    end = one.run(data_actions(ORDER))
    assert end.status == "succeeded"
    assert len(one.of(LookAtShown)) == 7
    assert held(one) == [["old", "new"], ["new"]]


def test_a_gateway_that_is_not_proved_keeps_the_old_one_and_is_told() -> None:
    one = world([AHEAD, AFTER], seen=GatewaySeen(asks=True))
    end = one.run(data_actions(ORDER))
    assert end.status == "unverified"
    assert held(one) == [["old", "new"]]
    assert [found.rule for found in end.findings] == ["gateway.unproved"]


def test_an_open_gateway_is_critical() -> None:
    end = world([AHEAD, AFTER], seen=GatewaySeen(open=True)).run(data_actions(ORDER))
    assert [found.rule for found in end.findings] == ["gateway.open"]


def test_what_nobody_told_is_not_judged() -> None:
    one = world([AHEAD, AFTER], PinUse("", 0.0, ()))
    end = one.run(data_actions(replace(ORDER, root="", endpoint="")))
    assert end.status == "succeeded"
    assert len(end.not_judged) == 3
    assert one.of(ProbeGateway) == []


def test_a_stranger_is_refused_before_anything_is_written() -> None:
    one = world([Radar((replace(OLD, trusted=False),))])
    assert one.run(data_actions(ORDER)).status == "refused"
    assert held(one) == []


def test_it_ends_only_when_the_gateway_is_proved_without_the_old_one() -> None:
    away = GatewaySeen(cause="refused")
    one = world([AHEAD, AFTER], seen=[TRUSTS, away, away, TRUSTS])
    end = one.run(data_actions(ORDER))
    assert (end.status, end.findings) == ("succeeded", ())
    assert len(one.of(ProbeGateway)) == 4
    assert held(one) == [["old", "new"], ["new"]]
