"""The published request models as data, and their strict reading.

A field is `name`, `name*` when required, then its type: str (default), bool, int, map, date,
`enum:A|B`, `list:TYPE`, the name of another model, or `read-only`: taken and passed over, as a
client sends back what it has read.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime

from ..answer import JsonObject, Refusal
from ..platform_refusals import constraint, invalid_property, invalid_value, refuse
from .interval import NOT_A_DATE

_REF = ("id", "name", "selfUri read-only")
_OWNED = ("id read-only", "selfUri read-only")
_GRANTS = "CODE|TOKEN|SAML2-BEARER|PASSWORD|CLIENT-CREDENTIALS"
_STATUS = "enum:FAILED|PENDING|VERIFIED|UNKNOWN"
_NAMEIDS = "|".join(
    [
        *(f"urn:oasis:names:tc:SAML:1.1:nameid-format:{name}" for name in (
            "unspecified", "emailAddress", "X509SubjectName", "WindowsDomainQualifiedName")),
        *(f"urn:oasis:names:tc:SAML:2.0:nameid-format:{name}" for name in (
            "kerberos", "entity", "persistent", "transient")),
    ]
)  # fmt: skip
_BINDINGS = "|".join(f"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-{n}" for n in ("POST", "Redirect"))
_INBOUND = (
    "mailFromSettings MailFromResult", "customSMTPServer DomainEntityRef",
    "imapSettings ServerSettings", "graphApiSettings ServerSettings",
    "emailSetting EmailSettingReference",
)  # fmt: skip
_SENDERS = "enum:Unknown|EmailDomain|MockEmailDomain|EmailSmtpDomain"
_PROVIDER = (
    *_OWNED, "name", "disabled bool", "issuerURI", "ssoTargetURI", "sloURI", "sloBinding",
    "relyingPartyIdentifier", "certificate", "certificates list:str", "logoImageData",
    f"nameIdentifierFormat enum:{_NAMEIDS}", f"ssoBinding enum:{_BINDINGS}",
    "signAuthnRequests bool", "providerName", "displayOnLogin bool", "metadataURL",
    "forceAuthn bool",
)  # fmt: skip
_AUDIT = ("interval*", "serviceName", "filters list:AuditQueryFilter", "sort list:AuditQuerySort")

MODELS: Mapping[str, tuple[str, ...]] = {
    "DomainEntityRef": _REF,
    "EmailSettingReference": _REF,
    "Record": ("name*", "type*", "value*"),
    "MailFromResult": (f"status {_STATUS}", "records list:Record", "mailFromDomain*"),
    "EmailErrorInfo": ("message", "code"),
    "ServerSettings": ("integration DomainEntityRef", "status read-only", "errorInfo read-only"),
    "InboundDomainCreateRequest": ("id*", "subDomain bool", *_INBOUND),
    "InboundDomainPatchRequest": _INBOUND,
    "OutboundDomainCreateRequest": (
        "id*", "name*", f"senderType {_SENDERS}", "emailSetting EmailSettingReference",
    ),
    "OutboundDomainPatchRequest": (
        "customSMTPServer CustomSmtpServerRequest", f"senderType {_SENDERS}",
        "emailSetting EmailSettingReference",
    ),
    "CustomSmtpServerRequest": ("id*",),
    "EmailAddress": ("email", "name"),
    "TestMessage": (
        "id", "to* list:EmailAddress", "from* EmailAddress", "subject", "textBody*", "htmlBody",
        "time date",
    ),
    "AuthorizedDomains": ("outbound list:str",),
    "Domains": (
        "authorizedDomains AuthorizedDomains", "allowExistingEmailParticipants bool",
        "allowOutboundToAnyDomainAcd bool",
    ),
    "EmailSetting": (*_OWNED, "name*", "domains Domains"),
    "Signature": (
        "enabled bool", "cannedResponseId", "alwaysIncluded bool",
        "inclusionType enum:Draft|Send|SendOnce",
    ),
    "QueueEmailAddress": ("domain DomainEntityRef", "route DomainEntityRef"),
    "InboundRoute": (
        *_OWNED, "name", "pattern*", "queue DomainEntityRef", "priority int",
        "skills list:DomainEntityRef", "language DomainEntityRef", "fromName", "fromEmail",
        "flow DomainEntityRef", "replyEmailAddress QueueEmailAddress",
        "autoBcc list:EmailAddress", "spamFlow DomainEntityRef", "signature Signature",
        "historyInclusion enum:Include|Exclude|Optional", "allowMultipleActions bool",
        "mailboxFolders list:str", "status read-only",
    ),
    "WritableStarrableDivision": _REF,
    "RouteIdentityResolutionConfig": (
        "division WritableStarrableDivision", "resolveIdentities bool", "selfUri read-only",
    ),
    "RoleDivision": ("roleId*", "divisionId*"),
    "OAuthClientRequest": (
        "name*", f"authorizedGrantType* enum:{_GRANTS}", "accessTokenValiditySeconds int",
        "description", "registeredRedirectUri list:str", "scope list:str",
        "roleDivisions list:RoleDivision", "roleIds list:str",
        "state enum:active|disabled|inactive", "dateToDelete date",
    ),
    "ApiUsageClientQuery": (
        "interval*", "granularity enum:Day|Week|Month", "metrics list:str", "groupBy list:str",
    ),
    "Certificate": ("certificate*",),
    "DomainCertificateAuthority": (
        *_OWNED, "name*", "certificate*", "type* enum:MANAGED|REMOTE",
        "services* list:enum:SIP|PROVISION|PROVISION_PHONE", "description",
        "division DomainEntityRef", "version int", "dateCreated read-only",
        "dateModified read-only", "modifiedBy read-only", "createdBy read-only",
        "state enum:active|inactive|deleted", "modifiedByApp read-only", "createdByApp read-only",
        "certificateDetails read-only",
    ),
    "SAMLProvider": _PROVIDER,
    "CustomProvider": (*_PROVIDER, "endpointCompression bool"),
    "PureEngage": (*_PROVIDER, "autoProvisionUsers bool"),
    "PureCloud": (*_OWNED, "name", "disabled bool"),
    "CredentialType": (
        "id", "name*", "properties read-only", "displayOrder read-only", "required read-only",
    ),
    "Credential": (*_OWNED, "name", "type* CredentialType", "credentialFields map"),
    "AuditQueryFilter": (
        "property* enum:UserId|TrusteeOrganizationId|ClientId|Action|EntityType|EntityId",
        "value*",
    ),
    "AuditQuerySort": ("name* enum:Timestamp", "sortOrder* enum:ascending|descending"),
    "AuditQueryRequest": _AUDIT,
    "AuditRealtimeQueryRequest": (*_AUDIT, "pageNumber int", "pageSize int"),
    "AuditRealtimeRelatedRequest": ("auditId*", "trustorOrgId", "sort list:AuditQuerySort"),
}  # fmt: skip

_BAD_JSON = "The request could not be understood by the server due to malformed syntax."
_PYTHON = {"str": str, "bool": bool, "int": int, "map": dict}


def read_body(raw: bytes, model: str, strict: bool) -> JsonObject:
    """The body's known fields. Raises Refusal 400 in the published form, for the first fault."""
    try:
        body = json.loads(raw)
        json.dumps(body, ensure_ascii=False).encode()  # a lone surrogate is no text
    except (ValueError, RecursionError):
        raise refuse(400, "bad.request", _BAD_JSON) from None
    return _object(body, model, "", strict)


