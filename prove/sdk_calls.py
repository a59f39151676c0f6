"""Every operation of e-mail domains, OAuth clients, certificates, identity providers, credentials
and audits, called with the official Python SDK. Standard input: the sandbox's addresses (JSON).

The last line is `N calls, M failed`; exits 1 when M is not 0.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sdk_session import Row, Session, operations

DOMAIN, MAIL_FROM, CAMPAIGN = (
    "mail.prove.example",
    "bounce.mail.prove.example",
    "news.prove.example",
)
SECTIONS = {
    "OAuth clients": r"/api/v2/oauth/clients.*",
    "tokens and scopes": r"/api/v2/(tokens/me|oauth/scopes.*|authorization/subjects/me)",
    "e-mail domains": r"/api/v2/routing/email/.*",
    "certificates": r"/api/v2/(certificate/details|telephony/.*/certificateauthorities.*"
    r"|integrations/actions/certificates.*)",
    "identity providers": r"/api/v2/identityproviders.*",
    "credentials": r"/api/v2/integrations/credentials.*",
    "audits": r"/api/v2/audits/query.*",
    "limits": r"/api/v2/(organizations/limits/namespaces.*|organizations/me|ipranges)",
}
# Named by no section: changing the organisation itself is none of a trust tool's business.
LEFT_OUT = {"PUT /api/v2/organizations/me"}
_PROVIDERS = {
    "adfs": "ADFS", "cic": "CustomerInteractionCenter", "generic": "GenericSAML",
    "gsuite": "GSuite", "identitynow": "IdentityNow", "okta": "Okta", "onelogin": "OneLogin",
    "ping": "PingIdentity", "purecloud": "PureCloud", "pureengage": "PureEngage",
    "salesforce": "Salesforce",
}  # fmt: skip

_OWN = {"GenericSAML": {"endpointCompression": True}, "PureEngage": {"autoProvisionUsers": True}}


def tokens(s: Session) -> None:
    api = s.api("TokensApi")
    s.call(api.get_tokens_me)
    s.call(api.head_tokens_me)
    s.call(s.api("AuthorizationApi").get_authorization_subjects_me)
    oauth = s.api("OAuthApi")
    scopes = s.call(oauth.get_oauth_scopes)
    s.call(oauth.get_oauth_scope, scopes.entities[0].id)
    s.refused(404, "not.found", oauth.get_oauth_scope, "no-such-scope")


def oauth_clients(s: Session) -> None:
    api = s.api("OAuthApi")
    subject = s.call(s.api("AuthorizationApi").get_authorization_subjects_me)
    grant = s.model("RoleDivision", roleId=subject.grants[0].role.id, divisionId="*")
    request = s.model(
        "OAuthClientRequest",
        name="prove",
        authorizedGrantType="CLIENT-CREDENTIALS",
        accessTokenValiditySeconds=3600,
        description="made by make prove-platform",
        roleDivisions=[grant],
        state="active",
        registeredRedirectUri=[],
        scope=[],
        dateToDelete=datetime(2030, 1, 1, tzinfo=UTC),
    )
    made = s.call(api.post_oauth_clients, request)
    s.refused(404, "client.not.found", api.get_oauth_client, made.id)  # not there yet
    s.advance(4)
    s.call(api.get_oauth_client, made.id)
    listed = s.call(api.get_oauth_clients)
    assert made.id in [one.id for one in listed.entities]
    _usage(s, made.id)
    renewed = s.call(api.post_oauth_client_secret, made.id)
    assert renewed.secret != made.secret
    s.refused(400, "cannot.delete.client", api.delete_oauth_client, made.id)
    request.state = "inactive"
    s.call(api.put_oauth_client, made.id, request)
    s.call(api.delete_oauth_client, made.id)
    s.advance(3)
    s.refused(404, "client.not.found", api.get_oauth_client, made.id)
    request.role_divisions = None
    s.refused(400, "missing.client.roles", api.post_oauth_clients, request)


def _usage(s: Session, client_id: str) -> None:
    api = s.api("OAuthApi")
    s.call(api.get_oauth_client_usage_summary, client_id, days="7")
    me = s.call(s.api("TokensApi").get_tokens_me).o_auth_client.id
    query = s.model("ApiUsageClientQuery", interval=_interval(s), granularity="Day")
    started = s.call(api.post_oauth_client_usage_query, me, query)
    s.call(api.get_oauth_client_usage_query_result, started.execution_id, me)
    s.advance(3)
    found = s.call(api.get_oauth_client_usage_query_result, started.execution_id, me)
    assert found.results, "the journal counts our own calls"


def inbound(s: Session) -> None:
    api = s.api("RoutingApi")
    s.call(api.get_routing_email_setup)
    setting = _settings(s)
    created = s.model(
        "InboundDomainCreateRequest",
        id=DOMAIN,
        subDomain=False,
        emailSetting=s.model("EmailSettingReference", id=setting),
    )
    s.call(api.post_routing_email_domains, created)
    s.refused(400, "postino.domain.exists", api.post_routing_email_domains, created)
    s.refused(404, "postino.error.not.found", api.get_routing_email_domain, DOMAIN)
    s.advance(6)
    mail_from = s.model("MailFromResult", mailFromDomain=MAIL_FROM)
    s.publish(s.call(api.post_routing_email_domain_mailfrom, DOMAIN, mail_from))
    s.publish(s.call(api.get_routing_email_domain_verification, DOMAIN))
    s.publish(s.call(api.get_routing_email_domain_dkim, DOMAIN))
    policy = {"name": f"_dmarc.{DOMAIN}", "type": "TXT", "value": "v=DMARC1; p=reject"}
    s.put_records(policy)
    for _ in range(3):
        s.advance(6)
        seen = [
            s.call(read, DOMAIN).status
            for read in (
                api.get_routing_email_domain_verification,
                api.get_routing_email_domain_dkim,
                api.get_routing_email_domain_mailfrom,
            )
        ]
    assert seen == ["VERIFIED"] * 3, seen
    one = s.call(api.get_routing_email_domain, DOMAIN, expand=["settings"])
    assert one.mx_record_status == "VALID"
    assert one.dmarc_verification_result.status == "Valid"
    s.call(api.get_routing_email_domains, page_size=1, page_number=1, exclude_status=False)
    s.call(api.post_routing_email_domain_verification, DOMAIN)
    s.call(api.post_routing_email_domain_dkim, DOMAIN)
    _servers(s)
    _email_routes(s)
    s.call(api.delete_routing_email_domain, DOMAIN)
    s.advance(3)
    s.refused(404, "postino.error.not.found", api.get_routing_email_domain, DOMAIN)
    s.call(api.delete_routing_email_setting_email_setting_id, setting)


def _servers(s: Session) -> None:
    """The domain's own mail servers, and the tests of them."""
    api = s.api("RoutingApi")
    server = s.model("DomainEntityRef", id="8d0c3b7e-51a9-4f6b-8e2a-7c9d0e1f2a3b")
    patch = s.model(
        "InboundDomainPatchRequest",
        customSMTPServer=server,
        imapSettings=s.model("ImapSettings", integration=server),
        graphApiSettings=s.model("GraphApiSettings", integration=server),
    )
    s.call(api.patch_routing_email_domain_validate, DOMAIN, patch)
    s.call(api.patch_routing_email_domain, DOMAIN, patch)
    s.call(api.post_routing_email_domain_testconnection, DOMAIN)
    address = s.model("EmailAddress", email=f"test@{DOMAIN}", name="Test")
    message = s.model(
        "TestMessage", **{"to": [address], "from": address, "subject": "a", "textBody": "b"}
    )
    s.call(api.post_routing_email_domain_testconnection, DOMAIN, body=message)
    other = s.model(
        "InboundDomainPatchRequest", customSMTPServer=s.model("DomainEntityRef", id="x")
    )
    s.refused(400, "email.error.invalid.integration", api.patch_routing_email_domain, DOMAIN, other)


