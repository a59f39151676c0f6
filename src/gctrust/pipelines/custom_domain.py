"""Journey 2: a custom domain's certificate, from its files to handshakes that prove it serves.

Validate → upload → the platform's own audit entry → handshakes on every edge.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import Fact, Problem
from ..findings import Severity
from .effect import ending
from .effects import (
    AssessFiles,
    AuditEntry,
    CertificateAssessment,
    CustomDomainSeen,
    HandshakesSeen,
    Now,
    Pipeline,
    ProbeEdges,
    ReadAudit,
    Record,
    Stage,
    UploadCertificate,
    Wait,
    do,
)
from .orders import CustomDomainOrder, RunEnd

FIRST_PAUSE = 2.0
LONGEST_PAUSE = 300.0
AUDIT_SKEW = 60.0  # the platform's clock may be behind ours
CANCEL = "cancel"


@dataclass(slots=True)
class _Run:
    """What a run has learnt so far; one place for the closing record to read."""

    order: CustomDomainOrder
    started: float
    judged: CertificateAssessment | None = None
    seen: CustomDomainSeen | None = None
    entry: AuditEntry | None = None
    served: HandshakesSeen | None = None

    @property
    def deadline(self) -> float:
        return self.started + self.order.horizon


def custom_domain(order: CustomDomainOrder) -> Pipeline[RunEnd]:
    """Deploy the certificate; it ends in "succeeded" only when every edge serves that very leaf.

    A Problem is recorded, then raised: the run can be resumed at the effect that met it.
    """
    run = _Run(order, (yield from do(Now())).at)
    try:
        status = yield from _deployed(run)
    except Problem as problem:
        yield from _ended(ending(problem), run, problem)
        raise
    return (yield from _ended(status, run))


def _deployed(run: _Run) -> Pipeline[str]:
    order = run.order
    yield from do(Stage("validate", order.files.certificate))
    run.judged = judged = yield from do(AssessFiles(order.files, order.domain, order.profile))
    if blocks(judged):
        return "refused"
    yield from do(Stage("upload", order.domain))
    run.seen = seen = yield from do(
        UploadCertificate(order.domain, order.files, judged.leaf_sha256, judged.spki_sha256)
    )
    if not seen.adopted:
        run.entry = yield from _audited(seen, run.started, run.deadline)
    return (yield from _served(run, judged.leaf_sha256))


def blocks(judged: CertificateAssessment) -> bool:
    """An upload stops before it is sent: no accepted path, or a finding that blocks."""
    return not judged.accepted or any(
        found.severity >= Severity.CRITICAL for found in judged.findings
    )


def _audited(
    seen: CustomDomainSeen, started: float, deadline: float
) -> Pipeline[AuditEntry | None]:
    """The platform's own entry of this upload; None when it does not come in time."""
    pause = FIRST_PAUSE
    yield from do(Stage("audit", "find the platform's own entry"))
    while True:
        audit = yield from do(ReadAudit(seen.id, started - AUDIT_SKEW))
        if audit.entries:
            return max(audit.entries, key=lambda entry: entry.timestamp)
        now = (yield from do(Now())).at
        if now + pause > min(deadline, started + LONGEST_PAUSE):
            return None
        yield from do(Wait(now + pause, "the platform has not written its audit entry", ()))
        pause *= 2


def _served(run: _Run, leaf: str) -> Pipeline[str]:
    order, pause = run.order, FIRST_PAUSE
    while True:
        yield from do(Stage("probe", f"{order.handshakes} handshakes with each edge"))
        run.served = served = yield from do(ProbeEdges(order.domain, order.handshakes))
        if proves(served, leaf):
            return "succeeded"
        now = (yield from do(Now())).at
        if now >= run.deadline:
            return "unverified"
        woken = yield from do(
            Wait(min(now + pause, run.deadline), _behind(served, leaf), (CANCEL,))
        )
        if woken.signal == CANCEL:
            return "cancelled"
        pause = min(pause * 2, LONGEST_PAUSE)


def _behind(served: HandshakesSeen, leaf: str) -> str:
    """Why the handshakes are no proof yet, in words for whoever watches."""
    behind = sorted({edge for edge, seen in served.served if seen != leaf})
    if behind:
        return f"edges behind: {', '.join(behind)}"
    if served.legacy_accepted:
        return f"edges still accept {', '.join(served.legacy_accepted)}"
    return f"{served.succeeded} of {served.tried} handshakes succeeded"


def proves(served: HandshakesSeen, leaf: str) -> bool:
    """Every handshake succeeded and every edge showed the leaf that was uploaded."""
    return (
        served.tried > 0
        and served.succeeded == served.tried
        and bool(served.served)
        and all(seen == leaf for _, seen in served.served)
        and not served.legacy_accepted
    )


def _ended(status: str, run: _Run, problem: Problem | None = None) -> Pipeline[RunEnd]:
    order, judged, seen, entry = run.order, run.judged, run.seen, run.entry
    now = (yield from do(Now())).at
    facts: dict[str, Fact] = {
        "domain": order.domain,
        "domain_id": seen.id if seen else None,
        "status": status,
        "latency_ms": round((now - run.started) * 1000, 1),
        "leaf_sha256": judged.leaf_sha256 if judged else None,
        "adopted": seen.adopted if seen else None,
        "upload_ms": round(seen.latency * 1000, 1) if seen else None,
        "platform_audit_id": entry.id if entry else None,
        "platform_audit_status": entry.status if entry else None,
        "error": str(problem) if problem else None,
    }
    if run.served:
        facts |= _handshake_facts(run.served)
    yield from do(
        Record(f"custom-domain.{status}", order.domain, facts, "custom_domain.deployed", facts)
    )
    yield from do(Stage("done", status))
    findings = judged.findings if judged else ()
    return RunEnd(status, facts, findings, judged.not_judged if judged else ())


def _handshake_facts(served: HandshakesSeen) -> dict[str, Fact]:
    return {
        "handshakes": served.tried,
        "handshakes_succeeded": served.succeeded,
        "handshake_success_rate": served.succeeded / served.tried if served.tried else None,
        "p50_ms": served.p50_ms,
        "p95_ms": served.p95_ms,
        "p99_ms": served.p99_ms,
        "stapled": served.stapled,
        "versions": list(served.versions),
        "causes": [f"{cause}: {count}" for cause, count in served.causes],
    }
