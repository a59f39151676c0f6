"""Laws of what is on its way: at any time, the newest change that has arrived is the one held."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gctrust.sandbox.arrivals import Arrivals

CHANGES = st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 20)), max_size=12)


@given(CHANGES, st.lists(st.integers(0, 25), max_size=8))
def test_the_newest_arrived_change_holds(changes: list[tuple[str, int]], looks: list[int]) -> None:
    queue: Arrivals[str, int] = Arrivals()
    for number, (key, at) in enumerate(changes):
        queue.send(key, number, at)
    held: dict[str, int] = {}
    for now in sorted(looks):
        held.update(queue.due(now))
        arrived = {k: n for n, (k, at) in enumerate(changes) if at <= now}  # the last one wins
        assert held == arrived
        assert queue.waiting == sum(at > now for _, at in changes)
