"""What a pipeline yields (effects) and what comes of it (outcomes), typed as pairs.

Outcomes are plain frozen data that one codec turns to JSON and back, because the engine stores
them: none may hold a secret.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ..errors import Fact
from ..findings import Finding
from .effect import Effect as Effect
from .effect import Pipeline as Pipeline
from .effect import do as do

# --- what every journey uses -------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Instant:
    at: float  # Unix seconds, by the run's clock


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
    adopted: bool = False
    latency: float = 0.0  # seconds


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

    @property
    def key(self) -> str:
        return self.domain


# --- custom domain -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CertificateFiles:
    """Where a certificate and its key lie. The key is re-read and compared inside effects."""

    certificate: str
    key: str = ""
    chain: str = ""


@dataclass(frozen=True, slots=True)
class CertificateAssessment:
    """`findings` of the certificate judge; digests are lower-case hexadecimal SHA-256."""

    findings: tuple[Finding, ...]
    not_judged: tuple[str, ...]
    accepted: bool
    subject: str
    not_before: float
    not_after: float
    leaf_sha256: str
    spki_sha256: str


@dataclass(frozen=True, slots=True)
class AssessFiles(Effect[CertificateAssessment]):
    """Read the files and run the certificate judge at the run's now."""

    outcome = CertificateAssessment
    files: CertificateFiles
    host: str
    profile: str  # "public", "private" or "client"

    @property
    def key(self) -> str:
        return self.files.certificate


@dataclass(frozen=True, slots=True)
class CustomDomainSeen:
    id: str
    domain: str
    status: str
    leaf_sha256: str
    adopted: bool = False  # it already held this leaf: nothing was sent
    latency: float = 0.0


@dataclass(frozen=True, slots=True)
class UploadCertificate(Effect[CustomDomainSeen]):
    """Look first; POST when the domain is new, PUT with If-Match for a renewal, else adopt."""

    outcome = CustomDomainSeen
    outward = True
    domain: str
    files: CertificateFiles
    leaf_sha256: str
    spki_sha256: str

    @property
    def key(self) -> str:
        return f"{self.domain} {self.leaf_sha256}"


@dataclass(frozen=True, slots=True)
class AuditEntry:
    id: str
    event: str
    timestamp: float
    target: str
    status: str


@dataclass(frozen=True, slots=True)
class AuditSeen:
    """Entries of one target since an instant, with the pages it took."""

    entries: tuple[AuditEntry, ...]
    pages: int


@dataclass(frozen=True, slots=True)
class ReadAudit(Effect[AuditSeen]):
    outcome = AuditSeen
    target: str
    since: float

    @property
    def key(self) -> str:
        return self.target


@dataclass(frozen=True, slots=True)
class HandshakesSeen:
    """Full, unresumed handshakes. `served` are the leaf SHA-256s seen, by edge address."""

    tried: int
    succeeded: int
    p50_ms: float
    p95_ms: float
    p99_ms: float
    served: tuple[tuple[str, str], ...]
    versions: tuple[str, ...] = ()
    stapled: int = 0
    legacy_accepted: tuple[str, ...] = ()
    causes: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class ProbeEdges(Effect[HandshakesSeen]):
    """Shake hands with every edge that serves the host, `count` times each."""

    outcome = HandshakesSeen
    host: str
    count: int

    @property
    def key(self) -> str:
        return self.host


# --- pin rotation ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ClientPins:
    """The platform's view of one OAuth client. Pins are base64 SHA-256 of the kind named."""

    client_id: str
    etag: str
    mtls_required: bool
    kind: str  # "certificate" or "spki"
    primary: str = ""
    fallback: str = ""
    backup: str = ""
    service_id: str = ""
    latency: float = 0.0

    @property
    def pins(self) -> tuple[str, ...]:
        return tuple(pin for pin in (self.primary, self.fallback, self.backup) if pin)


@dataclass(frozen=True, slots=True)
class ReadPins(Effect[ClientPins]):
    outcome = ClientPins
    client_id: str

    @property
    def key(self) -> str:
        return self.client_id


@dataclass(frozen=True, slots=True)
class WritePins(Effect[ClientPins]):
    """Compare-and-set against `etag`, then read back. Sends nothing when it is there already."""

    outcome = ClientPins
    outward = True
    client_id: str
    etag: str
    service_id: str
    kind: str
    primary: str
    fallback: str
    backup: str
    chain: str  # path of the PEM file with the new certificate (and its chain)

    @property
    def key(self) -> str:
        return f"{self.client_id} {self.primary} {self.fallback} {self.backup}"


@dataclass(frozen=True, slots=True)
class PinsOfFiles:
    """Pins (base64) and validity of a rotation's files, read from the files, never typed."""

    new: str
    old: str
    backup: str
    kind: str
    new_not_before: float
    new_not_after: float
    old_not_before: float
    old_not_after: float
    same_key: bool


@dataclass(frozen=True, slots=True)
class ComputePins(Effect[PinsOfFiles]):
    outcome = PinsOfFiles
    new: CertificateFiles
    old: CertificateFiles
    backup: str
    kind: str


@dataclass(frozen=True, slots=True)
class PinProbe:
    """Full handshakes that presented one certificate, over all endpoints.

    `matched` were accepted, `refused` refused after the certificate was shown; `failed_before`
    ended before it was shown and is not counted in the rate.
    """

    matched: int
    refused: int
    failed_before: int
    by_endpoint: tuple[tuple[str, int, int], ...] = ()
    p50_ms: float = 0.0
    p99_ms: float = 0.0


@dataclass(frozen=True, slots=True)
class ProbePins(Effect[PinProbe]):
    """Shake hands with every mTLS endpoint, `count` times in all, presenting `files`."""

    outcome = PinProbe
    files: CertificateFiles
    count: int

    @property
    def key(self) -> str:
        return self.files.certificate
