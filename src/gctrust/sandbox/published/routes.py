"""The published dialect's route table: each call with the permissions it needs.

Literal paths stand before those with a parameter in the same place.
"""

from __future__ import annotations

from ..routes import Handler, PublishedRoute
from . import (
    actions,
    audit,
    certificates,
    clients,
    credentials,
    edges,
    email,
    identity,
    inboxes,
    limits,
    outbound,
    tokens,
    usage,
)

_MANAGE = ("routing:email:manage",)
_VIEW = ("routing:email:manage", "routing:email:view")
_MAIL = "/api/v2/routing/email"
_DOMAIN = _MAIL + "/domains/{domainId}"
_CLIENTS = "/api/v2/oauth/clients"
_CLIENT = _CLIENTS + "/{clientId}"
_USAGE = ("oauth:client:view", "usage:client:view")
_ROUTE = _MAIL + "/domains/{domainName}/routes/{routeId}"
_SETTING = _MAIL + "/setting/{emailSettingId}"
_CAMPAIGN = _MAIL + "/outbound/domains/{domainId}"
_EDGE = ("telephony:plugin:all",)
_EDGES = "/api/v2/telephony/providers/edges/certificateauthorities"
_SEEN = ("integrations:actionCertificate:view",)
_ACTIONS = "/api/v2/integrations/actions/certificates"
_CREDENTIALS = "/api/v2/integrations/credentials"
_PROVIDERS = "/api/v2/identityproviders"
_AUDIT = ("audits:audit:view",)
_AUDITS = "/api/v2/audits/query"
_LIMITS = "/api/v2/organizations/limits/namespaces"


def _open(method: str, template: str, handler: Handler) -> PublishedRoute:
    """A call that needs a token and no permission."""
    return PublishedRoute(method, template, (), handler)


def _all(
    method: str, template: str, permissions: tuple[str, ...], handler: Handler
) -> PublishedRoute:
    return PublishedRoute(method, template, permissions, handler, every=True)


_TOKEN_ROUTES = (
    _open("GET", "/api/v2/tokens/me", tokens.me),
    _open("HEAD", "/api/v2/tokens/me", tokens.check),
    _open("DELETE", "/api/v2/tokens/me", tokens.revoke),
    _open("GET", "/api/v2/authorization/subjects/me", tokens.subject),
    _open("GET", "/api/v2/oauth/scopes", tokens.scopes),
    _open("GET", "/api/v2/oauth/scopes/{scopeId}", tokens.scope),
    _open("GET", "/api/v2/organizations/me", tokens.organisation),
)
_CLIENT_ROUTES = (
    PublishedRoute("GET", _CLIENTS, ("oauth:client:view",), clients.list_all),
    PublishedRoute("POST", _CLIENTS, ("oauth:client:add",), clients.create),
    PublishedRoute("GET", _CLIENT, ("oauth:client:view",), clients.read),
    PublishedRoute("PUT", _CLIENT, ("oauth:client:edit",), clients.replace_one),
    PublishedRoute("DELETE", _CLIENT, ("oauth:client:delete",), clients.delete),
    PublishedRoute("POST", _CLIENT + "/secret", ("oauth:client:edit",), clients.new_secret),
    PublishedRoute("GET", _CLIENT + "/usage/summary", _USAGE, usage.summary),
    PublishedRoute("POST", _CLIENT + "/usage/query", _USAGE, usage.query),
    PublishedRoute("GET", _CLIENT + "/usage/query/results/{executionId}", _USAGE, usage.results),
)
_INBOUND_ROUTES = (
    _all("GET", _MAIL + "/setup", _MANAGE, email.setup),
    _all("GET", _MAIL + "/domains", _MANAGE, email.list_all),
    _all("POST", _MAIL + "/domains", _MANAGE, email.create),
    PublishedRoute("GET", _DOMAIN, _VIEW, email.read),
    _all("PATCH", _DOMAIN, _MANAGE, email.patch),
    _all("DELETE", _DOMAIN, _MANAGE, email.delete),
    PublishedRoute("GET", _DOMAIN + "/verification", _VIEW, email.verification),
    _all("POST", _DOMAIN + "/verification", _MANAGE, email.restart_verification),
    PublishedRoute("GET", _DOMAIN + "/dkim", _VIEW, email.dkim),
    _all("POST", _DOMAIN + "/dkim", _MANAGE, email.restart_dkim),
    PublishedRoute("GET", _DOMAIN + "/mailfrom", _VIEW, email.read_mail_from),
    _all("POST", _DOMAIN + "/mailfrom", _MANAGE, email.set_mail_from),
    _all("PATCH", _DOMAIN + "/validate", _MANAGE, email.validate),
)

