"""The published dialect's route table: each call with the permissions it needs.

Literal paths stand before those with a parameter in the same place.
"""

from __future__ import annotations

from . import platform_clients, platform_email, platform_tokens
from .routes import Handler, PublishedRoute

_MANAGE = ("routing:email:manage",)
_VIEW = ("routing:email:manage", "routing:email:view")
_MAIL = "/api/v2/routing/email"
_DOMAIN = _MAIL + "/domains/{domainId}"
_CLIENTS = "/api/v2/oauth/clients"
_CLIENT = _CLIENTS + "/{clientId}"


def _open(method: str, template: str, handler: Handler) -> PublishedRoute:
    """A call that needs a token and no permission."""
    return PublishedRoute(method, template, (), handler)


def _all(
    method: str, template: str, permissions: tuple[str, ...], handler: Handler
) -> PublishedRoute:
    return PublishedRoute(method, template, permissions, handler, every=True)


_TOKEN_ROUTES = (
    _open("GET", "/api/v2/tokens/me", platform_tokens.me),
    _open("HEAD", "/api/v2/tokens/me", platform_tokens.check),
    _open("DELETE", "/api/v2/tokens/me", platform_tokens.revoke),
    _open("GET", "/api/v2/authorization/subjects/me", platform_tokens.subject),
    _open("GET", "/api/v2/oauth/scopes", platform_tokens.scopes),
    _open("GET", "/api/v2/oauth/scopes/{scopeId}", platform_tokens.scope),
    _open("GET", "/api/v2/organizations/me", platform_tokens.organisation),
)
_CLIENT_ROUTES = (
    PublishedRoute("GET", _CLIENTS, ("oauth:client:view",), platform_clients.list_all),
    PublishedRoute("POST", _CLIENTS, ("oauth:client:add",), platform_clients.create),
    PublishedRoute("GET", _CLIENT, ("oauth:client:view",), platform_clients.read),
    PublishedRoute("PUT", _CLIENT, ("oauth:client:edit",), platform_clients.replace_one),
    PublishedRoute("DELETE", _CLIENT, ("oauth:client:delete",), platform_clients.delete),
    PublishedRoute(
        "POST", _CLIENT + "/secret", ("oauth:client:edit",), platform_clients.new_secret
    ),
)
_INBOUND_ROUTES = (
    _all("GET", _MAIL + "/setup", _MANAGE, platform_email.setup),
    _all("GET", _MAIL + "/domains", _MANAGE, platform_email.list_all),
    _all("POST", _MAIL + "/domains", _MANAGE, platform_email.create),
    PublishedRoute("GET", _DOMAIN, _VIEW, platform_email.read),
    _all("PATCH", _DOMAIN, _MANAGE, platform_email.patch),
    _all("DELETE", _DOMAIN, _MANAGE, platform_email.delete),
    PublishedRoute("GET", _DOMAIN + "/verification", _VIEW, platform_email.verification),
    _all("POST", _DOMAIN + "/verification", _MANAGE, platform_email.restart_verification),
    PublishedRoute("GET", _DOMAIN + "/dkim", _VIEW, platform_email.dkim),
    _all("POST", _DOMAIN + "/dkim", _MANAGE, platform_email.restart_dkim),
    PublishedRoute("GET", _DOMAIN + "/mailfrom", _VIEW, platform_email.read_mail_from),
    _all("POST", _DOMAIN + "/mailfrom", _MANAGE, platform_email.set_mail_from),
    _all("PATCH", _DOMAIN + "/validate", _MANAGE, platform_email.validate),
)

GROUPS: tuple[tuple[str, tuple[PublishedRoute, ...]], ...] = (
    ("Tokens and scopes", _TOKEN_ROUTES),
    ("OAuth clients, published", _CLIENT_ROUTES),
    ("Inbound e-mail domains", _INBOUND_ROUTES),
)
ROUTES: tuple[PublishedRoute, ...] = tuple(route for _, group in GROUPS for route in group)
