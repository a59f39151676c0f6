"""Problem: "we could not look, or could not do", with its code, the facts seen and the next step.

Adapters raise Problems, the runner decides by `retry` whether to try again, and the command line
and the service translate them once, at the door. "We looked, and this is wrong" is a Finding.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

Fact = str | int | float | bool | None | list[str]


class Retry(StrEnum):
    """What trying again would do."""

    NEVER = "never"  # the same call gives the same answer
    LATER = "later"  # a passing fault: again after a back-off, or at `Problem.retry_at`


class ProblemKind(StrEnum):
    """What a Problem means for the caller; the exit code and the HTTP status follow from it."""

    FAILED = "failed"
    USAGE = "usage"
    ACCESS = "access"


@dataclass(frozen=True, slots=True)
class ProblemType:
    """One catalogue entry. `gctrust explain CODE` and the reference page are made from it."""

    code: str
    sentence: str
    why: str
    fix: str
    retry: Retry = Retry.NEVER
    kind: ProblemKind = ProblemKind.FAILED
    source: str = ""


@dataclass(slots=True, eq=False)
class Problem(Exception):
    """A raised Problem.

    `facts` are what was seen (never a secret), `hint` the next step for this very case (the type's
    `fix` when empty), `retry_at` an instant in Unix seconds before which trying again is useless.
    """

    type: ProblemType
    facts: Mapping[str, Fact] = field(default_factory=dict)
    hint: str = ""
    retry_at: float | None = None

    @property
    def code(self) -> str:
        return self.type.code

    @property
    def next_step(self) -> str:
        return self.hint or self.type.fix

    def __str__(self) -> str:
        facts = ", ".join(f"{name}={value}" for name, value in self.facts.items())
        return f"{self.code}: {self.type.sentence}" + (f" ({facts})" if facts else "")


def problem_catalogue(*rows: ProblemType) -> dict[str, ProblemType]:
    """Index rows by code. Raises ValueError when a code is given twice."""
    index = {row.code: row for row in rows}
    if len(index) != len(rows):
        raise ValueError("a problem code is listed twice")
    return index
