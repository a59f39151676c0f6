"""`gctrust schedules`: what is looked at again and again, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal

from cyclopts import App

from .attached import instant
from .change_reason import Why
from .durations import seconds_of, span_of
from .exit_codes import ExitCode
from .findings_shown import bad_argument
from .output import Block, Table
from .session import Options, with_app

if TYPE_CHECKING:
    from .. import app as composition
    from ..runner.schedules import Schedule

app = App(name="schedules", help="Checks that come due: list, add, remove, pause, resume, run-due.")

Kind = Literal["expiry", "domain", "rotation", "clean"]


@dataclass(frozen=True, slots=True)
class ScheduleShown:
    """Instants are RFC 3339 UTC. `every` is empty where the kind decides; `result` is that of the
    last look, and `changed` since when it has been so."""

    id: str
    status: str
    due: str
    every: str
    at: str | None
    result: str
    looked: str | None
    changed: str | None

    @classmethod
    def of(cls, one: Schedule) -> ScheduleShown:
        every = span_of(one.every) if one.every is not None else ""
        told = (one.at, one.looked, one.changed)
        at, looked, changed = (None if moment is None else instant(moment) for moment in told)
        return cls(one.id, one.status, instant(one.due), every, at, one.result, looked, changed)


@dataclass(frozen=True, slots=True)
class SchedulesShown:
    schedules: tuple[ScheduleShown, ...]


@dataclass(frozen=True, slots=True)
class Turned:
    schedule: str
    status: str


@dataclass(frozen=True, slots=True)
class DueOrdered:
    runs: tuple[str, ...]


@app.command(name="list")
def list_schedules(
    *,
    options: Options = Options(),  # noqa: B008 - frozen
) -> ExitCode:
    """All schedules, the next due first, with the last result and since when it is so."""

    async def body(app: composition.App) -> ExitCode:
        shown = tuple(ScheduleShown.of(one) for one in app.schedules.all())
        rows = tuple((s.id, s.status, s.due, s.result, s.changed or "") for s in shown)
        table = Table(("schedule", "status", "due", "last result", "since"), rows)
        blocks: list[Block] = [table] if rows else ["no schedules"]
        options.out.answer("schedules.list", SchedulesShown(shown), blocks)
        return ExitCode.FINE

    return with_app(options, body)


@app.command
def add(
    kind: Kind,
    subject: str,
    /,
    *,
    every: str = "",
    at: str = "",
    why: Why = Why(),  # noqa: B008 - frozen
    options: Options = Options(),  # noqa: B008 - frozen
) -> ExitCode:
    """Look at something from now on. Deployed certificates and verified domains are added already.

    Parameters
    ----------
    kind
        expiry: a host's certificates; domain: a domain's mail records; rotation: a client's
        rotation date; clean: what is old in the store.
    subject
        HOST or HOST:PORT, DOMAIN, CLIENT, or the age from which runs are cleaned out: 90d.
    every
        How often, such as 12h; else daily, a domain the rarer the longer it stays as it is.
    at
        The date a rotation is due, such as 2027-05-01.
    """
    pause = seconds_of("--every", every) if every else None
    date = _date(at) if at else None
    if (kind == "rotation") != (date is not None):
        raise bad_argument("--at", at, "A rotation has a date, and nothing else has one.")
    name = f"{seconds_of('SUBJECT', subject) / 86_400:g}d" if kind == "clean" else subject

    async def body(app: composition.App) -> ExitCode:
        made = ScheduleShown.of(app.schedules.add(kind, name, pause, date, app.asker))
        options.out.answer("schedules.add", made, [f"{made.id} is due at {made.due}"])
        return ExitCode.FINE

    return with_app(options, body, **why.settings)


def _date(text: str) -> float:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise bad_argument("--at", text, "Give a date, such as 2027-05-01.") from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


@app.command
def remove(
    schedule: str,
    /,
    *,
    why: Why = Why(),  # noqa: B008 - frozen
    options: Options = Options(),  # noqa: B008 - frozen
) -> ExitCode:
    """Look no more, also when the thing is deployed or verified again.

    Parameters
    ----------
    schedule
        The schedule's id.
    """
    return _turn(schedule, "removed", why, options)


@app.command
def pause(
    schedule: str,
    /,
    *,
    why: Why = Why(),  # noqa: B008 - frozen
    options: Options = Options(),  # noqa: B008 - frozen
) -> ExitCode:
    """Let it rest until it is resumed.

    Parameters
    ----------
    schedule
        The schedule's id.
    """
    return _turn(schedule, "paused", why, options)


@app.command
def resume(
    schedule: str,
    /,
    *,
    why: Why = Why(),  # noqa: B008 - frozen
    options: Options = Options(),  # noqa: B008 - frozen
) -> ExitCode:
    """Go on with one that was paused; what it missed is made up by one look.

    Parameters
    ----------
    schedule
        The schedule's id.
    """
    return _turn(schedule, "active", why, options)


def _turn(schedule: str, status: str, why: Why, options: Options) -> ExitCode:
    async def body(app: composition.App) -> ExitCode:
        app.schedules.turn(schedule, status, app.asker)
        told = Turned(schedule, status)
        options.out.answer(f"schedules.{status}", told, [f"{schedule} is {status}"])
        return ExitCode.FINE

    return with_app(options, body, **why.settings)


@app.command
def run_due(
    *,
    wait: float = 60.0,
    options: Options = Options(),  # noqa: B008 - frozen
) -> ExitCode:
    """Do what is due now: for a timer of the system, where no service or worker runs.

    Parameters
    ----------
    wait
        Seconds to wait for the checks' end; then exit code 8, and they go on with the next start.
    """

    async def body(app: composition.App) -> ExitCode:
        from time import monotonic

        async with app.running():
            runs, end = app.schedules.order_due(), monotonic() + wait
            ended = [await app.runner.await_end(run, max(0.0, end - monotonic())) for run in runs]
        lines: list[Block] = [*runs] if runs else ["nothing is due"]
        options.out.answer("schedules.run-due", DueOrdered(runs), lines)
        return ExitCode.WAITING if None in ended else ExitCode.FINE

    return with_app(options, body)
