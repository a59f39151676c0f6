"""What `gctrust doctor` looks at, in order. A look returns what it saw, or raises why it is bad."""

from __future__ import annotations

import asyncio
import platform
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ..errors import Problem
from .doctor_rights import organisation_limits, permissions_held, token_owner

if TYPE_CHECKING:
    from .. import app as composition
    from ..adapters.dns.path import PathSeen
    from ..adapters.genesys.inquiry import Seen

OLDEST = (3, 11)
WORST_SKEW = 30.0  # seconds; tokens and certificates are judged by the clock
_WAY_OUT = (
    "Check the region's name, that the sandbox runs if it is one, and that this machine may reach"
    " the host named, through a proxy if it has to."
)
_ASKED = "genesyscloud.com"  # its records are what every email domain's SPF includes


@dataclass(slots=True, eq=False)
class Bad(Exception):
    """We looked, and this will not do."""

    seen: str
    fix: str


class Skipped(Exception):
    """There was nothing to look at."""


@dataclass(slots=True)
class Consultation:
    """One visit: the App, and what earlier looks learned for later ones."""

    app: composition.App
    guide: list[Seen] = field(default_factory=list)
    published: list[Seen] = field(default_factory=list)
    skew: float | None = None
    found: str = ""  # the dialect that the looks agree with
    role: str = ""  # what the line now looked at says is to be created

    @property
    def asks(self) -> bool:
        return self.app.settings.dialect == "auto"


@dataclass(frozen=True, slots=True)
class Look:
    """`needs` names the looks without whose good end this one says nothing."""

    what: str
    see: Callable[[Consultation], Awaitable[str]]
    needs: tuple[str, ...] = ()


async def _python(visit: Consultation) -> str:
    if sys.version_info[:2] < OLDEST:  # pip refuses an older Python; a copied tree does not
        raise Bad(
            platform.python_version(), "Install Python 3.11 or newer and run gctrust with it."
        )
    return platform.python_version()


async def _store(visit: Consultation) -> str:
    store = await asyncio.to_thread(lambda: visit.app.store)
    return f"{store.name} ({store.kind})"


async def _dns(visit: Consultation) -> str:
    from ..adapters.dns.path import try_paths
    from ..adapters.dns.resolver import system_servers

    servers = visit.app.settings.nameservers or system_servers()
    if not servers:
        raise Bad("no DNS server is configured", "Name one: GCTRUST_NAMESERVERS=192.0.2.53.")
    sandbox = visit.app.answers_from(servers)
    seen = await try_paths(servers, _ASKED, refusals=bool(sandbox))
    shown = "; ".join(f"{path.server} over {path.transport}: {path.seen}" for path in seen)
    if failed := [path for path in seen if not path.answers]:
        bad = dict.fromkeys(path.server for path in failed)
        fixes = (_dns_fix(name, [p for p in failed if p.server == name]) for name in bad)
        raise Bad(shown, " ".join(fixes))
    return shown + (f" ({sandbox})" if sandbox else "")


def _dns_fix(server: str, paths: list[PathSeen]) -> str:
    if not all(path.silent for path in paths):
        return (
            f"{server} refuses or fails: name a resolver for this machine in GCTRUST_NAMESERVERS."
        )
    if len(paths) == 2:
        return f"Check that {server} runs and is reachable, or name another in GCTRUST_NAMESERVERS."
    kind = paths[0].transport
    why = "long answers need it (RFC 7766)" if kind == "TCP" else "every look begins with it"
    return f"Let {kind} through to {server}: {why}."


async def _roots(visit: Consultation) -> str:
    roots = await asyncio.to_thread(lambda: visit.app.certificates.roots)
    if not roots.certificates:
        raise Bad("no root certificate was read", "Name a file of PEM roots: GCTRUST_ROOTS_FILE.")
    where = visit.app.settings.roots_file or "the public roots of certifi"
    return f"{where}, number of roots: {len(roots.certificates)}"


async def _region(visit: Consultation) -> str:
    try:
        visit.skew = (await visit.app.first_answer()).skew
    except Problem as problem:
        if problem.code != "genesys.unreachable":
            raise
        raise Problem(problem.type, problem.facts, _WAY_OUT, problem.retry_at) from None
    address = visit.app.platform
    assert address is not None
    kind = "a sandbox on this machine" if address.loopback else address.region or "no known region"
    return f"{kind}: {address.api} answers; login at {address.login}"


