"""What a change of the webhooks would do, as a dry run prints it."""

from __future__ import annotations

from dataclasses import dataclass

from .exit_codes import ExitCode
from .output import Block, Heading
from .session import Options


@dataclass(frozen=True, slots=True)
class WebhooksPlanned:
    change: str
    endpoint: str
    steps: tuple[str, ...]


def planned(options: Options, change: str, endpoint: str, steps: tuple[str, ...]) -> ExitCode:
    blocks: list[Block] = [Heading(f"plan: webhooks {change} {endpoint}".rstrip())]
    blocks += [f"  {number}. {step}" for number, step in enumerate(steps, 1)]
    blocks.append("nothing was changed; perform it with --yes")
    options.out.answer("webhooks.plan", WebhooksPlanned(change, endpoint, steps), blocks)
    return ExitCode.CHANGES
