"""`gctrust rehearse JOURNEY`: the crash matrix, against a sandbox of its own.

A worker is killed before and after every effect and another ends the run; then every call to the
platform goes wrong in four ways, and the worker dies of that. Right is what is right from outside.
"""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter, validators

from .exit_codes import ExitCode
from .output import Block, Heading, Table
from .session import LocalOptions, settings_of

if TYPE_CHECKING:
    from .rehearse_rounds import Plan, Rehearsed, Verdict
    from .rehearse_store import Server

Journey = Literal["email-domain", "custom-domain", "pin-rotation"]
Count = Annotated[int | None, Parameter(validator=validators.Number(gte=1))]


@dataclass(frozen=True, slots=True)
class WrongShown:
    point: str
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FaultsShown:
    """Every call of the undisturbed run, gone wrong in each of four ways."""

    points: int
    right: int
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RehearsalShown:
    """`points` were died at, `right` of them ended right; `store` is without its password."""

    journey: str
    store: str
    steps: int
    points: int
    right: int
    names: tuple[str, ...]
    faults: FaultsShown
    wrong: tuple[WrongShown, ...]
    seconds: float
    ok: bool


def rehearse(
    journey: Journey,
    /,
    *,
    store: str = "",
    at: str = "",
    points: Count = None,
    seed: int = 1,
    faults: bool = True,
    options: LocalOptions = LocalOptions(),  # noqa: B008 - frozen
) -> ExitCode:
    """Kill a journey before and after every effect, and see that nothing is lost or done twice.

    Parameters
    ----------
    journey
        email-domain, custom-domain or pin-rotation.
    store
        postgresql://USER@HOST/DATABASE: rehearse in databases of its own there, each run ended by
        another worker (also: GCTRUST_STORE_URL). Without it: SQLite, ended after a restart.
    at
        Only points, and faults, with this text in their name: `after 9 WritePins`.
    points
        A sample of so many points, and of so many faults; all of them when it is not given.
    seed
        Which sample.
    faults
        Also let every call to the platform go wrong: 429, 500, reset, answer lost.
    """
    from .rehearse_rounds import Plan, rehearse_all
    from .rehearse_store import Server

    given = settings_of(options).store_url
    url = store or (given.reveal() if given else "")
    plan, began = Plan(journey, at, points, seed, faults), time.monotonic()
    with ExitStack() as stack:
        server = Server(url) if url else None
        if server:
            stack.callback(server.close)
        progress = stack.enter_context(options.out.progress(f"rehearse {journey}"))

        async def whole() -> Rehearsed:
            me = asyncio.current_task()
            assert me is not None
            asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, me.cancel)
            try:
                return await rehearse_all(plan, server, progress.say)
            except asyncio.CancelledError:  # told to end, it has dropped what it made
                raise KeyboardInterrupt from None

        done = asyncio.run(whole())
    shown = _shown(plan, server, done, time.monotonic() - began)
    options.out.answer("rehearsal", shown, _blocks(shown, done))
    return ExitCode.FINE if shown.ok else ExitCode.FINDINGS


def _shown(plan: Plan, server: Server | None, done: Rehearsed, seconds: float) -> RehearsalShown:
    verdicts = (done.undisturbed, *done.kills, *done.faults)
    return RehearsalShown(
        journey=plan.journey,
        store=server.name if server else "sqlite",
        steps=len(done.steps),
        points=len(done.kills),
        right=_right(done.kills),
        names=_names(done.kills),
        faults=FaultsShown(len(done.faults), _right(done.faults), _names(done.faults)),
        wrong=tuple(WrongShown(v.name, v.reasons) for v in verdicts if not v.right),
        seconds=round(seconds, 1),
        ok=done.right,
    )


def _right(verdicts: tuple[Verdict, ...]) -> int:
    return sum(verdict.right for verdict in verdicts)


def _names(verdicts: tuple[Verdict, ...]) -> tuple[str, ...]:
    return tuple(verdict.name for verdict in verdicts)


def _blocks(shown: RehearsalShown, done: Rehearsed) -> Iterator[Block]:
    from .rehearse_rounds import FAULTS, WHENS

    yield Heading(f"{shown.journey}: killed before and after every effect")
    known = {verdict.name: verdict for verdict in (*done.kills, *done.faults)}
    yield Table(("step", *WHENS), tuple(_row(s, known, WHENS, "{} {}") for s in done.steps))
    if done.faults:
        yield Heading("killed when a call has gone wrong")
        kinds = tuple(FAULTS)
        yield Table(("call", *kinds), tuple(_row(c, known, kinds, "{} at {}") for c in done.calls))
    for wrong in shown.wrong:
        yield f"WRONG {wrong.point}: {'; '.join(wrong.reasons)}"
    yield (
        f"{shown.right} of {shown.points} points right, "
        f"{shown.faults.right} of {shown.faults.points} faults right, "
        f"on {shown.store}, in {shown.seconds:.0f} s"
    )


def _row(
    name: str, known: Mapping[str, Verdict], columns: tuple[str, ...], form: str
) -> tuple[str, ...]:
    """A cell is "ok", "WRONG", or empty for what is not in the sample."""
    cells = [known.get(form.format(column, name)) for column in columns]
    return (name, *("" if cell is None else "ok" if cell.right else "WRONG" for cell in cells))
