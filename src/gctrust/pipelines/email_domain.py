"""Journey 1: an email domain, from its registration to "verified".

Register or adopt → required records → DNS (SPF, DKIM, MX, FCrDNS) → wait → verification → status.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from ..errors import Fact, Problem
from ..findings import Severity
from .effect import ending
from .effects import (
    AssessMail,
    EmailDomainSeen,
    FindEmailDomain,
    Instant,
    MailAssessment,
    Now,
    Pipeline,
    ReadEmailDomain,
    Record,
    RegisterEmailDomain,
    RequestVerification,
    Segment,
    Stage,
    Wait,
    do,
)
from .orders import EmailDomainOrder, EmailDomainState, RunEnd
from .platform_domain import (
    PlatformDomain,
    assess,
    is_published,
    kept_warning,
    protects,
    without_mx,
)

FIRST_PAUSE = 2.0  # the guide's back-off: base 2 s, doubled, at most 30 s while someone watches
LONGEST_ATTACHED_PAUSE = 30.0
ATTACHED_LOOKS = 5
POLL_EVERY = 5.0  # the guide's status polls: 10, 5 s apart, then the durable schedule
ATTACHED_POLLS = 10
LONGEST_PAUSE = 3600.0
LONGEST_UNDATED_PAUSE = 900.0  # where no TTL tells when looking again can show something
MOST_DOUBLINGS = 16  # far past the longest pause, far below what a float can hold
CANCEL = "cancel"


@dataclass(slots=True)
class _Run:
    """What a run has learnt so far; one place for the closing record to read."""

    order: EmailDomainOrder
    started: float
    seen: EmailDomainSeen | None = None
    adopted: bool = False
    mail: MailAssessment | None = None
    looks: int = 0
    live: bool = False
    polls: int = 0

    @classmethod
    def of(cls, order: EmailDomainOrder, state: EmailDomainState) -> _Run:
        return cls(order, **{name: getattr(state, name) for name in EmailDomainState.__slots__})

    def state(self) -> EmailDomainState:
        assert self.seen is not None
        return EmailDomainState(
            self.started, self.seen, self.adopted, self.mail, self.looks, self.live, self.polls
        )

    def deadline(self, now: Instant) -> float:
        """A resumed run has its horizon anew; its figures still count from its first start."""
        return self.started + self.order.horizon if now.deadline is None else now.deadline


def email_domain(
    order: EmailDomainOrder, state: EmailDomainState | None = None
) -> Pipeline[RunEnd]:
    """Bring `order.domain` to verified, or say what it still lacks at the horizon.

    A Problem is recorded, then raised: the run can be resumed at the effect that met it.
    """
    run = _Run.of(order, state) if state else _Run(order, (yield from do(Now())).at)
    try:
        status = yield from _journey(run)
    except Problem as problem:
        yield from _ended(ending(problem), run, problem)
        raise
    return (yield from _ended(status, run))


def _journey(run: _Run) -> Pipeline[str]:
    if run.seen is None:
        yield from _register(run)
    interrupted = "" if run.live else (yield from _records_live(run))
    return interrupted or (yield from _verified(run))


def _register(run: _Run) -> Pipeline[None]:
    yield from do(
        Stage("register", f"register or adopt {PlatformDomain.of(run.order.domain).name}")
    )
    run.adopted = bool((yield from do(FindEmailDomain(run.order.domain))).id)
    run.seen = yield from do(RegisterEmailDomain(run.order.domain))


def _records_live(run: _Run) -> Pipeline[str]:
    """Look until every required record is on every server; tells why it ended before that."""
    while True:
        seen = run.seen
        assert seen is not None
        yield from do(Segment(run.state()))
        yield from do(Stage("dns", f"{len(seen.required)} required records"))
        run.mail = mail = yield from _look(run, seen)
        if mail.ready:
            run.live = True
            return ""
        now = yield from do(Now())
        deadline = run.deadline(now)
        if now.at >= deadline:
            return "unverified"
        until = min(_next_look(mail, now.at, run.looks), now.at + LONGEST_PAUSE, deadline)
        run.looks += 1
        woken = yield from do(Wait(until, _waits_for(mail), (CANCEL,)))
        if woken.signal == CANCEL:
            return "cancelled"


def _look(run: _Run, seen: EmailDomainSeen) -> Pipeline[MailAssessment]:
    order, required = run.order, seen.required
    if not is_published(seen.id):
        return (
            yield from do(
                AssessMail(order.domain, required, order.selectors, order.include, run.looks)
            )
        )
    name = PlatformDomain.of(seen.id).name
    mail = yield from assess(seen.id, required, run.looks)
    if not protects(mail, name):
        return kept_warning(run.mail, mail, name)
    # Everybody's mail lives at this name: what can be verified without its MX still is.
    left = without_mx(name, required)
    run.seen = replace(seen, required=left)
    return kept_warning(mail, (yield from assess(seen.id, left, run.looks)), name)


def _next_look(mail: MailAssessment, now: float, looks: int) -> float:
    """Back-off while someone watches, then the TTLs; what no TTL dates is looked at ever rarer."""
    pause = FIRST_PAUSE * 2.0 ** min(looks, MOST_DOUBLINGS)
    if looks < ATTACHED_LOOKS:
        return now + min(pause, LONGEST_ATTACHED_PAUSE)
    return max(mail.next_look, now + min(pause, LONGEST_UNDATED_PAUSE))


def _waits_for(mail: MailAssessment) -> str:
    """What keeps the domain from being verified: records that lack, or findings that block."""
    if mail.missing:
        return "DNS lacks " + ", ".join(mail.missing)
    critical = {found.rule for found in mail.findings if found.severity >= Severity.CRITICAL}
    if critical:
        return "critical findings: " + ", ".join(sorted(critical))
    return "DNS lacks a record on some server"


def _verified(run: _Run) -> Pipeline[str]:
    """Poll the platform's own verdict; ask for a new verification where it needs one."""
    seen = run.seen
    assert seen is not None
    if seen.status != "verified" and not run.polls:
        yield from do(Stage("verify", "ask the platform to verify"))
        run.seen = seen = yield from do(RequestVerification(seen.id))
    while seen.status != "verified":
        now = yield from do(Now())
        deadline = run.deadline(now)
        if now.at >= deadline:
            return "unverified"
        doublings = min(max(0, run.polls - ATTACHED_POLLS + 1), MOST_DOUBLINGS)
        run.polls += 1
        until = min(now.at + min(POLL_EVERY * 2.0**doublings, LONGEST_PAUSE), deadline)
        woken = yield from do(Wait(until, f"the platform says {seen.raw}", (CANCEL,)))
        if woken.signal == CANCEL:
            return "cancelled"
        run.seen = seen = yield from do(ReadEmailDomain(seen.id))
        if _wants_asking(seen):
            run.seen = seen = yield from do(RequestVerification(seen.id))
        yield from do(Segment(run.state()))
    return "succeeded"


