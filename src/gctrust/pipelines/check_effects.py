"""A scheduled look: its order, its effects, and what they come to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ..errors import Fact
from .effect import Effect


@dataclass(frozen=True, slots=True)
class CheckOrder:
    """`kind` is expiry, domain, rotation or clean; `before` the result of the look before, "" when
    there was none; `at` the date of a rotation, `due` the instant this look was due (Unix
    seconds)."""

    kind: str
    subject: str
    due: float
    before: str = ""
    at: float | None = None
    horizon: float = 3600.0

    @property
    def identity(self) -> str:
        return f"check:{self.kind}:{self.subject}"


@dataclass(frozen=True, slots=True)
class Looked:
    """`not_after` is the earliest end of the certificates seen, None where none was; `ids` are
    those of findings that count."""

    not_after: float | None = None
    ids: tuple[str, ...] = ()
    facts: Mapping[str, Fact] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LookAt(Effect[Looked]):
    outcome = Looked
    kind: str
    subject: str

    @property
    def key(self) -> str:
        return f"{self.kind} {self.subject}"


@dataclass(frozen=True, slots=True)
class Kept:
    """The schedule has it."""


@dataclass(frozen=True, slots=True)
class KeepLook(Effect[Kept]):
    """The schedule's last result, and since when it has been so."""

    outcome = Kept
    kind: str
    subject: str
    result: str
    at: float

    @property
    def key(self) -> str:
        return f"{self.kind} {self.subject}"
