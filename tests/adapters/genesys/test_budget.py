"""The budget as pure state: laws, and a simulated platform that counts fixed windows strictly."""

from __future__ import annotations

import heapq
import itertools
import math
import random
from collections import Counter
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gctrust.adapters.genesys.limiter import (
    AHEAD,
    BURST,
    HEAD,
    UNTOLD_GAP,
    WINDOW,
    Budget,
    Slot,
    Told,
    share,
)

T0 = 1_800_000_000.0


def headers(count, allowed=300, reset=60.0):
    return {
        "inin-ratelimit-count": str(count),
        "inin-ratelimit-allowed": str(allowed),
        "inin-ratelimit-reset": str(reset),
    }


def told(count, now, allowed=300, reset=60.0):
    answer = Told.of(headers(count, allowed, reset), now, now)
    assert answer is not None
    return answer


def led(count=1, now=T0, allowed=300, reset=60.0):
    """A budget that has sent one request and knows the platform's window."""
    budget, lease = Budget().lease(now, "p", (0, 1, 0))
    return budget.told(told(count, now, allowed, reset), lease.slots[0])


@dataclass
class Platform:
    """Counts fixed windows of one minute for all who share the client; `phase` is unknown to us."""

    allowed: int = 300
    phase: float = 17.3
    counts: Counter = field(default_factory=Counter)
    refused: Counter = field(default_factory=Counter)
    starts: list = field(default_factory=list)

    def receive(self, at):
        self.starts.append(at)
        window = math.floor((at - self.phase) / WINDOW)
        self.counts[window] += 1
        if self.counts[window] > self.allowed:
            self.refused[window] += 1
        reset = max(1, math.ceil((window + 1) * WINDOW + self.phase - at))
        return headers(self.counts[window], self.allowed, reset)


@dataclass
class Process:
    """Sends what it leases."""

    name: str
    waiting: tuple[int, int, int]
    told: list = field(default_factory=list)
    sent: int = 0


def simulate(platform, processes, seconds, lag=lambda: 0.02, others=0.0, start=T0):
    """Every process works against the one shared budget. `others`: requests a second of strangers.

    Events are (time, number, kind, what): "lease", "send", "arrive", "answer".
    """
    budget, numbers, events = Budget(), itertools.count(), []

    def at(when, kind, *what):
        heapq.heappush(events, (when, next(numbers), kind, what))

    for process in processes:
        at(start, "lease", process)
    if others:
        at(start, "stranger")
    now = start
    while events and now < start + seconds:
        now, _, kind, what = heapq.heappop(events)
        if kind == "stranger":
            platform.receive(now)
            at(now + 1 / others, "stranger")
        elif kind == "lease":
            (process,) = what
            for answer, slot in process.told:
                budget = budget.told(answer, slot)
            process.told.clear()
            budget, lease = budget.lease(now, process.name, process.waiting)
            for slot in lease.slots:
                at(slot.at + lag(), "arrive", process, slot, slot.at)
            process.waiting = taken(process.waiting, len(lease.slots))
            process.sent += len(lease.slots)
            if any(process.waiting):
                again = lease.slots[-1].at if lease.slots else lease.again_at
                at(again, "lease", process)
        elif kind == "arrive":
            process, slot, sent = what
            at(now + lag(), "answer", process, slot, sent, platform.receive(now))
        else:
            process, slot, sent, seen = what
            process.told.append((Told.of(seen, sent, now), slot))
    return platform


def taken(waiting, count):
    left = []
    for number in waiting:
        left.append(max(0, number - count))
        count = max(0, count - number)
    return tuple(left)


def full_windows(platform, seconds, start=T0):
    """Those that lie wholly within the time, but for the first two of a cold start."""
    first = math.ceil((start - platform.phase) / WINDOW) + 1
    last = math.floor((start + seconds - platform.phase) / WINDOW)
    return range(first, last)


@pytest.mark.parametrize("processes", [1, 2, 5])
@pytest.mark.parametrize("phase", [0.0, 17.3, 59.9])
def test_the_whole_window_is_used_and_no_request_more(processes, phase):
    chance = random.Random(processes)
    crowd = [Process(f"p{n}", (0, 100_000, 0)) for n in range(processes)]
    platform = simulate(Platform(phase=phase), crowd, 600, lag=lambda: chance.uniform(0.005, 0.3))
    windows = full_windows(platform, 600)
    assert len(windows) >= 8
    assert not platform.refused
    used = sum(platform.counts[w] for w in windows)
    assert used >= 0.99 * 300 * len(windows)


def test_requests_are_spread_over_the_window():
    platform = Platform(phase=0.0)
    simulate(platform, [Process("p", (0, 100_000, 0))], 300)
    begin = math.ceil(T0 / WINDOW) * WINDOW + WINDOW
    seconds = Counter(int(s - begin) for s in platform.starts if begin <= s < begin + 60)
    assert sum(seconds.values()) >= 297
    assert max(seconds.values()) <= 7  # five a second, and what a second's rounding adds


def test_a_cold_start_is_no_burst():
    platform = Platform(phase=0.0)
    start = math.floor(T0 / WINDOW) * WINDOW + 50  # late in a window: much budget, little time
    simulate(platform, [Process("p", (0, 1000, 0))], 5, lag=lambda: 0.5, start=start)
    assert len(platform.starts) <= BURST * 300 + (5 + AHEAD) / UNTOLD_GAP * 2
    assert not platform.refused


