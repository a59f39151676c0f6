"""What an upload would change, in plain words, and its hazards, each to be allowed by name.

Pure: from what the judge said of the files and what the platform holds now.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta

from ..certs.bundle import read_bundle
from ..certs.certificate import Certificate
from ..certs.compare import CertificateDiff, compare_certificates
from ..certs.key import judge_reuse
from ..findings import Finding, Rule, Severity, finding
from .certificate_effects import CertificateAssessment, CertificateHeld
from .orders import CustomDomainOrder

SAME_BATCH = timedelta(days=1)  # certificates this close were issued together

NO_ROLLBACK = Rule(
    id="tls.no-rollback",
    row="TLS-01",
    severity=Severity.ERROR,
    sentence="The certificate that serves {subject} now could not be restored: its key is not kept "
    "here",
    why="A platform never gives a key back. gctrust keeps sealed only the keys it deployed itself.",
    fix="Deploy the old files once more: nothing is sent, and their key is kept. Or allow it: "
    "--allow tls.no-rollback",
    source="docs/decisions/sealed-keys.md",
    example="the first renewal of a certificate that was deployed by other means",
)
OLDER = Rule(
    id="tls.older-certificate",
    row="TLS-02",
    severity=Severity.ERROR,
    sentence="The certificate for {subject} is older than the one it replaces: it began {new}, "
    "that one {old}",
    why="Mostly an old file was taken for the new one; it also ends earlier.",
    fix="Give the newer certificate, or allow it: --allow tls.older-certificate",
    source="RFC 5280 section 4.1.2.5",
    example="--cert names the file of last year",
)
HAZARDS = (NO_ROLLBACK, OLDER)
NO_KEY = Rule(
    id="tls.no-key",
    row="TLS-03",
    severity=Severity.CRITICAL,
    sentence="The files hold no private key of the certificate for {subject}",
    why="A certificate serves only with its key.",
    fix="Give the key file the certificate was requested with: --key FILE",
    source="RFC 8446 section 4.4.3",
    example="--key names a file that holds another certificate",
)


def refusal(order: CustomDomainOrder, judged: CertificateAssessment) -> tuple[Finding, ...] | None:
    """Why nothing may be sent, beside what the judge found; None when it may be.

    No accepted path, a finding that blocks, or no key.
    """
    if not judged.with_key:
        return (finding(NO_KEY, order.domain),)
    worst = max((found.severity for found in judged.findings), default=Severity.INFO)
    return () if not judged.accepted or worst >= Severity.CRITICAL else None


def with_history(judged: CertificateAssessment, held: CertificateHeld) -> CertificateAssessment:
    """The judgement with KEY-14, once it is known what the platform holds."""
    old, new = _leaf(held.certificate), _leaf(judged.certificate)
    if held.id and old is None:
        return judged
    reused = tuple(judge_reuse(new, old)) if new and old else ()
    left = tuple(why for why in judged.not_judged if not why.startswith("KEY-14"))
    return replace(judged, findings=judged.findings + reused, not_judged=left)


@dataclass(frozen=True, slots=True)
class DeploymentPlan:
    """`action`: "create", "renew", "complete the chain" or "nothing". `changes` are lines."""

    action: str
    changes: tuple[str, ...] = ()
    hazards: tuple[Finding, ...] = ()

    def forbidden(self, allowed: tuple[str, ...]) -> tuple[Finding, ...]:
        return tuple(one for one in self.hazards if one.rule not in allowed)


def plan_deployment(
    order: CustomDomainOrder, judged: CertificateAssessment, held: CertificateHeld
) -> DeploymentPlan:
    """What `order` would do to what is `held`."""
    if not held.id:
        return DeploymentPlan("create", ("the platform does not know the domain yet",))
    if held.serves(judged.leaf_sha256, judged.chain_sha256):
        return DeploymentPlan("nothing", ("the platform holds this certificate and its chain",))
    if held.leaf_sha256 == judged.leaf_sha256:
        lacking = len(set(judged.chain_sha256) - set(held.chain_sha256 or ()))
        lines = (f"the certificate stays; {lacking} intermediate(s) that clients need are added",)
        return DeploymentPlan("complete the chain", lines)
    old, new = _leaf(held.certificate), _leaf(judged.certificate)
    if old is None or new is None:
        lines = ("what the platform holds cannot be read, and is replaced",)
        return DeploymentPlan("renew", lines, _unrestorable(order, held))
    diff = compare_certificates(old, new, hosts=(order.domain,))
    hazards = (*_unrestorable(order, held), *_older(order, diff, old, new))
    return DeploymentPlan("renew", diff.lines, hazards)


def _unrestorable(order: CustomDomainOrder, held: CertificateHeld) -> tuple[Finding, ...]:
    return () if held.kept else (finding(NO_ROLLBACK, order.domain),)


def _older(
    order: CustomDomainOrder, diff: CertificateDiff, old: Certificate, new: Certificate
) -> tuple[Finding, ...]:
    """Ending earlier alone says little: lifetimes shrink. A rollback is asked to go back."""
    if order.rollback or not diff.ends_earlier or not old.not_before or not new.not_before:
        return ()
    if new.not_before > old.not_before - SAME_BATCH:
        return ()
    began = [f"{one.not_before:%Y-%m-%d}" for one in (new, old)]
    return (finding(OLDER, order.domain, new=began[0], old=began[1]),)


def _leaf(pem: str) -> Certificate | None:
    found = read_bundle(pem.encode("utf-8", "replace")).certificates if pem else ()
    return found[0] if found else None
