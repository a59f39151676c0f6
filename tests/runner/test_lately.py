"""What was seen a moment ago is known for that moment, and no longer."""

from __future__ import annotations

from gctrust.runner.lately import MOST, Lately


class Standing:
    """A clock that is moved by hand."""

    at = 1000.0

    def now(self):
        return self.at

    async def sleep_until(self, at):
        self.at = max(self.at, at)


def test_what_was_seen_is_known_for_a_moment():
    clock = Standing()
    lately = Lately(clock, 60.0)
    assert lately.known("a.example") is None
    assert lately.note("a.example", "seen") == "seen"
    clock.at += 59
    assert lately.known("a.example") == "seen"
    clock.at += 2
    assert lately.known("a.example") is None


def test_it_does_not_grow_for_ever():
    lately = Lately(Standing(), 60.0)
    for number in range(2 * MOST):
        lately.note(str(number), number)
    assert len(lately._seen) <= MOST
