"""What an SPF evaluation comes to: the verdict, the trace of every term tried, the limits."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple


class SpfVerdict(StrEnum):
    """The results of RFC 7208 section 2.6."""

    NONE = "none"
    NEUTRAL = "neutral"
    PASS = "pass"  # noqa: S105 - a verdict, no secret
    FAIL = "fail"
    SOFTFAIL = "softfail"
    TEMPERROR = "temperror"
    PERMERROR = "permerror"


@dataclass(frozen=True, slots=True)
class Limits:
    """RFC 7208 section 4.6.4. `names` bounds the MX and PTR names looked at for one term."""

    lookups: int = 10
    voids: int = 2
    names: int = 10


class Step(NamedTuple):
    """One term tried. `resolved` is what it came to; `lookups` and `voids` what it cost itself."""

    depth: int
    domain: str
    term: str
    outcome: str
    resolved: tuple[str, ...]
    lookups: int
    voids: int


Tried = tuple[int, str, str, str, tuple[str, ...], int, int]
"""A Step as a bare tuple: an evaluation makes dozens, and few are ever looked at."""


@dataclass(frozen=True, slots=True)
class SpfResult:
    """`explanation` is set for a fail whose domain publishes one; `cause` says why an error or a
    none came about, or which term decided; `lookups` and `voids` are what the check cost."""

    verdict: SpfVerdict
    domain: str
    explanation: str
    cause: str
    _trace: tuple[Tried, ...]
    lookups: int
    voids: int

    @property
    def trace(self) -> tuple[Step, ...]:
        """Every term tried, in order."""
        return tuple(map(Step._make, self._trace))


STANDARD = Limits()
