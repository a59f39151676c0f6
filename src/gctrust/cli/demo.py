"""`gctrust demo`: the three journeys, live, against a sandbox of its own."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from ..errors import Problem, ProblemKind, ProblemType
from ..findings import Finding, Severity
from .attached import ProblemShown
from .demo_stage import TICK, Control, MatchShown, Play
from .exit_codes import ExitCode
from .output import Block, Heading, Output, Table
from .sandbox_process import Addresses, sandbox_process
from .session import LocalOptions, settings_of

if TYPE_CHECKING:
    from ..app import App
    from ..runner.runs import RunRow
    from ..settings import Settings

REAL_STORE = ProblemType(
    "cli.demo-on-real-store",
    "The demo's store holds runs of a real organisation.",
    "The demo clears its store before it begins; a real organisation's runs must not be in it.",
    "Name another folder with --home or GCTRUST_HOME.",
    kind=ProblemKind.USAGE,
    source="docs/reference/commands.md",
)

PATIENCE = 220.0  # seconds until the demo gives up; the whole takes less than four minutes


@dataclass(frozen=True, slots=True)
class JourneyShown:
    """`duration` is by the sandbox's clock, in seconds; `calls` those the platform journalled."""

    run: str
    status: str
    duration: float | None
    calls: int
    waits: int
    findings: tuple[Finding, ...]
    ledger_entries: int
    webhook_deliveries: int
    problem: ProblemShown | None


@dataclass(frozen=True, slots=True)
class DemoShown:
    """`environment`: what has other commands look at this demo's store."""

    journeys: dict[str, JourneyShown]
    pin_match_rate: MatchShown
    seconds: float
    ok: bool
    environment: dict[str, str]


def demo(
    *,
    dialect: Literal["guide", "platform"] = "guide",
    fast: Annotated[bool, Parameter(negative="")] = False,
    options: LocalOptions = LocalOptions(),  # noqa: B008 - frozen
) -> ExitCode:
    """Watch an email domain verified, a certificate served and client certificates rotated.

    Parameters
    ----------
    dialect
        Whose calls: the guides', or the published API's.
    fast
        Jump the sandbox's clock whenever nothing is in flight.
    """
    home = settings_of(options).home / "demo"
    _clear(home)

    async def whole() -> DemoShown:
        started = asyncio.get_running_loop().time()
        play = _play(dialect, home, fast)
        async with sandbox_process(home, play.arguments) as (addresses, _):
            control = Control(addresses)
            try:
                return await _played(play, addresses, control, options.out, started)
            finally:
                await control.close()

    shown = asyncio.run(whole())
    options.out.answer("demo", shown, _blocks(shown))
    return ExitCode.FINE if shown.ok else ExitCode.FINDINGS


def _play(dialect: str, home: Path, fast: bool) -> Play:
    if dialect == "platform":
        from .demo_platform import PlatformPlay

        return PlatformPlay(home, fast)
    from .demo_guide import GuidePlay

    return GuidePlay(home, fast)


def _clear(home: Path) -> None:
    """Forget earlier demos. Raises Problem cli.demo-on-real-store."""
    from ..adapters.store.store import store_kind_of

    for store in sorted(home.glob("stores/*.db")):
        if store_kind_of(store) != "sandbox":
            raise Problem(REAL_STORE, {"path": str(store)})
    shutil.rmtree(home / "stores", ignore_errors=True)


