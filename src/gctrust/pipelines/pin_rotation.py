"""Journey 3: the pins of an OAuth client's mTLS certificate, rotated without a refused handshake.

Prepare → publish {new, old, backup} → soak → canary → switch → drain → retire the old → confirm.
The verifier must take the new key before a client shows it, and the old one until none can. Where
the rotation stands is read from the live pins; the journal only explains.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ..errors import Problem
from ..findings import finding
from ..pins.choreography import Move, Standing
from ..pins.pin_set import PinSet
from ..pins.rotation import (
    EXERCISED_WITHIN,
    MARGIN,
    SKEW,
    assess_coverage,
    assess_match_rate,
    assess_rotation,
)
from ..pins.rules import EMERGENCY, NOT_COVERED, OVERLAP_OUTLIVES_OLD, STILL_IN_USE
from ..pins.spki import PinKind
from ..pins.use import Shown, Watched, assess_use, assess_writer
from .effect import Undone, ending
from .effects import AssessFiles, CertificateFiles, Now, Pipeline, Segment, do
from .orders import PinRotationOrder, RunEnd
from .pin_effects import (
    ClientTarget,
    ComputePins,
    PinRotationState,
    PinUse,
    ProbePins,
    ReadPins,
    SwitchClient,
)
from .pin_rollback import roll_back
from .pin_run import (
    FIRST_PAUSE,
    Rotation,
    Stop,
    confirmed,
    ended,
    landed,
    now,
    once,
    pause,
    plan_of,
    rate_of,
    settled,
    stage,
    use_since,
    write,
)

LONGEST_PAUSE = 600.0
FEW = 12  # handshakes that judge one switched client
CANARY_REFUSED = "canary refused"  # a part: somebody was, who showed the new certificate
SETTLED = ("succeeded", "refused", "unverified")  # ends that leave the pins as they are


def pin_rotation(
    order: PinRotationOrder, state: PinRotationState | None = None
) -> Pipeline[RunEnd]:
    """Rotate; every guard is measured, and a guard that does not pass by the horizon rolls back."""
    run = Rotation.of(order, state) if state else Rotation(order, (yield from do(Now())).at)
    try:
        yield from _rotate(run)
        status = "succeeded"
    except Stop as stop:
        status = stop.status
    except Problem as problem:
        run.problem, status = problem, ending(problem)
    if status not in SETTLED:
        status = yield from roll_back(run, status)
    end = yield from ended(run, status)
    if run.problem:
        raise Undone(run.problem)
    return end


def _rotate(run: Rotation) -> Pipeline[None]:
    if run.pins is None:
        yield from _prepare(run)
    while run.moves:
        yield from do(Segment(run.state()))
        yield from _CARRY_OUT[Move(run.moves[0])](run)
        run.moves = run.moves[1:]


def _prepare(run: Rotation) -> Pipeline[None]:
    """Read the live pins, judge certificate and plan; what is proved is what is then carried out.

    Raises Stop: refused, or nothing to do.
    """
    order = run.order
    yield from stage(run, "prepare", "read the live pins, judge the new certificate")
    run.before = before = yield from do(ReadPins(order.client_id))
    judged = yield from do(AssessFiles(order.new, "", order.profile))
    run.pins = files = yield from do(
        ComputePins(order.new, order.old, order.backup, order.kind, order.targets)
    )
    seen = None
    if files.use_source and files.backup:
        seen = yield from use_since(run, run.started - EXERCISED_WITHIN)
    landed(run, "prepare", before.pins)
    plan = plan_of(run, before, judged, seen)
    report = assess_rotation(plan)
    run.find(judged.findings + report.findings)
    run.not_judged = judged.not_judged + report.not_judged
    if any(run.stops(found) for found in report.findings):
        raise Stop("refused")
    if files.same_key and order.kind == PinKind.SPKI:
        raise Stop("succeeded")
    left = (Move.CONFIRM,) if run.standing is Standing.RETIRED else tuple(Move)
    run.moves = tuple(step.move.value for step in plan.choreography if step.move in left)


def _publish(run: Rotation) -> Pipeline[None]:
    assert run.before is not None
    pins = PinSet.of(*run.known.published)
    yield from stage(run, "publish", "accept the new pin beside the old one")
    landed(run, "publish", (yield from do(write(run, run.before.etag, pins))).pins)


def _soak(run: Rotation) -> Pipeline[None]:
    """Wait for propagation, then see both certificates accepted on every endpoint."""
    order = run.order
    yield from once(run, "soaked", _propagation(run))
    yield from _observe(run, order.new, "soak")
    if order.old.key:
        yield from _observe(run, order.old, "soak")
    if order.backup_key:
        backup = CertificateFiles(order.backup, order.backup_key)
        yield from _observe(run, backup, "soak", count=FEW, target=0.0)


def _propagation(run: Rotation) -> Pipeline[None]:
    order, files = run.order, run.files
    yield from stage(run, "soak", f"{order.soak:.0f} s for the pins to reach every endpoint")
    until = (yield from now(run)) + order.soak
    if files.new_not_before > run.started:
        until = max(until, files.new_not_before + SKEW)
    if not order.old.key:
        run.not_judged += ("handshakes with the old certificate: its key is not given",)
    yield from pause(run, until, "propagation of the new pin")


def _canary(run: Rotation) -> Pipeline[None]:
    """The first clients show the new certificate, and are watched."""
    order = run.order
    yield from once(run, "canary begun", _begin_canary(run))
    if order.switch == "files":
        for target in order.targets[: order.canary]:
            yield from _switch_one(run, target)
    elif order.switch == "operator":
        run.shown = True
        what = "put the new certificate on one client, then `gctrust pins advance`"
        yield from once(run, "canary confirmed", _asked(run, what))
    yield from _observe(run, order.new, "canary", count=max(FEW, order.handshakes // 4), target=0.0)
    yield from once(run, "canary watched", _watch_canary(run))
    if CANARY_REFUSED in run.parts:
        yield from _observe(run, order.new, "canary")


def _begin_canary(run: Rotation) -> Pipeline[None]:
    first = "this machine" if run.order.switch == "observed" else "the first client"
    yield from stage(run, "canary", f"{first} shows the new certificate")
    run.since = yield from now(run)


def _watch_canary(run: Rotation) -> Pipeline[None]:
    used = (yield from use_since(run, run.since)).of(run.files.new)
    if used.refused:
        run.parts += (CANARY_REFUSED,)


def _switch(run: Rotation) -> Pipeline[None]:
    order = run.order
    run.shown = True
    if order.switch == "files":
        note = f"{len(order.targets)} clients take the new certificate"
        yield from once(run, "switch begun", stage(run, "switch", note))
        for target in order.targets:
            yield from _switch_one(run, target)
    elif order.switch == "operator" and not order.compromised:
        yield from once(run, "switch begun", stage(run, "switch", "you switch the other clients"))
        what = "switch every client, then `gctrust pins advance`"
        yield from once(run, "switch confirmed", _asked(run, what))
        yield from _observe(run, order.new, "switch", count=FEW, target=0.0)
    else:
        yield from stage(run, "switch", "clients may load the new certificate from now on")


def _switch_one(run: Rotation, target: ClientTarget) -> Pipeline[None]:
    """Its files swapped and reloaded; then what they hold now is shown to every endpoint.

    One that was switched as a canary is not switched again.
    """
    part = f"switched {target.name}"
    if part in run.parts:
        return
    yield from once(run, f"swapped {target.name}", _swap(run, target))
    if not run.order.compromised:
        deployed = CertificateFiles(target.certificate, target.key)
        yield from _observe(run, deployed, "switch", count=FEW, target=0.0)
    run.parts += (part,)
    yield from do(Segment(run.state()))


def _swap(run: Rotation, target: ClientTarget) -> Pipeline[None]:
    order = run.order
    run.shown = True
    run.switched += (target,)  # before it is done: a crash in the middle is undone too
    yield from do(SwitchClient(target, order.new, run.files.new, order.kind))


def _asked(run: Rotation, what: str) -> Pipeline[None]:
    if not (yield from confirmed(run, what)):
        raise Stop("rolled-back")


def _drain(run: Rotation) -> Pipeline[None]:
    """Keep both pins until nobody has shown the old certificate for the whole window."""
    order = run.order
    yield from once(run, "drain begun", _begin_drain(run))
    while True:
        yield from once(run, "drained", pause(run, run.until, run.reason))
        yield from _observe(run, order.new, "drain", part="drained")
        at = yield from now(run)
        seen = yield from use_since(run, run.since)
        if not _tells(run, seen):
            return (yield from _drained_by_word(run))
        watched = assess_use(_watched(run, seen, at))
        old = seen.of(run.files.old)
        if not any(found.rule == STILL_IN_USE.id for found in watched.findings):
            run.find(watched.findings)
            return
        if at >= run.deadline:
            run.find(watched.findings)
            raise Stop(_too_late(run, at))
        by = f" by {', '.join(old.who)}" if old.who else ""
        run.reason = f"the old certificate to go out of use: {old.accepted} handshakes{by}"
        yield from stage(run, "drain", run.reason)
        run.until = min(max(old.last + order.drain, at + FIRST_PAUSE), run.deadline)
        run.parts = tuple(part for part in run.parts if not part.startswith("drained"))
        yield from do(Segment(run.state()))


def _begin_drain(run: Rotation) -> Pipeline[None]:
    yield from stage(run, "drain", f"{run.order.drain:.0f} s without the old certificate")
    run.since = yield from now(run)
    run.until = run.since + run.order.drain
    run.reason = "nobody to show the old certificate any more"


def _tells(run: Rotation, seen: PinUse) -> bool:
    """Silence proves nothing in a log that does not even show our own handshakes just made."""
    return bool(seen.source) and seen.of(run.files.new).accepted > 0


def _watched(run: Rotation, seen: PinUse, at: float) -> Watched:
    old = seen.of(run.files.old)
    return Watched(
        subject=run.order.client_id,
        leaving=Shown(old.pin, old.accepted, old.refused, old.last, old.who),
        now=at,
        drain=run.order.drain,
        known=tuple(target.name for target in run.switched),
        switched=True,
        unknown=seen.unknown,
    )


def _drained_by_word(run: Rotation) -> Pipeline[None]:
    """With no source that tells who shows what, only an operator can know."""
    what = "no log tells who shows the old certificate; when nobody does, `gctrust pins advance`"
    if not (yield from confirmed(run, what)):
        what = "who still shows the old certificate (no log tells, nobody advanced the run)"
        run.find((finding(NOT_COVERED, run.order.client_id, what=what),))
        raise Stop("unverified")


def _retire(run: Rotation) -> Pipeline[None]:
    """Drop the old pin, over the set this rotation published and no other."""
    order, roles = run.order, run.known
    yield from stage(run, "retire", "drop the old pin")
    sets = (roles.published, roles.retired)
    ours = tuple(tuple(pin.base64 for pin in pins) for pins in sets)
    live = yield from settled(run, ours)
    changed = assess_writer(order.client_id, live.pins, ours)
    if not changed.passes():
        run.find(changed.findings)
        raise Stop("rolled-back")
    pins = PinSet.of(*roles.retired)
    run.retired_at = yield from now(run)
    landed(run, "retire", (yield from do(write(run, live.etag, pins))).pins)


def _confirm(run: Rotation) -> Pipeline[None]:
    """Watch a while longer: the old pin can still come back."""
    order, since = run.order, run.retired_at or run.started
    yield from once(run, "confirm waited", _wait_to_confirm(run))
    if order.compromised or run.standing is Standing.RETIRED:  # nothing was measured yet
        yield from _observe(run, order.new, "confirm")
    else:
        few = max(FEW, order.handshakes // 4)
        yield from _observe(run, order.new, "confirm", count=few, target=0.0)
    seen = yield from use_since(run, since)
    refused = seen.of(run.files.old).refused
    if refused and order.compromised:
        run.find((finding(EMERGENCY, order.client_id, times=refused),))
    elif refused:
        pin, drain = run.files.old, round(order.drain)
        told = finding(STILL_IN_USE, order.client_id, pin=pin, ago=0, drain=drain, times=refused)
        run.find((told,))
        raise Stop("rolled-back")


def _wait_to_confirm(run: Rotation) -> Pipeline[None]:
    confirm = run.order.confirm
    yield from stage(run, "confirm", f"{confirm:.0f} s in which the old pin can come back")
    at = yield from now(run)
    yield from pause(run, at + confirm, "a refused handshake, if there is one")


def _observe(
    run: Rotation,
    files: CertificateFiles,
    name: str,
    *,
    count: int = 0,
    target: float | None = None,
    part: str = "",
) -> Pipeline[None]:
    """Probe until the lower bound passes the target (0: until none is refused) on every endpoint.

    Raises Stop when it has not by the deadline.
    """
    order, part = run.order, f"{part or name} by {files.certificate} {count}"
    aim = order.target_rate if target is None else target
    while part not in run.parts:
        probe = yield from do(
            ProbePins(files, count or order.handshakes, _pin_of(run, files), order.kind)
        )
        rate = rate_of(probe)
        if files == order.new and target is None:
            run.probe = probe
        covered = assess_coverage(order.client_id, probe.by_endpoint)
        guard = assess_match_rate(order.client_id, rate, aim)
        told = f"{rate.matched} of {rate.tried} matched, at least {rate.lower_bound:.4f}"
        yield from stage(run, name, told + (f" (target {aim})" if aim else ""))
        if guard.passes() and covered.passes() and (aim or not probe.refused):
            run.wait = FIRST_PAUSE
            run.parts += (part,)
            return
        at = yield from now(run)
        if at >= run.deadline:
            low = assess_match_rate(order.client_id, rate, order.target_rate)
            run.find(low.findings + covered.findings)
            raise Stop(_too_late(run, at))
        lacking = [found.message for found in covered.findings]
        yield from pause(run, min(at + run.wait, run.deadline), "; ".join([told, *lacking]))
        run.wait = min(run.wait * 2, LONGEST_PAUSE)
        yield from do(Segment(run.state()))


def _too_late(run: Rotation, at: float) -> str:
    """At the horizon a rotation goes back, but never to a certificate about to expire."""
    if run.order.compromised or run.standing is Standing.RETIRED:
        return "unverified"
    short = at + MARGIN - run.files.old_not_after
    if short > 0:
        run.find((finding(OVERLAP_OUTLIVES_OLD, run.order.client_id, short=round(short)),))
        return "unverified" if run.shown else "rolled-back"
    return "rolled-back"


def _pin_of(run: Rotation, files: CertificateFiles) -> str:
    order, known = run.order, run.files
    if files == order.old:
        return known.old
    return known.backup if files.certificate == order.backup else known.new


_CARRY_OUT: Mapping[Move, Callable[[Rotation], Pipeline[None]]] = {
    Move.PREPARE: lambda run: stage(run, "prepare", "the plan's order is proved"),
    Move.PUBLISH: _publish,
    Move.SOAK: _soak,
    Move.CANARY: _canary,
    Move.SWITCH: _switch,
    Move.DRAIN: _drain,
    Move.RETIRE: _retire,
    Move.CONFIRM: _confirm,
}
