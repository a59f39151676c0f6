"""`gctrust check domain`: mail authentication of domains, with no account."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from ..adapters.domain_list import Standard
from ..findings import Report
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


@dataclass(frozen=True, slots=True)
class DomainsChecked:
    """`answers_from` is empty for the world's DNS; a sandbox's is said, with its label."""

    domains: tuple[Report, ...]
    senders: tuple[SpfResult, ...] = ()
    answers_from: str = ""


def domain(
    *names: str,
    selector: tuple[str, ...] = (),
    nameserver: tuple[str, ...] = (),
    from_file: Annotated[str, Parameter(name="--from")] = "",
    only: tuple[Standard, ...] = (),
    rate: float = 0.0,
    resume: Annotated[bool, Parameter(negative="")] = False,
    processes: int = 1,
    worker: Annotated[bool, Parameter(negative="", show=False)] = False,
    sender_ip: str = "",
    beyond_dns: Annotated[bool, Parameter(negative="")] = False,
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
    from_file
        A file with one domain a line, of any length: each result is shown as it comes, with
        --json or --output one JSON object a line.
    only
        With --from: judge by this standard only; give it several times for several.
    rate
        With --from: ask no server more than so many questions a second.
    resume
        With --from and --output: go on with an output file that an earlier run has left.
    processes
        With --from: spread the list over so many processes.
    sender_ip
        Also say what SPF answers for mail from this address.
    beyond_dns
        Also fetch the MTA-STS policy, connect to the exchanges (port 25), and validate DNSSEC.
    fail_on
        The least severity that makes the exit code 10.
    """
    _refuse_bad_servers(nameserver)
    if from_file:
        if names or sender_ip or beyond_dns:
            return options.out.usage("--from takes no NAME, --sender-ip or --beyond-dns")
        if rate < 0:
            raise bad_argument("--rate", str(rate), "Give questions a second, 0 for no limit.")
        if processes < 1 or (processes > 1 and not (options.json or options.output)):
            reason = "Give a number from 1; with more than 1, --json or --output as well."
            raise bad_argument("--processes", str(processes), reason)
        bulk = Bulk(
            Path(from_file), selector, nameserver, only, rate, resume, severity(fail_on),
            options.json, options.output, processes,
            (("--home", options.home), ("--org", options.org)),
        )  # fmt: skip
        run = work if worker else check_list
        quick_loop()
        return with_app(options, lambda app: run(app, bulk, options.out))
    if not names or only or rate or resume:
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
        source = app.answers_from(nameserver)
        blocks: list[Block] = [f"answers from {source}"] if source else []
        blocks += [b for report in reports for b in _report_blocks(report)]
        blocks += [f"SPF for {sender_ip}: {s.verdict} ({s.cause})" for s in senders]
        shown = DomainsChecked(tuple(reports), tuple(senders), source)
        options.out.answer("check.domain", shown, blocks)
        return of_findings((f for r in reports for f in r.findings), severity(fail_on))

    return with_app(options, body)


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


def _report_blocks(report: Report) -> Iterator[Block]:
    yield Heading(report.subject)
    yield from findings_blocks(report.findings, report.not_judged)
