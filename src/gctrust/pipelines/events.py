"""The catalogue of webhook events: what each is told for, the fields of its data, and a sample.

The data has the guides' field names. `gctrust webhooks events`, docs/reference/webhooks.md and the
tests that validate real bodies are made from here. Receivers must ignore fields they do not know:
fields may be added to an event, never removed or given another meaning.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from .event_type import EventType, fields_of

_RESUMED = ("resumed", "integer", "how often the run was taken up again", 0)
_LATENCY = ("latency_ms", "number", "from the order to this event, in milliseconds", 94210.4)
_ERROR = ("error", "string?", "what it ended in or waits for; null when all is well", None)

EMAIL_DOMAIN = EventType(
    "email_domain.verification",
    "Email domain",
    "A run of `gctrust domain verify` ended.",
    fields_of(
        ("domain_id", "string?", "the platform's id of the domain", "7c1f0f9e"),
        ("domain", "string", "the domain", "mail.example.com"),
        ("status", "string", "the platform's own word for it, such as verified", "verified"),
        _LATENCY,
        _RESUMED,
        (
            "delivery_accepted",
            "boolean?",
            "null here; webhook.settled in the ledger tells it",
            None,
        ),
        _ERROR,
    ),
)
CUSTOM_DOMAIN = EventType(
    "custom_domain.deployed",
    "Custom domain",
    "A run of `gctrust tls deploy` or `gctrust tls rollback` ended.",
    fields_of(
        ("domain", "string", "the host name", "www.example.com"),
        ("domain_id", "string?", "the platform's id of the custom domain", "5f3c1c1e"),
        ("status", "string", "succeeded, unverified, failed, cancelled or refused", "succeeded"),
        (
            "action",
            "string?",
            "what was sent: created, replaced; null when nothing was",
            "replaced",
        ),
        _LATENCY,
        _RESUMED,
        (
            "leaf_sha256",
            "string?",
            "SHA-256 of the certificate that was deployed",
            "6f1d6b6f0c5b...",
        ),
        ("adopted", "boolean", "a deployment that existed already was gone on with", False),
        ("upload_ms", "number?", "the upload's own latency", 212.7),
        ("platform_audit_id", "string?", "the platform's audit entry of this deployment", "a-1042"),
        ("platform_audit_status", "string?", "that entry's status", "SUCCESS"),
        ("leaf_sha256_before", "string?", "SHA-256 of the certificate before", "0b0c0d0e0f10..."),
        ("rollback", "boolean", "it restored an earlier certificate", False),
        _ERROR,
        ("[handshakes]", "integer", "full handshakes tried after the deployment", 20),
        ("[handshakes_succeeded]", "integer", "of these, completed and trusted", 20),
        ("[handshake_success_rate]", "number?", "the share of them", 1.0),
        ("[p50_ms]", "number?", "handshake latency, median", 3.1),
        ("[p95_ms]", "number?", "handshake latency, 95th percentile", 5.4),
        ("[p99_ms]", "number?", "handshake latency, 99th percentile", 6.0),
        ("[stapled]", "integer", "handshakes that had a stapled OCSP answer", 20),
        ("[versions]", "strings", "TLS versions negotiated", ["TLSv1.3"]),
        ("[causes]", "strings", "causes of handshakes that failed, with their counts", []),
    ),
)
MANY = EventType(
    "orders.ended",
    "Many orders",
    "A run of many orders ended, such as `gctrust tls deploy --from FILE`.",
    fields_of(
        ("status", "string", "how the list ended", "succeeded"),
        ("orders", "integer", "orders of the list", 12),
        ("succeeded", "integer", "of these, ended well", 12),
        ("failures", "integer", "of these, ended otherwise", 0),
        ("failed", "strings", "run and cause of those, the first of them", []),
        ("not_begun", "integer", "orders that were not begun", 0),
        ("waves", "string", "waves done, of how many", "4 of 4"),
        _LATENCY,
        _RESUMED,
    ),
)
ROTATION = EventType(
    "certificate_rotation",
    "Certificate rotation",
    "A rotation of a client certificate's pins ended (the guides' event for the PKI manager).",
    fields_of(
        ("event", "string", "certificate_rotation, as the guide names it", "certificate_rotation"),
        ("clientId", "string", "the OAuth client", "5d1c7f3e"),
        (
            "pins",
            "strings",
            "the pins now live; after a failure, those it was about",
            ["rTm1GqVf...="],
        ),
        ("latency", "number", "milliseconds", 731250.9),
        ("status", "string", "succeeded, rolled-back, failed or cancelled", "succeeded"),
    ),
)
PLATFORM_TRUST = EventType(
    "platform_trust.rotated",
    "Platform trust",
    "A run that changed which certificates a holder of trust on the platform accepts ended.",
    fields_of(
        ("holder", "string", "whose trust it is", "provider:okta"),
        ("status", "string", "how it ended", "succeeded"),
        (
            "certificate_sha256",
            "string?",
            "SHA-256 of the certificate that is trusted now",
            "0f1e2d3c4b5a...",
        ),
        ("subject", "string?", "that certificate's subject", "CN=sso.example.com"),
        ("adopted", "boolean?", "it was trusted already", False),
        ("replaced", "strings", "SHA-256 of those that are trusted no more", []),
        _LATENCY,
        _RESUMED,
        _ERROR,
    ),
)
CLIENT_SECRET = EventType(
    "client_secret.rotated",
    "Client secret",
    "A rotation of an OAuth client's secret ended.",
    fields_of(
        ("client", "string", "the client of before", "5d1c7f3e"),
        ("status", "string", "how it ended", "succeeded"),
        ("successor", "string?", "the client that took its place", "9b2f6c1d"),
        ("successor_name", "string?", "its name", "reports (2)"),
        (
            "file",
            "string",
            "the file that holds the new secret for whoever uses it",
            "/etc/reports/client.env",
        ),
        _LATENCY,
        _RESUMED,
        _ERROR,
    ),
)
GATEWAY_CHANGED = EventType(
    "data_actions.changed",
    "Data actions gateway",
    "What a gateway accepts of the platform's client certificates was changed.",
    fields_of(
        ("held", "strings", "the certificate pins that it accepts now", ["rTm1GqVf...="]),
        ("changes", "strings", "what was done, and to which pin", ["hold rTm1GqVf...="]),
        ("proved", "boolean", "a handshake showed that it is in force", True),
    ),
)
GATEWAY_ENDED = EventType(
    "data_actions.ended",
    "Data actions gateway",
    "A watch over the platform's client certificate at a gateway ended.",
    fields_of(
        ("status", "string", "how it ended", "succeeded"),
        ("gateway", "string?", "the gateway that was probed", "gateway.example.com:443"),
        ("pins", "string", "the file of pins that it was about", "/etc/nginx/genesys-pins.conf"),
        (
            "current_before",
            "string?",
            "the platform's certificate pin at the beginning",
            "rTm1GqVf...=",
        ),
        ("current", "string?", "and at the end", "yZl9n0dQ...="),
        ("held", "strings", "the pins that are accepted", ["yZl9n0dQ...="]),
        ("released", "strings", "the pins that are accepted no more", ["rTm1GqVf...="]),
        (
            "handshakes_with_current",
            "integer?",
            "handshakes that were seen with the certificate of now; null where nothing tells",
            212,
        ),
        ("days", "number", "how long it watched", 31.5),
        _RESUMED,
        _ERROR,
    ),
)
EXPIRY = EventType(
    "expiry.soon",
    "Expiry",
    "A certificate has 30, 14, 7 or 1 days left, or none; each of these is told once.",
    fields_of(
        (
            "subject",
            "string",
            "the host, domain or client whose certificate it is",
            "www.example.com",
        ),
        (
            "not_after",
            "string",
            "the end of its validity, RFC 3339 UTC",
            "2027-01-29T08:00:00.000Z",
        ),
        ("days_left", "integer", "whole days from now to then; below 0 once it is over", 13),
        ("threshold", "integer", "the number of days that was passed: 30, 14, 7, 1 or 0", 14),
    ),
)
DRIFTED = EventType(
    "domain.drifted",
    "Domain drift",
    "A scheduled re-check found another result than the one before.",
    fields_of(
        ("domain", "string", "the domain that was checked", "mail.example.com"),
        ("before", "string?", "the result before", "fine"),
        ("after", "string?", "the result now", "findings"),
        (
            "changed",
            "strings",
            "what differs: ids of findings, + come and - gone",
            ["+spf.include-missing"],
        ),
    ),
)
DUE = EventType(
    "rotation.due",
    "Rotation due",
    "A client certificate's planned rotation has come due.",
    fields_of(
        ("clientId", "string", "the OAuth client", "5d1c7f3e"),
        ("due", "string", "when it is due, RFC 3339 UTC", "2027-01-29"),
        ("days_left", "integer", "whole days until then; below 0 when it is late", 7),
    ),
)
CHECKPOINT = EventType(
    "ledger.checkpoint",
    "Ledger checkpoint",
    "`gctrust audit checkpoint` handed the ledger's newest checkpoint to a witness.",
    fields_of(
        (
            "checkpoint",
            "string",
            "the signed note (C2SP tlog-checkpoint), to be kept",
            "gctrust/ledger/0f\n42\nq0dhTk0=\n\n— gctrust/ledger/0f AAECAw==\n",
        ),
        (
            "key",
            "string",
            "the verifier key of the ledger",
            "gctrust/ledger/0f+00010203+AQIDBA==",
        ),
        ("size", "integer", "how many entries it covers", 42),
    ),
)
DISABLED = EventType(
    "webhook.disabled",
    "Webhook endpoint disabled",
    "An endpoint failed for days, or answered 410: the other endpoints are told.",
    fields_of(
        ("endpoint", "string", "its name", "pki"),
        ("why", "string", "what was seen last", "HTTP 503"),
        (
            "failing_since",
            "string?",
            "since when every attempt failed, RFC 3339 UTC",
            "2027-01-10T08:00:00.000Z",
        ),
        ("waiting", "integer", "deliveries that wait for it to be enabled again", 17),
    ),
)
TEST = EventType(
    "webhook.test",
    "Test",
    "Somebody asked for it with `gctrust webhooks test`.",
    fields_of(
        ("endpoint", "string", "its name", "pki"),
        (
            "message",
            "string",
            "for a person to read",
            "a test delivery of gctrust: nothing happened",
        ),
    ),
)

EVENTS: Mapping[str, EventType] = MappingProxyType(
    {
        event.name: event
        for event in (
            EMAIL_DOMAIN,
            CUSTOM_DOMAIN,
            MANY,
            ROTATION,
            PLATFORM_TRUST,
            CLIENT_SECRET,
            GATEWAY_CHANGED,
            GATEWAY_ENDED,
            EXPIRY,
            DRIFTED,
            DUE,
            CHECKPOINT,
            DISABLED,
            TEST,
        )
    }
)


def wanted(event: str, patterns: tuple[str, ...]) -> bool:
    """Whether one of the patterns names the event: its name, or a beginning of it and a *."""
    return any(
        event.startswith(pattern[:-1]) if pattern.endswith("*") else event == pattern
        for pattern in patterns
    )
