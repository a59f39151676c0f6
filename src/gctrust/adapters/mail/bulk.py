"""Checks many domains: so many under way at once, each result given when it is there."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass

from ...errors import Problem, ProblemType, Retry
from ...findings import Finding, Report
from ...mailauth.dmarc import assess_dmarc
from ...mailauth.mx import assess_mx
from ...mailauth.questions import Judge, together
from ...mailauth.spf_lint import assess_spf
from ...mailauth.suffixes import registrable
from ...names import BadName, DomainName
from ..dns.driver import ASSESSMENT_SECONDS, drive, failures_counted
from ..dns.lane import Pace
from ..dns.resolver import Resolver
from ..domain_list import Entry, Standard

AT_ONCE = 200
OUTAGE_SECONDS = 60.0

NO_SERVER = ProblemType(
    "bulk.no-server",
    "None of the configured DNS servers answers any more.",
    "What is checked now would be a list of failed look-ups.",
    "Look at the network; then go on with --resume, or name another server with --nameserver.",
    retry=Retry.LATER,
    source="docs/guides/bulk.md",
)
PROBLEMS = (NO_SERVER,)


@dataclass(frozen=True, slots=True)
class Checked:
    """One line of the list: its report, or the problem that stood in the way. `failed` look-ups
    got no usable answer."""

    entry: Entry
    report: Report | None = None
    problem: Problem | None = None
    failed: int = 0


def pace_of(per_second: float) -> Pace:
    """The pace of a bulk check with one server; 0 seconds' limit is none."""
    return Pace(at_once=256, per_second=per_second)


async def check_all(
    entries: Iterable[Entry],
    check: Callable[[str], Awaitable[Report]],
    give: Callable[[Checked], None],
    resolver: Resolver,
    *,
    at_once: int = AT_ONCE,
    patience: float = OUTAGE_SECONDS,
) -> None:
    """Check every entry and `give` what came of it, in the order in which they end.

    A Problem is given with its entry and the rest goes on; any other error ends it all. While no
    server of `resolver` answers nothing is begun: an outage must not become findings on domains.
    Raises Problem bulk.no-server after `patience` seconds of it.
    """
    left = iter(entries)
    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(at_once):
                group.create_task(_work(left, check, give, resolver, patience))
    except BaseExceptionGroup as errors:
        raise errors.exceptions[0] from None


async def _work(
    entries: Iterator[Entry],
    check: Callable[[str], Awaitable[Report]],
    give: Callable[[Checked], None],
    resolver: Resolver,
    patience: float,
) -> None:
    while await _is_heard(resolver, patience) and (entry := next(entries, None)) is not None:
        try:
            with failures_counted() as failures:
                report = await check(entry.text)
            checked = Checked(entry, report, failed=failures.count)
        except Problem as problem:
            checked = Checked(entry, problem=problem)
        give(checked)


async def _is_heard(resolver: Resolver, patience: float) -> bool:
    if not await resolver.heard_from(patience):
        raise Problem(NO_SERVER, {"servers": list(resolver.servers), "seconds": round(patience)})
    return True


class StandardsCheck:
    """Judges by some standards only: the quickest way through a long list."""

    def __init__(
        self,
        resolver: Resolver,
        only: tuple[Standard, ...],
        selectors: tuple[str, ...] = (),
        *,
        special_addresses: bool = False,
    ) -> None:
        self._resolver, self._only, self._selectors = resolver, only, selectors
        self._special = special_addresses

    async def check(self, name: str) -> Report:
        """Raises Problem mail.bad-name."""
        try:
            domain = DomainName.parse(name)
        except BadName as error:
            from .check import BAD_NAME

            raise Problem(BAD_NAME, {"seen": error.text[:80], "reason": error.reason}) from None
        return await drive(self._judge(domain), self._resolver, deadline=ASSESSMENT_SECONDS)

    def _judge(self, domain: DomainName) -> Judge[Report]:
        reports = yield from together([self._part(domain, one) for one in self._only])
        found: tuple[Finding, ...] = tuple(f for report in reports for f in report.findings)
        left = dict.fromkeys(row for report in reports for row in report.not_judged)
        return Report(domain.text, found, (*left, f"all but {', '.join(self._only)}"))

    def _part(self, domain: DomainName, standard: Standard) -> Judge[Report]:
        match standard:
            case "spf":
                return (yield from assess_spf(domain.text)).report
            case "dkim":
                from ...mailauth.dkim_key import assess_dkim

                return (yield from assess_dkim(domain.text, self._selectors)).report
            case "dmarc":
                return (yield from assess_dmarc(domain, by_list=registrable)).report
            case "mx":
                special = self._special
                judge = assess_mx(domain, by_list=registrable, special_addresses=special)
                return (yield from judge).report
            case "caa":
                from ...mailauth.caa import assess_caa

                return (yield from assess_caa(domain)).report
