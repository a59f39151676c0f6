"""The rotation radar's rules, on any sequence of looks."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gctrust.pipelines.platform_rotation import (
    ENOUGH_LOOKS,
    Change,
    Radar,
    Shown,
    Watch,
    agree,
    read_shown,
    step,
)


def shown(status: str, pin: str, trusted: bool | None = True) -> Shown:
    return Shown(status, pin, f"spki-{pin}", "CN=dataactions", None, trusted)


def radar(current: str, *upcoming: str, trusted: bool | None = True) -> Radar:
    return Radar((shown("current", current), *(shown("upcoming", u, trusted) for u in upcoming)))


UNSETTLED = Radar((), agreed=False)


def test_the_next_one_is_held_before_the_switch_and_the_old_one_let_go_long_after() -> None:
    watch, told = Watch(), []
    looks = [radar("a"), radar("a", "b"), UNSETTLED, radar("b"), radar("a", "b"), radar("b")]
    for seen in [*looks, *[radar("b")] * ENOUGH_LOOKS]:
        watch, changes = step(watch, seen)
        told.append(changes)
    assert told[:2] == [(Change("hold", "a"),), (Change("hold", "b"),)]
    assert told[2:-2] == [()] * (len(told) - 4)
    assert told[-2:] == [(Change("release", "a"),), ()]
    assert watch.held == ("b",)


def test_what_the_root_did_not_sign_is_never_held() -> None:
    watch, changes = step(Watch(), radar("a", "evil", trusted=False))
    assert changes == (Change("hold", "a"),)
    bad = Radar((shown("current", "evil", trusted=False),))
    assert step(watch, bad) == (watch, ())


LETTERS = st.sampled_from("abcd")
LOOKS = st.lists(
    st.one_of(
        st.just(UNSETTLED),
        st.builds(radar, LETTERS),
        st.builds(radar, LETTERS, LETTERS),
        st.builds(lambda c, u: radar(c, u, trusted=False), LETTERS, LETTERS),
    ),
    max_size=30,
)


@given(LOOKS)
def test_whoever_is_shown_is_held_and_nobody_shown_is_let_go(looks: list[Radar]) -> None:
    watch = Watch()
    for seen in looks:
        before = watch
        watch, changes = step(watch, seen)
        trusted = {one.certificate_pin for one in seen.shown if one.trusted}
        assert trusted <= set(watch.held)
        released = {change.pin for change in changes if change.verb == "release"}
        assert not released & trusted
        if not seen.agreed:
            assert watch == before
        if released:
            assert watch.looks >= ENOUGH_LOOKS
            assert before.current == watch.current


def test_reads_agree_only_on_one_certificate_in_use() -> None:
    one, two = (shown("current", "a"),), (shown("current", "a"), shown("current", "b"))
    assert agree(one, one)
    assert not agree(one, two)
    assert not agree(two, two)
    assert not agree((), ())


def test_what_is_no_certificate_is_left_out() -> None:
    assert read_shown([("current", "nonsense"), ("upcoming", "")]) == ()
