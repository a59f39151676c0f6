"""Journey 2: a custom domain's certificate, from its files to handshakes that prove it serves.

Validate → upload → the platform's own audit entry → handshakes on every edge.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import Fact, Problem
from ..findings import Finding
from .deploy_plan import plan_deployment, refusal, with_history
from .effect import ending
from .effects import (
    AssessFiles,
    AuditEntry,
    CertificateAssessment,
    CertificateHeld,
    CustomDomainSeen,
    ForgetKeys,
    HandshakesSeen,
    Instant,
    KeepKey,
    Now,
    Pipeline,
    ProbeEdges,
    ReadAudit,
    ReadCertificate,
    Record,
    Segment,
    Stage,
    UploadCertificate,
    Wait,
    do,
)
from .orders import CustomDomainOrder, CustomDomainState, RunEnd

FIRST_PAUSE = 2.0
LONGEST_PAUSE = 300.0
MOST_DOUBLINGS = 16  # far past the longest pause, far below what a float can hold
AUDIT_SKEW = 60.0  # the platform's clock may be behind ours
CANCEL = "cancel"


@dataclass(slots=True)
class _Run:
    """What a run has learnt so far; one place for the closing record to read."""

    order: CustomDomainOrder
    started: float
    judged: CertificateAssessment | None = None
    held: CertificateHeld | None = None
    seen: CustomDomainSeen | None = None
    entry: AuditEntry | None = None
    looks: int = 0
    action: str = ""
    served: HandshakesSeen | None = None
    findings: tuple[Finding, ...] = ()

    @classmethod
    def of(cls, order: CustomDomainOrder, state: CustomDomainState) -> _Run:
        return cls(order, **{name: getattr(state, name) for name in CustomDomainState.__slots__})

    def state(self) -> CustomDomainState:
        assert self.judged is not None
        assert self.held is not None
        assert self.seen is not None
        told = (self.entry, self.looks, self.action)
        return CustomDomainState(self.started, self.judged, self.held, self.seen, *told)

    def deadline(self, now: Instant) -> float:
        """A resumed run has its horizon anew; its figures still count from its first start."""
        return self.started + self.order.horizon if now.deadline is None else now.deadline

    @property
    def adopted(self) -> bool | None:
        """The platform held it all before this run: nothing was sent."""
        if self.held is None or self.judged is None:
            return None
        return self.held.serves(self.judged.leaf_sha256, self.judged.chain_sha256)


def custom_domain(
    order: CustomDomainOrder, state: CustomDomainState | None = None
) -> Pipeline[RunEnd]:
    """Deploy the certificate; it ends in "succeeded" only when every edge serves that very leaf.

    A Problem is recorded, then raised: the run can be resumed at the effect that met it.
    """
    run = _Run.of(order, state) if state else _Run(order, (yield from do(Now())).at)
    try:
        status = yield from _deployed(run)
    except Problem as problem:
        yield from _ended(ending(problem), run, problem)
        raise
    return (yield from _ended(status, run))


def _deployed(run: _Run) -> Pipeline[str]:
    order = run.order
    if run.seen is None:
        yield from do(Stage("validate", order.files.certificate))
        run.judged = judged = yield from do(AssessFiles(order.files, order.domain, order.profile))
        refused = refusal(order, judged)
        if refused is not None:
            run.findings = refused
            return "refused"
        run.held = held = yield from do(ReadCertificate(order.domain))
        run.judged = judged = with_history(judged, held)
        plan = plan_deployment(order, judged, held)
        run.action, run.findings = plan.action, plan.forbidden(order.allow)
        if run.findings:
            return "refused"
        yield from _uploaded(run, judged, held)
    assert run.judged is not None
    status = yield from _served(run, run.judged.leaf_sha256)
    if status == "succeeded":
        yield from _forget(run)
    return status


def _uploaded(run: _Run, judged: CertificateAssessment, held: CertificateHeld) -> Pipeline[None]:
    """Adopted is only what was there before this run: after a crash its own upload is its own."""
    order = run.order
    yield from do(Stage("upload", f"{order.domain}: {run.action}"))
    if run.action == "nothing":
        yield from do(KeepKey(order.domain, order.files, judged.leaf_sha256))
        run.seen = CustomDomainSeen(held.id, order.domain, held.status, held.leaf_sha256)
        return
    digests = (judged.leaf_sha256, judged.spki_sha256, held.leaf_sha256)
    run.seen = yield from do(UploadCertificate(order.domain, order.files, *digests))
    if run.seen.audited:
        run.entry = yield from _audited(run, run.seen)


def _forget(run: _Run) -> Pipeline[None]:
    """A rollback needs the certificate that serves now and the one before, no other."""
    if run.adopted or not run.held or not run.judged:
        return
    but = tuple(leaf for leaf in (run.judged.leaf_sha256, run.held.leaf_sha256) if leaf)
    yield from do(ForgetKeys(run.order.domain, but))


def _audited(run: _Run, seen: CustomDomainSeen) -> Pipeline[AuditEntry | None]:
    """The platform's own entry of this upload; None when it does not come in time."""
    pause = FIRST_PAUSE
    yield from do(Stage("audit", "find the platform's own entry"))
    began = (yield from do(Now())).at
    while True:
        audit = yield from do(ReadAudit(seen.id, run.started - AUDIT_SKEW))
        if audit.entries:
            return max(audit.entries, key=lambda entry: entry.timestamp)
        now = yield from do(Now())
        # A resumption waits anew: the platform had no chance while the run lay still.
        since = max(began, run.deadline(now) - run.order.horizon)
        if now.at + pause > min(run.deadline(now), since + LONGEST_PAUSE):
            return None
        yield from do(Wait(now.at + pause, "the platform has not written its audit entry", ()))
        pause *= 2


def _served(run: _Run, leaf: str) -> Pipeline[str]:
    order = run.order
    while True:
        yield from do(Segment(run.state()))
        yield from do(Stage("probe", f"{order.handshakes} handshakes with each edge"))
        run.served = served = yield from do(ProbeEdges(order.domain, order.handshakes))
        if proves(served, leaf):
            return "succeeded"
        now = yield from do(Now())
        deadline = run.deadline(now)
        if now.at >= deadline:
            return "unverified"
        pause = min(FIRST_PAUSE * 2.0 ** min(run.looks, MOST_DOUBLINGS), LONGEST_PAUSE)
        run.looks += 1
        until = min(now.at + pause, deadline)
        woken = yield from do(Wait(until, _behind(served, leaf), (CANCEL,)))
        if woken.signal == CANCEL:
            return "cancelled"


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
    now = yield from do(Now())
    facts: dict[str, Fact] = {
        "domain": order.domain,
        "domain_id": seen.id if seen else None,
        "status": status,
        "action": run.action or None,
        "latency_ms": round((now.at - run.started) * 1000, 1),
        "resumed": now.resumed,
        "leaf_sha256": judged.leaf_sha256 if judged else None,
        "adopted": run.adopted,
        "upload_ms": round(seen.latency * 1000, 1) if seen else None,
        "platform_audit_id": entry.id if entry else None,
        "platform_audit_status": entry.status if entry else None,
        "leaf_sha256_before": run.held.leaf_sha256 or None if run.held else None,
        "rollback": order.rollback,
        "error": str(problem) if problem else None,
    }
    if run.served:
        facts |= _handshake_facts(run.served)
    yield from do(
        Record(f"custom-domain.{status}", order.domain, facts, "custom_domain.deployed", facts)
    )
    yield from do(Stage("done", status))
    findings = (judged.findings if judged else ()) + run.findings
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
