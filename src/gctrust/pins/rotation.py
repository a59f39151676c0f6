"""Judge a planned rotation: may these pins follow those, and will the overlap hold?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

from ..findings import Finding, Report, finding
from . import rules
from .match_rate import MatchRate
from .pin_set import MAX_PINS
from .spki import Pin, PinKind

SKEW = 300.0  # seconds a verifier's clock may be off
MARGIN = 3600.0  # seconds the old certificate must outlive the overlap


@dataclass(frozen=True, slots=True)
class Lifetime:
    """Validity of one certificate, in Unix seconds."""

    not_before: float
    not_after: float


@dataclass(frozen=True, slots=True)
class RotationPlan:
    """What a rotation starts from. `live` is the platform's set as read, current first."""

    client_id: str
    mtls_required: bool
    live: tuple[Pin, ...]
    new: Pin
    old: Pin
    backup: Pin | None
    new_life: Lifetime
    old_life: Lifetime
    start: float
    soak: float
    drain: float
    same_key: bool = False

    @property
    def published(self) -> tuple[Pin, ...]:
        """What must be accepted during the overlap: new first, every pin once."""
        wanted = (self.new, self.old, *((self.backup,) if self.backup else ()))
        return tuple(dict.fromkeys(wanted))

    @property
    def retired(self) -> tuple[Pin, ...]:
        """What stays when the old pin has gone."""
        return tuple(pin for pin in self.published if pin != self.old)


def assess_rotation(plan: RotationPlan) -> Report:
    """Every finding of the plan, worst or not; CRITICAL ones mean it must not start."""
    return Report(plan.client_id, tuple(_findings(plan)))


def assess_match_rate(subject: str, rate: MatchRate, target: float) -> Report:
    """The guard before retiring: does the lower bound reach the target?"""
    if rate.lower_bound >= target:
        return Report(subject)
    seen = finding(
        rules.RATE_TOO_LOW,
        subject,
        matched=rate.matched,
        tried=rate.tried,
        bound=round(rate.lower_bound, 5),
        target=target,
    )
    return Report(subject, (seen,))


def _findings(plan: RotationPlan) -> Iterator[Finding]:
    subject = plan.client_id
    if not plan.mtls_required:
        yield finding(rules.MTLS_OFF, subject)
    yield from _about_pins(plan)
    yield from _about_time(plan)


def _about_pins(plan: RotationPlan) -> Iterator[Finding]:
    subject = plan.client_id
    if plan.same_key and plan.new.kind is PinKind.SPKI:
        yield finding(rules.NOTHING_TO_CHANGE, subject)
    roles = [("new", plan.new), ("old", plan.old)]
    if plan.backup:
        roles.append(("backup", plan.backup))
    else:
        yield finding(rules.NO_BACKUP, subject)
    for (first, one), (second, other) in combinations(roles, 2):
        if one == other:
            yield finding(rules.NOT_DISTINCT, subject, first=first, second=second)
    kinds = {pin.kind for pin in plan.live}
    if kinds - {plan.new.kind}:
        live = ", ".join(sorted(kinds))
        yield finding(rules.MIXED_KINDS, subject, live=live, planned=plan.new.kind.value)
    elif plan.old not in plan.live and plan.new not in plan.live:
        yield finding(rules.OLD_NOT_LIVE, subject, pin=plan.old.base64)
    count = len({*plan.live, *plan.published})
    if count > MAX_PINS:
        yield finding(rules.TOO_MANY, subject, count=count, limit=MAX_PINS)


def _about_time(plan: RotationPlan) -> Iterator[Finding]:
    first_use = plan.start + plan.soak
    late = plan.new_life.not_before + SKEW - first_use
    if plan.new_life.not_before > plan.start and late > 0:
        yield finding(rules.NOT_YET_VALID, plan.client_id, wait=round(late))
    short = first_use + plan.drain + MARGIN - plan.old_life.not_after
    if short > 0:
        yield finding(rules.OVERLAP_OUTLIVES_OLD, plan.client_id, short=round(short))
