"""The order of a rotation as data, and the proof that it refuses nobody by its own doing.

The verifier must accept the new key before a client shows it, and the old one until none can. A
choreography is a tuple of steps, each with the pins that are live when it ends; the pipeline
carries out exactly the tuple that was proved.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from .spki import Pin


class Move(StrEnum):
    """What a step does. The first four leave the clients as they are."""

    PREPARE = "prepare"
    PUBLISH = "publish"
    SOAK = "soak"
    CANARY = "canary"
    SWITCH = "switch"
    DRAIN = "drain"
    RETIRE = "retire"
    CONFIRM = "confirm"


@dataclass(frozen=True, slots=True)
class Step:
    """`live` are the pins the platform is to accept once the step is done."""

    move: Move
    live: frozenset[Pin]


@dataclass(frozen=True, slots=True)
class Roles:
    """Who is who; `backup` is None where there is none, `others` are live and none of the three:
    a rotation has no say over them and keeps them."""

    new: Pin
    old: Pin
    backup: Pin | None = None
    others: tuple[Pin, ...] = ()

    @property
    def published(self) -> tuple[Pin, ...]:
        """What must be accepted during the overlap: new first, every pin once."""
        wanted = (self.new, self.old, *((self.backup,) if self.backup else ()), *self.others)
        return tuple(dict.fromkeys(wanted))

    @property
    def retired(self) -> tuple[Pin, ...]:
        """What stays when the old pin has gone."""
        return tuple(pin for pin in self.published if pin != self.old)


class Standing(StrEnum):
    """Where a rotation stands, by nothing but the pins the platform shows."""

    STEADY = "steady"  # the old pin is live, the new one is not
    PUBLISHED = "published"  # both are
    RETIRED = "retired"  # only the new one is
    FOREIGN = "foreign"  # neither is: not the set this rotation is about


def standing(live: Iterable[Pin], roles: Roles) -> Standing:
    seen = set(live)
    if roles.new in seen:
        return Standing.PUBLISHED if roles.old in seen else Standing.RETIRED
    return Standing.STEADY if roles.old in seen else Standing.FOREIGN


def full_choreography(live: Iterable[Pin], roles: Roles) -> tuple[Step, ...]:
    """Every wait in its place."""
    before, overlap, after = frozenset(live), frozenset(roles.published), frozenset(roles.retired)
    moves = (Move.PUBLISH, Move.SOAK, Move.CANARY, Move.SWITCH, Move.DRAIN)
    return (
        Step(Move.PREPARE, before),
        *(Step(move, overlap) for move in moves),
        Step(Move.RETIRE, after),
        Step(Move.CONFIRM, after),
    )


def emergency_choreography(live: Iterable[Pin], roles: Roles) -> tuple[Step, ...]:
    """For a compromised old key: no wait for anyone; what is refused by that is counted."""
    return tuple(
        step
        for step in full_choreography(live, roles)
        if step.move not in (Move.SOAK, Move.CANARY, Move.DRAIN)
    )


_BEFORE = (
    (Move.PUBLISH, Move.SWITCH),
    (Move.PUBLISH, Move.SOAK),
    (Move.SOAK, Move.CANARY),
    (Move.SOAK, Move.SWITCH),
    (Move.SWITCH, Move.DRAIN),
    (Move.DRAIN, Move.RETIRE),
    (Move.SWITCH, Move.RETIRE),
)


def flaws_of(steps: tuple[Step, ...], roles: Roles, *, compromised: bool = False) -> Iterator[str]:
    """Why carrying out these steps could refuse a handshake; nothing for a sound choreography.

    A compromised old key is dropped without soak and drain on purpose.
    """
    at = {step.move: number for number, step in enumerate(steps)}
    waits = (Move.SOAK, Move.CANARY, Move.DRAIN)
    for first, then in _BEFORE:
        if compromised and (first in waits or then in waits):
            continue
        if then in at and first not in at:
            yield f"{then} without {first} before it"
        elif then in at and at[first] > at[then]:
            yield f"{then} comes before {first}"
    for step in steps:
        if not _shown(step, at, roles) <= step.live:
            yield f"a client can show a certificate at {step.move} whose pin is not live"


def _shown(step: Step, at: dict[Move, int], roles: Roles) -> frozenset[Pin]:
    """The pins that a client may show while the step lasts."""
    here = at[step.move]
    shown = set()
    if here < at.get(Move.RETIRE, len(at)):
        shown.add(roles.old)
    if here >= min(at.get(Move.CANARY, len(at)), at.get(Move.SWITCH, len(at))):
        shown.add(roles.new)
    return frozenset(shown)