def _settings(s: Session) -> str:
    api = s.api("RoutingApi")
    allowed = s.model("AuthorizedDomains", outbound=["prove.example"])
    domains = s.model(
        "Domains",
        authorizedDomains=allowed,
        allowExistingEmailParticipants=True,
        allowOutboundToAnyDomainAcd=False,
    )
    setting = s.model("EmailSetting", name="prove", domains=domains)
    made = s.call(api.post_routing_email_setting, setting)
    s.advance(4)
    s.call(api.get_routing_email_setting, page_size=25, page_number=1)
    s.call(api.get_routing_email_setting_email_setting_id, made.id)
    setting.name = "prove again"
    s.call(api.patch_routing_email_setting_email_setting_id, made.id, setting)
    return str(made.id)


def _email_routes(s: Session) -> None:
    api = s.api("RoutingApi")
    route = s.model(
        "InboundRoute",
        pattern="help",
        fromName="Help",
        fromEmail=f"help@{DOMAIN}",
        priority=1,
        name=f"help@{DOMAIN}",
        queue=s.model("DomainEntityRef", id="q", name="Queue"),
        flow=s.model("DomainEntityRef", id="f"),
        spamFlow=s.model("DomainEntityRef", id="f"),
        language=s.model("DomainEntityRef", id="l"),
        skills=[s.model("DomainEntityRef", id="s")],
        mailboxFolders=["INBOX"],
        replyEmailAddress=s.model(
            "QueueEmailAddress",
            domain=s.model("DomainEntityRef", id=DOMAIN),
            route=s.model("InboundRoute", id="r"),
        ),
        historyInclusion="Include",
        allowMultipleActions=False,
        autoBcc=[s.model("EmailAddress", email="a@b.example", name="A")],
        signature=s.model(
            "Signature",
            enabled=False,
            alwaysIncluded=False,
            cannedResponseId="c",
            inclusionType="Draft",
        ),
    )
    made = s.call(api.post_routing_email_domain_routes, DOMAIN, route)
    s.advance(4)
    s.call(api.get_routing_email_domain_routes, DOMAIN, pattern="he")
    s.call(api.get_routing_email_domain_route, DOMAIN, made.id)
    route.priority = 2
    s.call(api.put_routing_email_domain_route, DOMAIN, made.id, route)
    read = api.get_routing_email_domain_route_identityresolution
    s.call(read, DOMAIN, made.id)
    config = s.model(
        "RouteIdentityResolutionConfig",
        resolveIdentities=True,
        division=s.model("WritableStarrableDivision", id="d", name="Home"),
    )
    put = api.put_routing_email_domain_route_identityresolution
    s.call(put, DOMAIN, made.id, config)
    s.call(read, DOMAIN, made.id)
    s.call(api.delete_routing_email_domain_route, DOMAIN, made.id)