def _object(value: object, model: str, prefix: str, strict: bool) -> JsonObject:
    if not isinstance(value, dict):
        raise refuse(400, "bad.request", _BAD_JSON, field=prefix.rstrip(".") or "body")
    read: JsonObject = {}
    known = set()
    for told in MODELS[model]:
        head, _, kind = told.partition(" ")
        name = head.rstrip("*")
        known.add(name)
        given = value.get(name)
        if head.endswith("*") and given in (None, ""):
            raise constraint(prefix + name, "may not be null")
        if given is not None and kind != "read-only":
            read[name] = _value(given, kind or "str", prefix + name, strict)
    unknown = [name for name in value if name not in known]
    if strict and unknown:
        raise invalid_property(prefix + unknown[0], model)
    return read


def _value(value: object, kind: str, place: str, strict: bool) -> object:
    head, _, rest = kind.partition(":")
    if head == "list":
        if not isinstance(value, list):
            raise _ill_typed(place)
        return [_value(item, rest, f"{place}[{n}]", strict) for n, item in enumerate(value)]
    if head == "enum":
        return _choice(value, place, rest.split("|"))
    if head == "date":
        return _date(value)
    if head not in _PYTHON:
        return _object(value, head, f"{place}.", strict)
    if not isinstance(value, _PYTHON[head]) or (head == "int" and isinstance(value, bool)):
        raise _ill_typed(place)
    if isinstance(value, dict) and not all(isinstance(item, str) for item in value.values()):
        raise _ill_typed(place)
    return value


def _choice(value: object, place: str, allowed: list[str]) -> str:
    """The official client compares enumerations without their case; so do we, and keep ours."""
    found = {one.lower(): one for one in allowed}.get(str(value).lower())
    if not isinstance(value, str) or found is None:
        raise invalid_value(value, place, allowed)
    return found


def _date(value: object) -> str:
    try:
        return datetime.fromisoformat(str(value)).isoformat()
    except ValueError:
        raise refuse(400, "invalid.date", NOT_A_DATE) from None


def _ill_typed(place: str) -> Refusal:
    return refuse(400, "bad.request", _BAD_JSON, field=place)
