"""Route tables: which call of ours is which request, with the scope and the role it needs.

`guide` is the contract of the three guides. The published API (`platform`) has none of these calls
in this form, so its table stays empty until a journey works on its real neighbours.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from ...errors import Problem
from .problems import NOT_IN_DIALECT

EMAIL_ROLE: Final = "Email Administrator"
CLIENT_ROLE: Final = "API Client Admin"


@dataclass(frozen=True, slots=True)
class Route:
    """`template` has {id} for one path segment. `timeout` names the Timeouts field to use."""

    method: str
    template: str
    scope: str
    role: str = ""
    timeout: str = "default"

    @property
    def writes(self) -> bool:
        return self.method != "GET"


@dataclass(frozen=True, slots=True)
class Dialect:
    name: str
    routes: Mapping[str, Route]

    def route(self, operation: str) -> Route:
        """Raises Problem genesys.not-in-dialect."""
        found = self.routes.get(operation)
        if found is None:
            raise Problem(NOT_IN_DIALECT, {"dialect": self.name, "operation": operation})
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
PLATFORM: Final = Dialect("platform", {})
DIALECTS: Final[Mapping[str, Dialect]] = {"guide": GUIDE, "platform": PLATFORM}
