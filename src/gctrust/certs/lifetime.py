"""TIME: is the certificate valid now and at go-live, how long it lasts, and which limits come."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from ..findings import Finding
from .certificate import Certificate
from .rules import found

DAY = 86_400


@dataclass(frozen=True, slots=True)
class Limit:
    """From `since` (issue date) a public certificate lasts at most `days` (BR section 6.3.2)."""

    since: datetime
    days: int


LIMITS = (
    Limit(datetime(2020, 9, 1, tzinfo=UTC), 398),
    Limit(datetime(2026, 3, 15, tzinfo=UTC), 200),
    Limit(datetime(2027, 3, 15, tzinfo=UTC), 100),
    Limit(datetime(2029, 3, 15, tzinfo=UTC), 47),
)


def limit_for(issued: datetime) -> Limit | None:
    return next((limit for limit in reversed(LIMITS) if issued >= limit.since), None)


def days_of(cert: Certificate) -> int | None:
    """Days of 86,400 s; any excess is one more day (BR section 6.3.2)."""
    seconds = cert.lifetime_seconds
    return None if seconds is None else -(-seconds // DAY)


def is_short_lived(cert: Certificate) -> bool:
    """BR section 1.6.1: 10 days when issued before 2026-03-15, 7 days since."""
    seconds, issued = cert.lifetime_seconds, cert.not_before
    if seconds is None or issued is None or issued < datetime(2024, 3, 15, tzinfo=UTC):
        return False
    return seconds <= (10 if issued < LIMITS[1].since else 7) * DAY


def judge_time(
    leaf: Certificate,
    intermediates: tuple[Certificate, ...],
    *,
    at: datetime,
    go_live: datetime | None,
    public: bool,
) -> Iterator[Finding]:
    for note in leaf.time_notes:
        yield found("cert.time-encoding", leaf.label, detail=note)
    if leaf.not_before is None or leaf.not_after is None:
        return
    if leaf.not_after < leaf.not_before:
        yield found("cert.time-order", leaf.label)
        return
    yield from _now(leaf, at, go_live)
    for cert in intermediates:
        if cert.is_ca and cert.not_after and at <= cert.not_after < leaf.not_after:
            yield found(
                "cert.intermediate-first", cert.label, date=_text(cert.not_after), leaf=leaf.label
            )
    if public:
        yield from _limits(leaf, leaf.not_before, at)


def _now(leaf: Certificate, at: datetime, go_live: datetime | None) -> Iterator[Finding]:
    before, after = leaf.not_before, leaf.not_after
    if before is None or after is None:
        return
    if at > after:
        yield found("cert.expired", leaf.label, date=_text(after))
        return
    if at < before:
        # clocks of clients differ by minutes; within five the rest of the world may already fail
        yield found("cert.not-yet-valid", leaf.label, date=_text(before))
    if go_live is not None and go_live > after:
        yield found("cert.expired-at-go-live", leaf.label, date=_text(after), live=_text(go_live))
    if go_live is not None and go_live < before <= at:
        yield found("cert.not-yet-valid", leaf.label, date=_text(before))
    left = (after - at).total_seconds()
    if at >= before and left * 3 < (after - before).total_seconds():
        yield found("cert.renew-soon", leaf.label, days=int(left // DAY), date=_text(after))


def _limits(leaf: Certificate, issued: datetime, at: datetime) -> Iterator[Finding]:
    seconds, days = leaf.lifetime_seconds, days_of(leaf)
    limit = limit_for(issued)
    if seconds is None or days is None:
        return
    if limit is not None and days > limit.days:
        yield found("cert.lifetime", leaf.label, days=days, limit=limit.days, issued=_text(issued))
    elif limit is not None and days == limit.days:
        yield found("cert.lifetime-edge", leaf.label, days=days, should=limit.days - 1)
    if limit is None or days <= limit.days:
        yield from _coming(leaf, issued, seconds, days, at)


def _coming(
    leaf: Certificate, issued: datetime, seconds: int, days: int, at: datetime
) -> Iterator[Finding]:
    """TIME-07: who renews as this certificate was issued does so every two thirds of its life."""
    ends = leaf.not_after or issued
    step = timedelta(seconds=max(seconds * 2 // 3, DAY))
    broken = []
    for coming in (x for x in LIMITS if x.since > issued and days > x.days):
        renewal = max(at, ends - timedelta(seconds=seconds // 3))
        while renewal < coming.since:
            renewal += step
        broken.append(f"{coming.days} days from {coming.since:%Y-%m-%d}, met {renewal:%Y-%m-%d}")
    if broken:
        each = int(step.total_seconds() // DAY)
        yield found("cert.coming-limit", leaf.label, days=days, limits=broken, renewal=each)


def _text(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S}Z"
