"""One look before a creation, whoever makes it: and after a crash a look of its own."""

from __future__ import annotations

from gctrust.runner.absences import MOMENT, MOST, Absences


class Clock:
    at = 1_000.0

    def now(self) -> float:
        return self.at

    async def sleep_until(self, at: float) -> None:
        self.at = at


def test_a_look_serves_one_creation_soon_after_it() -> None:
    clock = Clock()
    absences = Absences(clock)
    absences.note("a.example")
    assert absences.take("a.example")
    assert not absences.take("a.example"), "a second try looks anew"
    assert not absences.take("b.example")
    assert not Absences(clock).take("a.example"), "whoever takes the run up after a crash looks"


def test_a_look_grows_old() -> None:
    clock = Clock()
    absences = Absences(clock)
    absences.note("a.example")
    clock.at += MOMENT
    assert not absences.take("a.example")


def test_memory_is_bounded() -> None:
    absences = Absences(Clock())
    for n in range(MOST + 2):
        absences.note(f"d{n}.example")
    assert absences.take(f"d{MOST + 1}.example")
    assert not absences.take("d0.example")
