"""What a running rotation knows and tells: its plan, its writes, its waits, its closing record."""

from __future__ import annotations

from collections.abc import Iterable

from ..errors import Fact, Problem
from ..findings import Finding, Severity
from ..pins.choreography import Roles, Standing, standing
from ..pins.match_rate import MatchRate
from ..pins.pin_set import PinSet
from ..pins.rotation import MARGIN, Backup, Lifetime, Live, Policies, RotationPlan, Windows
from ..pins.spki import BadPin, Pin, PinKind
from .effects import CertificateAssessment, Now, Pipeline, Record, Stage, Wait, do
from .orders import PinRotationOrder, RunEnd
from .pin_effects import (
    ClientPins,
    ClientTarget,
    PinProbe,
    PinRotationState,
    PinsOfFiles,
    PinUse,
    ReadPins,
    ReadPinUse,
    WritePins,
)

CANCEL, ADVANCE, ROLL_BACK = "cancel", "advance", "roll-back"
OPERATOR = "your word"  # what a wait for `gctrust pins advance` begins with
NO_BACKUP = "pin.no-backup"
EARLY, NO_PATH = "cert.not-yet-valid", "cert.no-path"
FIRST_PAUSE = 2.0  # seconds before a guard that did not pass is looked at again
LOOKS, LOOK_AGAIN = 3, 2.0  # at a set that is not ours; seconds between


class Stop(Exception):
    """The rotation goes no further; `status` is how it is to end."""

    def __init__(self, status: str) -> None:
        super().__init__(status)
        self.status = status


class Rotation:
    """What a running rotation has learnt so far; one place for the closing record to read."""

    def __init__(self, order: PinRotationOrder, started: float) -> None:
        self.order, self.started = order, started
        self.horizon = started + order.horizon
        self.resumed = 0
        self.before: ClientPins | None = None
        self.pins: PinsOfFiles | None = None
        self.moves: tuple[str, ...] = ()  # still to be made, of those that were proved
        self.parts: tuple[str, ...] = ()  # of moves, that are done
        self.findings: tuple[Finding, ...] = ()
        self.not_judged: tuple[str, ...] = ()
        self.probe: PinProbe | None = None
        self.problem: Problem | None = None
        self.unrestored: Problem | None = None
        self.written: tuple[tuple[str, ...], ...] = ()  # the sets asked of the platform
        self.told: tuple[str, ...] = ()  # the pin set over time
        self.slots: tuple[str, ...] = ()  # and now
        self.switched: tuple[ClientTarget, ...] = ()
        self.shown = False  # clients may show the new certificate
        self.retired_at = self.since = self.until = 0.0
        self.reason = ""
        self.wait = FIRST_PAUSE  # before the next look at a guard that did not pass

    @classmethod
    def of(cls, order: PinRotationOrder, state: PinRotationState) -> Rotation:
        run = cls(order, state.started)
        for name in PinRotationState.__slots__:
            setattr(run, name, getattr(state, name))
        return run

    def state(self) -> PinRotationState:
        told = {name: getattr(self, name) for name in PinRotationState.__slots__}
        return PinRotationState(**told)

    @property
    def deadline(self) -> float:
        """The horizon, or the instant from which the old certificate is no way back."""
        if self.order.compromised or self.standing is Standing.RETIRED:
            return self.horizon
        return min(self.horizon, self.files.old_not_after - MARGIN)

    @property
    def live(self) -> Live:
        """The set of pins this rotation began with."""
        assert self.before is not None
        seen = self.before
        return Live.read(seen.mtls_required, seen.kind, seen.pins, seen.limit)

    @property
    def known(self) -> Roles:
        files, kind = self.files, PinKind(self.files.kind)
        ours = [Pin.parse(pin, kind) for pin in (files.new, files.old, files.backup) if pin]
        others = tuple(pin for pin in self.live.pins if pin not in ours and pin.kind == kind)
        return Roles(ours[0], ours[1], ours[2] if files.backup else None, others)

    @property
    def standing(self) -> Standing:
        """Where it stood when this run began."""
        return standing(self.live.pins, self.known)

    @property
    def files(self) -> PinsOfFiles:
        assert self.pins is not None
        return self.pins

    @property
    def may_show_new(self) -> tuple[ClientTarget, ...]:
        """Clients to bring back; a run before this one may have switched any of them."""
        if self.standing is Standing.PUBLISHED:
            return self.order.targets
        return self.switched

    def find(self, findings: tuple[Finding, ...]) -> None:
        """Keep what is new."""
        fresh = (f for f in findings if f.message not in [old.message for old in self.findings])
        self.findings += tuple(fresh)

    def stops(self, found: Finding) -> bool:
        if found.rule == NO_BACKUP:
            return NO_BACKUP not in self.order.allow
        return found.severity >= Severity.CRITICAL


