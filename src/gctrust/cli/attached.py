"""The attached phase: a run is ordered, someone watches it a while, and it goes on without them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from ..errors import Problem, ProblemKind
from .exit_codes import ExitCode, of_problem, of_run
from .findings_shown import findings_blocks
from .output import Block, Heading, Output, Progress, fact_text

if TYPE_CHECKING:
    from ..app import App
    from ..pipelines.orders import Order, RunEnd
    from ..runner.runs import RunRow

LOOK = 0.2  # seconds between two looks at a run that is being watched
LOGIN = 10.0  # seconds until a login that neither works nor is refused is left to the run


@dataclass(frozen=True, slots=True)
class ProblemShown:
    code: str
    sentence: str
    facts: dict[str, object]
    next: str

    @classmethod
    def of(cls, problem: Problem | None) -> ProblemShown | None:
        if problem is None:
            return None
        return cls(problem.code, problem.type.sentence, dict(problem.facts), problem.next_step)


@dataclass(frozen=True, slots=True)
class RunShown:
    """A run as --json shows it. Instants are RFC 3339 UTC; `resume` is the command to go on."""

    run: str
    journey: str
    status: str
    stage: str
    note: str
    started: str
    ended: str | None
    waiting_for: str
    waiting_until: str | None
    problem: ProblemShown | None
    end: RunEnd | None
    resume: str

    @classmethod
    def of(cls, row: RunRow) -> RunShown:
        over = row.ended is not None and row.problem is None
        return cls(
            run=row.id,
            journey=row.journey,
            status=row.status,
            stage=row.stage,
            note=row.note,
            started=instant(row.started),
            ended=instant(row.ended) if row.ended is not None else None,
            waiting_for=row.waiting_for,
            waiting_until=instant(row.waiting_until) if row.waiting_until is not None else None,
            problem=ProblemShown.of(row.problem),
            end=row.end,
            resume="" if over else resume_command(row.id),
        )


def instant(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def resume_command(run: str) -> str:
    return f"gctrust runs resume {run}"


Beside = Callable[["App", Output, str], Coroutine[object, object, None]]


async def order_and_follow(
    app: App, out: Output, order: Order, wait: float, beside: Beside | None = None
) -> ExitCode:
    """Order the run (or join the open one) and follow it for at most `wait` real seconds.

    `beside` runs as long as it is followed, and may tell more of it.
    Raises Problem file.* for a file it could not be carried out with, and where the platform
    refuses this process's credentials, whoever drives the run.
    """
    await asyncio.to_thread(_refuse_unreadable, order)
    await refuse_wrong_credentials(app)
    async with app.running():
        run = app.runner.submit(order)
        teller = asyncio.create_task(beside(app, out, run)) if beside else None
        try:
            return await follow(app, out, run, wait)
        finally:
            if teller is not None:
                teller.cancel()


def _refuse_unreadable(order: Order) -> None:
    from ..adapters.files import read_files
    from ..pipelines.orders import CustomDomainOrder, PinRotationOrder, TrustOrder

    match order:
        case TrustOrder(certificate=certificate):
            read_files((certificate,))
        case CustomDomainOrder(files=files, rollback=False):
            read_files((files.certificate, files.key, files.chain))
        case PinRotationOrder(new=new, old=old, backup=backup):
            read_files((new.certificate, new.key, new.chain, old.certificate, old.key, backup))


async def refuse_wrong_credentials(app: App) -> None:
    """Raises Problem genesys.* for a login that is refused: what passes is the run's to await."""
    try:
        async with asyncio.timeout(LOGIN):
            await app.genesys.require()
    except TimeoutError:
        return
    except Problem as problem:
        if problem.type.kind is not ProblemKind.FAILED:
            raise


async def follow(app: App, out: Output, run: str, wait: float | None) -> ExitCode:
    """Show the run's progress until it ends or `wait` seconds are over, then say how it stands."""
    out.talk(f"run {run}")
    try:
        with out.progress(run) as progress:
            row = await _watched(app, run, wait, progress)
    except asyncio.CancelledError:
        out.talk(f"the run goes on where it was: {resume_command(run)}")
        raise
    out.answer("run", RunShown.of(row), run_blocks(row))
    return code_of(row)


async def _watched(app: App, run: str, wait: float | None, progress: Progress) -> RunRow:
    loop = asyncio.get_running_loop()
    deadline = None if wait is None else loop.time() + wait
    while True:
        row = await asyncio.to_thread(app.runner.show, run)
        if row.ended is not None or (deadline is not None and loop.time() >= deadline):
            return row
        progress.say(_doing(row))
        await asyncio.sleep(LOOK)


def _doing(row: RunRow) -> str:
    if not row.waiting_for:
        return f"{row.stage}  {row.note}"
    until = "" if row.waiting_until is None else f" until {instant(row.waiting_until)}"
    return f"{row.stage}  waiting{until}: {row.waiting_for}".lstrip()


def code_of(row: RunRow) -> ExitCode:
    """A run that failed has its Problem's code, one that ended its end's, an open one 8."""
    if row.problem is not None:
        return of_problem(row.problem)
    return of_run(row.end.status) if row.end is not None else ExitCode.WAITING


def run_blocks(row: RunRow) -> Iterator[Block]:
    yield Heading(f"{row.id}  {row.status}")
    if row.ended is None:
        yield f"  {_doing(row)}"
        yield f"  the run goes on; resume: {resume_command(row.id)}"
    if row.problem is not None:
        yield f"  problem: {row.problem}"
        yield f"  next: {row.problem.next_step}"
        yield f"  then: {resume_command(row.id)}"
    if row.end is not None:
        for name, value in row.end.summary.items():
            if value is not None and value != "":
                yield f"  {name}: {fact_text(value)}"
        yield from findings_blocks(row.end.findings, row.end.not_judged)
