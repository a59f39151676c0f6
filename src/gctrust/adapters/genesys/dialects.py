"""Route tables: which call of ours is which request, and the rights it needs.

`guide` is the contract of the three guides: scopes and roles. `platform` is the published API: any
one of a call's permissions, or all of them where `every`. The two have no call in common.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from ...errors import Problem
from .problems import NOT_IN_DIALECT

EMAIL_ROLE: Final = "Email Administrator"
CLIENT_ROLE: Final = "API Client Admin"


@dataclass(frozen=True, slots=True)
class Route:
    """`template` has {id} for one path segment. `timeout` names the Timeouts field to use.

    `permissions`: one of them is enough, unless `every`.
    """

    method: str
    template: str
    scope: str = ""
    role: str = ""
    timeout: str = "default"
    permissions: tuple[str, ...] = ()
    every: bool = False
    looks: bool = False  # changes nothing, whatever its method

    @property
    def writes(self) -> bool:
        return self.method != "GET" and not self.looks


@dataclass(frozen=True, slots=True)
class Dialect:
    name: str
    routes: Mapping[str, Route]

    def route(self, operation: str) -> Route:
        """Raises Problem genesys.not-in-dialect."""
        found = self.routes.get(operation)
        if found is None:
            facts = {"dialect": self.name, "operation": operation}
            raise Problem(NOT_IN_DIALECT, facts, _NEIGHBOURS.get(operation.split(".")[0], ""))
        return found


_MAIL = "/api/v2/organization/emaildomains"
_MAIL_READ, _MAIL_WRITE = "organization:emaildomain:read", "organization:emaildomain:write"
_CUSTOM = "/api/v2/customdomains"
_CUSTOM_READ, _CUSTOM_WRITE = "customdomain:read", "customdomain:write"
_CLIENT = "/api/v2/oauth/clients/{id}"

GUIDE: Final = Dialect(
    "guide",
    {
        "email-domain.create": Route("POST", _MAIL, _MAIL_WRITE, EMAIL_ROLE),
        "email-domain.find": Route("GET", _MAIL, _MAIL_READ),
        "email-domain.get": Route("GET", _MAIL + "/{id}", _MAIL_READ),
        "email-domain.delete": Route("DELETE", _MAIL + "/{id}", _MAIL_WRITE, EMAIL_ROLE),
        "email-domain.verify": Route("POST", _MAIL + "/{id}/verification", _MAIL_WRITE, EMAIL_ROLE),
        "custom-domain.create": Route("POST", _CUSTOM, _CUSTOM_WRITE, timeout="deployment"),
        "custom-domain.find": Route("GET", _CUSTOM, _CUSTOM_READ),
        "custom-domain.get": Route("GET", _CUSTOM + "/{id}", _CUSTOM_READ),
        "custom-domain.replace": Route(
            "PUT", _CUSTOM + "/{id}", _CUSTOM_WRITE, timeout="deployment"
        ),
        "custom-domain.delete": Route("DELETE", _CUSTOM + "/{id}", _CUSTOM_WRITE),
        "audit.page": Route("GET", "/api/v2/auditlogs", "auditlog:read", timeout="audit"),
        "oauth-client.get": Route("GET", _CLIENT, "admin:client:read"),
        "oauth-client.patch": Route(
            "PATCH", _CLIENT, "admin:client:update", CLIENT_ROLE, timeout="deployment"
        ),
    },
)

_EMAIL = "/api/v2/routing/email"
_IN, _OUT = _EMAIL + "/domains", _EMAIL + "/outbound/domains"
_TEST = "/{id}/testconnection"
_MANAGE, _VIEW = ("routing:email:manage",), ("routing:email:manage", "routing:email:view")
_ACTION = ("integrations:actionCertificate:view",)
_PROVIDER = "/api/v2/identityproviders"
_EDGE = "/api/v2/telephony/providers/edges/certificateauthorities"
_CLIENTS = "/api/v2/oauth/clients"
_TELEPHONY = ("telephony:plugin:all",)
_AUDITS = ("audits:audit:view",)
_AUDIT = "/api/v2/audits/query"
_LIMITS = "/api/v2/organizations/limits/namespaces"


def _view(template: str) -> Route:
    return Route("GET", template, permissions=_VIEW)


def _manage(method: str, template: str) -> Route:
    return Route(method, template, permissions=_MANAGE, every=True)


def _audit(method: str, rest: str) -> Route:
    """A query changes nothing, whatever its method."""
    return Route(method, _AUDIT + rest, timeout="audit", permissions=_AUDITS, looks=True)


def _one(method: str, template: str, permission: str) -> Route:
    return Route(method, template, permissions=(permission,))


PLATFORM: Final = Dialect(
    "platform",
    {
        "token.me": Route("GET", "/api/v2/tokens/me"),
        "token.grants": Route("GET", "/api/v2/authorization/subjects/me"),
        "limits.get": Route("GET", _LIMITS + "/{id}"),
        "inbound.list": _manage("GET", _IN),
        "inbound.create": _manage("POST", _IN),
        "inbound.get": _view(_IN + "/{id}"),
        "inbound.delete": _manage("DELETE", _IN + "/{id}"),
        "inbound.verification": _view(_IN + "/{id}/verification"),
        "inbound.restart-verification": _manage("POST", _IN + "/{id}/verification"),
        "inbound.dkim": _view(_IN + "/{id}/dkim"),
        "inbound.restart-dkim": _manage("POST", _IN + "/{id}/dkim"),
        "inbound.mail-from": _view(_IN + "/{id}/mailfrom"),
        "inbound.set-mail-from": _manage("POST", _IN + "/{id}/mailfrom"),
        "inbound.test": replace(_manage("POST", _IN + _TEST), looks=True),
        "inbound.test-message": _manage("POST", _IN + _TEST),
        "campaign.list": _manage("GET", _OUT),
        "campaign.create": _manage("POST", _OUT),
        "campaign.get": _view(_OUT + "/{id}"),
        "campaign.delete": _manage("DELETE", _OUT + "/{id}"),
        "campaign.activation": _view(_OUT + "/{id}/activation"),
        "campaign.activate": _manage("PUT", _OUT + "/{id}/activation"),
        "campaign.test": replace(_manage("POST", _OUT + _TEST), looks=True),
        "campaign.test-message": _manage("POST", _OUT + _TEST),
        "provider.list": _one("GET", _PROVIDER, "sso:provider:view"),
        "provider.get": _one("GET", _PROVIDER + "/{id}", "sso:provider:view"),
        "provider.put": _one("PUT", _PROVIDER + "/{id}", "sso:provider:edit"),
        "edge-authority.list": Route("GET", _EDGE, permissions=_TELEPHONY),
        "edge-authority.create": Route("POST", _EDGE, permissions=_TELEPHONY),
        "edge-authority.delete": Route("DELETE", _EDGE + "/{id}", permissions=_TELEPHONY),
        "certificate.details": Route("POST", "/api/v2/certificate/details", looks=True),
        "client.list": _one("GET", _CLIENTS, "oauth:client:view"),
        "client.create": _one("POST", _CLIENTS, "oauth:client:add"),
        "client.get": _one("GET", _CLIENT, "oauth:client:view"),
        "client.put": _one("PUT", _CLIENT, "oauth:client:edit"),
        "client.delete": _one("DELETE", _CLIENT, "oauth:client:delete"),
        "client.secret": _one("POST", _CLIENT + "/secret", "oauth:client:edit"),
        "action-certificate.list": Route(
            "GET", "/api/v2/integrations/actions/certificates", permissions=_ACTION
        ),
        "audit.services": _audit("GET", "/servicemapping"),
        "audit.start": _audit("POST", ""),
        "audit.state": _audit("GET", "/{id}"),
        "audit.results": _audit("GET", "/{id}/results"),
        "audit.related": _audit("POST", "/realtime/related"),
    },
)
# What the calls of the published API are made for, by the first word of their operations.
_USES: Final[Mapping[str, str]] = {
    "inbound": "domain",
    "campaign": "domain",
    "action-certificate": "pins watch",
    "provider": "tls rotate provider/ID",
    "edge-authority": "tls rotate edges",
    "client": "secret rotate",
    "audit": "audit compare",
}
JOURNEYS: Final = ("domain", "pins watch")  # the other uses are asked for one by one
_NEIGHBOURS: Final[Mapping[str, str]] = {
    "email-domain": "Its neighbours are /api/v2/routing/email/domains (inbound) and"
    " /api/v2/routing/email/outbound/domains (campaigns): `gctrust domain` speaks them.",
    "custom-domain": "The published API takes no TLS certificate for a domain of yours. Its"
    " neighbours: your own TLS front (set GCTRUST_FRONT_CERTIFICATE and GCTRUST_FRONT_KEY, and"
    " `gctrust tls deploy` fills it), signing certificates of identity providers"
    " (/api/v2/identityproviders) and edge certificate authorities"
    " (/api/v2/telephony/providers/edges/certificateauthorities): `gctrust tls rotate`.",
    "oauth-client": "The published API has no certificate and no pin on an OAuth client. Its"
    " neighbours: the client certificates of data actions, Current and Upcoming"
    " (/api/v2/integrations/actions/certificates, read only: `gctrust pins watch`), and a second"
    " OAuth client to change a secret without a gap (`gctrust secret rotate`).",
    "audit": "The published API has the audit query, /api/v2/audits/query"
    " (`gctrust audit compare`); the guides have /api/v2/auditlogs.",
    "inbound": "It is a call of the published API: set GCTRUST_DIALECT=platform.",
    "campaign": "It is a call of the published API: set GCTRUST_DIALECT=platform.",
}
DIALECTS: Final[Mapping[str, Dialect]] = {"guide": GUIDE, "platform": PLATFORM}


def permissions_by_use() -> Mapping[str, tuple[str, ...]]:
    """What a role has to hold for each use of the published API, journeys first."""
    routes: dict[str, list[Route]] = {use: [] for use in JOURNEYS}
    for operation, route in PLATFORM.routes.items():
        if route.permissions:
            routes.setdefault(_USES[operation.split(".")[0]], []).append(route)
    return {use: fewest_permissions(some) for use, some in routes.items()}


def fewest_permissions(routes: Iterable[Route]) -> tuple[str, ...]:
    """With which each of these can be called: those that one cannot do without, and one of several
    where any will do and none of these is held for another."""
    listed = tuple(routes)
    sole = (one for one in listed if one.every or len(one.permissions) == 1)
    held = dict.fromkeys(permission for one in sole for permission in one.permissions)
    for one in listed:
        if one.permissions and not held.keys() & set(one.permissions):
            held[one.permissions[0]] = None
    return tuple(held)
