"""What a pipeline yields (effects) and what comes of it (outcomes), typed as pairs.

Outcomes are plain frozen data that one codec turns to JSON and back, because the engine stores
them: none may hold a secret.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ..errors import Fact
from ..findings import Finding
from .certificate_effects import HANDSHAKE_BOUNDS as HANDSHAKE_BOUNDS
from .certificate_effects import AssessFiles as AssessFiles
from .certificate_effects import AuditEntry as AuditEntry
from .certificate_effects import AuditSeen as AuditSeen
from .certificate_effects import CertificateAssessment as CertificateAssessment
from .certificate_effects import CertificateFiles as CertificateFiles
from .certificate_effects import CertificateHeld as CertificateHeld
from .certificate_effects import CustomDomainSeen as CustomDomainSeen
from .certificate_effects import ForgetKeys as ForgetKeys
from .certificate_effects import HandshakesSeen as HandshakesSeen
from .certificate_effects import KeepKey as KeepKey
from .certificate_effects import KeysKept as KeysKept
from .certificate_effects import ProbeEdges as ProbeEdges
from .certificate_effects import ReadAudit as ReadAudit
from .certificate_effects import ReadCertificate as ReadCertificate
from .certificate_effects import UploadCertificate as UploadCertificate
from .effect import Effect as Effect
from .effect import Pipeline as Pipeline
from .effect import do as do

# --- what every journey uses -------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Instant:
    """`at` in Unix seconds by the run's clock. `deadline` is when the run gives up: a resumption
    grants its order's horizon anew, and counts in `resumed`."""

    at: float
    deadline: float | None = None
    resumed: int = 0


@dataclass(frozen=True, slots=True)
class Now(Effect[Instant]):
    outcome = Instant


@dataclass(frozen=True, slots=True)
class Woken:
    """`signal` is the one that ended the wait early, None when its time came."""

    at: float
    signal: str | None = None


@dataclass(frozen=True, slots=True)
class Wait(Effect[Woken]):
    """A durable wait to the instant `until`, or to one of `signals` ("cancel", "advance", ...)."""

    outcome = Woken
    until: float
    reason: str
    signals: tuple[str, ...] = ("cancel",)


@dataclass(frozen=True, slots=True)
class Done:
    """The outcome of effects that only have to have happened."""


@dataclass(frozen=True, slots=True)
class Stage(Effect[Done]):
    """Names the stage the run is in, and what it is doing there, for whoever watches."""

    outcome = Done
    name: str
    note: str = ""

    @property
    def key(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class Segment(Effect[Done]):
    """A place from which the run can go on by `state` alone: a long run is cut here, so that its
    replay stays short. `state` is a frozen class of orders.py, given back to the pipeline."""

    outcome = Done
    state: object


@dataclass(frozen=True, slots=True)
class Recorded:
    entry: int  # the ledger entry's index


@dataclass(frozen=True, slots=True)
class Record(Effect[Recorded]):
    """A ledger entry and, where `event` is given, its webhook, committed in one transaction."""

    outcome = Recorded
    action: str
    entity: str
    fields: Mapping[str, Fact] = field(default_factory=dict)
    event: str | None = None
    data: Mapping[str, Fact] = field(default_factory=dict)

    @property
    def key(self) -> str:
        return f"{self.action} {self.entity}"


# --- email domain ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class RequiredRecord:
    type: str
    name: str
    value: str


@dataclass(frozen=True, slots=True)
class EmailDomainSeen:
    """`status` is "pending", "verified", "failed" or "unknown" (with the raw text in `raw`)."""

    id: str
    domain: str
    status: str
    raw: str
    required: tuple[RequiredRecord, ...]
    latency: float = 0.0  # seconds


@dataclass(frozen=True, slots=True)
class Found:
    """`id` is "" when there is none."""

    id: str


@dataclass(frozen=True, slots=True)
class FindEmailDomain(Effect[Found]):
    """Look before a registration: what is found here was not this run's doing."""

    outcome = Found
    domain: str

    @property
    def key(self) -> str:
        return self.domain


@dataclass(frozen=True, slots=True)
class RegisterEmailDomain(Effect[EmailDomainSeen]):
    """Look first, create when absent, adopt on 409."""

    outcome = EmailDomainSeen
    outward = True
    domain: str

    @property
    def key(self) -> str:
        return self.domain


@dataclass(frozen=True, slots=True)
class ReadEmailDomain(Effect[EmailDomainSeen]):
    outcome = EmailDomainSeen
    id: str

    @property
    def key(self) -> str:
        return self.id


@dataclass(frozen=True, slots=True)
class RequestVerification(Effect[EmailDomainSeen]):
    outcome = EmailDomainSeen
    outward = True
    id: str

    @property
    def key(self) -> str:
        return self.id


@dataclass(frozen=True, slots=True)
class MailAssessment:
    """What DNS says of a domain. `ready`: every required record is on every authoritative server.

    `next_look` is the instant from which looking again can show something new, by the TTLs seen.
    """

    findings: tuple[Finding, ...]
    not_judged: tuple[str, ...]
    ready: bool
    missing: tuple[str, ...]
    next_look: float
    queries: int = 0


@dataclass(frozen=True, slots=True)
class AssessMail(Effect[MailAssessment]):
    """Drive the mail judge over DNS, past every cache."""

    outcome = MailAssessment
    domain: str
    required: tuple[RequiredRecord, ...]
    selectors: tuple[str, ...]
    include: str
    looks: int = 0  # looks before this one, that the next may come the later

    @property
    def key(self) -> str:
        return self.domain
