"""The wire: frozen bodies of requests and answers, and how each is written and read.

Unknown fields are passed over; an unknown status becomes "unknown" with the raw text kept, never
"failed". A body without what its contract promises raises Unreadable.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, TypeVar

from ...secret import Secret

T = TypeVar("T")
_SHOWN_CHARACTERS = 500
_PERMISSION = re.compile(r"[A-Za-z]+:[A-Za-z]+:[A-Za-z*]+")
_LONGEST_CURSOR = 8000  # characters; a longer one would not fit into a request line

EMAIL_STATUSES: Final = frozenset({"pending", "verified", "failed"})
CUSTOM_STATUSES: Final = frozenset({"active", "deploying", "pending", "failed"})


class Unreadable(ValueError):
    """An answer that breaks its contract; the text says where."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One HTTP answer, whole. Header names are in lower case; `content` may hold a token."""

    status: int
    headers: Mapping[str, str]
    content: bytes = field(repr=False)

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300

    @property
    def correlation_id(self) -> str:
        return self.headers.get("inin-correlation-id", "")


@dataclass(frozen=True, slots=True)
class ErrorBody:
    """The platform's ErrorBody, or OAuth's error form (RFC 6749 section 5.2)."""

    code: str = ""
    message: str = ""
    context_id: str = ""
    fields: tuple[str, ...] = ()
    permissions: tuple[str, ...] = ()  # those a refusal names


@dataclass(frozen=True, slots=True)
class RequiredRecord:
    """A DNS record the platform asks for; `value` in presentation form without quotes."""

    type: str
    name: str
    value: str
    purpose: str = ""
    status: str = ""


@dataclass(frozen=True, slots=True)
class EmailDomain:
    """`status` is "pending", "verified", "failed" or "unknown"; `raw_status` as the wire has it."""

    id: str
    domain: str
    status: str
    raw_status: str
    required: tuple[RequiredRecord, ...]


@dataclass(frozen=True, slots=True)
class CustomDomain:
    """`certificate` and `chain` are PEM: empty, and None, where the call does not give them.
    `created` is None where the platform's text is no instant."""

    id: str
    domain: str
    status: str
    raw_status: str
    created: float | None
    certificate: str = ""
    chain: str | None = None
    etag: str = ""


@dataclass(frozen=True, slots=True)
class CertificateUpload:
    """PEM texts. `chain` has intermediates only."""

    certificate: str
    private_key: Secret
    chain: str = ""
    tls_version: str = "TLSv1.2"
    ocsp_stapling: bool = True


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """`timestamp` in Unix seconds, None where the platform's text is no instant."""

    id: str
    event_id: str
    event_type: str
    timestamp: float | None
    actor_id: str
    target_id: str
    status: str


@dataclass(frozen=True, slots=True)
class AuditPage:
    entries: tuple[AuditEntry, ...]
    next_page: str  # empty on the last


@dataclass(frozen=True, slots=True)
class OAuthClient:
    """An OAuth client as the guide dialect shows it. Pins are base64 SHA-256 of `pin_kind`."""

    id: str
    name: str
    mtls_required: bool
    certificate_chain: str
    scopes: tuple[str, ...]
    service_id: str
    primary_pin: str
    fallback_pin: str
    backup_pin: str
    max_pin_count: int
    pin_kind: str
    etag: str


@dataclass(frozen=True, slots=True)
class PinUpdate:
    """What a rotation writes; an empty pin retires that slot."""

    service_id: str
    primary_pin: str
    fallback_pin: str
    backup_pin: str
    certificate_chain: str
    pin_kind: str = "certificate"
    max_pin_count: int = 3


@dataclass(frozen=True, slots=True)
class TokenGrant:
    """`scopes` is None when neither the answer nor the token tells them."""

    access_token: Secret
    expires_in: float
    scopes: frozenset[str] | None


def write_registration(domain: str) -> Secret:
    return write_json({"domain": domain, "verification": "dns"})