def outbound(s: Session) -> None:
    api = s.api("RoutingApi")
    request = s.model(
        "OutboundDomainCreateRequest", id=CAMPAIGN, name=CAMPAIGN, senderType="EmailDomain"
    )
    s.call(api.post_routing_email_outbound_domains, request)
    s.refused(400, "postino.domain.exists", api.post_routing_email_outbound_domains, request)
    root = s.model("OutboundDomainCreateRequest", id="prove.example", name="prove.example")
    s.refused(400, "postino.invalid.domain.name", api.post_routing_email_outbound_domains, root)
    s.advance(1)
    s.call(api.get_routing_email_outbound_domain_activation, CAMPAIGN)
    activate = api.put_routing_email_outbound_domain_activation
    s.refused(400, "postino.invalid.domain.activation", activate, CAMPAIGN)
    s.advance(6)
    told = s.call(activate, CAMPAIGN)
    assert told.dns_cname_bounce_record.verification_status == "Pending"
    bounce, key = told.dns_cname_bounce_record, told.dns_txt_sending_record
    s.put_records(
        {"name": bounce.host, "type": "CNAME", "value": bounce.record_contents},
        {"name": key.host, "type": "TXT", "value": key.record_contents},
    )
    told = s.call(activate, CAMPAIGN)
    assert told.dns_txt_sending_record.verification_status == "Verified"
    one = s.call(api.get_routing_email_outbound_domain, CAMPAIGN)
    assert one.dkim_verification_result.status == one.cname_verification_result.status == "VERIFIED"
    s.call(api.get_routing_email_outbound_domains, page_size=100)
    patch = s.model(
        "OutboundDomainPatchRequest",
        senderType="EmailSmtpDomain",
        customSMTPServer=s.model(
            "CustomSmtpServerRequest", id="8d0c3b7e-51a9-4f6b-8e2a-7c9d0e1f2a3b"
        ),
    )
    s.call(api.patch_routing_email_outbound_domain, CAMPAIGN, patch)
    s.call(api.post_routing_email_outbound_domain_testconnection, CAMPAIGN)
    s.call(api.delete_routing_email_outbound_domain, CAMPAIGN)
    mock = s.model("OutboundDomainCreateRequest", id=f"mock.{CAMPAIGN}", name=f"mock.{CAMPAIGN}")
    s.call(api.post_routing_email_outbound_domains_simulated, mock)


