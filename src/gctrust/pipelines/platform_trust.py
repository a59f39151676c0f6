"""Journey 2 at the platform: a signing certificate, or a CA of edges, replaced with an overlap.

Look → publish the new one beside the old → both stand for a while → the old one goes. Until then
`roll-back` takes the new one away again, and nobody was ever refused.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ..errors import Fact, Problem
from ..findings import Finding, Rule, Severity, finding
from .effect import ending
from .effects import Now, Pipeline, Record, Stage, Wait, do
from .orders import RunEnd
from .platform_orders import TrustOrder
from .trust_effects import (
    EDGES,
    PROVIDER,
    ChangeTrust,
    NewCertificate,
    ReadNewCertificate,
    ReadTrust,
    TrustedOne,
    TrustHeld,
)

DAY = 86_400.0
SOON = 30 * DAY
CANCEL, ADVANCE, BACK = "cancel", "advance", "roll-back"

EXPIRED = Rule(
    id="trust.expired",
    row="TLS-04",
    severity=Severity.CRITICAL,
    sentence="The new certificate {subject} has expired.",
    why="The platform refuses it, and nothing signed with it would be believed.",
    fix="Give the certificate that is in force.",
    source="RFC 5280 section 4.1.2.5",
    example="last year's file",
)
NOT_YET = Rule(
    id="trust.not-yet-valid",
    row="TLS-04",
    severity=Severity.CRITICAL,
    sentence="The new certificate {subject} is not valid yet.",
    why="The platform refuses a signing certificate before its first day.",
    fix="Order this again when the certificate has begun.",
    source="the published API's error code certificate.not.yet.valid",
    example="a certificate issued for next month",
)
NO_AUTHORITY = Rule(
    id="trust.no-authority",
    row="TLS-04",
    severity=Severity.CRITICAL,
    sentence="{subject} is no CA, and edges trust CAs.",
    why="A leaf as trust anchor trusts one key, which its owner will change.",
    fix="Give the certificate of the CA that issues for your SIP servers.",
    source="RFC 5280 section 4.2.1.9",
    example="the certificate of one SBC",
)
SOON_OVER = Rule(
    id="trust.expires-soon",
    row="TLS-04",
    severity=Severity.WARN,
    sentence="{subject}, held by {holder}, ends in {days} days.",
    why="After its last day the platform believes nothing that is signed with it.",
    fix="Have the next certificate issued and rotate: `gctrust tls rotate {holder} --cert FILE`.",
    source="RFC 5280 section 4.1.2.5",
    example="an identity provider's signing certificate in its last month",
)
OVER = Rule(
    id="trust.over",
    row="TLS-04",
    severity=Severity.ERROR,
    sentence="{subject}, held by {holder}, has expired.",
    why="The platform believes nothing that is signed with it.",
    fix="Rotate now: `gctrust tls rotate {holder} --cert FILE --overlap 0`.",
    source="RFC 5280 section 4.1.2.5",
    example="log-ins fail since last night",
)
LAST = Rule(
    id="trust.replaces-unknown",
    row="TLS-04",
    severity=Severity.CRITICAL,
    sentence="{holder} does not hold {subject}, which is to be replaced.",
    why="What is named wrongly would stay for ever, believed to be gone.",
    fix="Name a certificate that `gctrust tls trusted` shows.",
    source="docs/guides/published-dialect.md",
    example="--replaces names the certificate of another provider",
)
SECOND_OPINION = Rule(
    id="trust.second-opinion",
    row="TLS-05",
    severity=Severity.ERROR,
    sentence="The platform reads {subject} otherwise than gctrust: {differs}.",
    why="What is read in two ways is trusted in two ways; one of the readers is wrong.",
    fix="Have the certificate issued again without what is read differently, or report it.",
    source="docs/guides/published-dialect.md",
    example="the platform says that a certificate has expired which has not",
)
AFFECTED = Rule(
    id="trust.sso-affected",
    row="TLS-06",
    severity=Severity.WARN,
    sentence="{subject} is affected when the platform changes its own SSO certificate.",
    why="The platform signs log-in or log-out requests to it: it must know the new certificate.",
    fix="Give the announced certificate to that identity provider before the day of the change.",
    source="the vendor's announcements of its service provider certificate",
    example="a provider with signAuthnRequests, or with a log-out URI",
)
RULES = (EXPIRED, NOT_YET, NO_AUTHORITY, SOON_OVER, OVER, LAST, SECOND_OPINION, AFFECTED)


@dataclass(slots=True)
class _Run:
    order: TrustOrder
    started: float
    new: NewCertificate | None = None
    held: TrustHeld | None = None
    replaced: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()
    added: bool = False


def platform_trust(order: TrustOrder) -> Pipeline[RunEnd]:
    """It ends in "succeeded" when the new certificate is held and those it replaces are not."""
    run = _Run(order, (yield from do(Now())).at)
    try:
        status = yield from _rotated(run)
    except Problem as problem:
        yield from _ended(ending(problem), run, problem)
        raise
    return (yield from _ended(status, run))


def _rotated(run: _Run) -> Pipeline[str]:
    order = run.order
    yield from do(Stage("validate", order.certificate))
    run.new = new = yield from do(ReadNewCertificate(order.certificate))
    run.held = held = yield from do(ReadTrust(order.holder))
    run.replaced = replaced_by(order, new.one, held)
    run.findings = judge(order, new, held, run.started)
    if any(found.severity >= Severity.CRITICAL for found in run.findings):
        return "refused"
    run.added = new.one.sha256 not in held.digests
    yield from do(Stage("publish", f"{new.one.subject} beside what is held"))
    now_held = yield from _change(run, new.one.sha256, (), held)
    if run.replaced and order.overlap:
        yield from do(Stage("overlap", "both are held"))
        until = (yield from do(Now())).at + order.overlap
        reason = "the old certificate is held beside the new one"
        woken = yield from do(Wait(until, reason, (CANCEL, ADVANCE, BACK)))
        if woken.signal in (CANCEL, BACK):
            return (yield from _back(run, now_held, woken.signal))
    yield from do(Stage("retire", f"{len(run.replaced)} replaced"))
    yield from _change(run, new.one.sha256, run.replaced, now_held)
    return "succeeded"


def _back(run: _Run, held: TrustHeld, signal: str) -> Pipeline[str]:
    """A cancelled run leaves both: nothing is refused by that. Going back takes ours away."""
    assert run.new is not None
    if signal == CANCEL:
        return "cancelled"
    yield from do(Stage("roll-back", "the new certificate goes"))
    if run.added:
        yield from _change(run, "", (run.new.one.sha256,), held)
    return "rolled-back"


def _change(
    run: _Run, added: str, removed: tuple[str, ...], held: TrustHeld
) -> Pipeline[TrustHeld]:
    order = run.order
    return (
        yield from do(
            ChangeTrust(
                order.holder, order.certificate, added, removed, held.digests, order.name
            )
        )
    )  # fmt: skip


def replaced_by(order: TrustOrder, new: TrustedOne, held: TrustHeld) -> tuple[str, ...]:
    """A provider has one signing key: the new certificate replaces all others. Edges trust several
    CAs, so there what is replaced has to be named."""
    if order.replaces or order.holder == EDGES:
        return order.replaces
    return tuple(digest for digest in held.digests if digest != new.sha256)


def judge(
    order: TrustOrder, new: NewCertificate, held: TrustHeld, now: float
) -> tuple[Finding, ...]:
    """What speaks against it; nothing is sent when something critical does."""
    one = new.one
    found = [*new.findings]
    if one.not_after <= now:
        found.append(finding(EXPIRED, one.subject))
    if one.not_before > now:
        found.append(finding(NOT_YET, one.subject))
    if order.holder == EDGES and not new.is_ca:
        found.append(finding(NO_AUTHORITY, one.subject))
    if now < one.not_after <= now + SOON:
        found.append(_soon(one, order.holder, now))
    unknown = [digest for digest in order.replaces if digest not in held.digests]
    found += [finding(LAST, digest, holder=order.holder) for digest in unknown]
    return tuple(found)


def expiring(held: Iterable[TrustHeld], now: float) -> tuple[Finding, ...]:
    """What is held and ends soon, or has ended."""
    found = []
    for holder in held:
        for one in holder.certificates:
            if one.not_after <= now:
                found.append(finding(OVER, one.subject, holder=holder.holder))
            elif one.not_after <= now + SOON:
                found.append(_soon(one, holder.holder, now))
    return tuple(found)


def affected(held: Iterable[TrustHeld]) -> tuple[Finding, ...]:
    """The providers that have to learn the platform's own next SSO certificate."""
    return tuple(
        finding(AFFECTED, one.name or one.holder.removeprefix(PROVIDER), holder=one.holder)
        for one in held
        if one.signs and not one.disabled
    )


def _soon(one: TrustedOne, holder: str, now: float) -> Finding:
    days = int((one.not_after - now) // DAY)
    fix = SOON_OVER.fix.format(holder=holder)
    return finding(SOON_OVER, one.subject, fix=fix, holder=holder, days=days)


def _ended(status: str, run: _Run, problem: Problem | None = None) -> Pipeline[RunEnd]:
    order, now = run.order, (yield from do(Now()))
    facts: dict[str, Fact] = {
        "holder": order.holder,
        "status": status,
        "certificate_sha256": run.new.one.sha256 if run.new else None,
        "subject": run.new.one.subject if run.new else None,
        "adopted": not run.added if run.held else None,
        "replaced": list(run.replaced),
        "latency_ms": round((now.at - run.started) * 1000, 1),
        "resumed": now.resumed,
        "error": str(problem) if problem else None,
    }
    yield from do(
        Record(f"platform-trust.{status}", order.holder, facts, "platform_trust.rotated", facts)
    )
    yield from do(Stage("done", status))
    return RunEnd(status, facts, run.findings)
