"""How findings are shown and judged by every command that prints them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Literal

from ..errors import Problem, ProblemKind, ProblemType
from ..findings import Finding, Severity
from .output import Block, by_severity

FailOn = Literal["info", "warn", "error", "critical"]

BAD_ARGUMENT = ProblemType(
    "cli.bad-argument",
    "A value on the command line cannot be used.",
    "Going on with another value would judge something you did not ask for.",
    "Correct the value; `gctrust COMMAND --help` says what is expected.",
    kind=ProblemKind.USAGE,
    source="docs/reference/commands.md",
)


def bad_argument(name: str, seen: str, reason: str) -> Problem:
    return Problem(BAD_ARGUMENT, {"argument": name, "seen": seen[:120]}, hint=reason)


def severity(word: str) -> Severity:
    return Severity[word.upper()]


def findings_blocks(findings: Iterable[Finding], not_judged: Iterable[str] = ()) -> Iterator[Block]:
    """Findings worst first, then what was not judged, then the count."""
    ordered = by_severity(findings)
    yield from ordered
    for left_out in not_judged:
        yield f"not judged: {left_out}"
    if not ordered:
        yield "no findings"
    else:
        yield ", ".join(_counted(ordered))


def _counted(findings: tuple[Finding, ...]) -> Iterator[str]:
    for severity in sorted(Severity, reverse=True):
        count = sum(f.severity is severity for f in findings)
        if count:
            yield f"{count} {severity.word}"