def plan_of(
    run: Rotation, before: ClientPins, judged: CertificateAssessment, backup_use: PinUse | None
) -> RotationPlan:
    """The order and all that was seen, as the pin judge wants it."""
    order, files = run.order, run.files
    run.before = before
    run.shown = run.standing is Standing.PUBLISHED  # by a run before this one, who knows
    last_use = backup_use.of(files.backup).last if backup_use and backup_use.source else None
    return RotationPlan(
        client_id=order.client_id,
        live=run.live,
        roles=run.known,
        new_life=Lifetime(files.new_not_before, files.new_not_after),
        old_life=Lifetime(files.old_not_before, files.old_not_after),
        start=run.started,
        windows=_windows(order),
        same_key=files.same_key,
        backup=Backup(
            files.backup_deployed, files.backup_same_ca, last_use, bool(order.backup_key)
        ),
        policies=_policies(run, judged),
        compromised=order.compromised,
    )


def _windows(order: PinRotationOrder) -> Windows:
    names = Windows.__slots__
    return Windows(**{name: getattr(order, name) for name in names})


def _policies(run: Rotation, judged: CertificateAssessment) -> Policies:
    order, files = run.order, run.files
    return Policies(
        flaws=_flaws(run, judged),
        issuer_paths=files.issuer_paths,
        ct=files.ct,
        ct_policy=order.ct,
        not_ours=files.not_ours,
        webhook=files.webhook,
        expiry=order.expiry,
        typed=_typed(order, run.known.new),
        no_way_back=files.switchable,
        unbound=tuple(_unbound(order)) if order.bound_tokens else (),
    )


def _typed(order: PinRotationOrder, new: Pin) -> Pin | None:
    """What cannot be read as a pin is not the computed one either."""
    if not order.typed_pin:
        return None
    try:
        return Pin.parse(order.typed_pin, new.kind)
    except BadPin:
        return Pin(new.kind, bytes(32))


def _unbound(order: PinRotationOrder) -> list[str]:
    if order.switch != "files":
        return ["clients that switch by themselves"]
    return [target.name for target in order.targets if not target.reload]


def _flaws(run: Rotation, judged: CertificateAssessment) -> tuple[str, ...]:
    """Why the new certificate would be refused; one that is only early is the plan's question."""
    bad = dict.fromkeys(f.rule for f in judged.findings if f.severity >= Severity.CRITICAL)
    if not bad and not judged.accepted:
        return ("not accepted",)
    # A path that fails for the date alone is proved by its signatures (issuer_paths).
    early = {EARLY, NO_PATH} if run.files.issuer_paths else {EARLY}
    return () if EARLY in bad and set(bad) <= early else tuple(bad)


def write(run: Rotation, etag: str, pins: PinSet, *, old_chain: bool = False) -> WritePins:
    """The effect that makes `pins` the live set, with the chain of who is current in it."""
    order = run.order
    files, leaf = (order.old, run.files.old) if old_chain else (order.new, run.files.new)
    slots = [pin.base64 for pin in pins] + ["", ""]
    run.written += (tuple(slot for slot in slots if slot),)
    return WritePins(
        client_id=order.client_id,
        etag=etag,
        service_id=order.service_id,
        kind=order.kind,
        primary=slots[0],
        fallback=slots[1],
        backup=slots[2],
        chain=files.certificate,
        issuers=files.chain,
        chain_pin=leaf,
    )


def once(run: Rotation, part: str, what: Pipeline[None]) -> Pipeline[None]:
    """This part of a move, unless it was done before the run was cut."""
    if part not in run.parts:
        yield from what
        run.parts += (part,)


def stage(run: Rotation, name: str, note: str) -> Pipeline[None]:
    """Say where the run is, and which roles the platform now accepts."""
    live = _named(run, run.slots)
    yield from do(Stage(name, f"{note}  [live: {live}]" if live else note))


def landed(run: Rotation, name: str, pins: Iterable[str]) -> None:
    """These pins are live now: kept as the pin set over time."""
    run.slots = tuple(pins)
    run.told += (f"{name}: {_named(run, run.slots)}",)


def _named(run: Rotation, pins: Iterable[str]) -> str:
    files = run.pins
    named = {files.new: "new", files.old: "old", files.backup: "backup"} if files else {}
    return " ".join(f"{named.get(pin, 'other')} {pin[:8]}" for pin in pins)


