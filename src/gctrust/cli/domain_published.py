"""What `gctrust domain` says in the words of the published API: which domain is meant, what a plan
registers, whose mail an MX would take away, and which domains the organisation has."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Protocol

from .session import kept_runs

if TYPE_CHECKING:
    from .. import app as composition
    from ..pipelines.platform_domain import PlatformDomain
    from ..settings import Settings


MOST = 100_000  # runs that a list of domains is made of


class _Record(Protocol):
    @property
    def type(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def value(self) -> str: ...


def meant(settings: Settings, outbound: bool = False, mail_from: str = "") -> str:
    """The domain as an order names it. Raises Problem genesys.*, before anything is ordered, for a
    name that cannot be what is asked for, or a dialect that has no such domains."""
    from ..adapters.genesys.dialects import DIALECTS
    from ..pipelines.platform_domain import PlatformDomain
    from ..runner.perform_platform_domain import refuse_faulty

    name = str(settings.require("target_domain"))
    if outbound:
        DIALECTS[settings.dialect].route("campaign.create")
    if mail_from:
        DIALECTS[settings.dialect].route("inbound.set-mail-from")
    domain = PlatformDomain(name, outbound, _a_labels(mail_from))
    refuse_faulty(domain)
    return domain.order


def _a_labels(text: str) -> str:
    """As DNS has it; what is no domain name stays as it is, to be refused by name."""
    from ..names import BadName, DomainName

    try:
        return DomainName.parse(text).text if text else ""
    except BadName:
        return text.lower()


def steps(domain: PlatformDomain) -> tuple[str, ...]:
    registered = f"register {domain.name}, or adopt it when it is registered already"
    if domain.campaign:
        return (registered.replace("register ", "register for campaigns ", 1),)
    if domain.mail_from:
        return (registered, f"set its MAIL FROM domain to {domain.mail_from}")
    return (registered,)


def is_inbox(record: _Record, domain: str) -> bool:
    """Whether the record is the MX of the domain itself."""
    return record.type == "MX" and record.name.rstrip(".") == domain


async def mail_elsewhere(app: composition.App, id: str, records: Iterable[_Record]) -> str:
    """Why the MX is not handed out: it would take everybody's mail away, and the published API
    verifies a domain without it. Empty when it is safe to publish."""
    from ..adapters.dns.driver import ASSESSMENT_SECONDS, drive
    from ..mailauth.mx import assess_mx
    from ..names import DomainName
    from ..pipelines.platform_domain import PlatformDomain, is_published

    name = PlatformDomain.of(id).name
    hosts = tuple(record.value.split()[-1] for record in records if is_inbox(record, name))
    if not hosts or not is_published(id):
        return ""
    judge = assess_mx(DomainName.parse(name), expected_hosts=hosts, special_addresses=True)
    seen = await drive(judge, app.resolver, deadline=ASSESSMENT_SECONDS)
    if seen.change_is_safe:
        return ""
    told = ", ".join(exchange.host for exchange in seen.exchanges)
    return (
        f"left out: the MX of {name}. Mail of {name} goes to {told}; the domain is verified without"
        " it. To receive mail at the platform, register a sub-domain."
    )


def newest_runs(app: composition.App) -> dict[str, str]:
    """How the newest run of each domain stands."""
    from ..pipelines.platform_domain import PlatformDomain
    from ..runner.runs import Sought

    newest: dict[str, str] = {}
    for row in kept_runs(app).page(Sought(journey="email-domain"), MOST):
        domain = PlatformDomain.of(row.identity.partition(":")[2])
        newest.setdefault(domain.registration, row.status)
    return newest


async def at_platform(app: composition.App) -> tuple[str, ...]:
    from ..runner.perform_email_domain import EmailDomainPerformer

    return await EmailDomainPerformer(app.genesys, app.clock).all()
