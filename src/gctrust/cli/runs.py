"""`gctrust runs`: every durable run, what it waits for and until when."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

from cyclopts import App, Parameter

from .attached import RunShown, code_of, follow, instant, run_blocks
from .bulk_follow import items_lines, tell_items
from .change_reason import Why
from .exit_codes import ExitCode
from .findings_shown import bad_argument
from .output import Block, Table
from .runs_fork import fork
from .session import Options, kept_runs, with_app

if TYPE_CHECKING:
    from .. import app as composition
    from ..runner.runs import RunRow, StepRow

app = App(name="runs", help="Durable runs: list, show, items, watch, resume, cancel, fork.")
app.command(fork)


@dataclass(frozen=True, slots=True)
class RunsShown:
    runs: tuple[RunShown, ...]


@dataclass(frozen=True, slots=True)
class RunDetail:
    run: RunShown
    history: tuple[StepRow, ...]


@dataclass(frozen=True, slots=True)
class Cancelling:
    run: str
    asked: bool


@app.command(name="list")
def list_runs(
    *,
    status: str = "",
    journey: str = "",
    identity: str = "",
    since: str = "",
    limit: int = 200,
    options: Options = Options(),  # noqa: B008 - frozen
) -> ExitCode:
    """Runs, newest first.

    Parameters
    ----------
    status
        Only these: open, succeeded, failed, cancelled, refused, unverified, rolled-back, stopped.
    journey
        Only these: email-domain, custom-domain, pin-rotation or many.
    identity
        Only the runs of one thing, such as email-domain:mail.example.com.
    since
        Only those started since then: a date or an instant in UTC, such as 2027-01-31T08:00.
    limit
        How many at most.
    """
    if limit < 1:
        raise bad_argument("--limit", str(limit), "Give 1 or more.")
    start = _since(since)

    async def body(app: composition.App) -> ExitCode:
        from ..runner.runs import Sought

        rows = kept_runs(app).page(Sought(status, journey, identity, start), limit)
        table = Table(
            ("run", "status", "stage", "waiting for", "until"), tuple(_row(row) for row in rows)
        )
        blocks: list[Block] = [table] if rows else ["no runs"]
        options.out.answer("runs.list", RunsShown(tuple(RunShown.of(r) for r in rows)), blocks)
        return ExitCode.FINE

    return with_app(options, body)


def _since(text: str) -> float | None:
    """Raises Problem cli.bad-argument."""
    if not text:
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        hint = "Give a date or an instant, such as 2027-01-31T08:00."
        raise bad_argument("--since", text, hint) from None
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()


def _row(row: RunRow) -> tuple[str, ...]:
    until = instant(row.waiting_until) if row.waiting_until is not None else ""
    return row.id, row.status, row.stage, row.waiting_for, until


@app.command
def show(
    run: str,
    /,
    *,
    options: Options = Options(),  # noqa: B008 - frozen
) -> ExitCode:
    """One run with its history. The exit code is the run's own: 8 while it goes on.

    Parameters
    ----------
    run
        The run's id.
    """

    async def body(app: composition.App) -> ExitCode:
        row = kept_runs(app).get(run)
        detail = RunDetail(RunShown.of(row), row.history)
        options.out.answer("runs.show", detail, _detail_blocks(row))
        return code_of(row)

    return with_app(options, body)


def _detail_blocks(row: RunRow) -> Iterator[Block]:
    yield from run_blocks(row)
    rows = tuple(
        (str(s.step), instant(s.ended), s.name, s.kind, s.problem or "", f"{s.seconds:.3f} s")
        for s in row.history
    )
    yield Table(("step", "time", "name", "came of it", "problem", "took"), rows)


@app.command
def items(
    run: str,
    /,
    *,
    lines: Annotated[bool, Parameter(negative="")] = False,
    options: Options = Options(),  # noqa: B008 - frozen
) -> ExitCode:
    """The orders of a run of many, each as it stands. The exit code is the run's own.

    Parameters
    ----------
    run
        The run's id.
    lines
        One line of JSON for each order.
    """

    async def body(app: composition.App) -> ExitCode:
        from ..runner.bulk import Bulk

        runs = kept_runs(app)
        row, found = runs.get(run, history=False), Bulk(runs).items_of(run)
        if not found:
            raise bad_argument("RUN", run, "Give a run of many orders: `runs list --journey many`.")
        if lines:
            options.out.raw(items_lines(run, found))
            return code_of(row)
        return tell_items(options.out, run, row.status, found, row=row)

    return with_app(options, body)


@app.command
def watch(
    run: str,
    /,
    *,
    wait: float | None = None,
    options: Options = Options(),  # noqa: B008 - frozen
) -> ExitCode:
    """Follow a run to its end.

    Parameters
    ----------
    run
        The run's id.
    wait
        Seconds to follow; then exit code 8.
    """

    async def body(app: composition.App) -> ExitCode:
        app.runner.show(run)
        async with app.running():
            return await follow(app, options.out, run, wait)

    return with_app(options, body)


@app.command
def resume(
    run: str,
    /,
    *,
    wait: float | None = None,
    why: Why = Why(),  # noqa: B008 - frozen
    options: Options = Options(),  # noqa: B008 - frozen
) -> ExitCode:
    """Go on with a run where it was, and follow it; a failed one begins at the step it failed at.

    Parameters
    ----------
    run
        The run's id.
    wait
        Seconds to follow; then exit code 8.
    """

    async def body(app: composition.App) -> ExitCode:
        app.runner.resume(run)
        async with app.running():
            return await follow(app, options.out, run, wait)

    return with_app(options, body, **why.settings)


@app.command
def cancel(
    run: str,
    /,
    *,
    wait: float = 30.0,
    why: Why = Why(),  # noqa: B008 - frozen
    options: Options = Options(),  # noqa: B008 - frozen
) -> ExitCode:
    """Ask a run to stop. It may undo things first: a rotation restores the pins of before.

    Parameters
    ----------
    run
        The run's id.
    wait
        Seconds to wait for its end.
    """

    async def body(app: composition.App) -> ExitCode:
        if app.runner.show(run).ended is not None:
            options.out.talk(f"{run} has ended already")
            options.out.answer("runs.cancel", Cancelling(run, False), [f"{run}: nothing to cancel"])
            return ExitCode.FINE
        app.runner.cancel(run)
        async with app.running():
            code = await follow(app, options.out, run, wait)
        cancelled = app.runner.show(run).status == "cancelled"
        return ExitCode.FINE if cancelled else code

    return with_app(options, body, **why.settings)