def certificates(s: Session) -> None:
    issued = s.control("POST", "/ca/issue", {"names": ["edge.prove.example"], "profile": "server"})
    chain = issued["certificate"] + issued["chain"]
    details = s.api("UtilitiesApi").post_certificate_details
    read = s.call(details, s.model("Certificate", certificate=chain))
    assert read.certificate_details[0].signature_valid
    broken = s.model("Certificate", certificate="-----BEGIN CERTIFICATE-----\nAAAA\n")
    s.refused(400, "certificate.unparseable", details, broken)
    api = s.api("TelephonyProvidersEdgeApi")
    authority = s.model(
        "DomainCertificateAuthority",
        name="prove",
        certificate=issued["chain"],
        type="REMOTE",
        services=["SIP", "PROVISION"],
        description="made by make prove-platform",
    )
    made = s.call(api.post_telephony_providers_edges_certificateauthorities, authority)
    s.advance(4)
    s.call(api.get_telephony_providers_edges_certificateauthorities)
    kept = s.call(api.get_telephony_providers_edges_certificateauthority, made.id)
    put = api.put_telephony_providers_edges_certificateauthority
    s.call(put, made.id, kept)  # what was read goes back as it is
    s.refused(409, "version.conflict", put, made.id, kept)
    s.call(api.delete_telephony_providers_edges_certificateauthority, made.id)
    s.advance(3)
    gone = api.get_telephony_providers_edges_certificateauthority
    s.refused(404, "general.resource.not.found", gone, made.id)
    actions = s.api("IntegrationsApi")
    current = s.call(actions.get_integrations_actions_certificates, status="Current", type="Client")
    s.advance(20 * 86_400)
    s.login_again()  # the token has ended meanwhile
    upcoming = s.call(actions.get_integrations_actions_certificates, status="Upcoming")
    assert upcoming.entities[0].certificate != current.entities[0].certificate
    s.call(actions.get_integrations_actions_certificates_truststore)


