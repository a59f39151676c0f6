"""Effects and outcomes of what the published API holds of our certificates: the signing
certificates of an identity provider, the certificate authorities of edges.

A holder is named "provider/ID", or "edges" for all REMOTE authorities together.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..findings import Finding
from .effect import Effect

PROVIDER, EDGES = "provider/", "edges"


@dataclass(frozen=True, slots=True)
class TrustedOne:
    """A certificate as it is held. Instants are Unix seconds; `id` is an edge authority's."""

    sha256: str
    subject: str
    not_before: float
    not_after: float
    id: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class TrustHeld:
    """`known` is False where the platform shows no such holder. `signs`: the platform signs what it
    sends to this provider, with a certificate of its own."""

    holder: str
    known: bool = True
    certificates: tuple[TrustedOne, ...] = ()
    signs: bool = False
    disabled: bool = False
    name: str = ""

    @property
    def digests(self) -> tuple[str, ...]:
        return tuple(one.sha256 for one in self.certificates)


@dataclass(frozen=True, slots=True)
class ReadTrust(Effect[TrustHeld]):
    outcome = TrustHeld
    holder: str

    @property
    def key(self) -> str:
        return self.holder


@dataclass(frozen=True, slots=True)
class NewCertificate:
    """The certificate of a file; `findings` are those of the second opinion on it."""

    one: TrustedOne
    is_ca: bool
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class ReadNewCertificate(Effect[NewCertificate]):
    """Read the file, and have the platform read it too: two readings that differ are told."""

    outcome = NewCertificate
    path: str

    @property
    def key(self) -> str:
        return self.path


@dataclass(frozen=True, slots=True)
class ChangeTrust(Effect[TrustHeld]):
    """Look first; add the file's certificate (`added` is its SHA-256, "" adds none), remove those
    named. Nothing is sent where it stands so already.

    `over` is what the plan saw: where something else stands now, nothing is changed.
    """

    outcome = TrustHeld
    outward = True
    settles = 60.0
    holder: str
    path: str
    added: str
    removed: tuple[str, ...]
    over: tuple[str, ...]
    name: str = ""

    @property
    def key(self) -> str:
        return f"{self.holder} +{self.added[:16]} -{len(self.removed)}"
