"""Pins, pin sets and the judge of a planned rotation."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gctrust.pins import rules
from gctrust.pins.choreography import (
    Move,
    Roles,
    Standing,
    emergency_choreography,
    flaws_of,
    full_choreography,
    standing,
)
from gctrust.pins.match_rate import MatchRate, clean_handshakes_needed, clopper_pearson_lower
from gctrust.pins.ownership import is_genesys_host
from gctrust.pins.pin_set import BadPinSet, PinSet
from gctrust.pins.rotation import assess_match_rate
from gctrust.pins.spki import BadPin, Pin, PinKind, pin_formats


def pin(seed: str, kind: PinKind = PinKind.CERTIFICATE) -> Pin:
    return Pin(kind, hashlib.sha256(seed.encode()).digest())


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
    forms = pin_formats(made, "api.example.com")
    assert {"base64", "hex", "nginx"} <= set(forms)
    for text in (*forms.values(), str(made), octets.hex(":").upper()):
        assert Pin.parse(f"  {text}\n", kind) == made


@given(st.binary(min_size=32, max_size=32))
def test_a_form_that_pins_keys_is_no_certificate_pin(octets):
    key, whole = pin_formats(Pin(PinKind.SPKI, octets)), Pin(PinKind.CERTIFICATE, octets)
    for form in ("curl", "okhttp", "android", "rfc7469"):
        with pytest.raises(BadPin, match="kind spki"):
            Pin.parse(key[form], PinKind.CERTIFICATE)
    with pytest.raises(BadPin, match="kind certificate"):
        Pin.parse(pin_formats(whole)["openssl"], PinKind.SPKI)


@pytest.mark.parametrize(
    "text",
    ["", "sha256//", "not a pin", "c2hvcnQ=", "A" * 42 + "B=", "é" * 64],
)
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


ROLES = Roles(pin("new"), pin("old"), pin("backup"), (pin("somebody else's"),))


def test_only_the_old_pin_ever_leaves_the_set():
    live = {pin("old"), pin("backup"), pin("somebody else's")}
    assert live <= set(ROLES.published)
    assert set(ROLES.published) - set(ROLES.retired) == {pin("old")}


@pytest.mark.parametrize(
    ("live", "where"),
    [
        (("old", "backup"), Standing.STEADY),
        (("new", "old", "backup"), Standing.PUBLISHED),
        (("new", "backup"), Standing.RETIRED),
        (("backup",), Standing.FOREIGN),
    ],
)
def test_where_a_rotation_stands_is_read_from_the_live_pins(live, where):
    assert standing(map(pin, live), ROLES) is where


def test_the_full_choreography_has_no_flaw_and_the_emergency_one_only_on_purpose():
    three = Roles(pin("new"), pin("old"), pin("backup"))
    live = (pin("old"), pin("backup"))
    assert list(flaws_of(full_choreography(live, three), three)) == []
    emergency = emergency_choreography(live, three)
    assert list(flaws_of(emergency, three, compromised=True)) == []
    assert list(flaws_of(emergency, three))


@given(st.permutations(list(Move)), st.integers(0, len(Move)))
def test_no_order_but_the_right_one_is_sound(moves, cut):
    """Any order of any of the moves that retires: it is the full one, or it has a flaw."""
    three = Roles(pin("new"), pin("old"), pin("backup"))
    right = {step.move: step for step in full_choreography((pin("old"),), three)}
    steps = tuple(right[move] for move in moves[:cut])
    order = [move for move in moves[:cut] if move not in (Move.PREPARE, Move.CONFIRM)]
    canonical = [move for move in right if move in order]
    sound = not list(flaws_of(steps, three))
    if sound and Move.RETIRE in order and Move.SWITCH in order:
        assert order == canonical
        assert {Move.PUBLISH, Move.SOAK, Move.SWITCH, Move.DRAIN, Move.RETIRE} <= set(order)


@pytest.mark.parametrize(
    ("host", "theirs"),
    [
        ("login.mypurecloud.de", True),
        ("*.usw2.pure.cloud", True),
        ("MYPURECLOUD.COM.", True),
        ("notmypurecloud.com", False),
        ("mypurecloud.com.example.org", False),
    ],
)
def test_hosts_of_genesys_are_known(host, theirs):
    assert is_genesys_host(host) is theirs
