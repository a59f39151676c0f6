"""`gctrust worker`: one more process that drives the runs of a shared store."""

from __future__ import annotations

import asyncio
import signal
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..errors import Problem, ProblemKind, ProblemType
from .exit_codes import ExitCode
from .session import Options, with_app

if TYPE_CHECKING:
    from .. import app as composition

NOT_SHARED = ProblemType(
    "cli.store-not-shared",
    "A worker needs a store that several processes can drive at once.",
    "On SQLite one process drives all runs; another would only watch it.",
    "Set GCTRUST_STORE_URL to postgresql://USER@HOST/DATABASE, the same for every worker.",
    kind=ProblemKind.USAGE,
    source="docs/guides/workers.md",
)


FINISH = 20.0  # seconds that steps under way have to end in


@dataclass(frozen=True, slots=True)
class Working:
    """`store` is shown without its password."""

    store: str


def worker(
    *,
    options: Options = Options(),  # noqa: B008 - frozen
) -> ExitCode:
    """Drive runs beside other workers until SIGTERM or Ctrl-C; what is left goes to the others."""

    async def body(app: composition.App) -> ExitCode:
        if not app.store.shared:
            raise Problem(NOT_SHARED, {"store": app.store.name})
        over = asyncio.Event()
        for end in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(end, over.set)
        async with app.running(FINISH), app.scheduling():
            told = Working(app.store.name)
            options.out.answer("worker", told, [f"working on the runs of {told.store}"])
            await over.wait()
        return ExitCode.FINE

    return with_app(options, body)