def identity_providers(s: Session) -> None:
    api = s.api("IdentityProviderApi")
    issued = [
        s.control("POST", "/ca/issue", {"names": ["idp.prove.example"], "profile": "server"})
        for _ in range(2)
    ]
    told = {
        "name": "prove",
        "issuerURI": "urn:prove",
        "ssoTargetURI": "https://idp.prove.example/sso",
        "sloURI": "https://idp.prove.example/slo",
        "sloBinding": "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST",
        "metadataURL": "https://idp.prove.example/metadata",
        "relyingPartyIdentifier": "urn:us",
        "certificate": issued[0]["certificate"],
        "certificates": [one["certificate"] for one in issued],
        "nameIdentifierFormat": "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent",
        "ssoBinding": "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST",
        "logoImageData": "PHN2Zy8+",
        "providerName": "prove",
        "signAuthnRequests": True,
        "displayOnLogin": True,
        "forceAuthn": False,
        "disabled": False,
    }
    custom = s.model("CustomProvider", **told, endpointCompression=True)
    made = s.call(api.post_identityproviders, custom)
    s.advance(4)
    kept = s.call(api.get_identityprovider, made.id)
    s.call(api.put_identityprovider, made.id, kept)
    nameless = {n: value for n, value in told.items() if n not in ("issuerURI", "metadataURL")}
    post = api.post_identityproviders
    s.refused(400, "missing.issuer.uri", post, s.model("CustomProvider", **nameless))
    garbled = told | {"certificates": ["not base64!"]}
    s.refused(400, "certificate.invalid.base64", post, s.model("CustomProvider", **garbled))
    for path, model in _PROVIDERS.items():
        fields = {"disabled": False} if model == "PureCloud" else told | _OWN.get(model, {})
        s.call(getattr(api, f"put_identityproviders_{path}"), s.model(model, **fields))
    s.advance(4)
    for path in _PROVIDERS:
        s.call(getattr(api, f"get_identityproviders_{path}"))
    s.call(api.get_identityproviders)
    for path in _PROVIDERS:
        s.call(getattr(api, f"delete_identityproviders_{path}"))
    s.call(api.delete_identityprovider, made.id)


def credentials(s: Session) -> None:
    api = s.api("IntegrationsApi")
    s.call(api.get_integrations_credentials_types)
    made = []
    for n in range(3):
        credential = s.model(
            "Credential",
            name=f"prove {n}",
            type=s.model("CredentialType", name="basicAuth"),
            credentialFields={"userName": "u", "password": "never shown"},
        )
        made.append(s.call(api.post_integrations_credentials, body=credential))
    s.advance(4)
    s.call(api.get_integrations_credentials, page_number=2, page_size=2)
    first = s.call(api.get_integrations_credentials_listing, page_size="2")
    after = first.next_uri.rpartition("after=")[2]
    second = s.call(api.get_integrations_credentials_listing, page_size="2", after=after)
    assert {one.id for one in (*first.entities, *second.entities)} == {one.id for one in made}
    one = s.call(api.get_integrations_credential, made[0].id)
    assert not one.credential_fields
    s.call(api.put_integrations_credential, made[0].id, body=credential)
    for one in made:
        s.call(api.delete_integrations_credential, one.id)


def audits(s: Session) -> None:
    api = s.api("AuditApi")
    s.call(api.get_audits_query_servicemapping)
    s.call(api.get_audits_query_realtime_servicemapping)
    s.advance(3)
    query = {
        "interval": _interval(s),
        "serviceName": "Emails",
        "filters": [s.model("AuditQueryFilter", property="EntityType", value="InboundDomain")],
        "sort": [s.model("AuditQuerySort", name="Timestamp", sortOrder="ascending")],
    }
    started = s.call(api.post_audits_query, s.model("AuditQueryRequest", **query))
    results = api.get_audits_query_transaction_id_results
    s.refused(409, "request.conflict", results, started.id)
    s.call(api.get_audits_query_transaction_id, started.id)
    s.advance(3)
    state = s.call(api.get_audits_query_transaction_id, started.id).state
    assert state == "Succeeded", state
    seen, cursor = [], None
    while True:
        named = {"cursor": cursor} if cursor else {}
        page = s.call(results, started.id, page_size=2, **named)
        seen += page.entities
        cursor = page.cursor
        if not cursor:
            break
    actions = [one.action for one in seen]
    assert (actions[0], actions[-1]) == ("Create", "Delete"), actions
    recent = s.model("AuditRealtimeQueryRequest", **query | {"interval": _interval(s, 13)})
    s.call(api.post_audits_query_realtime, recent)
    related = s.model("AuditRealtimeRelatedRequest", auditId=seen[0].id)
    s.call(api.post_audits_query_realtime_related, related)