_INBOX_ROUTES = (
    _all("POST", _DOMAIN + "/testconnection", _MANAGE, inboxes.test_inbound),
    _all("GET", _MAIL + "/domains/{domainName}/routes", _MANAGE, inboxes.list_routes),
    _all("POST", _MAIL + "/domains/{domainName}/routes", _MANAGE, inboxes.create_route),
    PublishedRoute("GET", _ROUTE, _VIEW, inboxes.read_route),
    _all("PUT", _ROUTE, _MANAGE, inboxes.replace_route),
    _all("DELETE", _ROUTE, _MANAGE, inboxes.delete_route),
    PublishedRoute("GET", _ROUTE + "/identityresolution", _VIEW, inboxes.read_resolution),
    _all("PUT", _ROUTE + "/identityresolution", _MANAGE, inboxes.put_resolution),
    _all("GET", _MAIL + "/setting", ("email:settings:view",), inboxes.list_settings),
    _all("POST", _MAIL + "/setting", ("email:settings:add",), inboxes.create_setting),
    _all("GET", _SETTING, ("email:settings:view",), inboxes.read_setting),
    _all("PATCH", _SETTING, ("email:settings:edit",), inboxes.patch_setting),
    _all("DELETE", _SETTING, ("email:settings:delete",), inboxes.delete_setting),
)
_OUTBOUND_ROUTES = (
    _all("GET", _MAIL + "/outbound/domains", _MANAGE, outbound.list_all),
    _all("POST", _MAIL + "/outbound/domains", _MANAGE, outbound.create),
    _all("POST", _MAIL + "/outbound/domains/simulated", _MANAGE, outbound.simulate),
    PublishedRoute("GET", _CAMPAIGN, _VIEW, outbound.read),
    _all("PATCH", _CAMPAIGN, _MANAGE, outbound.patch),
    _all("DELETE", _CAMPAIGN, _MANAGE, outbound.delete),
    PublishedRoute("GET", _CAMPAIGN + "/activation", _VIEW, outbound.activation),
    _all("PUT", _CAMPAIGN + "/activation", _MANAGE, outbound.activate),
    _all("POST", _CAMPAIGN + "/testconnection", _MANAGE, inboxes.test_outbound),
)
_CERTIFICATE_ROUTES = (
    _open("POST", "/api/v2/certificate/details", certificates.details),
    PublishedRoute("GET", _EDGES, _EDGE, edges.list_all),
    PublishedRoute("POST", _EDGES, _EDGE, edges.create),
    PublishedRoute("GET", _EDGES + "/{certificateId}", _EDGE, edges.read),
    PublishedRoute("PUT", _EDGES + "/{certificateId}", _EDGE, edges.replace_one),
    PublishedRoute("DELETE", _EDGES + "/{certificateId}", _EDGE, edges.delete),
    PublishedRoute("GET", _ACTIONS, _SEEN, actions.certificates),
    PublishedRoute("GET", _ACTIONS + "/truststore", _SEEN, actions.truststore),
)
_CREDENTIAL_ROUTES = (
    _open("GET", _CREDENTIALS + "/types", credentials.types),
    PublishedRoute("GET", _CREDENTIALS, ("integrations:credential:view",), credentials.list_all),
    PublishedRoute(
        "GET",
        _CREDENTIALS + "/listing",
        ("integrations:credential:view",),
        credentials.list_by_cursor,
    ),
    PublishedRoute("POST", _CREDENTIALS, ("integrations:credential:add",), credentials.create),
    PublishedRoute(
        "GET",
        _CREDENTIALS + "/{credentialId}",
        ("integrations:credential:view",),
        credentials.read,
    ),
    PublishedRoute(
        "PUT",
        _CREDENTIALS + "/{credentialId}",
        ("integrations:credential:edit",),
        credentials.replace_one,
    ),
    PublishedRoute(
        "DELETE",
        _CREDENTIALS + "/{credentialId}",
        ("integrations:credential:delete",),
        credentials.delete,
    ),
)


