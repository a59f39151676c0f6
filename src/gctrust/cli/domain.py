"""`gctrust domain`: journey 1, an email domain from its registration to "verified"."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import App, Parameter

from .attached import order_and_follow
from .exit_codes import ExitCode
from .output import Block, Heading, Table
from .plan import Planned, show
from .session import Options, with_app

if TYPE_CHECKING:
    from .. import app as composition
    from ..adapters.genesys.wire import EmailDomain
    from ..settings import Settings

app = App(name="domain", help="Email domains: verify, records, status, list.")

Format = Literal["table", "zone", "csv"]


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


@dataclass(frozen=True, slots=True)
class DomainsShown:
    domains: tuple[DomainShown, ...]


@app.command
def verify(
    name: str = "",
    /,
    *,
    yes: Annotated[bool, Parameter(negative="")] = False,
    selector: tuple[str, ...] = (),
    wait: float | None = None,
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
    wait
        Seconds to stay attached; then exit code 8, and the run goes on with `runs resume`.
    """

    async def body(app: composition.App) -> ExitCode:
        from ..pipelines.orders import EmailDomainOrder

        settings = app.settings
        order = EmailDomainOrder(
            domain=str(settings.require("target_domain")),
            selectors=settings.dkim_selectors,
            include=settings.spf_include.removeprefix("include:"),
            horizon=settings.horizon_hours * 3600.0,
        )
        if not yes:
            return show(options.out, _plan(settings, order.domain))
        patience = _attached(settings) if wait is None else wait
        return await order_and_follow(app, options.out, order, patience)

    return with_app(options, body, target_domain=name, dkim_selectors=" ".join(selector))


def _attached(settings: Settings) -> float:
    """The guide's own patience: the DNS tries with their back-off, then the status polls."""
    pauses = (
        min(settings.dns_backoff_base * 2**n, settings.dns_backoff_cap)
        for n in range(settings.dns_tries)
    )
    return float(sum(pauses)) + settings.status_polls * settings.status_interval


def _plan(settings: Settings, domain: str) -> Planned:
    return Planned(
        journey="email-domain",
        subject=domain,
        platform=platform_of(settings),
        steps=(
            f"register {domain}, or adopt it when it is registered already",
            "read the records the platform requires and look for them at every name server",
            "ask the platform to verify, and poll its verdict",
            ledger_step(settings),
        ),
        hazards=(),
        findings=(),
        perform=f"gctrust domain verify {domain} --yes",
    )


def ledger_step(settings: Settings) -> str:
    where = f" and a signed webhook to {settings.webhook_url}" if settings.webhook_url else ""
    return f"write the ledger entry{where}"


def platform_of(settings: Settings) -> str:
    """What the user wrote to name the platform. Raises config.missing when nothing did."""
    settings.require("platform")
    return ", ".join(settings.platform)


@app.command
def records(
    name: str = "",
    /,
    *,
    format: Annotated[Format, Parameter(name="--format")] = "table",
    options: Options = Options(),  # noqa: B008 - frozen
) -> ExitCode:
    """The DNS records the platform requires, ready to hand to whoever owns DNS.

    Parameters
    ----------
    name
        The domain (also: TARGET_DOMAIN); it has to be registered.
    format
        A table, lines of a zone file, or CSV.
    """

    async def body(app: composition.App) -> ExitCode:
        shown = await _shown(app, str(app.settings.require("target_domain")))
        if shown.id is None:
            options.out.talk(f"{shown.domain} is not registered, so nothing is required yet")
        options.out.answer("domain.records", shown, _record_blocks(shown, format))
        return ExitCode.FINE if shown.id is not None else ExitCode.FINDINGS

    return with_app(options, body, target_domain=name)


def _record_blocks(shown: DomainShown, format: Format) -> Iterator[Block]:
    match format:
        case "zone":
            for record in shown.records:
                yield f"{record.name.rstrip('.')}.\t3600\tIN\t{record.type}\t{_zone_value(record)}"
        case "csv":
            yield from _csv(shown.records)
        case _:
            rows = tuple((r.type, r.name, r.value) for r in shown.records)
            yield Table(("type", "name", "value"), rows)


def _zone_value(record: RecordShown) -> str:
    """A TXT value in quotes, split at 255 octets (RFC 1035 section 3.3.14); names end in a dot."""
    if record.type == "TXT":
        text = record.value.strip('"')
        parts = [text[i : i + 255] for i in range(0, len(text), 255)] or [""]
        escaped = (part.replace("\\", "\\\\").replace('"', '\\"') for part in parts)
        return " ".join(f'"{part}"' for part in escaped)
    if record.type in ("MX", "CNAME", "NS", "PTR"):
        return record.value.rstrip(".") + "."
    return record.value


def _csv(records: tuple[RecordShown, ...]) -> Iterator[str]:
    import csv
    import io

    for row in (("type", "name", "value"), *((r.type, r.name, r.value) for r in records)):
        line = io.StringIO()
        csv.writer(line, lineterminator="").writerow(row)
        yield line.getvalue()


@app.command
def status(
    name: str = "",
    /,
    *,
    options: Options = Options(),  # noqa: B008 - frozen
) -> ExitCode:
    """What the platform says of a domain now.

    Parameters
    ----------
    name
        The domain (also: TARGET_DOMAIN).
    """

    async def body(app: composition.App) -> ExitCode:
        shown = await _shown(app, str(app.settings.require("target_domain")))
        blocks: list[Block] = [Heading(f"{shown.domain}  {shown.status}")]
        options.out.answer("domain.status", shown, blocks)
        return ExitCode.FINE if shown.status == "verified" else ExitCode.FINDINGS

    return with_app(options, body, target_domain=name)


async def _shown(app: composition.App, domain: str) -> DomainShown:
    found = await app.genesys.find_email_domain(domain)
    return _of(found) if found else DomainShown(domain, None, "not-registered", ())


def _of(found: EmailDomain) -> DomainShown:
    records = tuple(RecordShown(r.type, r.name, r.value) for r in found.required)
    return DomainShown(found.domain, found.id, found.status, records)


@app.command(name="list")
def list_domains(
    *,
    options: Options = Options(),  # noqa: B008 - frozen
) -> ExitCode:
    """The email domains that runs of this machine have dealt with, with the platform's status."""

    async def body(app: composition.App) -> ExitCode:
        prefix = "email-domain:"
        rows = app.runner.list_runs()
        names = sorted({r.identity.removeprefix(prefix) for r in rows if prefix in r.identity})
        shown = tuple([await _shown(app, name) for name in names])
        table = Table(("domain", "status"), tuple((d.domain, d.status) for d in shown))
        options.out.answer("domain.list", DomainsShown(shown), [table])
        return ExitCode.FINE

    return with_app(options, body)