def write_upload(upload: CertificateUpload, domain: str | None = None) -> Secret:
    """The body of a POST; of a PUT when `domain` is None."""
    body: dict[str, object] = {
        "certificate": upload.certificate,
        "privateKey": upload.private_key.reveal(),
        "settings": {"tlsVersion": upload.tls_version, "ocspStapling": upload.ocsp_stapling},
    }
    if upload.chain:
        body["certificateChain"] = upload.chain
    if domain is not None:
        body |= {"domain": domain, "type": "web"}
    return write_json(body)


def write_pins(update: PinUpdate) -> Secret:
    return write_json(
        {
            "certificateChain": update.certificate_chain,
            "mtlsRequired": True,
            "serviceId": update.service_id or None,
            "primaryPin": update.primary_pin or None,
            "fallbackPin": update.fallback_pin or None,
            "backupPin": update.backup_pin or None,
            "maxPinCount": update.max_pin_count,
            "pinKind": update.pin_kind,
        }
    )


def read_email_domain(answer: Answer) -> EmailDomain:
    return _email_domain(Body.of(answer))


def read_email_domains(answer: Answer) -> tuple[EmailDomain, ...]:
    return tuple(_email_domain(one) for one in Body.of(answer).bodies("entities"))


def read_custom_domain(answer: Answer) -> CustomDomain:
    return _custom_domain(Body.of(answer), answer.headers.get("etag", ""))


def read_custom_domains(answer: Answer) -> tuple[CustomDomain, ...]:
    listed = Body.of(answer).bodies("entities")
    return tuple(_custom_domain(one, one.word("etag")) for one in listed)


def read_audit_page(answer: Answer) -> AuditPage:
    body = Body.of(answer)
    entries = tuple(_audit_entry(one) for one in body.bodies("entity"))
    return AuditPage(entries, body.word("nextPage", _LONGEST_CURSOR))


def read_oauth_client(answer: Answer) -> OAuthClient:
    body = Body.of(answer)
    return OAuthClient(
        id=body.text("id"),
        name=body.word("name"),
        mtls_required=body.get("mtlsRequired", bool, False),
        certificate_chain=body.text("certificateChain", ""),
        scopes=body.words("scopes"),
        service_id=body.text("serviceId", ""),
        primary_pin=body.text("primaryPin", ""),
        fallback_pin=body.text("fallbackPin", ""),
        backup_pin=body.text("backupPin", ""),
        max_pin_count=body.whole("maxPinCount", 3),
        pin_kind=body.text("pinKind", "certificate"),
        etag=answer.headers.get("etag", ""),
    )


def read_nothing(answer: Answer) -> None:
    """For calls whose answer says nothing but that it worked."""


def error_body(answer: Answer) -> ErrorBody:
    """Never raises: an error page of a proxy gives an empty ErrorBody."""
    try:
        body = Body.of(answer)
        named = [one.text("fieldName", "") for one in body.bodies("details")]
        return ErrorBody(
            code=body.text("code", "") or body.text("error", ""),
            message=(body.text("message", "") or body.text("error_description", ""))[
                :_SHOWN_CHARACTERS
            ],
            context_id=body.text("contextId", ""),
            fields=tuple(name for name in named if name),
            permissions=_named_permissions(body),
        )
    except Unreadable:
        return ErrorBody()


def _named_permissions(body: Body) -> tuple[str, ...]:
    """Of `messageParams`: the published API names them there as "[a:b:c, d:e:f]"."""
    return tuple(dict.fromkeys(_PERMISSION.findall(body.word("messageParams", _LONGEST_CURSOR))))


def read_instant(text: str) -> float | None:
    """Unix seconds of an RFC 3339 text; None for a text that is no instant, or has no zone."""
    try:
        at = datetime.fromisoformat(text)
        return at.timestamp() if at.tzinfo else None
    except (ValueError, OverflowError):
        return None


