"""`gctrust domain`: journey 1, an email domain from its registration to "verified"."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import App, Parameter

from ..errors import Problem
from ..pipelines.events import EMAIL_DOMAIN
from .attached import order_and_follow
from .bulk import Waves, order_list
from .bulk_orders import EMAIL_DOMAINS, email_domains
from .change_reason import Why
from .domain_published import (
    at_platform,
    is_inbox,
    mail_elsewhere,
    meant,
    newest_runs,
    steps,
)
from .domain_spread import SpreadShown, spread_blocks
from .exit_codes import ExitCode
from .output import Block, Heading, Output, Table
from .plan import Planned, ledger_step, platform_of, show
from .session import Options, with_app

if TYPE_CHECKING:
    from .. import app as composition
    from ..settings import Settings

app = App(name="domain", help="Email domains: verify, records, status, list.")
app.command(
    "gctrust.cli.domain_connection:try_connection",
    name="test",
    help="Whether the platform can send as a domain, in plain words.",
)

_Outbound = Annotated[bool, Parameter(negative="")]
Format = Literal[
    "table", "zone", "csv", "route53", "terraform-aws", "terraform-cloudflare", "octodns"
]


@dataclass(frozen=True, slots=True)
class RecordShown:
    type: str
    name: str
    value: str


@dataclass(frozen=True, slots=True)
class DomainShown:
    domain: str
    id: str | None
    status: str
    records: tuple[RecordShown, ...]
    said: str = ""


@dataclass(frozen=True, slots=True)
class DomainStatus:
    """`said` is the platform's own wording. `dns` is who serves the records; None for a domain that
    is verified, or not registered."""

    domain: str
    id: str | None
    status: str
    records: tuple[RecordShown, ...]
    dns: SpreadShown | None
    said: str = ""


@dataclass(frozen=True, slots=True)
class DomainListed:
    """`run` is how this machine's newest run for it stands, `platform` the platform's status;
    None without credentials to ask with."""

    domain: str
    run: str
    platform: str | None


@dataclass(frozen=True, slots=True)
class DomainsShown:
    domains: tuple[DomainListed, ...]


@app.command
def verify(
    name: str = "",
    /,
    *,
    yes: Annotated[bool, Parameter(negative="")] = False,
    selector: tuple[str, ...] = (),
    outbound: _Outbound = False,
    mail_from: str = "",
    wait: float | None = None,
    waves: Waves = Waves(),  # noqa: B008 - frozen
    why: Why = Why(),  # noqa: B008 - frozen
    options: Options = Options(),  # noqa: B008 - frozen
) -> ExitCode:
    """Register a domain, wait for its DNS records, have the platform verify it.

    Parameters
    ----------
    name
        The domain (also: TARGET_DOMAIN).
    yes
        Do it; without it the plan is printed.
    selector
        A DKIM selector; give it several times for several.
    outbound
        A domain that campaigns send from (published dialect).
    mail_from
        The sub-domain to set as MAIL FROM (published dialect).
    wait
        Seconds to stay attached; then exit code 8, and the run goes on with `runs resume`.
    """

    async def body(app: composition.App) -> ExitCode:
        from ..pipelines.orders import EmailDomainOrder

        settings = app.settings
        patience = _attached(settings) if wait is None else wait
        like = EmailDomainOrder(
            domain="",
            selectors=settings.dkim_selectors,
            include=settings.spf_include.removeprefix("include:"),
            horizon=settings.horizon_hours * 3600.0,
        )
        if waves.source:
            waves.check(name, mail_from, *("--outbound",) * outbound)
            listed = waves.read(EMAIL_DOMAINS, email_domains(like))
            command = "gctrust domain verify"
            return await order_list(app, options, waves, listed, command, yes=yes, wait=patience)
        order = replace(like, domain=meant(app.settled, outbound, mail_from))
        if not yes:
            return show(options.out, _plan(app, order.domain))
        code = await order_and_follow(app, options.out, order, patience)
        if code is ExitCode.WAITING:
            await _tell_who_is_behind(app, options.out, order.domain)
        return code

    return with_app(
        options, body, **why.settings, target_domain=name, dkim_selectors=" ".join(selector)
    )


async def _tell_who_is_behind(app: composition.App, out: Output, domain: str) -> None:
    try:
        dns = await _spread(app, await _shown(app, domain))
    except Problem:  # the run meets it too, and says it
        return
    for block in spread_blocks(dns) if dns else ():
        if isinstance(block, Table):
            for row in block.rows:
                out.talk("  ".join(row))
        else:
            out.talk(str(block).strip())


def _attached(settings: Settings) -> float:
    """The guide's own patience: the DNS tries with their back-off, then the status polls."""
    pauses = (
        min(settings.dns_backoff_base * 2**n, settings.dns_backoff_cap)
        for n in range(settings.dns_tries)
    )
    return float(sum(pauses)) + settings.status_polls * settings.status_interval


def _plan(app: composition.App, order: str) -> Planned:
    from ..pipelines.platform_domain import PlatformDomain

    domain = PlatformDomain.of(order)
    flags = " --outbound" if domain.campaign else ""
    flags += f" --mail-from {domain.mail_from}" if domain.mail_from else ""
    return Planned(
        journey="email-domain",
        subject=domain.name,
        platform=platform_of(app.settings),
        steps=(
            *steps(domain),
            "read the records the platform requires and look for them at every name server",
            "ask the platform to verify, and poll its verdict",
            ledger_step(app, EMAIL_DOMAIN),
        ),
        hazards=(),
        findings=(),
        perform=f"gctrust domain verify {domain.name}{flags} --yes",
    )


