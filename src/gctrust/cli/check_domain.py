"""`gctrust check domain`: mail authentication of domains, with no account."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from ..findings import Report
from .check_spf import spf_result
from .exit_codes import ExitCode, of_findings
from .findings_shown import FailOn, findings_blocks, severity
from .output import Block, Heading
from .pin import read_file
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
    sender_ip: str = "",
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
        A file with one domain a line.
    sender_ip
        Also say what SPF answers for mail from this address.
    fail_on
        The least severity that makes the exit code 10.
    """
    wanted = (*names, *(_names_in(Path(from_file)) if from_file else ()))
    if not wanted:
        return options.out.usage("check domain needs at least one NAME", "gctrust check domain -h")

    async def body(app: composition.App) -> ExitCode:
        gate = asyncio.Semaphore(_AT_ONCE)

        async def one(name: str) -> Report:
            async with gate:
                return (await app.check_domain(name, selector, nameserver)).report

        with options.out.progress(f"checking {len(wanted)} domains"):
            reports = await asyncio.gather(*(one(name) for name in wanted))
            senders = [await _sender(app, name, sender_ip) for name in wanted if sender_ip]
        source = app.answers_from(nameserver)
        blocks: list[Block] = [f"answers from {source}"] if source else []
        blocks += [b for report in reports for b in _report_blocks(report)]
        blocks += [f"SPF for {sender_ip}: {s.verdict} ({s.cause})" for s in senders]
        shown = DomainsChecked(tuple(reports), tuple(senders), source)
        options.out.answer("check.domain", shown, blocks)
        return of_findings((f for r in reports for f in r.findings), severity(fail_on))

    return with_app(options, body)


def _names_in(path: Path) -> Iterator[str]:
    for line in read_file(path).decode("utf-8", "replace").splitlines():
        name = line.partition("#")[0].strip()
        if name:
            yield name


async def _sender(app: composition.App, name: str, ip: str) -> SpfResult:
    return await spf_result(app, ip, f"postmaster@{name}", name)


def _report_blocks(report: Report) -> Iterator[Block]:
    yield Heading(report.subject)
    yield from findings_blocks(report.findings, report.not_judged)
