"""Scheduled looks in a dictionary world: told on a change, and on nothing else."""

from __future__ import annotations

import pytest

from gctrust.pipelines.check_effects import CheckOrder, KeepLook, Kept, LookAt, Looked
from gctrust.pipelines.effects import Record
from gctrust.pipelines.events import EVENTS
from gctrust.pipelines.scheduled_check import DAY, next_due, scheduled_check

from .world import World


def looked(order: CheckOrder, seen: Looked) -> tuple[str, list[Record]]:
    world = World({LookAt: seen, KeepLook: Kept()})
    end = world.run(scheduled_check(order))
    (kept,) = world.of(KeepLook)
    assert kept.result == end.summary["result"]
    return kept.result, world.of(Record)


@pytest.mark.parametrize(
    ("days", "threshold"),
    [(31.5, None), (30.5, 30), (14.9, 14), (8, 14), (7.0, 7), (1.2, 1), (0.5, 0), (-3, 0)],
)
def test_a_certificate_is_told_at_each_threshold_once(days, threshold):
    end = Looked(World({}).now + days * DAY)
    result, told = looked(CheckOrder("expiry", "www.example.com", 0.0), end)
    assert [record.data["threshold"] for record in told] == [threshold][: threshold is not None]
    again, twice = looked(CheckOrder("expiry", "www.example.com", 0.0, result), end)
    assert (again, twice) == (result, [])


def test_a_renewed_certificate_is_told_anew_when_it_ends():
    soon, later = (Looked(World({}).now + days * DAY) for days in (5, 5.5))
    before, _ = looked(CheckOrder("expiry", "h", 0.0), soon)
    assert len(looked(CheckOrder("expiry", "h", 0.0, before), later)[1]) == 1


def test_no_certificate_is_a_result_and_no_alarm():
    assert looked(CheckOrder("expiry", "h", 0.0), Looked()) == ("no certificate seen", [])


def test_a_domain_drifts():
    first, told = looked(CheckOrder("domain", "d.example", 0.0), Looked(ids=("spf.b", "spf.a")))
    assert (first, told) == ("spf.a,spf.b", []), "the first look has nothing to compare with"
    now, (record,) = looked(
        CheckOrder("domain", "d.example", 0.0, first), Looked(ids=("dkim.c", "spf.a"))
    )
    assert record.data["changed"] == ["+dkim.c", "-spf.b"]
    fine, (record,) = looked(CheckOrder("domain", "d.example", 0.0, now), Looked())
    assert (record.data["before"], record.data["after"]) == ("findings", "fine")
    assert looked(CheckOrder("domain", "d.example", 0.0, fine), Looked())[1] == []


@pytest.mark.parametrize(("days", "told"), [(8.5, 0), (6, 1), (0.5, 1), (-9, 1)])
def test_a_rotation_is_due(days, told):
    order = CheckOrder("rotation", "client", 0.0, at=World({}).now + days * DAY)
    result, records = looked(order, Looked())
    assert len(records) == told
    again = CheckOrder("rotation", "client", 0.0, before=result, at=order.at)
    assert looked(again, Looked())[1] == []


def test_what_is_told_has_the_fields_of_its_event():
    world = World({}).now
    orders = (
        (CheckOrder("expiry", "h", 0.0), Looked(world)),
        (CheckOrder("domain", "d", 0.0, "fine"), Looked(ids=("x",))),
        (CheckOrder("rotation", "c", 0.0, at=world), Looked()),
    )
    for order, seen in orders:
        (record,) = looked(order, seen)[1]
        assert set(record.data) == {field.name for field in EVENTS[record.event].fields}


def test_a_domain_is_looked_at_the_rarer_the_longer_it_is_as_it_is():
    pauses = [next_due("domain", now, 0.0, None) - now for now in (0.0, DAY, 4 * DAY, 99 * DAY)]
    assert pauses == [3600.0, DAY / 2, 2 * DAY, 7 * DAY]
    assert next_due("expiry", 0.0, 0.0, None) == DAY
    assert next_due("domain", 0.0, 0.0, 60.0) == 60.0
