"""What the certificate judge says: the path, the findings of both verdicts, the leaf's facts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from ..findings import Finding, Report, Severity
from .certificate import Certificate
from .path import PathVerdict
from .repair import RepairedChain
from .rules import RULES


@dataclass(frozen=True, slots=True)
class LeafFacts:
    """What the leaf is, for display and for the ledger. Times are aware, digests hexadecimal."""

    subject: str
    issuer: str
    names: tuple[str, ...]
    not_before: datetime | None
    not_after: datetime | None
    serial: str
    sha256: str
    spki_sha256: str
    lifetime_seconds: int | None


@dataclass(frozen=True, slots=True)
class CertificateReport:
    """`findings` holds both verdicts; `path_findings` and `lint_findings` tell them apart."""

    path: PathVerdict
    findings: tuple[Finding, ...]
    not_judged: tuple[str, ...]
    leaf: LeafFacts | None = None
    certificate: Certificate | None = None
    repaired_chain: RepairedChain | None = None
    strict_findings: tuple[Finding, ...] = ()

    @property
    def conforms(self) -> bool:
        """Whether a client that enforces the whole profile accepts it too (`rules.STRICT`)."""
        return self.path.accepted and not self.strict_findings

    @property
    def path_findings(self) -> tuple[Finding, ...]:
        return tuple(f for f in self.findings if RULES[f.rule].verdict != "LINT")

    @property
    def lint_findings(self) -> tuple[Finding, ...]:
        return tuple(f for f in self.findings if RULES[f.rule].verdict == "LINT")

    @property
    def blocks(self) -> bool:
        """Whether an upload must stop."""
        return not self.path.accepted or any(f.severity >= Severity.CRITICAL for f in self.findings)

    def as_report(self) -> Report:
        return Report(self.leaf.subject if self.leaf else "bundle", self.findings, self.not_judged)


def leaf_facts(leaf: Certificate) -> LeafFacts:
    facts = leaf.extensions
    return LeafFacts(
        subject=leaf.label,
        issuer=leaf.issuer_text,
        names=(*facts.dns_names, *(str(a) for a in facts.addresses)),
        not_before=leaf.not_before,
        not_after=leaf.not_after,
        serial=f"{leaf.serial:x}",
        sha256=leaf.sha256,
        spki_sha256=leaf.spki_sha256,
        lifetime_seconds=leaf.lifetime_seconds,
    )
