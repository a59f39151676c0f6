"""What the published dialect keeps: email domains with their checks, plain resources, audits.

Nothing here is thrown away at once: a deleted thing has an `ended` instant and is still read for a
while, a new one a while not yet, as the platform's caches have it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

PENDING, VERIFIED, FAILED = "PENDING", "VERIFIED", "FAILED"


class Living(Protocol):
    """Anything with a beginning and perhaps an end."""

    @property
    def created(self) -> float: ...
    @property
    def ended(self) -> float | None: ...


@dataclass(frozen=True, slots=True)
class Delays:
    """Virtual seconds: before a new thing is read, before it is listed, after it is deleted."""

    appear: float
    listed: float
    vanish: float

    def shows(self, thing: Living, now: float, *, listing: bool = False) -> bool:
        begun = now >= thing.created + (self.listed if listing else self.appear)
        return begun and (thing.ended is None or now < thing.ended + self.vanish)

    def holds(self, thing: Living, now: float) -> bool:
        """Whether its name is still taken: from the first instant until its last trace is gone."""
        return thing.ended is None or now < thing.ended + self.vanish


@dataclass(frozen=True, slots=True)
class Check:
    """One thing the platform looks for in DNS. `shown` lags behind `status` for some reads."""

    restarted: float
    status: str = PENDING
    shown: str = PENDING
    last_look: float | None = None
    hidden_reads: int = 0


@dataclass(frozen=True, slots=True)
class DmarcSeen:
    status: str
    policy: str
    checked: float


@dataclass(frozen=True, slots=True)
class InboundDomain:
    """`settings` are the references a client sent: SMTP server, IMAP, Graph, e-mail setting."""

    id: str
    sub_domain: bool
    token: str
    dkim_tokens: tuple[str, ...]
    created: float
    verification: Check
    dkim: Check
    mail_from_check: Check
    mail_from: str = ""
    settings: Mapping[str, object] = field(default_factory=dict)
    mx: str = "NOT_AVAILABLE"
    mx_looked: float | None = None
    dmarc: DmarcSeen | None = None
    ended: float | None = None


@dataclass(frozen=True, slots=True)
class OutboundDomain:
    id: str
    sender_type: str
    dkim_key: str  # the p= of its record; nobody keeps the private half
    created: float
    restarted: float
    settings: Mapping[str, object] = field(default_factory=dict)
    bounce: str = PENDING
    dkim: str = PENDING
    dmarc: DmarcSeen | None = None
    ended: float | None = None


@dataclass(frozen=True, slots=True)
class Kept:
    """A resource the sandbox keeps as it was sent: routes, settings, providers, authorities."""

    id: str
    body: Mapping[str, object]
    created: float
    modified: float
    author: str
    version: int = 1
    ended: float | None = None


@dataclass(frozen=True, slots=True)
class Change:
    property: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class AuditMessage:
    id: str
    time: float
    visible_at: float
    service: str
    entity_type: str
    entity_id: str
    entity_name: str
    action: str
    client_id: str
    transaction_id: str
    changes: tuple[Change, ...] = ()


@dataclass(frozen=True, slots=True)
class Job:
    """An asynchronous query: what was asked, by whom, and when it began."""

    id: str
    body: Mapping[str, object]
    started: float
    owner: str
    span: tuple[float, float] = (0.0, 0.0)  # of a usage query


@dataclass(frozen=True, slots=True)
class Published:
    """Everything the published dialect holds beside OAuth clients, keyed by id."""

    inbound: dict[str, InboundDomain] = field(default_factory=dict)
    outbound: dict[str, OutboundDomain] = field(default_factory=dict)
    kept: dict[str, dict[str, Kept]] = field(default_factory=dict)  # by collection
    audits: list[AuditMessage] = field(default_factory=list)
    jobs: dict[str, Job] = field(default_factory=dict)

    def collection(self, name: str) -> dict[str, Kept]:
        return self.kept.setdefault(name, {})

    def copy(self) -> Published:
        kept = {name: dict(held) for name, held in self.kept.items()}
        return Published(
            dict(self.inbound), dict(self.outbound), kept, list(self.audits), dict(self.jobs)
        )
