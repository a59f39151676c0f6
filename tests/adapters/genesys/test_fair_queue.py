"""Who goes next: priorities, and turns between cohorts and between runs."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from gctrust.adapters.genesys.fair_queue import COHORT, FairQueue

ROTATION, JOURNEY, BACKGROUND = 0, 1, 2


def drained(queue):
    return list(iter(queue.pop, None))


def test_the_most_urgent_goes_first_however_late_it_comes():
    queue = FairQueue()
    for n in range(3):
        queue.push(BACKGROUND, f"b{n}", 0.0, f"b{n}")
        queue.push(JOURNEY, f"j{n}", 0.0, f"j{n}")
    queue.push(ROTATION, "r", 0.0, "r")
    assert drained(queue) == ["r", "j0", "j1", "j2", "b0", "b1", "b2"]


def test_runs_of_one_cohort_take_turns_however_much_one_of_them_asks():
    queue = FairQueue()
    for n in range(5):
        queue.push(JOURNEY, "greedy", 0.0, f"g{n}")
    queue.push(JOURNEY, "modest", 0.0, "m")
    assert drained(queue).index("m") <= 1


def test_a_new_run_does_not_wait_for_a_thousand_that_began_together():
    """Each of them asks again as soon as it was served, and so does the new one."""
    queue, served = FairQueue(), Counter()
    for n in range(1000):
        queue.push(JOURNEY, f"bulk{n}", 0.0, f"bulk{n}")
    for turn in range(3000):
        if turn == 500:
            queue.push(JOURNEY, "new", 500.0, "new")
        run = queue.pop()
        served[run] += 1
        queue.push(JOURNEY, run, float(turn), run)
        if served["new"] == 8:  # the calls of a journey
            break
    assert turn <= 520
    later = drained(queue)
    assert len(set(later) - {"new"}) >= 990  # nor do the thousand starve


def test_a_lone_run_that_is_always_there_again_has_its_turns_and_no_more():
    queue, served = FairQueue(), Counter()
    for n in range(10):
        queue.push(JOURNEY, f"bulk{n}", 0.0, f"bulk{n}")
    queue.push(JOURNEY, "lone", 10 * COHORT, "lone")
    for _ in range(200):
        run = queue.pop()
        served[run] += 1
        queue.push(JOURNEY, run, 20 * COHORT, run)
    assert 95 <= served["lone"] <= 105
    assert set(served.values()) - {served["lone"]} <= {9, 10, 11}


@given(
    st.lists(st.tuples(st.integers(0, 2), st.integers(0, 6), st.floats(0, 600)), max_size=60),
    st.lists(st.booleans(), max_size=60),
)
def test_nothing_is_lost_and_nothing_doubled(pushes, pops):
    queue, out = FairQueue(), []
    for n, (level, run, at) in enumerate(pushes):
        queue.push(level, f"run{run}", at, n)
        if n < len(pops) and pops[n]:
            out.append(queue.pop())
    out += drained(queue)
    assert sorted(out) == list(range(len(pushes)))
