"""`gctrust check domain`: mail authentication of domains, with no account."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from ..adapters.domain_list import Standard
from ..findings import Report, Severity
from .check_bulk import Bulk, check_list, quick_loop, work
from .check_spf import spf_result
from .exit_codes import ExitCode, of_findings
from .findings_shown import FailOn, bad_argument, findings_blocks, severity
from .output import Block, Heading
from .session import Options, with_app

if TYPE_CHECKING:
    from .. import app as composition
    from ..mailauth.spf_result import SpfResult

_AT_ONCE = 50
_FLAG = Parameter(negative="")


@dataclass(frozen=True, slots=True)
class DomainsChecked:
    """`answers_from` is empty for the world's DNS; a sandbox's is said, with its label."""

    domains: tuple[Report, ...]
    senders: tuple[SpfResult, ...] = ()
    answers_from: str = ""


@Parameter(name="*")
@dataclass(frozen=True, slots=True, kw_only=True)
class ListFlags:
    """For --from, which takes a list in place of names."""

    source: Annotated[str, Parameter(name="--from")] = ""
    (
        "A file with one domain a line, of any length: each result is shown as it comes, with "
        "--json or --output one JSON object a line."
    )
    only: tuple[Standard, ...] = ()
    "With --from: judge by this standard only; give it several times for several."
    rate: float = 0.0
    "With --from: ask no server more than so many questions a second."
    resume: Annotated[bool, _FLAG] = False
    "With --from and --output: go on with an output file that an earlier run has left."
    processes: int = 1
    "With --from: spread the list over so many processes."
    worker: Annotated[bool, Parameter(negative="", show=False)] = False

    @property
    def missing(self) -> bool:
        """Flags of a list are given, and no list."""
        return not self.source and bool(self.only or self.rate or self.resume)

    def check(self, options: Options) -> None:
        """Raises Problem cli.bad-argument."""
        if self.rate < 0:
            reason = "Give questions a second, 0 for no limit."
            raise bad_argument("--rate", str(self.rate), reason)
        if self.processes < 1 or (self.processes > 1 and not (options.json or options.output)):
            reason = "Give a number from 1; with more than 1, --json or --output as well."
            raise bad_argument("--processes", str(self.processes), reason)


def domain(
    *names: str,
    selector: tuple[str, ...] = (),
    nameserver: tuple[str, ...] = (),
    flags: ListFlags = ListFlags(),
    sender_ip: str = "",
    beyond_dns: Annotated[bool, _FLAG] = False,
    fail_on: FailOn = "error",
    options: Options = Options(),  # noqa: B008 - frozen
) -> ExitCode:
    """Mail authentication of domains: SPF, DKIM, DMARC, MX and reverse DNS.

    Parameters
    ----------
    names
        The domains.
    selector
        A DKIM selector to look at; give it several times for several.
    nameserver
        Ask this server, ADDRESS or ADDRESS#PORT, in place of the configured ones.
    sender_ip
        Also say what SPF answers for mail from this address.
    beyond_dns
        Also fetch the MTA-STS policy, connect to the exchanges (port 25), and validate DNSSEC.
    fail_on
        The least severity that makes the exit code 10.
    """
    _refuse_bad_servers(nameserver)
    if flags.source:
        if names or sender_ip or beyond_dns:
            return options.out.usage("--from takes no NAME, --sender-ip or --beyond-dns")
        return _check_list(flags, selector, nameserver, severity(fail_on), options)
    if not names or flags.missing:
        reason = "needs at least one NAME, or --from" if not names else "takes these with --from"
        return options.out.usage(f"check domain {reason}", "gctrust check domain -h")

    async def body(app: composition.App) -> ExitCode:
        gate = asyncio.Semaphore(_AT_ONCE)

        async def one(name: str) -> Report:
            async with gate:
                seen = await app.check_domain(name, selector, nameserver, beyond_dns=beyond_dns)
                return seen.report

        with options.out.progress(f"checking {len(names)} domains"):
            reports = await asyncio.gather(*(one(name) for name in names))
            senders = [await _sender(app, name, sender_ip) for name in names if sender_ip]
        shown = DomainsChecked(tuple(reports), tuple(senders), app.answers_from(nameserver))
        options.out.answer("check.domain", shown, _blocks(shown, sender_ip))
        return of_findings((f for r in reports for f in r.findings), severity(fail_on))

    return with_app(options, body)


def _check_list(
    flags: ListFlags,
    selectors: tuple[str, ...],
    nameservers: tuple[str, ...],
    fail_on: Severity,
    options: Options,
) -> ExitCode:
    flags.check(options)
    bulk = Bulk(
        Path(flags.source), selectors, nameservers, flags.only, flags.rate, flags.resume, fail_on,
        options.json, options.output, flags.processes,
        (("--home", options.home), ("--org", options.org)),
    )  # fmt: skip
    run = work if flags.worker else check_list
    quick_loop()
    return with_app(options, lambda app: run(app, bulk, options.out))


def _refuse_bad_servers(servers: tuple[str, ...]) -> None:
    from ..adapters.dns.socket import Endpoint

    for server in servers:
        try:
            Endpoint.parse(server)
        except ValueError:
            reason = "Write it as 192.0.2.1, 192.0.2.1#5353 or 2001:db8::1."
            raise bad_argument("--nameserver", server, reason) from None


async def _sender(app: composition.App, name: str, ip: str) -> SpfResult:
    return await spf_result(app, ip, f"postmaster@{name}", name)


def _blocks(shown: DomainsChecked, sender_ip: str) -> Iterator[Block]:
    if shown.answers_from:
        yield f"answers from {shown.answers_from}"
    for report in shown.domains:
        yield Heading(report.subject)
        yield from findings_blocks(report.findings, report.not_judged)
    for sender in shown.senders:
        yield f"SPF for {sender_ip}: {sender.verdict} ({sender.cause})"