def now(run: Rotation) -> Pipeline[float]:
    """The instant; a resumed run has its horizon anew."""
    instant = yield from do(Now())
    run.resumed = instant.resumed
    if instant.deadline is not None:
        run.horizon = instant.deadline
    return instant.at


def pause(run: Rotation, until: float, reason: str) -> Pipeline[None]:
    """Wait. Raises Stop when it is cancelled or to be rolled back."""
    woken = yield from do(Wait(until, reason, (CANCEL, ROLL_BACK)))
    _obey(woken.signal)


def confirmed(run: Rotation, what: str) -> Pipeline[bool]:
    """Wait for `gctrust pins advance`, to the horizon; an old one that nobody asked for is void."""
    at = yield from now(run)
    yield from do(Wait(at, "", (ADVANCE,)))
    signals = (ADVANCE, CANCEL, ROLL_BACK)
    woken = yield from do(Wait(run.deadline, f"{OPERATOR}: {what}", signals))
    _obey(woken.signal)
    return woken.signal == ADVANCE


def _obey(signal: str | None) -> None:
    if signal in (CANCEL, ROLL_BACK):
        raise Stop("cancelled" if signal == CANCEL else "rolled-back")


def settled(run: Rotation, ours: tuple[tuple[str, ...], ...]) -> Pipeline[ClientPins]:
    """The live pins; a set that is none of ours is looked at again: a read may be a stale one."""
    live = yield from do(ReadPins(run.order.client_id))
    for _ in range(LOOKS):
        if live.pins in ours:
            break
        at = yield from now(run)
        yield from do(Wait(at + LOOK_AGAIN, "the platform to show one set of pins", ()))
        live = yield from do(ReadPins(run.order.client_id))
    return live


def use_since(run: Rotation, since: float) -> Pipeline[PinUse]:
    files, order = run.files, run.order
    pins = tuple(pin for pin in (files.new, files.old, files.backup) if pin)
    return (yield from do(ReadPinUse(order.client_id, order.kind, pins, since)))


def rate_of(probe: PinProbe) -> MatchRate:
    return MatchRate(probe.matched, probe.matched + probe.refused)


def ended(run: Rotation, status: str) -> Pipeline[RunEnd]:
    """Record the end: the guide's audit fields, and its webhook.

    A rotation that found all of it done changed nothing: it says so, and announces nothing. One
    taken up again announces what its life before could not.
    """
    at = yield from now(run)
    audit, action = _audit(run, status, at), status
    event: dict[str, Fact] = {
        "event": "certificate_rotation",
        "clientId": run.order.client_id,
        "pins": _announced(run, status),
        "latency": audit["latencyMs"],
        "status": status,
    }
    announce: str | None = "certificate_rotation"
    if status == "succeeded" and not run.written and not run.resumed:
        action, announce, event = "unchanged", None, {}
    client = run.order.client_id
    yield from do(Record(f"pin-rotation.{action}", client, audit, announce, event))
    yield from do(Stage("done", action))
    return RunEnd(status, audit, run.findings, run.not_judged)


def _announced(run: Rotation, status: str) -> list[str]:
    """What is live after a success; else what the rotation was about."""
    if status == "succeeded":
        return list(run.slots)
    return [run.pins.new, run.pins.old] if run.pins else []


def _audit(run: Rotation, status: str, at: float) -> dict[str, Fact]:
    order, after = run.order, run.pins
    rate = rate_of(run.probe) if run.probe else None
    done = status == "succeeded"
    return {
        "clientId": order.client_id,
        "serviceId": order.service_id,
        "primaryPin": next(iter(run.slots), None) if done else None,
        "fallbackPin": next(iter(run.slots[1:]), None) if done else after.old if after else None,
        "pinKind": order.kind,
        "latencyMs": round((at - run.started) * 1000, 1),
        "pinMatchRate": rate.rate if rate else None,
        "pinMatchSample": rate.tried if rate else 0,
        "pinMatchLowerBound": round(rate.lower_bound, 6) if rate else None,
        "status": status,
        "error": _error(run),
        "pinsOverTime": list(run.told),
        "issuerPaths": list(after.issuer_paths or ()) if after else [],
    }


def _error(run: Rotation) -> str | None:
    if run.unrestored and run.unrestored is not run.problem:
        return f"{run.problem}; the pins of before were not restored: {run.unrestored}"
    return str(run.problem) if run.problem else None
