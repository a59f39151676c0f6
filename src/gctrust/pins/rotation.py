"""Judge a planned rotation: may these pins follow those, and will the overlap hold?"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

from ..findings import Finding, Report, Severity, finding
from . import rules
from .choreography import Roles, Step, emergency_choreography, flaws_of, full_choreography
from .match_rate import MatchRate
from .pin_set import MAX_PINS
from .spki import BadPin, Pin, PinKind

SKEW = 300.0  # seconds a verifier's clock may be off
MARGIN = 3600.0  # seconds the old certificate must outlive the overlap
EXERCISED_WITHIN = 90 * 86_400.0  # seconds since the backup was last seen in a handshake


@dataclass(frozen=True, slots=True)
class Lifetime:
    """Validity of one certificate, in Unix seconds."""

    not_before: float
    not_after: float


@dataclass(frozen=True, slots=True)
class Windows:
    """Seconds. `soak` and `drain` are planned; the others are declared, None where nobody did."""

    soak: float
    drain: float
    propagation: float | None = None
    ticket_life: float | None = None
    connection_life: float | None = None
    token_life: float | None = None
    client_reload: float | None = None

    @property
    def undeclared(self) -> tuple[str, ...]:
        names = ("propagation", "ticket_life", "connection_life", "token_life", "client_reload")
        return tuple(name.replace("_", " ") for name in names if getattr(self, name) is None)


@dataclass(frozen=True, slots=True)
class Live:
    """The platform's set as read, current first. `odd` are pins or a kind that cannot be read,
    `limit` is the most it takes."""

    mtls_required: bool
    pins: tuple[Pin, ...]
    odd: tuple[str, ...] = ()
    limit: int = MAX_PINS

    @classmethod
    def read(
        cls, mtls_required: bool, kind: str, pins: tuple[str, ...], limit: int = MAX_PINS
    ) -> Live:
        if kind not in [known.value for known in PinKind]:
            return cls(mtls_required, (), (f"kind {kind[:40]!r}",) if pins else (), limit)
        good, odd = [], []
        for text in pins:
            try:
                good.append(Pin.parse(text, PinKind(kind)))
            except BadPin:
                odd.append(text[:60])
        return cls(mtls_required, tuple(good), tuple(odd), limit)


@dataclass(frozen=True, slots=True)
class Backup:
    """What is known of the backup; `last_use` None: nothing tells, 0.0: never seen."""

    deployed: bool = False
    same_ca: bool = False
    last_use: float | None = None
    has_key: bool = False


@dataclass(frozen=True, slots=True)
class Policies:
    """What the order allows or declares, and what the machine's set-up says to it.

    `flaws` are the certificate judge's ids that refuse the new one; `issuer_paths` the verified
    ways to a configured CA, None when none is configured; `ct` "valid", "missing" or "private";
    `no_way_back` why a client could not go back; `unbound` who keeps tokens bound to the old one.
    """

    flaws: tuple[str, ...] = ()
    issuer_paths: tuple[str, ...] | None = None
    ct: str = "private"
    ct_policy: str = "report"
    not_ours: tuple[str, ...] = ()
    webhook: str = "none"
    expiry: str = ""
    typed: Pin | None = None
    no_way_back: tuple[str, ...] = ()
    unbound: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RotationPlan:
    """What a rotation starts from; `steps` is what it will do, the full choreography unless told.

    A `compromised` old key is dropped at once, by the emergency choreography.
    """

    client_id: str
    live: Live
    roles: Roles
    new_life: Lifetime
    old_life: Lifetime
    start: float
    windows: Windows
    same_key: bool = False
    backup: Backup = Backup()
    policies: Policies = Policies()
    compromised: bool = False
    steps: tuple[Step, ...] = ()

    @property
    def choreography(self) -> tuple[Step, ...]:
        made = emergency_choreography if self.compromised else full_choreography
        return self.steps or made(self.live.pins, self.roles)


def assess_rotation(plan: RotationPlan) -> Report:
    """Every finding of the plan, worst or not; CRITICAL ones mean it must not start."""
    found = (
        *_about_pins(plan), *_about_live(plan), *_about_backup(plan), *_about_time(plan),
        *_about_order(plan), *_about_certificate(plan), *_about_company(plan),
    )  # fmt: skip
    return Report(plan.client_id, found, tuple(_not_judged(plan)))


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


def assess_coverage(subject: str, by_endpoint: tuple[tuple[str, int, int], ...]) -> Report:
    """Every endpoint has to be in the sample: one that nobody reached may hold any pins."""
    dead = (name for name, matched, refused in by_endpoint if not matched + refused)
    seen = (
        finding(rules.NOT_COVERED, subject, what=f"endpoint {name} (no sample)") for name in dead
    )
    return Report(subject, tuple(seen))


def _about_pins(plan: RotationPlan) -> Iterator[Finding]:
    subject, roles, typed = plan.client_id, plan.roles, plan.policies.typed
    if plan.same_key and roles.new.kind is PinKind.SPKI:
        yield finding(rules.NOTHING_TO_CHANGE, subject)
        return
    if typed is not None and typed != roles.new:
        given, computed = str(typed), str(roles.new)
        yield finding(rules.TYPED_DIFFERS, subject, typed=given, computed=computed)
    named = [("new", roles.new), ("old", roles.old)]
    if roles.backup:
        named.append(("backup", roles.backup))
    elif not roles.others:
        yield finding(rules.NO_BACKUP, subject)
    for (first, one), (second, other) in combinations(named, 2):
        if one == other:
            yield finding(rules.NOT_DISTINCT, subject, first=first, second=second)


def _about_live(plan: RotationPlan) -> Iterator[Finding]:
    subject, live, roles = plan.client_id, plan.live, plan.roles
    if not live.mtls_required:
        yield finding(rules.MTLS_OFF, subject)
    if live.odd:
        yield finding(rules.LIVE_UNREADABLE, subject, seen=", ".join(live.odd))
    kinds = {pin.kind for pin in live.pins}
    if kinds - {roles.new.kind}:
        shown = ", ".join(sorted(kinds))
        fix = f"Rotate with --pin-kind {shown}, or change the kind in a rotation of its own."
        planned = roles.new.kind.value
        yield finding(rules.MIXED_KINDS, subject, fix=fix, live=shown, planned=planned)
        return
    if not live.odd and roles.old not in live.pins and roles.new not in live.pins:
        yield finding(rules.OLD_NOT_LIVE, subject, pin=roles.old.base64)
    count = max(len({*live.pins, *step.live}) for step in plan.choreography)
    limit = min(live.limit, MAX_PINS)
    if count > limit:
        yield finding(rules.TOO_MANY, subject, count=count, limit=limit)


def _about_backup(plan: RotationPlan) -> Iterator[Finding]:
    backup = plan.backup
    if plan.roles.backup is None:
        return
    near = {
        "its key lies in the same file": backup.deployed,
        "it is of the new certificate's CA": backup.same_ca,
    }
    how = "; ".join(text for text, holds in near.items() if holds)
    if how:
        yield finding(rules.BACKUP_NOT_APART, plan.client_id, how=how)
    late = backup.last_use is not None and backup.last_use < plan.start - EXERCISED_WITHIN
    if late and not backup.has_key:
        yield finding(
            rules.BACKUP_UNEXERCISED, plan.client_id, days=round(EXERCISED_WITHIN / 86_400)
        )


def _about_time(plan: RotationPlan) -> Iterator[Finding]:
    windows, subject = plan.windows, plan.client_id
    waits = not plan.compromised
    first_use = plan.start + (windows.soak if waits else 0.0)
    late = plan.new_life.not_before + SKEW - first_use
    if plan.new_life.not_before > plan.start and late > 0:
        yield finding(rules.NOT_YET_VALID, subject, wait=round(late))
    if not waits or plan.roles.old not in plan.live.pins:
        return
    short = first_use + windows.drain + MARGIN - plan.old_life.not_after
    if short > 0:
        yield finding(rules.OVERLAP_OUTLIVES_OLD, subject, short=round(short))
    yield from _about_windows(windows, subject)


def _about_windows(windows: Windows, subject: str) -> Iterator[Finding]:
    soak, drain, propagation = windows.soak, windows.drain, windows.propagation
    if propagation is not None and soak < 2 * propagation:
        yield finding(
            rules.SOAK_SHORT, subject,
            fix=f"Plan --soak {math.ceil(2 * propagation)} or longer.",
            soak=round(soak), propagation=round(propagation),
        )  # fmt: skip
    lives = {
        "ticket life": windows.ticket_life,
        "longest connection": windows.connection_life,
        "token life": windows.token_life,
        "slowest reload": windows.client_reload,
    }
    needed, what = max((life or 0.0, name) for name, life in lives.items())
    if drain < needed:
        fix = f"Plan --drain {math.ceil(needed)} or longer."
        yield finding(
            rules.DRAIN_SHORT, subject,
            fix=fix, what=what, drain=round(drain), needed=round(needed),
        )  # fmt: skip


def _about_order(plan: RotationPlan) -> Iterator[Finding]:
    # With the old pin gone, or not the one in use, there is no order left to be proved.
    if plan.roles.old in plan.live.pins and plan.roles.new != plan.roles.old:
        for flaw in flaws_of(plan.choreography, plan.roles, compromised=plan.compromised):
            yield finding(rules.ORDER, plan.client_id, flaw=flaw)
        for what in plan.policies.no_way_back if not plan.compromised else ():
            yield finding(rules.NO_WAY_BACK, plan.client_id, what=what)


def _about_certificate(plan: RotationPlan) -> Iterator[Finding]:
    policies, subject = plan.policies, plan.client_id
    if policies.flaws:
        yield finding(rules.NEW_UNFIT, subject, flaws=", ".join(policies.flaws))
    if policies.issuer_paths == ():
        yield finding(rules.ISSUER, subject)
    for what in policies.not_ours:
        yield finding(rules.NOT_OURS, subject, what=what)
    if policies.ct == "missing" and policies.ct_policy != "off":
        required = policies.ct_policy == "required"
        yield finding(rules.CT, subject, severity=Severity.CRITICAL if required else Severity.WARN)


def _about_company(plan: RotationPlan) -> Iterator[Finding]:
    policies, subject = plan.policies, plan.client_id
    for who in policies.unbound:
        yield finding(rules.BOUND_TOKENS, subject, who=who)
    if policies.webhook == "unsigned":
        yield finding(rules.WEBHOOK, subject)
    if not policies.expiry:
        yield finding(rules.EXPIRY, subject)


def _not_judged(plan: RotationPlan) -> Iterator[str]:
    policies = plan.policies
    if plan.windows.undeclared:
        yield f"soak and drain against {', '.join(plan.windows.undeclared)}: not declared"
    if policies.issuer_paths is None:
        yield "the new certificate's issuer: no CA is configured (GCTRUST_PIN_ISSUER_PATH)"
    if policies.ct == "private":
        yield "certificate transparency: not applicable, the issuer is no public CA"
    elif policies.ct_policy == "off":
        yield "certificate transparency: switched off for this rotation"
    if plan.roles.backup and plan.backup.last_use is None and not plan.backup.has_key:
        yield "when the backup was last exercised: no source tells, and no key is given"
