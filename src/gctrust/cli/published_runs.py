"""What the commands of the published API have in common: a dialect that has the call, paths and
commands as an order keeps them, and the word that takes an open run back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import Problem, ProblemKind, ProblemType
from .attached import follow
from .exit_codes import ExitCode
from .findings_shown import bad_argument
from .output import Output

if TYPE_CHECKING:
    from .. import app as composition
    from ..settings import Settings

NONE_OPEN = ProblemType(
    "cli.nothing-to-take-back",
    "No run for this is open.",
    "It has ended, was never ordered, or was ordered on another platform.",
    "`gctrust runs list` shows the last ones.",
    kind=ProblemKind.USAGE,
    source="docs/guides/published-dialect.md",
)


def refuse_other_dialect(settings: Settings, operation: str) -> None:
    """Raises Problem genesys.not-in-dialect, which names what the set dialect has."""
    from ..adapters.genesys.dialects import DIALECTS

    DIALECTS[settings.dialect].route(operation)


def absolute(path: Path | None) -> str:
    return "" if path is None else str(path.expanduser().resolve())


def argument_vector(text: str) -> tuple[str, ...]:
    """Of a --reload flag. Raises Problem cli.bad-argument."""
    try:
        found = json.loads(text) if text else []
    except ValueError:
        found = None
    if not isinstance(found, list) or not all(isinstance(one, str) for one in found):
        raise bad_argument("--reload", text, 'Give a JSON list, as in \'["nginx","-s","reload"]\'.')
    return tuple(found)


def not_below(name: str, value: float, least: float) -> float:
    """Raises Problem cli.bad-argument; a NaN is below everything."""
    if not value >= least or value == float("inf"):
        raise bad_argument(name, str(value), f"Give a number of at least {least:g}.")
    return value


async def take_back(app: composition.App, out: Output, identity: str, wait: float) -> ExitCode:
    """Raises Problem cli.nothing-to-take-back."""
    rows = (row for row in app.runner.list_runs() if row.identity == identity)
    row = next(rows, None)
    if row is None or row.ended is not None:
        raise Problem(NONE_OPEN, {"for": identity, "last": row.status if row else "none"})
    app.runner.signal(row.id, "roll-back")
    async with app.running():
        code = await follow(app, out, row.id, wait)
    back = app.runner.show(row.id).status == "rolled-back"
    return ExitCode.FINE if back else code
