"""What a journey would do, printed by a dry run; and the hazards that must be allowed by name."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ..findings import Finding
from .exit_codes import ExitCode
from .findings_shown import findings_blocks
from .output import Block, Heading, Output


@dataclass(frozen=True, slots=True)
class Planned:
    """`hazards` are those not allowed yet; `perform` is the command that carries the plan out."""

    journey: str
    subject: str
    platform: str
    steps: tuple[str, ...]
    hazards: tuple[str, ...]
    findings: tuple[Finding, ...]
    perform: str


def show(out: Output, plan: Planned, *, refused: bool = False) -> ExitCode:
    """Print the plan: 11 for a change that --yes would make, 10 when it would be refused."""
    out.answer("plan", plan, _blocks(plan, refused))
    return ExitCode.FINDINGS if refused or plan.hazards else ExitCode.CHANGES


def _blocks(plan: Planned, refused: bool) -> Iterator[Block]:
    yield Heading(f"plan: {plan.journey} {plan.subject} on {plan.platform}")
    for number, step in enumerate(plan.steps, 1):
        yield f"  {number}. {step}"
    if plan.findings:
        yield from findings_blocks(plan.findings)
    for hazard in plan.hazards:
        yield f"hazard: {hazard} is not allowed; allow it with --allow {hazard}"
    if refused:
        yield "nothing was changed; the journey would refuse this"
    else:
        yield f"nothing was changed; perform it with: {plan.perform}"
