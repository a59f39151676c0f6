"""What is done to a rotation that runs: watch its stages, confirm, take back; and trust stores."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import Fact, Problem, ProblemKind, ProblemType
from .attached import follow
from .exit_codes import ExitCode
from .output import Output

if TYPE_CHECKING:
    from ..app import App
    from ..runner.runs import RunRow

NO_ROTATION = ProblemType(
    "pins.no-open-rotation",
    "No rotation of this client is running.",
    "It has ended, was never ordered, or was ordered on another platform.",
    "`gctrust pins status` shows the last one. One that succeeded is undone by a rotation in "
    "reverse: the old certificate as --new-cert, the new one as --old-cert.",
    kind=ProblemKind.USAGE,
    source="gctrust: state of a run",
)
NOT_ASKED = ProblemType(
    "pins.nothing-to-confirm",
    "The rotation does not wait for your word.",
    "A word given in advance would confirm something you have not seen.",
    "`gctrust pins status` shows what it waits for.",
    kind=ProblemKind.USAGE,
    source="gctrust: state of a run",
)
PROBLEMS = (NO_ROTATION, NOT_ASKED)

LOOK = 0.1  # seconds between two looks at the stage


@dataclass(frozen=True, slots=True)
class Trusted:
    """`authorities` are the subjects written, a CA each."""

    bundle: str
    nginx: str
    authorities: tuple[str, ...]


async def tell_stages(app: App, out: Output, run: str) -> None:
    """A line for each stage and note of the run, as they come; until cancelled."""
    told = ""
    while True:
        with suppress(Problem):  # a store that is busy: what follows the run will say so
            row = await asyncio.to_thread(app.runner.show, run)
            line = f"{row.stage:<9} {row.note}"
            if row.stage and line != told:
                told = line
                out.talk(line)
        await asyncio.sleep(LOOK)


def rotation_of(app: App, client: str) -> RunRow | None:
    """The client's last rotation on this platform, None when there was none."""
    return app.bulk.newest(f"pin-rotation:{client}")


async def steer(app: App, out: Output, signal: str, wait: float) -> ExitCode:
    """Send the signal, follow what comes of it. Raises Problem pins.*."""
    from ..pipelines.pin_run import OPERATOR

    client = str(app.settings.require("pin_client_id"))
    row = rotation_of(app, client)
    if row is None or row.ended is not None:
        raise Problem(NO_ROTATION, {"client": client, "last": row.status if row else "none"})
    if signal == "advance" and not row.waiting_for.startswith(OPERATOR):
        facts: dict[str, Fact] = {"run": row.id, "stage": row.stage}
        raise Problem(NOT_ASKED, {**facts, "waits_for": row.waiting_for or "nothing"})
    app.runner.signal(row.id, signal)
    async with app.running():
        teller = asyncio.create_task(tell_stages(app, out, row.id))
        try:
            code = await follow(app, out, row.id, wait)
        finally:
            teller.cancel()
    back = signal == "roll-back" and app.runner.show(row.id).status == "rolled-back"
    return ExitCode.FINE if back else code


def write_trust(
    out: Output, authorities: tuple[Path, ...], bundle: Path, nginx: Path | None
) -> ExitCode:
    """Raises Problem file.*, pins.not-an-authority, pins.trust-not-written."""
    from ..adapters.credentials.truststore import authorities_of, write_bundle, write_nginx

    found = authorities_of(authorities)
    write_bundle(bundle, found)
    if nginx is not None:
        write_nginx(nginx, bundle)
    subjects = tuple(one.subject_text for one in found)
    shown = Trusted(str(bundle), str(nginx or ""), subjects)
    lines = [f"{bundle}: {len(found)} authorities", *(f"  {subject}" for subject in subjects)]
    out.answer("pins.trust", shown, lines + ([f"{nginx}: nginx snippet"] if nginx else []))
    return ExitCode.FINE