def test_what_strangers_use_is_left_to_them():
    platform = simulate(Platform(), [Process("p", (0, 100_000, 0))], 600, others=2.0)
    windows = full_windows(platform, 600)
    assert not platform.refused
    assert sum(platform.counts[w] for w in windows) >= 0.98 * 300 * len(windows)


def test_a_process_that_dies_costs_its_slots_and_no_more():
    living, dying = Process("l", (0, 100_000, 0)), Process("d", (0, 100_000, 0))
    platform = Platform(phase=0.0)
    budget = led(now=T0, reset=60.0)
    budget, lost = budget.lease(T0 + 10, "d", dying.waiting)
    assert 0 < len(lost.slots) <= BURST * 300 + AHEAD / (0.5 * WINDOW / 300) + 1
    granted, now = len(lost.slots) + 1, T0 + 10
    while now < T0 + 58:
        budget, lease = budget.lease(now, "l", living.waiting)
        granted += len(lease.slots)
        now = max(now + 0.1, lease.slots[-1].at if lease.slots else lease.again_at)
    assert granted == 300
    assert platform.allowed - granted + len(lost.slots) == len(lost.slots)


def test_a_pause_holds_everybody_and_never_shrinks():
    budget = led().paused(T0 + 50).paused(T0 + 40)
    for process in ("p", "q"):
        budget, lease = budget.lease(T0 + 10, process, (1, 1, 1))
        assert lease.slots == ()
        assert lease.again_at == T0 + 50


def test_an_empty_window_is_waited_out_and_the_next_one_foretold():
    budget = led(count=300, reset=12)
    budget, lease = budget.lease(T0 + 1, "p", (0, 5, 0))
    assert lease.slots == ()
    assert lease.again_at == T0 + 12 + HEAD
    budget, lease = budget.lease(lease.again_at, "p", (0, 5, 0))
    assert len(lease.slots) == 5
    assert T0 + 71 <= budget.ends_from <= budget.ends_by <= T0 + 72


def test_late_answers_of_the_window_before_change_nothing():
    budget = led(count=299, reset=1)
    budget, lease = budget.lease(T0 + 2, "p", (0, 1, 0))
    assert budget.told(told(300, T0 + 0.5, reset=1), Slot(T0, 0, 1)) == budget
    assert budget.used == len(lease.slots)


def test_a_window_that_ends_at_another_time_than_foretold_is_believed():
    """As after a clock that was set, or where windows begin with the first request."""
    for reset in (30.0, 90.0):
        budget = led().told(told(7, T0 + 1, reset=reset), Slot(T0 + 1, 0, 2))
        assert (budget.ends_by, budget.used) == (T0 + 1 + reset, 7)


def test_a_row_that_has_slept_for_days_goes_on():
    budget, lease = led().lease(T0 + 5 * 86_400 + 30, "p", (0, 40, 0))
    assert budget.ends_by - WINDOW - HEAD <= T0 + 5 * 86_400 + 30 < budget.ends_by
    assert len(lease.slots) >= BURST * 300


def test_nonsense_headers_are_passed_over():
    assert Told.of({"inin-ratelimit-count": "x"}, T0, T0) is None
    assert Told.of({}, T0, T0) is None
    for count, allowed, reset in ((1, 0, 60), (1, 300, 10**9), ("nan", 300, 1), (1, 300, "nan")):
        assert Told.of(headers(count, allowed, reset), T0, T0) is None


def test_rotations_go_before_journeys_and_those_before_background():
    assert share(5, (0, 0, 9), [(3, 0, 0)]) == 2
    assert share(5, (0, 0, 9), [(0, 7, 0)]) == 0
    assert share(5, (4, 9, 0), [(0, 9, 0)]) == 5
    assert share(6, (3, 9, 0), [(0, 9, 0)]) == 5
    assert share(10, (1, 900, 0), [(0, 100, 0)]) == 1 + math.ceil(9 * 0.9)
    assert share(0, (1, 1, 1), []) == 0


def test_a_process_with_a_rotation_is_served_before_one_with_a_bulk():
    bulk, rotation = Process("bulk", (0, 0, 100_000)), Process("rotation", (200, 0, 0))
    simulate(Platform(phase=0.0), [bulk, rotation], 50)
    assert rotation.sent == 200
    assert bulk.sent <= 120


@given(
    st.integers(0, 50),
    st.lists(st.tuples(*[st.integers(0, 30)] * 3), min_size=1, max_size=4),
)
def test_shares_never_exceed_what_one_asked_or_what_is_free(free, waiting):
    for n, mine in enumerate(waiting):
        others = waiting[:n] + waiting[n + 1 :]
        count = share(free, mine, others)
        assert 0 <= count <= min(free, sum(mine))
        if free and sum(mine) and not any(map(sum, others)):
            assert count == min(free, sum(mine))
    if free and any(map(sum, waiting)):
        total = sum(
            share(free, mine, waiting[:n] + waiting[n + 1 :]) for n, mine in enumerate(waiting)
        )
        assert total >= min(free, sum(map(sum, waiting)))


@settings(max_examples=20, deadline=None)
@given(
    st.integers(10, 400),
    st.floats(0, 59.9),
    st.floats(0, 59.9),
    st.integers(1, 4),
    st.integers(0, 10**6),
)
def test_never_above_the_allowed_in_any_window(allowed, phase, begin, processes, seed):
    chance = random.Random(seed)
    crowd = [Process(f"p{n}", (0, chance.randrange(1, 2000), 0)) for n in range(processes)]
    platform = simulate(
        Platform(allowed=allowed, phase=phase),
        crowd,
        240,
        lag=lambda: chance.uniform(0.001, 0.4),
        start=T0 + begin,
    )
    assert not platform.refused
