"""`gctrust check domain --from FILE`: a list of any length, one line of JSON for each domain."""

from __future__ import annotations

import asyncio
import gc
import json
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import islice
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, BinaryIO

from ..errors import Fact, Problem, ProblemKind
from ..findings import Finding, Report, Severity
from .check_spread import numbered, spread
from .exit_codes import ExitCode
from .findings_shown import findings_blocks
from .output import UNWRITABLE, Block, Heading, Output, Progress
from .pin import UNREADABLE

if TYPE_CHECKING:
    from .. import app as composition
    from ..adapters.dns.resolver import Resolver
    from ..adapters.domain_list import Entry, Journal, Standard
    from ..adapters.mail.bulk import Checked

_TALK_SECONDS = 1.0
_CACHE_OCTETS = 32 << 20
_GC_OBJECTS = 50_000  # a tenth less time, a few megabytes more


@dataclass(frozen=True, slots=True)
class Bulk:
    """What the command line said."""

    file: Path
    selectors: tuple[str, ...]
    nameservers: tuple[str, ...]
    only: tuple[Standard, ...]
    rate: float
    resume: bool
    fail_on: Severity
    as_json: bool
    output: str
    processes: int
    settings: tuple[tuple[str, str], ...]  # flags that a worker is given too


@dataclass(slots=True)
class _Sum:
    """What the exit code and the last line are made of."""

    total: int = 0
    done: int = 0
    before: int = 0
    by_worst: dict[str, int] = field(default_factory=dict)
    started: float = field(default_factory=monotonic)

    def count(self, worst: str) -> None:
        self.done += 1
        self.by_worst[worst] = self.by_worst.get(worst, 0) + 1

    @property
    def rate(self) -> float:
        return self.done / max(monotonic() - self.started, 0.001)

    def so_far(self) -> str:
        text = f"{self.done + self.before:,} of {self.total:,} domains, {self.rate:,.0f}/s"
        left = self.total - self.done - self.before
        return f"{text}, {_duration(left / self.rate)} left" if self.done and left > 0 else text

    def at_end(self) -> str:
        found = ", ".join(f"{n:,} {word or 'fine'}" for word, n in sorted(self.by_worst.items()))
        resumed = f", {self.before:,} done before" if self.before else ""
        took = _duration(monotonic() - self.started)
        return f"{self.done:,} domains in {took} ({self.rate:,.0f}/s){resumed}: {found or 'none'}"


def quick_loop() -> None:
    """Let the next event loop be uvloop's, where that is installed."""
    try:
        import uvloop
    except ImportError:
        return
    asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())


async def check_list(app: composition.App, bulk: Bulk, out: Output) -> ExitCode:
    """Raises Problem cli.unreadable-file, cli.unwritable-file, bulk.*."""
    from ..adapters.domain_list import entries

    sums, source = _Sum(), app.answers_from(bulk.nameservers)
    if source:
        out.talk(f"answers from {source}")
    with ExitStack() as stack:
        sums.total = sum(1 for _ in entries(stack.enter_context(_opened(bulk.file))))
        journal = _journal(bulk, stack)
        sums.before = journal.count if journal else 0
        if journal and journal.failed:
            out.talk(f"{journal.failed:,} are asked again, since look-ups failed")
        show = stack.enter_context(out.progress("checking"))
        write = _writer(bulk, out, journal, sums, show)
        streams = [stack.enter_context(_opened(bulk.file)) for _ in range(bulk.processes)]
        own, *others = [
            islice(_open_ones(entries(stream), journal), share, None, bulk.processes)
            for share, stream in enumerate(streams)
        ]
        give = partial(_give, bulk=bulk, out=out, write=write, source=source)
        bulk = replace(bulk, rate=bulk.rate / bulk.processes)  # of all together
        await spread(_worker_arguments(bulk), others, write, _check_here(app, bulk, own, give))
    out.talk(sums.at_end())
    return _exit_code(set(sums.by_worst) | (journal.worst if journal else set()), bulk.fail_on)


async def work(app: composition.App, bulk: Bulk, out: Output) -> ExitCode:
    """What a worker of `spread` does."""

    source = app.answers_from(bulk.nameservers)

    def give(checked: Checked) -> None:
        sys.stdout.buffer.write(line_of(checked, _worst(checked), source))
        sys.stdout.buffer.flush()

    await _check_here(app, bulk, numbered(sys.stdin.buffer), give)
    return ExitCode.FINE


async def _check_here(
    app: composition.App, bulk: Bulk, left: Iterable[Entry], give: Callable[[Checked], None]
) -> None:
    from ..adapters.mail.bulk import check_all

    gc.freeze()  # what stays is not searched for garbage, and what comes less often
    gc.set_threshold(_GC_OBJECTS)
    async with _checking(app, bulk) as (resolver, check):
        await check_all(left, check, give, resolver)


def _worker_arguments(bulk: Bulk) -> list[str]:
    words = [("--selector", one) for one in bulk.selectors]
    words += [("--nameserver", one) for one in bulk.nameservers]
    words += [("--only", one) for one in bulk.only]
    words += [("--rate", str(bulk.rate))]
    words += [(flag, value) for flag, value in bulk.settings if value]
    return [word for pair in words for word in pair]


def _opened(path: Path) -> BinaryIO:
    try:
        return path.open("rb")
    except (OSError, ValueError) as error:
        seen = getattr(error, "strerror", None) or "it cannot be read"
        raise Problem(UNREADABLE, {"path": str(path), "seen": seen}) from None