@app.command
def records(
    name: str = "",
    /,
    *,
    format: Annotated[Format, Parameter(name="--format")] = "table",
    outbound: _Outbound = False,
    options: Options = Options(),  # noqa: B008 - frozen
) -> ExitCode:
    """The DNS records the platform requires, ready to hand to whoever owns DNS.

    Parameters
    ----------
    name
        The domain (also: TARGET_DOMAIN); it has to be registered.
    format
        A table, zone-file lines, CSV, a Route 53 change batch, Terraform (AWS or Cloudflare),
        or an octoDNS zone file.
    outbound
        A domain that campaigns send from (published dialect).
    """

    async def body(app: composition.App) -> ExitCode:
        shown = await _shown(app, meant(app.settled, outbound))
        if elsewhere := await mail_elsewhere(app, shown.id or "", shown.records):
            options.out.talk(elsewhere)
            left = tuple(r for r in shown.records if not is_inbox(r, shown.domain))
            shown = replace(shown, records=left)
        if shown.id is None:
            options.out.talk(f"{shown.domain} is not registered, so nothing is required yet")
        options.out.answer("domain.records", shown, _record_lines(shown, format))
        return ExitCode.FINE if shown.id is not None else ExitCode.FINDINGS

    return with_app(options, body, target_domain=name)


def _record_lines(shown: DomainShown, format: Format) -> list[str]:
    from ..mailauth.exports import export
    from ..mailauth.record_text import RequiredRecord

    required = (RequiredRecord(r.type, r.name, r.value) for r in shown.records)
    return export(format, required, shown.domain).splitlines()


@app.command
def status(
    name: str = "",
    /,
    *,
    outbound: _Outbound = False,
    options: Options = Options(),  # noqa: B008 - frozen
) -> ExitCode:
    """What the platform says of a domain now; and until it is verified, who has its DNS records.

    Parameters
    ----------
    name
        The domain (also: TARGET_DOMAIN).
    outbound
        A domain that campaigns send from (published dialect).
    """

    async def body(app: composition.App) -> ExitCode:
        shown = await _shown(app, meant(app.settled, outbound))
        dns = None if shown.status == "verified" else await _spread(app, shown)
        blocks: list[Block] = [Heading(f"{shown.domain}  {shown.status}")]
        if shown.said not in ("", shown.status):
            blocks.append(f"the platform says: {shown.said}")
        blocks += spread_blocks(dns) if dns else ()
        told = DomainStatus(shown.domain, shown.id, shown.status, shown.records, dns, shown.said)
        options.out.answer("domain.status", told, blocks)
        return ExitCode.FINE if shown.status == "verified" else ExitCode.FINDINGS

    return with_app(options, body, target_domain=name)


async def _spread(app: composition.App, shown: DomainShown) -> SpreadShown | None:
    """Each server by itself, without what this process remembers; None when nothing is required."""
    from ..mailauth.record_text import RequiredRecord
    from ..names import DomainName

    required = tuple(RequiredRecord(r.type, r.name, r.value) for r in shown.records)
    if not required:
        return None
    return SpreadShown.of(await app.mail.spread(DomainName.parse(shown.domain), required))


async def _shown(app: composition.App, order: str) -> DomainShown:
    """Absence is asked twice: a list may lag behind a registration."""
    from ..pipelines.effects import FindEmailDomain, ReadEmailDomain
    from ..pipelines.platform_domain import PlatformDomain
    from ..runner.perform_email_domain import EmailDomainPerformer

    platform, find = EmailDomainPerformer(app.genesys, app.clock), FindEmailDomain(order)
    id = (await platform.find(find)).id or (await platform.find(find)).id
    if not id:
        return DomainShown(PlatformDomain.of(order).name, None, "not-registered", ())
    found = await platform.read(ReadEmailDomain(id))
    records = tuple(RecordShown(r.type, r.name, r.value) for r in found.required)
    return DomainShown(found.domain, found.id, found.status, records, found.raw)


@app.command(name="list")
def list_domains(
    *,
    options: Options = Options(),  # noqa: B008 - frozen
) -> ExitCode:
    """The email domains that runs of this machine have dealt with, and the platform's status.

    In the published dialect also every other domain of the organisation; the guide dialect looks
    a domain up by its name and has no call that lists them all. Without credentials only the runs
    are shown.
    """

    async def body(app: composition.App) -> ExitCode:
        settings = app.settings
        login = settings.client_id is not None and settings.client_secret is not None
        runs = newest_runs(app)
        names = {*runs, *(await at_platform(app) if login else ())}
        listed = [
            DomainListed(name, runs.get(name, "none"), await _status(app, name) if login else None)
            for name in sorted(names)
        ]
        rows = tuple((d.domain, d.run, d.platform or "-") for d in listed)
        table = Table(("domain", "newest run", "platform"), rows)
        blocks: list[Block] = [table] if rows else ["no runs for email domains"]
        options.out.answer("domain.list", DomainsShown(tuple(listed)), blocks)
        return ExitCode.FINE

    return with_app(options, body)


async def _status(app: composition.App, name: str) -> str:
    """One domain that the platform lists and does not show keeps the others from nothing."""
    try:
        return (await _shown(app, name)).status
    except Problem as problem:
        if problem.code != "genesys.not-found":
            raise
        return "not-shown"
