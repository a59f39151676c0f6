"""The published dialect's route table: each call with the permissions it needs.

Literal paths stand before those with a parameter in the same place.
"""

from __future__ import annotations

from . import (
    platform_actions,
    platform_audit,
    platform_certificates,
    platform_clients,
    platform_credentials,
    platform_edges,
    platform_email,
    platform_identity,
    platform_inboxes,
    platform_limits,
    platform_outbound,
    platform_tokens,
    platform_usage,
)
from .routes import Handler, PublishedRoute

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
    PublishedRoute("GET", _CLIENT + "/usage/summary", _USAGE, platform_usage.summary),
    PublishedRoute("POST", _CLIENT + "/usage/query", _USAGE, platform_usage.query),
    PublishedRoute(
        "GET", _CLIENT + "/usage/query/results/{executionId}", _USAGE, platform_usage.results
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

_INBOX_ROUTES = (
    _all("POST", _DOMAIN + "/testconnection", _MANAGE, platform_inboxes.test_inbound),
    _all("GET", _MAIL + "/domains/{domainName}/routes", _MANAGE, platform_inboxes.list_routes),
    _all("POST", _MAIL + "/domains/{domainName}/routes", _MANAGE, platform_inboxes.create_route),
    PublishedRoute("GET", _ROUTE, _VIEW, platform_inboxes.read_route),
    _all("PUT", _ROUTE, _MANAGE, platform_inboxes.replace_route),
    _all("DELETE", _ROUTE, _MANAGE, platform_inboxes.delete_route),
    PublishedRoute("GET", _ROUTE + "/identityresolution", _VIEW, platform_inboxes.read_resolution),
    _all("PUT", _ROUTE + "/identityresolution", _MANAGE, platform_inboxes.put_resolution),
    _all("GET", _MAIL + "/setting", ("email:settings:view",), platform_inboxes.list_settings),
    _all("POST", _MAIL + "/setting", ("email:settings:add",), platform_inboxes.create_setting),
    _all("GET", _SETTING, ("email:settings:view",), platform_inboxes.read_setting),
    _all("PATCH", _SETTING, ("email:settings:edit",), platform_inboxes.patch_setting),
    _all("DELETE", _SETTING, ("email:settings:delete",), platform_inboxes.delete_setting),
)
_OUTBOUND_ROUTES = (
    _all("GET", _MAIL + "/outbound/domains", _MANAGE, platform_outbound.list_all),
    _all("POST", _MAIL + "/outbound/domains", _MANAGE, platform_outbound.create),
    _all("POST", _MAIL + "/outbound/domains/simulated", _MANAGE, platform_outbound.simulate),
    PublishedRoute("GET", _CAMPAIGN, _VIEW, platform_outbound.read),
    _all("PATCH", _CAMPAIGN, _MANAGE, platform_outbound.patch),
    _all("DELETE", _CAMPAIGN, _MANAGE, platform_outbound.delete),
    PublishedRoute("GET", _CAMPAIGN + "/activation", _VIEW, platform_outbound.activation),
    _all("PUT", _CAMPAIGN + "/activation", _MANAGE, platform_outbound.activate),
    _all("POST", _CAMPAIGN + "/testconnection", _MANAGE, platform_inboxes.test_outbound),
)
_CERTIFICATE_ROUTES = (
    _open("POST", "/api/v2/certificate/details", platform_certificates.details),
    PublishedRoute("GET", _EDGES, _EDGE, platform_edges.list_all),
    PublishedRoute("POST", _EDGES, _EDGE, platform_edges.create),
    PublishedRoute("GET", _EDGES + "/{certificateId}", _EDGE, platform_edges.read),
    PublishedRoute("PUT", _EDGES + "/{certificateId}", _EDGE, platform_edges.replace_one),
    PublishedRoute("DELETE", _EDGES + "/{certificateId}", _EDGE, platform_edges.delete),
    PublishedRoute("GET", _ACTIONS, _SEEN, platform_actions.certificates),
    PublishedRoute("GET", _ACTIONS + "/truststore", _SEEN, platform_actions.truststore),
)
_CREDENTIAL_ROUTES = (
    _open("GET", _CREDENTIALS + "/types", platform_credentials.types),
    PublishedRoute(
        "GET", _CREDENTIALS, ("integrations:credential:view",), platform_credentials.list_all
    ),
    PublishedRoute(
        "GET",
        _CREDENTIALS + "/listing",
        ("integrations:credential:view",),
        platform_credentials.list_by_cursor,
    ),
    PublishedRoute(
        "POST", _CREDENTIALS, ("integrations:credential:add",), platform_credentials.create
    ),
    PublishedRoute(
        "GET",
        _CREDENTIALS + "/{credentialId}",
        ("integrations:credential:view",),
        platform_credentials.read,
    ),
    PublishedRoute(
        "PUT",
        _CREDENTIALS + "/{credentialId}",
        ("integrations:credential:edit",),
        platform_credentials.replace_one,
    ),
    PublishedRoute(
        "DELETE",
        _CREDENTIALS + "/{credentialId}",
        ("integrations:credential:delete",),
        platform_credentials.delete,
    ),
)


def _fixed_provider(name: str) -> tuple[PublishedRoute, ...]:
    path = f"{_PROVIDERS}/{name}"
    return (
        PublishedRoute("GET", path, ("sso:provider:view",), platform_identity.read_fixed),
        PublishedRoute(
            "PUT", path, ("sso:provider:edit", "sso:provider:add"), platform_identity.put_fixed
        ),
        PublishedRoute("DELETE", path, ("sso:provider:delete",), platform_identity.delete_fixed),
    )


_PROVIDER = _PROVIDERS + "/{providerId}"
_PROVIDER_ROUTES = (
    PublishedRoute("GET", _PROVIDERS, ("sso:provider:view",), platform_identity.list_all),
    PublishedRoute("POST", _PROVIDERS, ("sso:provider:add",), platform_identity.create),
    *(route for name in platform_identity.FIXED for route in _fixed_provider(name)),
    PublishedRoute("GET", _PROVIDER, ("sso:provider:view",), platform_identity.read),
    PublishedRoute("PUT", _PROVIDER, ("sso:provider:edit",), platform_identity.replace_one),
    PublishedRoute("DELETE", _PROVIDER, ("sso:provider:delete",), platform_identity.delete),
)
_AUDIT_ROUTES = (
    PublishedRoute("GET", _AUDITS + "/servicemapping", _AUDIT, platform_audit.mapping),
    PublishedRoute("GET", _AUDITS + "/realtime/servicemapping", _AUDIT, platform_audit.mapping),
    PublishedRoute("POST", _AUDITS, _AUDIT, platform_audit.start),
    PublishedRoute("GET", _AUDITS + "/{transactionId}", _AUDIT, platform_audit.status),
    PublishedRoute("GET", _AUDITS + "/{transactionId}/results", _AUDIT, platform_audit.results),
    PublishedRoute("POST", _AUDITS + "/realtime", _AUDIT, platform_audit.realtime),
    PublishedRoute("POST", _AUDITS + "/realtime/related", _AUDIT, platform_audit.related),
)
_LIMIT_ROUTES = (
    _open("GET", _LIMITS, platform_limits.namespaces),
    _open("GET", _LIMITS + "/{namespaceName}", platform_limits.namespace),
    _open("GET", _LIMITS + "/{namespaceName}/defaults", platform_limits.namespace),
    _open("GET", "/api/v2/ipranges", platform_limits.addresses),
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
