"""Pacing is pure: every row is one decision."""

from email.utils import formatdate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gctrust.adapters.genesys.pacing import (
    Failure,
    GiveUp,
    Policy,
    Refused,
    SendAgainAt,
    pace,
    read_retry_after,
)

NOW = 1_800_000_000.0
POLICY = Policy()


def test_retry_after_in_seconds_and_as_a_date():
    assert read_retry_after("42", NOW) == 42.0
    assert read_retry_after(formatdate(NOW + 42, usegmt=True), NOW) == 42.0
    assert read_retry_after(formatdate(NOW - 42, usegmt=True), NOW) == 0.0


@pytest.mark.parametrize("text", [None, "", "soon", "-3", "١", "1.5", "99999999999999999999999x"])
def test_an_unreadable_retry_after_is_none(text):
    assert read_retry_after(text, NOW) is None


def test_an_absurd_retry_after_is_bounded():
    assert read_retry_after("9" * 300, NOW) == 86_400


def test_429_waits_at_least_as_long_as_told():
    assert pace(POLICY, "POST", 1, Refused(429, "7"), NOW, 0.25) == SendAgainAt(NOW + 7.25)


def test_a_long_retry_after_is_left_to_a_durable_wait():
    assert pace(POLICY, "GET", 1, Refused(429, "60"), NOW, 0.0) == GiveUp(NOW + 60)


@pytest.mark.parametrize(("attempt", "most"), [(1, 2.0), (2, 4.0), (3, 8.0), (4, 16.0), (9, 30.0)])
def test_back_off_doubles_to_the_cap_with_full_jitter(attempt, most):
    policy = Policy(tries=20)
    assert pace(policy, "GET", attempt, Refused(500), NOW, 0.0) == SendAgainAt(NOW)
    assert pace(policy, "GET", attempt, Refused(500), NOW, 0.5) == SendAgainAt(NOW + most / 2)


@pytest.mark.parametrize("result", [Refused(500), Refused(429, "1"), Failure.TIMED_OUT])
def test_after_the_last_try_there_is_no_further_one(result):
    given_up = pace(POLICY, "GET", POLICY.tries, result, NOW, 0.5)
    assert isinstance(given_up, GiveUp)
    assert given_up.retry_at is not None
    assert given_up.retry_at > NOW


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 412, 413, 415, 501])
def test_a_final_refusal_is_final(status):
    assert pace(POLICY, "GET", 1, Refused(status), NOW, 0.5) == GiveUp()


@pytest.mark.parametrize(
    "result",
    [
        Failure.TIMED_OUT,
        Failure.BROKEN,
        Failure.UNREADABLE,
        Refused(500),
        Refused(503),
        Refused(504),
    ],
)
def test_a_post_that_may_have_worked_is_never_sent_again(result):
    step = pace(POLICY, "POST", 1, result, NOW, 0.5)
    assert isinstance(step, GiveUp)
    assert step.lost


@pytest.mark.parametrize("result", [Failure.NOT_SENT, Refused(429)])
def test_a_post_that_had_no_effect_is_sent_again(result):
    assert isinstance(pace(POLICY, "POST", 1, result, NOW, 0.5), SendAgainAt)


def test_a_conditional_write_is_not_repeated_blindly():
    step = pace(POLICY, "PATCH", 1, Failure.BROKEN, NOW, 0.5, conditional=True)
    assert isinstance(step, GiveUp)
    assert step.lost
    assert isinstance(pace(POLICY, "PATCH", 1, Failure.BROKEN, NOW, 0.5), SendAgainAt)


_RESULTS = st.one_of(
    st.sampled_from(list(Failure)),
    st.builds(Refused, st.integers(300, 599), st.one_of(st.none(), st.text(max_size=40))),
)


@given(
    st.sampled_from(["GET", "POST", "PUT", "PATCH", "DELETE"]),
    st.integers(1, 10),
    _RESULTS,
    st.floats(0, 0.999),
)
def test_never_more_tries_never_into_the_past_never_longer_than_allowed(
    method, attempt, result, fraction
):
    step = pace(POLICY, method, attempt, result, NOW, fraction)
    if isinstance(step, SendAgainAt):
        assert attempt < POLICY.tries
        assert NOW <= step.at <= NOW + POLICY.longest_wait
    elif step.retry_at is not None:
        assert step.retry_at >= NOW


def test_after_a_server_error_a_write_is_left_for_half_a_minute():
    step = pace(POLICY, "POST", 1, Refused(500), NOW, 0.5)
    assert step == GiveUp(NOW + 30, lost=True)
    assert pace(POLICY, "POST", 1, Refused(503, "4"), NOW, 0.0) == GiveUp(NOW + 4, lost=True)
    assert pace(POLICY, "POST", 1, Failure.BROKEN, NOW, 0.5) == GiveUp(NOW + 1, lost=True)