def read_json(answer: Answer) -> Mapping[str, Any]:
    """The answer's JSON object. Raises Unreadable, without quoting: it may hold a token."""
    try:
        body = json.loads(answer.content)
    except (ValueError, RecursionError):
        raise Unreadable("the body is not JSON") from None
    if not isinstance(body, dict):
        raise Unreadable("the body is not a JSON object")
    return body


class Body:
    """A JSON object with typed reading; null counts as absent. `fields` are as they came."""

    def __init__(self, fields: Mapping[str, Any]) -> None:
        self.fields = fields

    @classmethod
    def of(cls, answer: Answer) -> Body:
        return cls(read_json(answer))

    def get(self, name: str, kind: type[T], default: T | None = None) -> T:
        value = self.fields.get(name)
        if value is None and default is not None:
            return default
        if not isinstance(value, kind):
            seen = "missing" if value is None else f"a {type(value).__name__}"
            raise Unreadable(f"the field {name!r} is {seen}")
        return value

    def text(self, name: str, default: str | None = None) -> str:
        return _storable(self.get(name, str, default))

    def word(self, name: str, most: int = _SHOWN_CHARACTERS) -> str:
        """A text that only tells: empty when absent, and what is no text is shown as it came."""
        value = self.fields.get(name)
        return "" if value is None else _storable(str(value)[:most])

    def whole(self, name: str, default: int) -> int:
        value = self.fields.get(name)
        return value if type(value) is int else default

    def words(self, name: str) -> tuple[str, ...]:
        listed = self.fields.get(name)
        return tuple(_storable(str(one)) for one in listed) if isinstance(listed, list) else ()

    def has(self, name: str) -> bool:
        return name in self.fields

    def part(self, name: str) -> Body:
        """An object inside this one; empty when absent."""
        return Body(self.get(name, dict, {}))

    def bodies(self, name: str) -> tuple[Body, ...]:
        listed = self.get(name, list, [])
        if not all(isinstance(one, dict) for one in listed):
            raise Unreadable(f"the field {name!r} lists something else than objects")
        return tuple(Body(one) for one in listed)


def _email_domain(body: Body) -> EmailDomain:
    raw = body.word("status")
    return EmailDomain(
        id=body.text("id"),
        domain=body.text("domain"),
        status=known(raw, EMAIL_STATUSES),
        raw_status=raw,
        required=tuple(_required(one) for one in body.bodies("verification")),
    )


def _required(body: Body) -> RequiredRecord:
    return RequiredRecord(
        body.text("type").upper(),
        body.text("name"),
        body.text("value"),
        body.word("purpose"),
        body.word("status"),
    )


def _custom_domain(body: Body, etag: str) -> CustomDomain:
    raw = body.word("status")
    return CustomDomain(
        id=body.text("id"),
        domain=body.text("domain"),
        status=known(raw, CUSTOM_STATUSES),
        raw_status=raw,
        created=read_instant(body.word("createdDate")),
        certificate=body.text("certificate", ""),
        chain=body.text("certificateChain", "") if body.has("certificateChain") else None,
        etag=etag,
    )


def _audit_entry(body: Body) -> AuditEntry:
    return AuditEntry(
        id=body.text("id"),
        event_id=body.word("eventId"),
        event_type=body.word("eventType"),
        timestamp=read_instant(body.word("timestamp")),
        actor_id=body.word("actorId"),
        target_id=body.word("targetId"),
        status=body.word("status") or "unknown",
    )


def _storable(text: str) -> str:
    """JSON can escape half a character (RFC 8259 section 8.2), which no store takes."""
    return text.encode("utf-8", "replace").decode("utf-8")


def known(raw: str, words: frozenset[str]) -> str:
    return raw.lower() if raw.lower() in words else "unknown"


def write_json(body: Mapping[str, object]) -> Secret:
    return Secret(json.dumps(body))


Read = Callable[[Answer], T]