async def _clock(visit: Consultation) -> str:
    address, ahead = visit.app.platform, visit.skew
    whose = "the sandbox's own clock" if address and address.loopback else "this machine's clock"
    if ahead is None:
        raise Skipped("the platform's answer has no Date to compare with")
    if abs(ahead) <= WORST_SKEW:
        return f"{whose} and the platform's Date agree within {abs(ahead):.0f} s"
    side = "behind" if ahead > 0 else "ahead of"
    raise Bad(
        f"{whose} is {abs(ahead):.0f} s {side} the platform's Date: tokens expire and certificates"
        " are judged at the wrong time",
        "Synchronise this machine's clock with NTP, for instance `timedatectl set-ntp true`.",
    )


async def _credentials(visit: Consultation) -> str:
    token = await visit.app.inquiry.token()
    left = token.renew_at - visit.app.clock.now()
    return f"a token{await token_owner(visit.app.inquiry)} was granted; it is used for {left:.0f} s"


async def _budget(visit: Consultation) -> str:
    """The looks whose answers tell the budget, and the dialect as well."""
    from ..adapters.genesys.inquiry import GUIDE_PATHS, PUBLISHED_PATHS, dialect_of

    inquiry = visit.app.inquiry
    visit.guide = await inquiry.looks(GUIDE_PATHS)
    visit.published = await inquiry.looks(PUBLISHED_PATHS)
    visit.found = dialect_of(visit.guide, visit.published)
    if visit.asks and visit.found != "unknown":
        inquiry.speak(visit.found)
    limits = await organisation_limits(inquiry)
    budget = inquiry.budget
    if not budget.allowed:
        raise Skipped("; ".join(["no answer told how many requests are used", *limits]))
    resets = max(0.0, budget.resets_at - visit.app.clock.now())
    used = f"{budget.used} of {budget.allowed} requests used; the count ends in {resets:.0f} s"
    return "; ".join([used, *limits])


async def _dialect(visit: Consultation) -> str:
    wanted, found = visit.app.settings.dialect, visit.found
    seen = "; ".join(map(str, (*visit.guide, *visit.published)))
    if visit.asks and found != "unknown":
        return f"{found}, found by asking ({seen})"
    if found == wanted:
        return f"{found} ({seen})"
    if wanted == "platform" and all(one.there for one in visit.published):
        return f"platform, and the guides' calls as well ({seen})"
    raise Bad(f"{found}, and {wanted} is set ({seen})", _dialect_fix(found))


def _dialect_fix(found: str) -> str:
    if found == "platform":
        return (
            "This organisation has the published API only: set GCTRUST_DIALECT=platform. What each"
            " journey does there: docs/reference/dialects.md; how that was proved:"
            " docs/reference/sandbox-fidelity.md."
        )
    if found == "guide":
        return "Set GCTRUST_DIALECT=guide."
    return "Look at the statuses: 401 and 403 want other credentials or scopes, 5xx want time."


async def _scopes(visit: Consultation) -> str:
    """Scopes in the dialect of the guides, permissions in the published one."""
    from ..adapters.genesys.dialects import DIALECTS

    inquiry = visit.app.inquiry
    told_by_token = visit.app.settings.dialect == "guide"
    if not visit.found and not told_by_token:
        raise Skipped("not looked at without budget")
    if visit.found == "unknown" and visit.asks:
        raise Skipped("not looked at without dialect")
    if inquiry.dialect == "platform":
        return await _permissions(visit)
    routes = DIALECTS[inquiry.dialect].routes
    await inquiry.require(*routes)
    if (await inquiry.token()).scopes is None:
        return "the token does not name its scopes; the platform alone knows them"
    scopes = {route.scope for route in routes.values()}
    roles = sorted({route.role for route in routes.values() if route.role})
    known = f"all {len(scopes)} scopes that the journeys use"
    return f"{known}; roles show only when a change is asked for ({', '.join(roles)})"


async def _permissions(visit: Consultation) -> str:
    """Raises Problem genesys.forbidden where some are missing."""
    from ..adapters.genesys.problems import FORBIDDEN

    rights = await permissions_held(visit.app.inquiry)
    visit.role = rights.role
    if rights.missing:
        facts = {"missing": list(rights.missing), "roles": list(rights.roles)}
        raise Problem(FORBIDDEN, facts, rights.fix)
    return rights.seen


LOOKS: tuple[Look, ...] = (
    Look("python", _python),
    Look("store", _store),
    Look("dns", _dns),
    Look("ca bundle", _roots),
    Look("region", _region),
    Look("clock", _clock, ("region",)),
    Look("credentials", _credentials, ("region",)),
    Look("budget", _budget, ("credentials",)),
    Look("dialect", _dialect, ("budget",)),
    Look("scopes", _scopes, ("credentials",)),
)
