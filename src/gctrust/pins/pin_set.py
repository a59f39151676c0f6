"""PinSet: the pins an endpoint accepts, 1 to 3, distinct, of one kind, or it cannot exist."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from .spki import Pin, PinKind

MAX_PINS = 3  # the guide dialect's limit for each OAuth client


class BadPinSet(ValueError):
    """These pins make no set; `reason` is one of "empty", "too-many", "repeated", "mixed"."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class PinSet:
    """`current` is what clients show now (the wire's primaryPin), `others` are also accepted."""

    current: Pin
    others: tuple[Pin, ...] = ()

    def __post_init__(self) -> None:
        pins = tuple(self)
        if len(pins) > MAX_PINS:
            raise BadPinSet("too-many", f"{len(pins)} pins; {MAX_PINS} are allowed")
        if len({pin.kind for pin in pins}) > 1:
            raise BadPinSet("mixed", "certificate pins and SPKI pins cannot share a set")
        if len(set(pins)) < len(pins):
            raise BadPinSet("repeated", "a pin is listed twice")

    @classmethod
    def of(cls, *pins: Pin | None) -> PinSet:
        """The first pin is current; None is left out. Raises BadPinSet."""
        given = [pin for pin in pins if pin is not None]
        if not given:
            raise BadPinSet("empty", "no pin was given")
        return cls(given[0], tuple(given[1:]))

    @property
    def kind(self) -> PinKind:
        return self.current.kind

    def __iter__(self) -> Iterator[Pin]:
        yield self.current
        yield from self.others

    def __contains__(self, pin: object) -> bool:
        return pin == self.current or pin in self.others

    def __len__(self) -> int:
        return 1 + len(self.others)
