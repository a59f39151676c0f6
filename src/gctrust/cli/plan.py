"""What a journey would do, printed by a dry run; and the hazards that must be allowed by name."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..errors import Problem, ProblemKind, ProblemType
from ..findings import Finding
from ..settings import without_user_info
from .exit_codes import ExitCode
from .findings_shown import findings_blocks
from .output import Block, Heading, Output

if TYPE_CHECKING:
    from ..app import App
    from ..pipelines.event_type import EventType
    from ..settings import Settings

UNKNOWN_HAZARD = ProblemType(
    "cli.unknown-hazard",
    "--allow names a hazard that this command does not know.",
    "A misspelt hazard would allow nothing, and say nothing.",
    "Name one of the hazards that the plan prints.",
    kind=ProblemKind.USAGE,
    source="gctrust: hazards are allowed by name",
)


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


def refuse_unknown_hazards(allowed: Collection[str], known: Collection[str]) -> None:
    """Raises Problem cli.unknown-hazard, with the list of those there are."""
    for name in allowed:
        if name not in known:
            facts = {"hazard": name[:120], "known": ", ".join(known)}
            raise Problem(UNKNOWN_HAZARD, facts, f"This command knows: {', '.join(known)}.")


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


def ledger_step(app: App, event: EventType) -> str:
    words = {"signed": "a signed webhook", "token": "a webhook with a token"}
    to = [
        f"{words.get(trust, 'an unsigned webhook')} to {url}"
        for url, trust in app.receivers(event.name).items()
    ]
    return " and ".join(["write the ledger entry", *to])


def platform_of(settings: Settings) -> str:
    """What the user wrote to name the platform. Raises config.missing when nothing did."""
    settings.require("platform")
    return without_user_info(", ".join(settings.platform))
