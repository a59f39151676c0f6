"""Journey 3: the pins of an OAuth client's mTLS certificate, rotated without a refused handshake.

Constraints → publish {new, old, backup} → soak → observe both → drain → retire the old one → done.
The verifier must take the new key before a client shows it, and the old one until none can.
"""

from __future__ import annotations

from dataclasses import replace

from ..errors import Fact, Problem
from ..findings import Finding, Severity, finding
from ..pins.match_rate import MatchRate
from ..pins.rotation import Lifetime, RotationPlan, assess_match_rate, assess_rotation
from ..pins.rules import CHANGED_MEANWHILE
from ..pins.spki import Pin, PinKind
from .effect import Undone, ending
from .effects import (
    AssessFiles,
    CertificateAssessment,
    CertificateFiles,
    Now,
    Pipeline,
    Record,
    Stage,
    Wait,
    do,
)
from .orders import PinRotationOrder, RunEnd
from .pin_effects import (
    ClientPins,
    ComputePins,
    PinProbe,
    PinsOfFiles,
    ProbePins,
    ReadPins,
    WritePins,
)

FIRST_PAUSE = 2.0
LONGEST_PAUSE = 600.0
CANCEL = "cancel"
ADVANCE = "advance"
ROLL_BACK = "roll-back"
NO_BACKUP = "pin.no-backup"


class _Rotation:
    """What a running rotation has learnt so far; one place for the closing record to read."""

    def __init__(self, order: PinRotationOrder, started: float) -> None:
        self.order, self.started = order, started
        self.before: ClientPins | None = None
        self.pins: PinsOfFiles | None = None
        self.findings: tuple[Finding, ...] = ()
        self.not_judged: tuple[str, ...] = ()
        self.probe: PinProbe | None = None
        self.problem: Problem | None = None
        self.unrestored: Problem | None = None
        self.written: list[tuple[str, ...]] = []  # the sets this run asked the platform for

    @property
    def deadline(self) -> float:
        return self.started + self.order.horizon


def pin_rotation(order: PinRotationOrder) -> Pipeline[RunEnd]:
    """Rotate; every guard is measured, and a guard that does not pass by the horizon rolls back."""
    run = _Rotation(order, (yield from do(Now())).at)
    try:
        status = yield from _rotate(run)
    except Problem as problem:
        run.problem, status = problem, ending(problem)
    if status not in ("succeeded", "refused"):
        status = yield from _roll_back(run, status)
    end = yield from _ended(run, status)
    if run.problem:
        raise Undone(run.problem)
    return end


def _rotate(run: _Rotation) -> Pipeline[str]:
    order = run.order
    yield from do(Stage("prepare", "read the live pins, judge the new certificate"))
    run.before = before = yield from do(ReadPins(order.client_id))
    judged = yield from do(AssessFiles(order.new, "", order.profile))
    run.pins = pins = yield from do(ComputePins(order.new, order.old, order.backup, order.kind))
    run.findings = _judge(run, before, judged, pins)
    run.not_judged = judged.not_judged
    if not judged.accepted or any(_stops(found, order) for found in run.findings):
        return "refused"
    live = yield from _publish(run, before, pins)
    for stage in (_soak, _drain):
        interrupted = yield from stage(run)
        if interrupted:
            return interrupted
    return (yield from _retire(run, live, pins))


def _judge(
    run: _Rotation, before: ClientPins, judged: CertificateAssessment, pins: PinsOfFiles
) -> tuple[Finding, ...]:
    order, kind = run.order, PinKind(pins.kind)
    live_kind = PinKind(before.kind) if before.kind else kind
    plan = RotationPlan(
        client_id=order.client_id,
        mtls_required=before.mtls_required,
        live=tuple(Pin.parse(pin, live_kind) for pin in before.pins),
        new=Pin.parse(pins.new, kind),
        old=Pin.parse(pins.old, kind),
        backup=Pin.parse(pins.backup, kind) if pins.backup else None,
        new_life=Lifetime(pins.new_not_before, pins.new_not_after),
        old_life=Lifetime(pins.old_not_before, pins.old_not_after),
        start=run.started,
        soak=order.soak,
        drain=order.drain,
        same_key=pins.same_key,
    )
    return judged.findings + assess_rotation(plan).findings


def _stops(found: Finding, order: PinRotationOrder) -> bool:
    if found.rule == NO_BACKUP:
        return NO_BACKUP not in order.allow
    return found.severity >= Severity.CRITICAL


def _publish(run: _Rotation, before: ClientPins, pins: PinsOfFiles) -> Pipeline[ClientPins]:
    yield from do(Stage("publish", "accept the new pin beside the old one"))
    return (yield from do(_write(run, before.etag, pins.new, pins.old, pins.backup)))


def _write(run: _Rotation, etag: str, primary: str, fallback: str, backup: str) -> WritePins:
    order = run.order
    run.written.append(tuple(pin for pin in (primary, fallback, backup) if pin))
    return WritePins(
        client_id=order.client_id,
        etag=etag,
        service_id=order.service_id,
        kind=order.kind,
        primary=primary,
        fallback=fallback,
        backup=backup,
        chain=order.new.chain or order.new.certificate,
    )


