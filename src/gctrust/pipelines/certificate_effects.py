"""Effects and outcomes of journey 2: certificate files, custom domains, edges."""

from __future__ import annotations

from dataclasses import dataclass

from ..findings import Finding
from .effect import Effect


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
    chain_sha256: tuple[str, ...] = ()  # the intermediates that an upload sends
    certificate: str = ""  # the leaf, PEM
    with_key: bool = False  # the files hold its private key


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
    """`status` is the hostname's: "active", "deploying", "pending", "failed" or "unknown"."""

    id: str
    domain: str
    status: str
    leaf_sha256: str
    latency: float = 0.0
    audited: bool = True  # whoever took the certificate writes an audit entry of it


@dataclass(frozen=True, slots=True)
class CertificateHeld:
    """What the platform holds for a domain; `id` is "" when it does not know the domain.

    `chain_sha256` is None when the platform does not tell the chain. `certificate` is the leaf,
    PEM; `kept`: its key is sealed here, so that a rollback can restore it.
    """

    id: str
    status: str = ""
    leaf_sha256: str = ""
    chain_sha256: tuple[str, ...] | None = None
    certificate: str = ""
    kept: bool = False

    def serves(self, leaf: str, chain: tuple[str, ...]) -> bool:
        """It holds this leaf, and every intermediate that goes with it as far as it tells."""
        told = chain if self.chain_sha256 is None else self.chain_sha256
        return bool(self.id) and self.leaf_sha256 == leaf and set(chain) <= set(told)


@dataclass(frozen=True, slots=True)
class ReadCertificate(Effect[CertificateHeld]):
    """Look before an upload: what is found here was not this run's doing."""

    outcome = CertificateHeld
    domain: str

    @property
    def key(self) -> str:
        return self.domain


@dataclass(frozen=True, slots=True)
class UploadCertificate(Effect[CustomDomainSeen]):
    """Look first; POST when the domain is new, PUT with If-Match for a renewal; nothing when an
    earlier try of this run got through.

    `over` is the leaf that the plan saw there ("": none): another one is not overwritten.
    """

    outcome = CustomDomainSeen
    outward = True
    domain: str
    files: CertificateFiles
    leaf_sha256: str
    spki_sha256: str
    over: str = ""

    @property
    def key(self) -> str:
        return f"{self.domain} {self.leaf_sha256}"


@dataclass(frozen=True, slots=True)
class KeysKept:
    """How many keys of the domain are sealed here."""

    count: int


@dataclass(frozen=True, slots=True)
class KeepKey(Effect[KeysKept]):
    """Seal the key of a certificate that serves already: a renewal of it can be rolled back."""

    outcome = KeysKept
    domain: str
    files: CertificateFiles
    leaf_sha256: str

    @property
    def key(self) -> str:
        return f"{self.domain} {self.leaf_sha256}"


@dataclass(frozen=True, slots=True)
class ForgetKeys(Effect[KeysKept]):
    """Forget the sealed keys of a domain that no rollback can need any more, `but` these."""

    outcome = KeysKept
    domain: str
    but: tuple[str, ...]  # SHA-256 of leaves

    @property
    def key(self) -> str:
        return self.domain


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


# Seconds; HandshakesSeen.buckets counts the handshakes up to each of them, and those beyond.
HANDSHAKE_BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


@dataclass(frozen=True, slots=True)
class HandshakesSeen:
    """Full, unresumed handshakes. `served` are the leaf SHA-256s seen, by edge address.

    `buckets` counts the successful ones by HANDSHAKE_BOUNDS, `seconds` is their sum.
    `earliest_not_after` is of all certificates served, Unix seconds, 0 when none was.
    """

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
    buckets: tuple[int, ...] = ()
    seconds: float = 0.0
    earliest_not_after: float = 0.0


@dataclass(frozen=True, slots=True)
class ProbeEdges(Effect[HandshakesSeen]):
    """Shake hands with every edge that serves the host, `count` times each."""

    outcome = HandshakesSeen
    host: str
    count: int

    @property
    def key(self) -> str:
        return self.host