def _fixed_provider(name: str) -> tuple[PublishedRoute, ...]:
    path = f"{_PROVIDERS}/{name}"
    return (
        PublishedRoute("GET", path, ("sso:provider:view",), identity.read_fixed),
        PublishedRoute("PUT", path, ("sso:provider:edit", "sso:provider:add"), identity.put_fixed),
        PublishedRoute("DELETE", path, ("sso:provider:delete",), identity.delete_fixed),
    )


_PROVIDER = _PROVIDERS + "/{providerId}"
_PROVIDER_ROUTES = (
    PublishedRoute("GET", _PROVIDERS, ("sso:provider:view",), identity.list_all),
    PublishedRoute("POST", _PROVIDERS, ("sso:provider:add",), identity.create),
    *(route for name in identity.FIXED for route in _fixed_provider(name)),
    PublishedRoute("GET", _PROVIDER, ("sso:provider:view",), identity.read),
    PublishedRoute("PUT", _PROVIDER, ("sso:provider:edit",), identity.replace_one),
    PublishedRoute("DELETE", _PROVIDER, ("sso:provider:delete",), identity.delete),
)
_AUDIT_ROUTES = (
    PublishedRoute("GET", _AUDITS + "/servicemapping", _AUDIT, audit.mapping),
    PublishedRoute("GET", _AUDITS + "/realtime/servicemapping", _AUDIT, audit.mapping),
    PublishedRoute("POST", _AUDITS, _AUDIT, audit.start),
    PublishedRoute("GET", _AUDITS + "/{transactionId}", _AUDIT, audit.status),
    PublishedRoute("GET", _AUDITS + "/{transactionId}/results", _AUDIT, audit.results),
    PublishedRoute("POST", _AUDITS + "/realtime", _AUDIT, audit.realtime),
    PublishedRoute("POST", _AUDITS + "/realtime/related", _AUDIT, audit.related),
)
_LIMIT_ROUTES = (
    _open("GET", _LIMITS, limits.namespaces),
    _open("GET", _LIMITS + "/{namespaceName}", limits.namespace),
    _open("GET", _LIMITS + "/{namespaceName}/defaults", limits.namespace),
    _open("GET", "/api/v2/ipranges", limits.addresses),
)
GROUPS: tuple[tuple[str, tuple[PublishedRoute, ...]], ...] = (
    ("Tokens and scopes", _TOKEN_ROUTES),
    ("OAuth clients, published", _CLIENT_ROUTES),
    ("Inbound e-mail domains", _INBOUND_ROUTES),
    ("Routes, settings and tests of inbound domains", _INBOX_ROUTES),
    ("Campaign e-mail domains", _OUTBOUND_ROUTES),
    ("Certificates", _CERTIFICATE_ROUTES),
    ("Credentials of integrations", _CREDENTIAL_ROUTES),
    ("Identity providers", _PROVIDER_ROUTES),
    ("Audits", _AUDIT_ROUTES),
    ("Limits and addresses", _LIMIT_ROUTES),
)
ROUTES: tuple[PublishedRoute, ...] = tuple(route for _, group in GROUPS for route in group)