async def _played(
    play: Play, addresses: Addresses, control: Control, out: Output, started: float
) -> DemoShown:
    from ..app import build_app

    orders = await play.prepared(control, addresses)
    settings = _settings(play, addresses)
    async with build_app(settings) as app, app.running():
        runs = {order.identity.partition(":")[0]: app.runner.submit(order) for order in orders}
        tasks = [asyncio.create_task(one) for one in play.tasks(app, control, out, runs)]
        try:
            await _ended(app, runs, out, tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            play.close()
        seconds = asyncio.get_running_loop().time() - started
        return await _result(play, app, control, runs, seconds)


def _settings(play: Play, addresses: Addresses) -> Settings:
    """The demo's own: nothing of the user's settings reaches it."""
    from ..settings import load_settings

    home = play.home
    environ = {
        "GCTRUST_HOME": str(home),
        "GENESYS_ENV_URL": addresses.api,
        "GENESYS_CLIENT_ID": addresses.client_id,
        "GENESYS_CLIENT_SECRET": addresses.client_secret.reveal(),
        "WEBHOOK_URL": f"{addresses.inbox}/hook",
        "WEBHOOK_SECRET": addresses.webhook_secret.reveal(),
        **play.environ,
    }
    return load_settings({}, environ, home, home)


async def _ended(
    app: App, runs: dict[str, str], out: Output, tasks: Sequence[asyncio.Future[None]]
) -> None:
    """Until every run has ended and every webhook has settled, or patience is over."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + PATIENCE
    with out.progress("demo") as progress:
        while loop.time() < deadline:
            for task in tasks:
                if task.done() and not task.cancelled() and (error := task.exception()):
                    raise error
            rows = [await asyncio.to_thread(app.runner.show, run) for run in runs.values()]
            progress.say("  ".join(f"{row.journey}: {row.stage}" for row in rows))
            pending = await asyncio.to_thread(app.outbox.rows, "pending")
            if all(row.ended is not None for row in rows) and not pending:
                return
            await asyncio.sleep(TICK)


async def _result(
    play: Play, app: App, control: Control, runs: dict[str, str], seconds: float
) -> DemoShown:
    journal = await control.send("GET", "/journal")
    paths = [str(entry["path"]) for entry in journal]
    rows = {journey: app.runner.show(run) for journey, run in runs.items()}
    journeys = {
        journey: _journey(app, row, sum(path.startswith(play.paths[journey]) for path in paths))
        for journey, row in rows.items()
    }
    match = play.match(rows)
    ok = all(_went_well(journey) for journey in journeys.values()) and play.well(match)
    environment = {"GCTRUST_HOME": str(play.home), "GENESYS_ENV_URL": app.settings.platform[0]}
    return DemoShown(journeys, match, round(seconds, 2), ok, environment)


def _journey(app: App, row: RunRow, calls: int) -> JourneyShown:
    deliveries = app.outbox.rows(run=row.id)
    return JourneyShown(
        run=row.id,
        status=row.status,
        duration=round(row.ended - row.started, 3) if row.ended is not None else None,
        calls=calls,
        waits=sum("Wait" in step.name.split() for step in row.history),
        findings=row.end.findings if row.end else (),
        ledger_entries=len(app.ledger.entries(run=row.id)),
        webhook_deliveries=sum(r.status == "accepted" for r in deliveries),
        problem=ProblemShown.of(row.problem),
    )


def _went_well(journey: JourneyShown) -> bool:
    bad = any(found.severity >= Severity.ERROR for found in journey.findings)
    return journey.status == "succeeded" and journey.webhook_deliveries > 0 and not bad


def _blocks(shown: DemoShown) -> Iterator[Block]:
    columns = ("journey", "status", "duration", "calls", "waits", "findings", "ledger", "webhooks")
    rows = tuple(
        (
            name, j.status, "" if j.duration is None else f"{j.duration:.0f} s", str(j.calls),
            str(j.waits), str(len(j.findings)), str(j.ledger_entries), str(j.webhook_deliveries),
        )
        for name, j in shown.journeys.items()
    )  # fmt: skip
    yield Table(columns, rows)
    for name, journey in shown.journeys.items():
        if journey.problem is not None:
            yield f"{name}: {journey.problem.code}: {journey.problem.sentence}"
        yield from (f for f in journey.findings if f.severity >= Severity.ERROR)
    match = shown.pin_match_rate
    if match.rate is not None and match.lower_bound is not None:
        yield (
            f"pin match rate {match.rate:.4f} over {match.n} handshakes, "
            f"at least {match.lower_bound:.4f} with 95 % confidence"
        )
    yield f"{shown.seconds:.1f} s in all; durations are by the sandbox's clock"
    yield Heading("next")
    yield "  gctrust sandbox                        a sandbox of your own to try commands on"
    yield "  gctrust check domain YOUR-DOMAIN       what your own mail domain lacks"
    yield "  gctrust explain --list                 everything gctrust looks for"
    yield "  gctrust audit verify                   what it did, proved; with these set"
    yield from (f"    export {name}={quote(value)}" for name, value in shown.environment.items())