def limits(s: Session) -> None:
    api = s.api("OrganizationApi")
    s.call(api.get_organizations_me)
    s.call(api.get_organizations_limits_namespaces)
    s.call(api.get_organizations_limits_namespace, "platform.api")
    s.call(api.get_organizations_limits_namespace_defaults, "email")
    s.refused(404, "not.found", api.get_organizations_limits_namespace, "none")
    s.call(s.api("UtilitiesApi").get_ipranges)


def rights(s: Session) -> None:
    """A client without permissions, the limit of a token, and a token's end."""
    few = {"id": "few", "secret": "s", "permissions": ["routing:queue:view"]}
    s.control("PUT", "/clients", few)
    s.login("few", "s")
    routing, tokens_api = s.api("RoutingApi"), s.api("TokensApi")
    s.refused(403, "missing.permissions", routing.get_routing_email_domains)
    s.refused(403, "missing.any.permissions", s.api("OAuthApi").get_oauth_clients)
    s.control("POST", "/clock", {"freeze": True})
    s.throttled("/api/v2/tokens/me", 300)
    s.control("POST", "/clock", {"freeze": False, "advance": 61})
    s.call(tokens_api.delete_tokens_me)
    s.refused(401, "bad.credentials", tokens_api.get_tokens_me)


PARTS: tuple[Callable[[Session], None], ...] = (
    tokens, oauth_clients, inbound, outbound, audits, certificates, identity_providers,
    credentials, limits, rights,
)  # fmt: skip


def _interval(s: Session, days: float = 60) -> str:
    now = datetime.fromtimestamp(s.control("GET", "/clock")["now"], UTC)
    begins, ends = now - timedelta(days=days), now + timedelta(seconds=1)
    return f"{begins.isoformat()}/{ends.isoformat()}"


def main(told: str = "") -> int:
    """`told`: a file to write the table to, as JSON."""
    session = Session(json.load(sys.stdin))
    for part in PARTS:
        try:
            part(session)
        except Exception as error:  # the table of what went well is still shown
            session.rows.append(Row(f"({part.__name__})", 0, faults=[f"it stopped: {error!r}"]))
    called = {row.operation for row in session.rows}
    every = operations() - LEFT_OUT
    for section, pattern in SECTIONS.items():
        known = {one for one in every if re.fullmatch(pattern, one.partition(" ")[2])}
        for operation in sorted(known - called):
            session.rows.append(Row(operation, 0, faults=["never called"]))
        print(f"{section}: {len(known & called)} of {len(known)} operations of the SDK called")
    _show(session.rows)
    if told:
        Path(told).write_text(json.dumps(_table(session.rows)))
    failed = sum(bool(row.faults) for row in session.rows)
    print(f"{len(session.rows)} calls, {failed} failed")
    return 1 if failed else 0


def _show(rows: list[Row]) -> None:
    """Each operation once: how often called, which statuses, how many of the SDK's fields sent."""
    print(f"\n{'operation':82} calls statuses     fields sent of known")
    for line in _table(rows):
        told = f"{line['sent']} of {line['known']}"
        statuses = ",".join(map(str, line["statuses"]))
        print(f"{line['operation']:82} {line['calls']:5} {statuses:12} {told}")
        for fault in line["faults"]:
            print(f"    FAILED: {fault}")
    print()


def _table(rows: list[Row]) -> list[dict[str, Any]]:
    """Calls of one operation together; fields are counted over those that succeeded."""
    lines = []
    for operation in dict.fromkeys(row.operation.removesuffix(" refused") for row in rows):
        same = [row for row in rows if row.operation.removesuffix(" refused") == operation]
        good = [row for row in same if row.operation == operation]
        sent = {name for row in good for name in row.sent}
        known = {name for row in good for name in row.known}
        lines.append(
            {
                "operation": operation,
                "calls": len(same),
                "statuses": sorted({row.status for row in same}),
                "sent": len(sent & known),
                "known": len(known),
                "unsent": sorted(known - sent),
                "faults": [fault for row in same for fault in row.faults],
            }
        )
    return lines


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
