"""The breaker: pure state, time as an argument."""

from gctrust.adapters.genesys.breaker import FAILURES_TO_OPEN, SECONDS_OPEN, Breaker


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
