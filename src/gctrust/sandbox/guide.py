"""The guide dialect's route table: each call with the scope and the role it needs."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from . import guide_clients, guide_custom, guide_email
from .answer import Answer, Detail, Refusal
from .oauth import Token
from .platform import Platform
from .state import OAuthClient
from .wire import Call

Handler = Callable[[Platform, Call], Awaitable[Answer]]

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

    def match(self, path: str) -> dict[str, str] | None:
        pattern = self.template.replace("{id}", "(?P<id>[^/]+)")
        found = re.fullmatch(pattern, path)
        return found.groupdict() if found else None


ROUTES = (
    Route("POST", _MAIL, MAIL_WRITE, guide_email.create, EMAIL_ROLE),
    Route("GET", _MAIL, MAIL_READ, guide_email.list_all),
    Route("GET", _MAIL + "/{id}", MAIL_READ, guide_email.read),
    Route("DELETE", _MAIL + "/{id}", MAIL_WRITE, guide_email.delete, EMAIL_ROLE),
    Route("POST", _MAIL + "/{id}/verification", MAIL_WRITE, guide_email.verify, EMAIL_ROLE),
    Route("POST", _CUSTOM, CUSTOM_WRITE, guide_custom.create),
    Route("GET", _CUSTOM, CUSTOM_READ, guide_custom.list_all),
    Route("GET", _CUSTOM + "/{id}", CUSTOM_READ, guide_custom.read),
    Route("PUT", _CUSTOM + "/{id}", CUSTOM_WRITE, guide_custom.replace_one),
    Route("DELETE", _CUSTOM + "/{id}", CUSTOM_WRITE, guide_custom.delete),
    Route("GET", "/api/v2/auditlogs", AUDIT_READ, guide_custom.audit_log),
    Route("GET", "/api/v2/oauth/clients/{id}", CLIENT_READ, guide_clients.read),
    Route("PATCH", "/api/v2/oauth/clients/{id}", CLIENT_UPDATE, guide_clients.patch, CLIENT_ROLE),
)


def find_route(method: str, path: str) -> tuple[Route, dict[str, str]]:
    """Raises Refusal 404 for an unknown path, 405 for a known one with another method."""
    allowed: list[str] = []
    for route in ROUTES:
        params = route.match(path)
        if params is None:
            continue
        if route.method == method:
            return route, params
        allowed.append(route.method)
    if allowed:
        raise Refusal(
            405,
            f"{method} is not allowed here",
            headers=(("Allow", ", ".join(sorted(allowed))),),
        )
    raise Refusal(404, f"No resource at [{path}]", "not.found")


def check_rights(route: Route, token: Token, client: OAuthClient) -> None:
    """Raises Refusal 403 that names what is missing."""
    if route.scope not in token.scopes:
        raise _missing("scope", route.scope, "app.not.authorized.for.scope")
    if route.role and route.role not in client.roles:
        raise _missing("role", route.role, "missing.any.permissions")


def check_media_type(route: Route, content_type: str, body: bytes) -> None:
    """Raises Refusal 415 unless a body that a call needs is said to be JSON."""
    needed = route.method in ("PUT", "PATCH") or (
        route.method == "POST" and "{" not in route.template
    )
    if (needed or body) and content_type.partition(";")[0].strip().lower() != "application/json":
        raise Refusal(415, "The body must be application/json")


def _missing(kind: str, name: str, code: str) -> Refusal:
    return Refusal(
        403,
        f"Unable to perform the requested action. You are missing the following {kind}: [{name}]",
        code,
        (Detail(f"missing.{kind}", kind, entity_name=name),),
    )