def _soak(run: _Rotation) -> Pipeline[str]:
    """Wait for propagation, then see both certificates accepted on every endpoint."""
    order = run.order
    yield from do(Stage("soak", f"{order.soak:.0f} s for the pins to reach every endpoint"))
    now = (yield from do(Now())).at
    woken = yield from do(Wait(now + order.soak, "propagation of the new pin", _SIGNALS))
    if woken.signal in (CANCEL, ROLL_BACK):
        return _interrupted(woken.signal)
    for files in (order.new, order.old):
        if files.key:
            interrupted = yield from _observe(run, files, "soak")
            if interrupted:
                return interrupted
    return ""


def _drain(run: _Rotation) -> Pipeline[str]:
    """Keep both pins while clients change over, then measure the rate the guard asks for."""
    order = run.order
    yield from do(Stage("drain", f"{order.drain:.0f} s in which clients may show either pin"))
    now = (yield from do(Now())).at
    woken = yield from do(Wait(now + order.drain, "clients to take the new key", _SIGNALS))
    if woken.signal in (CANCEL, ROLL_BACK):
        return _interrupted(woken.signal)
    return (yield from _observe(run, order.new, "drain"))


def _observe(run: _Rotation, files: CertificateFiles, stage: str) -> Pipeline[str]:
    """Probe until the lower bound passes the target; "" when it does, else why it ended."""
    order, pause = run.order, FIRST_PAUSE
    while True:
        probe = yield from do(ProbePins(files, order.handshakes))
        rate = MatchRate(probe.matched, probe.matched + probe.refused)
        if files == order.new:
            run.probe = probe
        guard = assess_match_rate(order.client_id, rate, order.target_rate)
        yield from do(Stage(stage, _told(rate, order.target_rate)))
        if guard.passes():
            return ""
        now = (yield from do(Now())).at
        if now >= run.deadline:
            run.findings += guard.findings
            return "rolled-back"
        reason = f"match rate {_told(rate, order.target_rate)}"
        woken = yield from do(Wait(min(now + pause, run.deadline), reason, _SIGNALS))
        if woken.signal in (CANCEL, ROLL_BACK):
            return _interrupted(woken.signal)
        pause = min(pause * 2, LONGEST_PAUSE)


_SIGNALS = (CANCEL, ROLL_BACK, ADVANCE)


def _interrupted(signal: str | None) -> str:
    return "cancelled" if signal == CANCEL else "rolled-back"


def _told(rate: MatchRate, target: float) -> str:
    return f"{rate.matched} of {rate.tried}, at least {rate.lower_bound:.4f} (target {target})"


def _retire(run: _Rotation, live: ClientPins, pins: PinsOfFiles) -> Pipeline[str]:
    yield from do(Stage("retire", "drop the old pin"))
    yield from do(_write(run, live.etag, pins.new, pins.backup, ""))
    return (yield from _observe(run, run.order.new, "confirm")) or "succeeded"


def _roll_back(run: _Rotation, status: str) -> Pipeline[str]:
    """Put the set of before back. A failure here is recorded too, and makes the status "failed"."""
    while True:
        try:
            yield from _restore(run)
            return status
        except Problem as problem:
            if ending(problem) == "cancelled":  # another cancel: it must not stop the undoing
                continue
            run.unrestored = problem
            run.problem = run.problem or problem
            return "failed"


def _restore(run: _Rotation) -> Pipeline[None]:
    """Only over a set this run wrote: a set of someone else's is left alone, and told."""
    before, order = run.before, run.order
    if before is None or not run.written:
        return
    now = yield from do(ReadPins(order.client_id))
    if now.pins == before.pins:
        return
    if now.pins not in run.written:
        seen = ", ".join(now.pins) or "none"
        run.findings += (finding(CHANGED_MEANWHILE, order.client_id, seen=seen),)
        return
    yield from do(Stage("roll-back", "restore the pins of before"))
    back = _write(run, now.etag, before.primary, before.fallback, before.backup)
    yield from do(replace(back, chain=order.old.chain or order.old.certificate))


def _ended(run: _Rotation, status: str) -> Pipeline[RunEnd]:
    order, probe = run.order, run.probe
    now = (yield from do(Now())).at
    after = run.pins
    tried = probe.matched + probe.refused if probe else 0
    rate = MatchRate(probe.matched, tried) if probe else None
    audit: dict[str, Fact] = {
        "clientId": order.client_id,
        "serviceId": order.service_id,
        "primaryPin": after.new if after and status == "succeeded" else None,
        "fallbackPin": after.old if after else None,
        "pinKind": order.kind,
        "latencyMs": round((now - run.started) * 1000, 1),
        "pinMatchRate": rate.rate if rate else None,
        "pinMatchSample": tried,
        "pinMatchLowerBound": round(rate.lower_bound, 6) if rate else None,
        "status": status,
        "error": _error(run),
    }
    event: dict[str, Fact] = {
        "event": "certificate_rotation",
        "clientId": order.client_id,
        "pins": [after.new, after.old] if after else [],
        "latency": audit["latencyMs"],
        "status": status,
    }
    yield from do(
        Record(f"pin-rotation.{status}", order.client_id, audit, "certificate_rotation", event)
    )
    yield from do(Stage("done", status))
    return RunEnd(status, audit, run.findings, run.not_judged)


def _error(run: _Rotation) -> str | None:
    if run.unrestored and run.unrestored is not run.problem:
        return f"{run.problem}; the pins of before were not restored: {run.unrestored}"
    return str(run.problem) if run.problem else None
