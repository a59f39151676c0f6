"""The platform's state: frozen records in memory, lost when the process ends.

Every outward change first keeps the state before it, so that a stale read can be answered
truthfully from the past and never from an invention.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from .platform_records import Published

EMAIL_PENDING, EMAIL_VERIFIED, EMAIL_FAILED = "pending", "verified", "failed"


@dataclass(frozen=True, slots=True)
class RequiredRecord:
    """A DNS record the platform asks for. `value` in presentation form, without quotes."""

    type: str
    name: str
    value: str
    purpose: str  # inbound, spf, dkim, ownership


@dataclass(frozen=True, slots=True)
class EmailDomain:
    id: str
    domain: str
    records: tuple[RequiredRecord, ...]
    created: float
    restarted: float  # the horizon counts from here
    status: str = EMAIL_PENDING
    found: tuple[str, ...] = ()  # purposes seen in DNS at the last look
    last_look: float | None = None
    stale_reads: int = 0  # lists left that do not show the new domain
    hidden_reads: int = 0  # reads left that still answer the status before
    shown_status: str = EMAIL_PENDING


@dataclass(frozen=True, slots=True)
class CustomDomain:
    """The private key is handed to the edge and not kept here."""

    id: str
    domain: str
    certificate: str
    chain: str
    tls_version: str
    ocsp_stapling: bool
    created: float
    modified: float
    ready_at: float
    version: int = 1

    @property
    def etag(self) -> str:
        return f'"{self.id[:8]}-{self.version}"'


@dataclass(frozen=True, slots=True)
class Role:
    """What the published dialect grants by; `permissions` are `domain:entity:action` with *."""

    id: str
    name: str
    permissions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Registration:
    """What only the published dialect tells of an OAuth client."""

    grant_type: str = "CLIENT-CREDENTIALS"
    description: str = ""
    redirects: tuple[str, ...] = ()
    role_divisions: tuple[tuple[str, str], ...] = ()
    state: str = "active"
    date_to_delete: str = ""
    created: float = 0.0
    modified: float = 0.0
    created_by: str = ""
    modified_by: str = ""
    ended: float | None = None


@dataclass(frozen=True, slots=True)
class OAuthClient:
    """An OAuth client, both as an account that asks for tokens and as a resource with pins."""

    id: str
    name: str
    secret: str = field(repr=False)
    scopes: tuple[str, ...]
    roles: tuple[str, ...] = ()  # names or ids
    permissions: tuple[str, ...] = ()  # beside those of its roles
    token_seconds: int = 86_400
    mtls_required: bool = False
    chain: str = ""
    service_id: str | None = None
    primary_pin: str | None = None
    fallback_pin: str | None = None
    backup_pin: str | None = None
    max_pin_count: int = 3
    pin_kind: str = "certificate"
    version: int = 1
    registration: Registration = Registration()

    @property
    def active(self) -> bool:
        """Whether it may ask for tokens and use them."""
        return self.registration.state == "active" and self.registration.ended is None

    @property
    def created(self) -> float:
        return self.registration.created

    @property
    def ended(self) -> float | None:
        return self.registration.ended

    @property
    def pins(self) -> frozenset[str]:
        listed = (self.primary_pin, self.fallback_pin, self.backup_pin)
        return frozenset(pin for pin in listed if pin)

    @property
    def etag(self) -> str:
        return f'"{self.id[:8]}-{self.version}"'


@dataclass(frozen=True, slots=True)
class AuditEntry:
    id: str
    event_id: str
    event_type: str
    entity_type: str
    timestamp: float
    visible_at: float
    actor_id: str
    target_id: str
    status: str


@dataclass(frozen=True, slots=True)
class View:
    """One consistent picture of everything, keyed by id."""

    email_domains: dict[str, EmailDomain]
    custom_domains: dict[str, CustomDomain]
    clients: dict[str, OAuthClient]
    audit: tuple[AuditEntry, ...] = ()
    published: Published = field(default_factory=Published)

    def email_domain_named(self, domain: str) -> EmailDomain | None:
        return next((d for d in self.email_domains.values() if d.domain == domain), None)

    def custom_domain_named(self, domain: str) -> CustomDomain | None:
        return next((d for d in self.custom_domains.values() if d.domain == domain), None)

    def copy(self) -> View:
        return View(
            dict(self.email_domains),
            dict(self.custom_domains),
            dict(self.clients),
            self.audit,
            self.published.copy(),
        )


class State:
    """The current view, and the one before the last outward change."""

    def __init__(self, start: View) -> None:
        self._start = start
        self.now = start.copy()
        self.before = start.copy()

    def reset(self, start: View | None = None) -> None:
        self._start = start or self._start
        self.now = self._start.copy()
        self.before = self._start.copy()

    def keep_before(self) -> None:
        self.before = self.now.copy()

    def put_email_domain(self, record: EmailDomain) -> EmailDomain:
        self.now.email_domains[record.id] = record
        return record

    def put_custom_domain(self, record: CustomDomain) -> CustomDomain:
        self.now.custom_domains[record.id] = record
        return record

    def put_client(self, record: OAuthClient) -> OAuthClient:
        self.now.clients[record.id] = record
        return record

    def add_audit(self, entries: Sequence[AuditEntry]) -> None:
        self.now = replace(self.now, audit=(*self.now.audit, *entries))
