"""Journey 1: an email domain, from its registration to "verified".

Register or adopt → required records → DNS (SPF, DKIM, MX, FCrDNS) → wait → verification → status.
"""

from __future__ import annotations

from collections.abc import Mapping

from ..errors import Fact, Problem
from .effects import (
    AssessMail,
    EmailDomainSeen,
    MailAssessment,
    Now,
    Pipeline,
    ReadEmailDomain,
    Record,
    RegisterEmailDomain,
    RequestVerification,
    Stage,
    Wait,
    do,
)
from .orders import EmailDomainOrder, RunEnd

FIRST_PAUSE = 2.0  # the guide's back-off: base 2 s, doubled, at most 30 s while someone watches
LONGEST_ATTACHED_PAUSE = 30.0
ATTACHED_LOOKS = 5
POLL_EVERY = 5.0  # the guide's status polls: 10, 5 s apart, then the durable schedule
ATTACHED_POLLS = 10
LONGEST_PAUSE = 3600.0
CANCEL = "cancel"


def email_domain(order: EmailDomainOrder) -> Pipeline[RunEnd]:
    """Bring `order.domain` to verified, or say what it still lacks at the horizon."""
    started = (yield from do(Now())).at
    deadline = started + order.horizon
    yield from do(Stage("register", f"register or adopt {order.domain}"))
    try:
        seen = yield from do(RegisterEmailDomain(order.domain))
    except Problem as problem:
        return (yield from _ended("failed", order, None, None, started, problem))
    mail, interrupted = yield from _records_live(order, seen, deadline)
    if interrupted:
        return (yield from _ended(interrupted, order, seen, mail, started))
    seen, status = yield from _verified(seen, deadline)
    return (yield from _ended(status, order, seen, mail, started))


def _records_live(
    order: EmailDomainOrder, seen: EmailDomainSeen, deadline: float
) -> Pipeline[tuple[MailAssessment, str]]:
    """Look until every required record is on every server; the second part tells why it ended."""
    looks = 0
    while True:
        yield from do(Stage("dns", f"{len(seen.required)} required records"))
        mail = yield from do(
            AssessMail(order.domain, seen.required, order.selectors, order.include)
        )
        if mail.ready:
            return mail, ""
        now = (yield from do(Now())).at
        if now >= deadline:
            return mail, "unverified"
        pause = min(FIRST_PAUSE * 2**looks, LONGEST_ATTACHED_PAUSE)
        due = now + pause if looks < ATTACHED_LOOKS else max(mail.next_look, now + pause)
        looks += 1
        reason = f"DNS lacks {', '.join(mail.missing) or 'a record on some server'}"
        until = min(due, now + LONGEST_PAUSE, deadline)
        woken = yield from do(Wait(until, reason, (CANCEL,)))
        if woken.signal == CANCEL:
            return mail, "cancelled"


def _verified(seen: EmailDomainSeen, deadline: float) -> Pipeline[tuple[EmailDomainSeen, str]]:
    """Poll the platform's own verdict; ask for a new verification where it needs one."""
    polls = 0
    if seen.status != "verified":
        yield from do(Stage("verify", "ask the platform to verify"))
        seen = yield from do(RequestVerification(seen.id))
    while seen.status != "verified":
        now = (yield from do(Now())).at
        if now >= deadline:
            return seen, "unverified"
        late = polls >= ATTACHED_POLLS
        pause = min(POLL_EVERY * 2 ** (polls - ATTACHED_POLLS + 1), LONGEST_PAUSE)
        polls += 1
        until = min(now + (pause if late else POLL_EVERY), deadline)
        woken = yield from do(Wait(until, f"the platform says {seen.raw}", (CANCEL,)))
        if woken.signal == CANCEL:
            return seen, "cancelled"
        seen = yield from do(ReadEmailDomain(seen.id))
        if seen.status == "failed":
            seen = yield from do(RequestVerification(seen.id))
    return seen, "succeeded"


def _ended(
    status: str,
    order: EmailDomainOrder,
    seen: EmailDomainSeen | None,
    mail: MailAssessment | None,
    started: float,
    problem: Problem | None = None,
) -> Pipeline[RunEnd]:
    now = (yield from do(Now())).at
    audit: Mapping[str, Fact] = {
        "domain_id": seen.id if seen else None,
        "domain": order.domain,
        "status": seen.status if seen else "unknown",
        "latency_ms": round((now - started) * 1000, 1),
        "delivery_accepted": None,
        "error": str(problem) if problem else _lacking(status, mail),
    }
    yield from do(
        Record(f"email-domain.{status}", order.domain, audit, "email_domain.verification", audit)
    )
    yield from do(Stage("done", status))
    return RunEnd(
        status,
        {**audit, "adopted": seen.adopted if seen else False},
        mail.findings if mail else (),
        mail.not_judged if mail else (),
    )


def _lacking(status: str, mail: MailAssessment | None) -> str | None:
    if status == "succeeded":
        return None
    return "DNS lacks " + ", ".join(mail.missing) if mail and mail.missing else status
