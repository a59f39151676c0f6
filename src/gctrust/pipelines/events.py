"""The catalogue of webhook events: what each is told for, the fields of its data, and a sample.

The data has the guides' field names. `gctrust webhooks events`, docs/reference/webhooks.md and the
tests that validate real bodies are made from here. Receivers must ignore fields they do not know:
fields may be added to an event, never removed or given another meaning.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from ..errors import Fact

_JSON = {"string": "string", "number": "number", "integer": "integer", "boolean": "boolean"}


@dataclass(frozen=True, slots=True)
class Field:
    """`kind` is string, number, integer, boolean or strings; with ? it may be null."""

    name: str
    kind: str
    meaning: str
    required: bool = True

    @property
    def schema(self) -> dict[str, object]:
        kind = self.kind.removesuffix("?")
        if kind == "strings":
            return {"type": "array", "items": {"type": "string"}, "description": self.meaning}
        word = _JSON[kind]
        type_ = [word, "null"] if self.kind.endswith("?") else word
        return {"type": type_, "description": self.meaning}


@dataclass(frozen=True, slots=True)
class EventType:
    """`told` says when it is sent; `sample` is the data of one real event of it."""

    name: str
    title: str
    told: str
    fields: tuple[Field, ...]
    sample: Mapping[str, Fact]

    def data_schema(self) -> dict[str, object]:
        return {
            "type": "object",
            "required": [field.name for field in self.fields if field.required],
            "properties": {field.name: field.schema for field in self.fields},
        }

    def schema(self) -> dict[str, object]:
        """JSON Schema of the whole body: the CloudEvents 1.0 envelope and its data."""
        text: dict[str, object] = {"type": "string", "minLength": 1}
        envelope: dict[str, object] = {
            "specversion": {"const": "1.0"},
            "id": {"type": "string", "pattern": "^msg_[0-9a-f]{24}$"},
            "source": text,
            "type": {"const": self.name},
            "subject": text,
            "time": {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$"},
            "datacontenttype": {"const": "application/json"},
            "data": self.data_schema(),
        }
        return {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "title": self.name,
            "type": "object",
            "required": list(envelope),
            "properties": envelope,
        }


def _fields(*rows: tuple[str, str, str]) -> tuple[Field, ...]:
    """A name in brackets is a field that may be absent."""
    return tuple(
        Field(name.strip("[]"), kind, meaning, not name.startswith("["))
        for name, kind, meaning in rows
    )


_RESUMED = ("resumed", "integer", "how often the run was taken up again")
_LATENCY = ("latency_ms", "number", "from the order to this event, in milliseconds")
_ERROR = ("error", "string?", "what it ended in or waits for; null when all is well")

EMAIL_DOMAIN = EventType(
    "email_domain.verification",
    "Email domain",
    "A run of `gctrust domain verify` ended.",
    _fields(
        ("domain_id", "string?", "the platform's id of the domain"),
        ("domain", "string", "the domain"),
        ("status", "string", "the platform's own word for it, such as verified"),
        _LATENCY,
        _RESUMED,
        ("delivery_accepted", "boolean?", "null here; the ledger's entry webhook.settled tells it"),
        _ERROR,
    ),
    {
        "domain_id": "7c1f0f9e-54c5-4a8e-9b0e-2f8f3a9d4a11",
        "domain": "mail.example.com",
        "status": "verified",
        "latency_ms": 94210.4,
        "resumed": 0,
        "delivery_accepted": None,
        "error": None,
    },
)
CUSTOM_DOMAIN = EventType(
    "custom_domain.deployed",
    "Custom domain",
    "A run of `gctrust tls deploy` or `gctrust tls rollback` ended.",
    _fields(
        ("domain", "string", "the host name"),
        ("domain_id", "string?", "the platform's id of the custom domain"),
        ("status", "string", "succeeded, unverified, failed, cancelled or refused"),
        ("action", "string?", "what was sent: created, replaced; null when nothing was"),
        _LATENCY,
        _RESUMED,
        ("leaf_sha256", "string?", "SHA-256 of the certificate that was deployed"),
        ("adopted", "boolean", "a deployment that existed already was gone on with"),
        ("upload_ms", "number?", "the upload's own latency"),
        ("platform_audit_id", "string?", "the platform's audit entry of this deployment"),
        ("platform_audit_status", "string?", "that entry's status"),
        ("leaf_sha256_before", "string?", "SHA-256 of the certificate before"),
        ("rollback", "boolean", "it restored an earlier certificate"),
        _ERROR,
        ("[handshakes]", "integer", "full handshakes tried after the deployment"),
        ("[handshakes_succeeded]", "integer", "of these, completed and trusted"),
        ("[handshake_success_rate]", "number?", "the share of them"),
        ("[p50_ms]", "number?", "handshake latency, median"),
        ("[p95_ms]", "number?", "handshake latency, 95th percentile"),
        ("[p99_ms]", "number?", "handshake latency, 99th percentile"),
        ("[stapled]", "boolean?", "an OCSP answer was stapled"),
        ("[versions]", "strings", "TLS versions negotiated"),
        ("[causes]", "strings", "causes of handshakes that failed, with their counts"),
    ),
    {
        "domain": "www.example.com",
        "domain_id": "5f3c1c1e-0d8e-4f0a-9a66-0f6a7b1c2d3e",
        "status": "succeeded",
        "action": "replaced",
        "latency_ms": 41870.2,
        "resumed": 0,
        "leaf_sha256": "6f1d6b6f0c5b4f3d2e1c0b9a8f7e6d5c4b3a29181716151413121110f0e0d0c0b",
        "adopted": False,
        "upload_ms": 212.7,
        "platform_audit_id": "a-1042",
        "platform_audit_status": "SUCCESS",
        "leaf_sha256_before": "0b0c0d0e0f1011121314151617182939a4b5c6d7e8f9a0b1c2d3e4f5061728394",
        "rollback": False,
        "error": None,
        "handshakes": 20,
        "handshakes_succeeded": 20,
        "handshake_success_rate": 1.0,
        "p50_ms": 3.1,
        "p95_ms": 5.4,
        "p99_ms": 6.0,
        "stapled": True,
        "versions": ["TLSv1.3"],
        "causes": [],
    },
)
MANY = EventType(
    "orders.ended",
    "Many orders",
    "A run of many orders ended, such as `gctrust tls deploy --from FILE`.",
    _fields(
        ("status", "string", "how the list ended"),
        ("orders", "integer", "orders of the list"),
        ("succeeded", "integer", "of these, ended well"),
        ("failures", "integer", "of these, ended otherwise"),
        ("failed", "strings", "run and cause of those, the first of them"),
        ("not_begun", "integer", "orders that were not begun"),
        ("waves", "string", "waves done, of how many"),
        _LATENCY,
        _RESUMED,
    ),
    {
        "status": "succeeded",
        "orders": 12,
        "succeeded": 12,
        "failures": 0,
        "failed": [],
        "not_begun": 0,
        "waves": "4 of 4",
        "latency_ms": 903112.0,
        "resumed": 0,
    },
)
ROTATION = EventType(
    "certificate_rotation",
    "Certificate rotation",
    "A rotation of a client certificate's pins ended (the guides' event for the PKI manager).",
    _fields(
        ("event", "string", "certificate_rotation, as the guide names it"),
        ("clientId", "string", "the OAuth client"),
        ("pins", "strings", "the pins now live; after a failure, those it was about"),
        ("latency", "number", "milliseconds"),
        ("status", "string", "succeeded, rolled-back, failed or cancelled"),
    ),
    {
        "event": "certificate_rotation",
        "clientId": "5d1c7f3e-2b60-4f0f-9a2e-8c4d6e7f1a23",
        "pins": ["rTm1GqVf0xZcDkZ8lqcw2q0j3yZl9n0dQ9m3bJq1R5E="],
        "latency": 731250.9,
        "status": "succeeded",
    },
)
EXPIRY = EventType(
    "expiry.soon",
    "Expiry",
    "A certificate has 30, 14, 7 or 1 days left, or none; each of these is told once.",
    _fields(
        ("subject", "string", "the host, domain or client whose certificate it is"),
        ("not_after", "string", "the end of its validity, RFC 3339 UTC"),
        ("days_left", "integer", "whole days from now to then; below 0 once it is over"),
        ("threshold", "integer", "the number of days that was passed: 30, 14, 7, 1 or 0"),
    ),
    {
        "subject": "www.example.com",
        "not_after": "2027-01-29T08:00:00.000Z",
        "days_left": 13,
        "threshold": 14,
    },
)
DRIFTED = EventType(
    "domain.drifted",
    "Domain drift",
    "A scheduled re-check found another result than the one before.",
    _fields(
        ("domain", "string", "the domain that was checked"),
        ("[before]", "string?", "the result before"),
        ("[after]", "string?", "the result now"),
        ("[changed]", "strings", "what differs: ids of findings, + come and - gone"),
    ),
    {
        "domain": "mail.example.com",
        "before": "fine",
        "after": "findings",
        "changed": ["+spf.include-missing"],
    },
)
DUE = EventType(
    "rotation.due",
    "Rotation due",
    "A client certificate's planned rotation has come due.",
    _fields(
        ("[clientId]", "string", "the OAuth client"),
        ("[due]", "string", "when it is due, RFC 3339 UTC"),
        ("[days_left]", "integer", "whole days until then; below 0 when it is late"),
    ),
    {"clientId": "5d1c7f3e-2b60-4f0f-9a2e-8c4d6e7f1a23", "due": "2027-01-29", "days_left": 7},
)
CHECKPOINT = EventType(
    "ledger.checkpoint",
    "Ledger checkpoint",
    "`gctrust audit checkpoint` handed the ledger's newest checkpoint to a witness.",
    _fields(
        ("checkpoint", "string", "the signed note (C2SP tlog-checkpoint), to be kept"),
        ("[key]", "string", "the verifier key of the ledger"),
        ("[size]", "integer", "how many entries it covers"),
    ),
    {
        "checkpoint": "gctrust/ledger/0f\n42\nq0dhTk0=\n\n\u2014 gctrust/ledger/0f AAECAw==\n",
        "key": "gctrust/ledger/0f+00010203+AQIDBA==",
        "size": 42,
    },
)
DISABLED = EventType(
    "webhook.disabled",
    "Webhook endpoint disabled",
    "An endpoint failed for days, or answered 410: the other endpoints are told.",
    _fields(
        ("endpoint", "string", "its name"),
        ("why", "string", "what was seen last"),
        ("failing_since", "string?", "since when every attempt failed, RFC 3339 UTC"),
        ("waiting", "integer", "deliveries that wait for it to be enabled again"),
    ),
    {
        "endpoint": "pki",
        "why": "HTTP 503",
        "failing_since": "2027-01-10T08:00:00.000Z",
        "waiting": 17,
    },
)
TEST = EventType(
    "webhook.test",
    "Test",
    "Somebody asked for it with `gctrust webhooks test`.",
    _fields(("endpoint", "string", "its name"), ("message", "string", "for a person to read")),
    {"endpoint": "pki", "message": "a test delivery of gctrust: nothing happened"},
)

EVENTS: Mapping[str, EventType] = MappingProxyType(
    {
        event.name: event
        for event in (
            EMAIL_DOMAIN,
            CUSTOM_DOMAIN,
            MANY,
            ROTATION,
            EXPIRY,
            DRIFTED,
            DUE,
            CHECKPOINT,
            DISABLED,
            TEST,
        )
    }
)

ALERT_DAYS = (30, 14, 7, 1, 0)  # days before expiry at which a person is told


def wanted(event: str, patterns: tuple[str, ...]) -> bool:
    """Whether one of the patterns names the event: its name, or a beginning of it and a *."""
    return any(
        event.startswith(pattern[:-1]) if pattern.endswith("*") else event == pattern
        for pattern in patterns
    )


def threshold_of(days_left: float) -> int | None:
    """The closest of ALERT_DAYS that is passed already; None while there are more days left."""
    passed = [days for days in ALERT_DAYS if days_left <= days]
    return min(passed) if passed else None
