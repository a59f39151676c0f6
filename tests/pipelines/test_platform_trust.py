"""A certificate that the platform holds, replaced with an overlap; a dictionary for a world."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gctrust.pipelines.effects import Wait
from gctrust.pipelines.platform_orders import TrustOrder
from gctrust.pipelines.platform_trust import affected, expiring, judge, platform_trust
from gctrust.pipelines.trust_effects import (
    ChangeTrust,
    NewCertificate,
    ReadNewCertificate,
    ReadTrust,
    TrustedOne,
    TrustHeld,
)

from .world import World

DAY = 86_400.0
NOW = 1_000_000.0
OLD = TrustedOne("old", "CN=old", 0.0, NOW + 400 * DAY)
NEW = TrustedOne("new", "CN=new", 0.0, NOW + 400 * DAY)
HELD = TrustHeld("provider/okta", True, (OLD,))
ORDER = TrustOrder("provider/okta", "new.pem")


def world(signals: dict[int, str] | None = None, **changes: object) -> World:
    answers = {
        ReadNewCertificate: NewCertificate(NEW, False),
        ReadTrust: HELD,
        ChangeTrust: [replace(HELD, certificates=(OLD, NEW)), replace(HELD, certificates=(NEW,))],
    }
    by_name = {kind.__name__: kind for kind in answers}
    return World(answers | {by_name[name]: one for name, one in changes.items()}, signals)


def changes(one: World) -> list[tuple[str, tuple[str, ...]]]:
    return [(effect.added, effect.removed) for effect in one.of(ChangeTrust)]


def test_the_new_one_is_added_both_are_held_and_the_old_one_goes() -> None:
    one = world()
    assert one.run(platform_trust(ORDER)).status == "succeeded"
    assert changes(one) == [("new", ()), ("new", ("old",))]
    assert one.now == NOW + 7 * DAY


@pytest.mark.parametrize(
    ("signal", "status", "last"),
    [
        ("advance", "succeeded", ("new", ("old",))),
        ("roll-back", "rolled-back", ("", ("new",))),
        ("cancel", "cancelled", ("new", ())),
    ],
)
def test_the_words_that_end_an_overlap(
    signal: str, status: str, last: tuple[str, tuple[str, ...]]
) -> None:
    one = world({1: signal})
    assert one.run(platform_trust(ORDER)).status == status
    assert changes(one)[-1] == last


def test_going_back_takes_nothing_away_that_was_there_before() -> None:
    both = replace(HELD, certificates=(OLD, NEW))
    one = world({1: "roll-back"}, ReadTrust=both, ChangeTrust=both)
    assert one.run(platform_trust(ORDER)).status == "rolled-back"
    assert changes(one) == [("new", ())]


def test_edges_lose_only_what_is_named() -> None:
    edges = TrustHeld("edges", True, (OLD,))
    one = world(ReadTrust=edges, ReadNewCertificate=NewCertificate(NEW, True))
    assert one.run(platform_trust(TrustOrder("edges", "new.pem"))).status == "succeeded"
    assert one.of(Wait) == []
    assert all(removed == () for _, removed in changes(one))


@pytest.mark.parametrize(
    ("order", "new", "rule"),
    [
        (ORDER, replace(NEW, not_after=NOW - 1), "trust.expired"),
        (ORDER, replace(NEW, not_before=NOW + 1), "trust.not-yet-valid"),
        (TrustOrder("edges", "new.pem"), NEW, "trust.no-authority"),
        (replace(ORDER, replaces=("other",)), NEW, "trust.replaces-unknown"),
        (ORDER, replace(NEW, not_after=NOW + 10 * DAY), "trust.expires-soon"),
    ],
)
def test_what_speaks_against_a_certificate(order: TrustOrder, new: TrustedOne, rule: str) -> None:
    found = judge(order, NewCertificate(new, False), HELD, NOW)
    assert [one.rule for one in found] == [rule]


def test_a_refused_certificate_is_never_sent() -> None:
    one = world(ReadNewCertificate=NewCertificate(replace(NEW, not_after=NOW - 1), False))
    assert one.run(platform_trust(ORDER)).status == "refused"
    assert changes(one) == []


def test_what_ends_soon_and_what_has_ended_is_told() -> None:
    soon, over = replace(OLD, not_after=NOW + DAY), replace(OLD, not_after=NOW - DAY)
    found = expiring((HELD, TrustHeld("edges", True, (soon, over))), NOW)
    assert [one.rule for one in found] == ["trust.expires-soon", "trust.over"]


def test_only_providers_that_the_platform_signs_for_are_affected() -> None:
    signed = replace(HELD, signs=True, name="Okta")
    found = affected((HELD, signed, replace(signed, disabled=True)))
    assert [one.subject for one in found] == ["Okta"]