def _wants_asking(seen: EmailDomainSeen) -> bool:
    """A verification that failed stays so until it is restarted; a campaign domain is looked at
    when it is asked for, and at no other time."""
    campaign = is_published(seen.id) and PlatformDomain.of(seen.id).campaign
    return seen.status == "failed" or (campaign and seen.status != "verified")


def _ended(status: str, run: _Run, problem: Problem | None = None) -> Pipeline[RunEnd]:
    seen, mail, name = run.seen, run.mail, PlatformDomain.of(run.order.domain).name
    now = yield from do(Now())
    audit: Mapping[str, Fact] = {
        "domain_id": seen.id if seen else None,
        "domain": name,
        "status": seen.status if seen else "unknown",
        "latency_ms": round((now.at - run.started) * 1000, 1),
        "resumed": now.resumed,
        "delivery_accepted": None,
        "error": str(problem) if problem else _lacking(status, mail),
    }
    yield from do(Record(f"email-domain.{status}", name, audit, "email_domain.verification", audit))
    yield from do(Stage("done", status))
    return RunEnd(
        status,
        {**audit, "adopted": run.adopted},
        mail.findings if mail else (),
        mail.not_judged if mail else (),
    )


def _lacking(status: str, mail: MailAssessment | None) -> str | None:
    if status == "succeeded":
        return None
    return status if mail is None or mail.ready else _waits_for(mail)
