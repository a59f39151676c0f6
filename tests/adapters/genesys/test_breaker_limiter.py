"""Breaker and budget: pure state, time as an argument."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from gctrust.adapters.genesys.breaker import FAILURES_TO_OPEN, SECONDS_OPEN, Breaker
from gctrust.adapters.genesys.limiter import Budget


def opened(now=0.0):
    breaker = Breaker("h")
    for _ in range(FAILURES_TO_OPEN):
        breaker = breaker.sending(now).failed(now)
    return breaker


def test_opens_after_failures_in_a_row_only():
    breaker = Breaker("h")
    for _ in range(FAILURES_TO_OPEN - 1):
        breaker = breaker.failed(0)
    assert breaker.state(0) == "closed"
    assert breaker.succeeded().failed(0).state(0) == "closed"
    assert breaker.failed(0).state(0) == "open"


def test_lets_one_probe_through_then_closes_or_opens_again():
    breaker = opened()
    assert not breaker.may_send(SECONDS_OPEN - 1)
    assert breaker.may_send(SECONDS_OPEN)
    probing = breaker.sending(SECONDS_OPEN)
    assert probing.state(SECONDS_OPEN) == "half-open"
    assert not probing.may_send(SECONDS_OPEN + 1)
    assert probing.succeeded().state(SECONDS_OPEN + 1) == "closed"
    failed = probing.failed(SECONDS_OPEN + 1)
    assert failed.state(SECONDS_OPEN + 2) == "open"
    assert not failed.may_send(2 * SECONDS_OPEN)


def test_a_probe_that_never_reports_does_not_block_for_ever():
    probing = opened().sending(SECONDS_OPEN)
    assert probing.may_send(2 * SECONDS_OPEN)


def headers(count, allowed=300, reset=60):
    return {
        "inin-ratelimit-count": str(count),
        "inin-ratelimit-allowed": str(allowed),
        "inin-ratelimit-reset": str(reset),
    }


def test_without_headers_nothing_waits():
    assert Budget().reserve(100.0)[1] == 100.0


def test_the_first_half_is_free_the_second_spread_over_the_window():
    budget = Budget().told(headers(10), 1000.0)
    assert budget.reserve(1000.0)[1] == 1000.0
    budget = Budget().told(headers(240, reset=30), 1000.0)
    starts = []
    for _ in range(60):
        budget, start = budget.reserve(1000.0)
        starts.append(start)
    assert starts[0] == 1000.0
    assert 1028.0 < starts[-1] < 1030.0
    gaps = [b - a for a, b in itertools.pairwise(starts)]
    assert max(gaps) - min(gaps) < 0.01
    assert budget.reserve(1000.0)[1] == 1030.0


def test_an_empty_window_waits_for_its_end_and_a_new_one_is_free():
    budget = Budget().told(headers(300, reset=12), 1000.0)
    assert budget.reserve(1000.0)[1] == 1012.0
    assert budget.reserve(1012.0)[1] == 1012.0


def test_late_answers_do_not_give_back_what_is_spent():
    budget = Budget().told(headers(20), 1000.0).told(headers(10), 1000.5)
    assert budget.used == 20
    assert budget.told(headers(1, reset=60), 1061.0).used == 1


def test_a_pause_holds_all_and_never_shrinks():
    budget = Budget().paused(50.0).paused(40.0)
    assert budget.reserve(10.0)[1] == 50.0


def test_nonsense_headers_are_passed_over():
    assert Budget().told({"inin-ratelimit-count": "x"}, 0.0) == Budget()
    assert Budget().told(headers(1, allowed=0), 0.0) == Budget()
    assert Budget().told(headers(1, reset=10**9), 0.0) == Budget()
    assert Budget().told(headers("nan", reset="nan"), 0.0) == Budget()


@given(st.integers(0, 300), st.integers(1, 60), st.integers(1, 400))
def test_no_more_than_allowed_start_within_a_window(count, reset, wanted):
    budget = Budget().told(headers(count, reset=reset), 0.0)
    within = 0
    for _ in range(wanted):
        budget, start = budget.reserve(0.0)
        assert start >= 0.0
        within += start < reset
    assert within <= 300 - count
