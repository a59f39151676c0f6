"""Many orders followed: progress with rate, budget and expected end; then each as it stands."""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from .attached import ProblemShown, code_of, instant, resume_command
from .exit_codes import ExitCode, of_run
from .output import Block, Heading, Output, Table, document, write_file

if TYPE_CHECKING:
    from ..app import App
    from ..runner.bulk import ItemSeen
    from ..runner.runs import RunRow

LOOK = 0.3  # seconds between two looks at all orders
TALK = 30.0  # seconds between two lines where stderr is no terminal
ROWS = 50  # of the table for people; --json, --results and `runs items` have all
_BEGUN_NOT = "not-begun"


@dataclass(frozen=True, slots=True)
class ItemsShown:
    """Every order of many as it stands. `counts` is by status."""

    run: str
    status: str
    counts: Mapping[str, int]
    items: tuple[ItemSeen, ...]
    problem: ProblemShown | None = None
    resume: str = ""


async def follow_many(
    app: App, out: Output, run: str, wait: float | None, results: str
) -> ExitCode:
    """Progress until the run ends or `wait` seconds are over, then every order's state."""
    out.talk(f"run {run}")
    try:
        row = await _watched(app, out, run, wait)
    except asyncio.CancelledError:
        out.talk(f"the run goes on where it was: {resume_command(run)}")
        raise
    items = await asyncio.to_thread(app.bulk.items_of, run)
    return tell_items(out, run, row.status, items, results, row)


def tell_items(
    out: Output,
    run: str,
    status: str,
    items: Sequence[ItemSeen],
    results: str = "",
    row: RunRow | None = None,
) -> ExitCode:
    if results:
        write_file(Path(results), items_lines(run, items))
    over = row is None or (row.ended is not None and row.problem is None)
    counts = dict(Counter(one.status for one in items).most_common())
    problem = ProblemShown.of(row.problem) if row else None
    resume = "" if over else resume_command(run)
    shown = ItemsShown(run, status, counts, tuple(items), problem, resume)
    out.answer("bulk", shown, _blocks(shown))
    return code_of(row) if row else of_run(status)


def items_lines(run: str, items: Sequence[ItemSeen]) -> str:
    """One line of JSON for each order."""
    return "".join(json.dumps(_line(run, one), ensure_ascii=False) + "\n" for one in items)


@dataclass(frozen=True, slots=True)
class _Line:
    many: str
    number: int
    identity: str
    run: str
    status: str
    code: str


def _line(run: str, one: ItemSeen) -> Mapping[str, object]:
    told = _Line(run, one.number, one.identity, one.run, one.status, one.code)
    return document("bulk.item", told)


def _blocks(shown: ItemsShown) -> Iterator[Block]:
    yield Heading(f"{shown.run or 'nothing left to order'}  {shown.status}")
    yield f"  {', '.join(f'{count} {status}' for status, count in shown.counts.items())}"
    rest = [one for one in shown.items if not one.succeeded]
    if rest:
        rows = tuple((str(i.number), i.identity, i.status, i.code, i.run) for i in rest[:ROWS])
        yield Table(("order", "what", "status", "problem", "run"), rows)
    if len(rest) > ROWS:
        yield f"  and {len(rest) - ROWS} more: gctrust runs items {shown.run}"
    if shown.problem is not None:
        yield f"  problem: {shown.problem.code}: {shown.problem.sentence}"
        yield f"  next: {shown.problem.next}"
    if shown.resume:
        yield f"  the run goes on; resume: {shown.resume}"


async def _watched(app: App, out: Output, run: str, wait: float | None) -> RunRow:
    begun, said, first = time.monotonic(), time.monotonic(), -1
    with out.progress(run) as progress:
        while True:
            row = await asyncio.to_thread(app.runner.runs.get, run, history=False)
            late = wait is not None and time.monotonic() - begun >= wait
            if row.ended is not None or late:
                return row
            looked = time.monotonic()
            items = await asyncio.to_thread(app.bulk.items_of, run)
            ended = sum(one.status not in ("open", _BEGUN_NOT) for one in items)
            first = ended if first < 0 else first
            line = _so_far(app, row, items, ended, (ended - first) / (time.monotonic() - begun))
            progress.say(line)
            if not progress.shows and time.monotonic() - said >= TALK:
                said = time.monotonic()
                out.talk(line)
            # Looking at ten thousand orders takes a while: most of the time is the runs' own.
            pause = max(LOOK, 5 * (time.monotonic() - looked))
            left = pause if wait is None else begun + wait - time.monotonic()
            await asyncio.sleep(max(min(pause, left), 0.05))


def _so_far(app: App, row: RunRow, items: Sequence[ItemSeen], ended: int, rate: float) -> str:
    """`rate` is orders ended a second of real time, since this command looks."""
    good = sum(one.succeeded for one in items)
    parts = [f"{ended} of {len(items)} ended, {ended - good} not well, {rate:.1f}/s"]
    budget = app.genesys.budget
    if budget.allowed:
        parts.append(f"budget {min(budget.used, budget.allowed)} of {budget.allowed} used")
    if rate > 0:
        parts.append(f"expected end {instant(time.time() + (len(items) - ended) / rate)}")
    if row.waiting_until is not None:
        parts.append(f"{row.stage}: {row.waiting_for}")
    return ", ".join(parts)
