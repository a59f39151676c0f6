"""Pins, pin sets and the judge of a planned rotation."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gctrust.pins import rules
from gctrust.pins.match_rate import MatchRate, clean_handshakes_needed, clopper_pearson_lower
from gctrust.pins.pin_set import BadPinSet, PinSet
from gctrust.pins.rotation import Lifetime, RotationPlan, assess_match_rate, assess_rotation
from gctrust.pins.spki import BadPin, Pin, PinKind, pin_formats


def pin(seed: str, kind: PinKind = PinKind.CERTIFICATE) -> Pin:
    return Pin(kind, hashlib.sha256(seed.encode()).digest())


DAY = 86_400.0
PLAN = RotationPlan(
    client_id="c1",
    mtls_required=True,
    live=(pin("old"),),
    new=pin("new"),
    old=pin("old"),
    backup=pin("backup"),
    new_life=Lifetime(-DAY, 90 * DAY),
    old_life=Lifetime(-80 * DAY, 10 * DAY),
    start=0.0,
    soak=120.0,
    drain=600.0,
)

BREAKS = [
    (rules.MTLS_OFF, {"mtls_required": False}),
    (rules.NO_BACKUP, {"backup": None}),
    (rules.NOT_DISTINCT, {"backup": pin("new")}),
    (rules.TOO_MANY, {"live": (pin("old"), pin("a stranger's"))}),
    (rules.OLD_NOT_LIVE, {"live": (pin("somebody"),), "backup": pin("somebody")}),
    (rules.MIXED_KINDS, {"live": (pin("old", PinKind.SPKI),), "backup": None}),
    (rules.NOT_YET_VALID, {"new_life": Lifetime(DAY, 90 * DAY)}),
    (rules.OVERLAP_OUTLIVES_OLD, {"old_life": Lifetime(-DAY, 1000.0)}),
]


def test_a_sound_plan_has_no_finding():
    assert assess_rotation(PLAN).findings == ()


@pytest.mark.parametrize(("rule", "change"), BREAKS, ids=lambda value: getattr(value, "id", ""))
def test_each_rule_is_triggered_by_its_own_break(rule, change):
    seen = {found.rule for found in assess_rotation(replace(PLAN, **change)).findings}
    assert rule.id in seen
    assert seen <= {rule.id, rules.NO_BACKUP.id}


def test_same_key_renewal_needs_no_change_of_spki_pins():
    key = pin("key", PinKind.SPKI)
    plan = replace(
        PLAN, live=(key,), new=key, old=key, backup=pin("b", PinKind.SPKI), same_key=True
    )
    assert rules.NOTHING_TO_CHANGE.id in {f.rule for f in assess_rotation(plan).findings}


def test_the_published_set_holds_every_role_once_and_retiring_drops_only_the_old_pin():
    assert PLAN.published == (pin("new"), pin("old"), pin("backup"))
    assert PLAN.retired == (pin("new"), pin("backup"))


@pytest.mark.parametrize(
    ("target", "needed"), [(0.99, 299), (0.997, 998), (0.999, 2995), (0.9999, 29956)]
)
def test_clean_handshakes_needed_for_a_target(target, needed):
    assert clean_handshakes_needed(target) == needed
    assert MatchRate(needed, needed).lower_bound >= target
    assert MatchRate(needed - 1, needed - 1).lower_bound < target


# Reference values: R 4.3, binom.test(k, n, alternative = "greater")$conf.int[1].
@pytest.mark.parametrize(
    ("matched", "tried", "bound"), [(9, 10, 0.6058367), (95, 100, 0.8977351), (1, 1, 0.05)]
)
def test_lower_bound_against_published_values(matched, tried, bound):
    assert clopper_pearson_lower(matched, tried) == pytest.approx(bound, abs=2e-4)


@given(st.integers(1, 400).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_lower_bound_never_exceeds_the_rate_and_grows_with_each_match(sample):
    matched, tried = sample
    bound = clopper_pearson_lower(matched, tried)
    assert 0.0 <= bound <= matched / tried
    if matched < tried:
        assert bound < clopper_pearson_lower(matched + 1, tried)


def test_one_miss_in_the_sample_keeps_the_old_pin():
    assert assess_match_rate("c1", MatchRate(299, 299), 0.99).passes()
    refused = assess_match_rate("c1", MatchRate(298, 299), 0.99)
    assert [found.rule for found in refused.findings] == [rules.RATE_TOO_LOW.id]


@given(st.binary(min_size=32, max_size=32), st.sampled_from(PinKind))
def test_every_text_form_reads_back(octets, kind):
    made = Pin(kind, octets)
    assert Pin.parse(made.base64, kind) == made
    assert Pin.parse(made.hex, kind) == made
    assert Pin.parse(octets.hex(":").upper(), kind) == made
    assert Pin.parse(f"sha256//{made.base64}", kind) == made
    assert Pin.parse(f'pin-sha256="{made.base64}"', kind) == made


@pytest.mark.parametrize("text", ["", "sha256//", "not a pin", base64.b64encode(b"short").decode()])
def test_what_is_no_pin_is_refused(text):
    with pytest.raises(BadPin):
        Pin.parse(text, PinKind.SPKI)


def test_only_key_pins_are_written_for_tools_that_pin_keys():
    assert "curl" in pin_formats(pin("k", PinKind.SPKI))
    assert "curl" not in pin_formats(pin("k", PinKind.CERTIFICATE))


@pytest.mark.parametrize(
    ("pins", "reason"),
    [
        ((), "empty"),
        ((pin("a"), pin("a")), "repeated"),
        ((pin("a"), pin("b", PinKind.SPKI)), "mixed"),
        ((pin("a"), pin("b"), pin("c"), pin("d")), "too-many"),
    ],
)
def test_a_pin_set_in_a_bad_state_cannot_exist(pins, reason):
    with pytest.raises(BadPinSet) as refused:
        PinSet.of(*pins)
    assert refused.value.reason == reason
