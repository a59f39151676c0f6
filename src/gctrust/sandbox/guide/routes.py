"""The guide dialect's route table: each call with the scope and the role it needs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from ..answer import Detail, Refusal
from ..routes import Caller, Handler
from . import clients, custom, email

EMAIL_ROLE = "Email Administrator"
CLIENT_ROLE = "API Client Admin"
MAIL_READ, MAIL_WRITE = "organization:emaildomain:read", "organization:emaildomain:write"
CUSTOM_READ, CUSTOM_WRITE = "customdomain:read", "customdomain:write"
AUDIT_READ = "auditlog:read"
CLIENT_READ, CLIENT_UPDATE = "admin:client:read", "admin:client:update"

_MAIL = "/api/v2/organization/emaildomains"
_CUSTOM = "/api/v2/customdomains"


@dataclass(frozen=True, slots=True)
class Route:
    """`template` has {id} for one path segment. `role` is asked of writes only."""

    method: str
    template: str
    scope: str
    handler: Handler
    role: str = ""

    dialect: ClassVar[str] = "guide"

    @property
    def needs_body(self) -> bool:
        creates = self.method == "POST" and "{" not in self.template
        return creates or self.method in ("PUT", "PATCH")

    def check(self, caller: Caller) -> None:
        """Raises Refusal 403 that names what is missing."""
        if self.scope not in caller.token.scopes:
            raise _missing("scope", self.scope, "app.not.authorized.for.scope")
        if self.role and self.role not in caller.client.roles:
            raise _missing("role", self.role, "missing.any.permissions")


ROUTES = (
    Route("POST", _MAIL, MAIL_WRITE, email.create, EMAIL_ROLE),
    Route("GET", _MAIL, MAIL_READ, email.list_all),
    Route("GET", _MAIL + "/{id}", MAIL_READ, email.read),
    Route("DELETE", _MAIL + "/{id}", MAIL_WRITE, email.delete, EMAIL_ROLE),
    Route("POST", _MAIL + "/{id}/verification", MAIL_WRITE, email.verify, EMAIL_ROLE),
    Route("POST", _CUSTOM, CUSTOM_WRITE, custom.create),
    Route("GET", _CUSTOM, CUSTOM_READ, custom.list_all),
    Route("GET", _CUSTOM + "/{id}", CUSTOM_READ, custom.read),
    Route("PUT", _CUSTOM + "/{id}", CUSTOM_WRITE, custom.replace_one),
    Route("DELETE", _CUSTOM + "/{id}", CUSTOM_WRITE, custom.delete),
    Route("GET", "/api/v2/auditlogs", AUDIT_READ, custom.audit_log),
    Route("GET", "/api/v2/oauth/clients/{id}", CLIENT_READ, clients.read),
    Route("PATCH", "/api/v2/oauth/clients/{id}", CLIENT_UPDATE, clients.patch, CLIENT_ROLE),
)


def _missing(kind: str, name: str, code: str) -> Refusal:
    return Refusal(
        403,
        f"Unable to perform the requested action. You are missing the following {kind}: [{name}]",
        code,
        (Detail(f"missing.{kind}", kind, entity_name=name),),
    )