def _journal(bulk: Bulk, stack: ExitStack) -> Journal | None:
    from ..adapters.domain_list import Journal

    if not bulk.output:
        return None
    try:
        journal = Journal(Path(bulk.output), resume=bulk.resume)
    except OSError as error:
        facts: dict[str, Fact] = {
            "path": bulk.output,
            "seen": error.strerror or "it cannot be written",
        }
        raise Problem(UNWRITABLE, facts) from None
    stack.callback(journal.close)
    return journal


def _open_ones(listed: Iterable[Entry], journal: Journal | None) -> Iterator[Entry]:
    for entry in listed:
        if journal is None or not journal.is_done(entry, _quoted(entry.text)[1:-1]):
            yield entry


@asynccontextmanager
async def _checking(
    app: composition.App, bulk: Bulk
) -> AsyncIterator[tuple[Resolver, Callable[[str], Awaitable[Report]]]]:
    """The check of one domain, on a resolver of its own with the pace asked for."""
    from ..adapters.dns.resolver import Resolver
    from ..adapters.mail.bulk import StandardsCheck, pace_of

    servers = bulk.nameservers or app.settings.nameservers
    special = app.platform is not None and app.platform.loopback
    async with Resolver(
        servers or None, app.clock, pace=pace_of(bulk.rate), cache_octets=_CACHE_OCTETS
    ) as resolver:
        if bulk.only:
            some = StandardsCheck(resolver, bulk.only, bulk.selectors, special_addresses=special)
            yield resolver, some.check
            return
        from ..adapters.mail.check import MailCheck

        mail = MailCheck(resolver, app.clock, servers, special_addresses=special)

        async def check(name: str) -> Report:
            return (await mail.check(name, bulk.selectors)).report

        yield resolver, check


def _writer(
    bulk: Bulk, out: Output, journal: Journal | None, sums: _Sum, show: Progress
) -> Callable[[bytes], None]:
    """Takes each finished line of JSON; without one to write it is only counted."""
    from ..adapters.domain_list import worst_of

    told = monotonic()

    def write(line: bytes) -> None:
        nonlocal told
        sums.count(worst_of(line))
        if journal is not None:
            journal.write(line)
        elif bulk.as_json:
            out.raw(line.decode())
        if monotonic() - told > _TALK_SECONDS:
            told = monotonic()
            show.say(sums.so_far())

    return write


def _give(
    checked: Checked, bulk: Bulk, out: Output, write: Callable[[bytes], None], source: str
) -> None:
    write(line_of(checked, _worst(checked), source))
    if not bulk.as_json and not bulk.output:
        out.answer("check.domain", checked, _blocks(checked))


def _worst(checked: Checked) -> str:
    if checked.problem is not None:
        return "usage" if checked.problem.type.kind is ProblemKind.USAGE else "problem"
    worst = checked.report.worst if checked.report else None
    return worst.word if worst is not None else ""


def _exit_code(words: set[str], fail_on: Severity) -> ExitCode:
    """The worst of all lines: we failed, a line is no domain, findings, fine."""
    from ..adapters.domain_list import severity_of

    if "problem" in words:
        return ExitCode.FAILED
    if "usage" in words:
        return ExitCode.USAGE
    found = [severity for word in words if (severity := severity_of(word)) is not None]
    return ExitCode.FINDINGS if any(one >= fail_on for one in found) else ExitCode.FINE


def line_of(checked: Checked, worst: str, source: str = "") -> bytes:
    """The line of JSON; its head is what a journal is read back by. `source` labels answers that
    are not the world's."""
    from ..adapters.domain_list import SCHEMA

    entry, report, problem = checked.entry, checked.report, checked.problem
    head = (
        f'{{"schema": "{SCHEMA}", "version": 1, "line": {entry.number}, '
        f'"domain": {_quoted(entry.text)}, "worst": {json.dumps(worst or None)}'
    )
    if checked.failed:
        head += f', "failed_lookups": {checked.failed}'
    if problem is not None:
        return f'{head}, "problem": {_quoted(_problem(problem))}}}\n'.encode("utf-8", "replace")
    assert report is not None
    findings = _quoted([_finding(one) for one in report.findings])
    label = f', "answers_from": {_quoted(source)}' if source else ""
    line = f'{head}, "findings": {findings}, "not_judged": {_quoted(report.not_judged)}{label}}}\n'
    return line.encode("utf-8", "replace")


def _quoted(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def _finding(one: Finding) -> dict[str, object]:
    return {
        "rule": one.rule,
        "severity": one.severity.word,
        "subject": one.subject,
        "message": one.message,
        "facts": dict(one.facts),
        "fix": one.fix,
        "source": one.source,
    }


def _problem(problem: Problem) -> dict[str, object]:
    return {
        "code": problem.code,
        "sentence": problem.type.sentence,
        "next": problem.next_step,
        "facts": dict(problem.facts),
        "retry": str(problem.type.retry),
    }


def _blocks(checked: Checked) -> Iterator[Block]:
    if checked.report is not None:
        yield Heading(checked.report.subject)
        yield from findings_blocks(checked.report.findings, checked.report.not_judged)
    elif checked.problem is not None:
        yield Heading(f"line {checked.entry.number}")
        yield f"problem: {checked.problem}"


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
