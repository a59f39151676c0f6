"""What a running rotation knows and tells: its plan, its writes, its waits, its closing record."""

from __future__ import annotations

from collections.abc import Iterable

from ..errors import Fact, Problem
from ..findings import Finding, Severity
from ..pins.choreography import Roles, Standing, standing
from ..pins.match_rate import MatchRate
from ..pins.pin_set import PinSet
from ..pins.rotation import Backup, Lifetime, Live, Policies, RotationPlan, Windows
from ..pins.spki import BadPin, Pin, PinKind
from .effects import CertificateAssessment, Now, Pipeline, Record, Stage, Wait, do
from .orders import PinRotationOrder, RunEnd
from .pin_effects import (
    ClientPins,
    ClientTarget,
    PinProbe,
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
        self.old_ends = float("inf")  # from then on the old certificate is no way back
        self.before: ClientPins | None = None
        self.pins: PinsOfFiles | None = None
        self.roles: Roles | None = None
        self.standing = Standing.STEADY
        self.findings: tuple[Finding, ...] = ()
        self.not_judged: tuple[str, ...] = ()
        self.probe: PinProbe | None = None
        self.problem: Problem | None = None
        self.unrestored: Problem | None = None
        self.written: list[tuple[str, ...]] = []  # the sets this run asked the platform for
        self.told: list[str] = []  # the pin set over time
        self.live = ""  # and now, in words
        self.switched: list[ClientTarget] = []
        self.shown = False  # clients may show the new certificate
        self.retired_at = 0.0

    @property
    def deadline(self) -> float:
        return min(self.horizon, self.old_ends)

    @property
    def known(self) -> Roles:
        assert self.roles is not None
        return self.roles

    @property
    def files(self) -> PinsOfFiles:
        assert self.pins is not None
        return self.pins

    @property
    def may_show_new(self) -> tuple[ClientTarget, ...]:
        """Clients to bring back; a run before this one may have switched any of them."""
        if self.standing is Standing.PUBLISHED:
            return self.order.targets
        return tuple(self.switched)

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
    kind = PinKind(files.kind)
    live = Live.read(before.mtls_required, before.kind, before.pins)
    ours = [Pin.parse(pin, kind) for pin in (files.new, files.old, files.backup) if pin]
    others = tuple(pin for pin in live.pins if pin not in ours and pin.kind == kind)
    backup = ours[2] if files.backup else None
    roles = run.roles = Roles(ours[0], ours[1], backup, others)
    run.standing = standing(live.pins, roles)
    run.shown = run.standing is Standing.PUBLISHED  # by a run before this one, who knows
    last_use = backup_use.of(files.backup).last if backup_use and backup_use.source else None
    return RotationPlan(
        client_id=order.client_id,
        live=live,
        roles=roles,
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
    run.written.append(tuple(slot for slot in slots if slot))
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


def stage(run: Rotation, name: str, note: str) -> Pipeline[None]:
    """Say where the run is, and which roles the platform now accepts."""
    yield from do(Stage(name, f"{note}  [live: {run.live}]" if run.live else note))


def landed(run: Rotation, name: str, pins: Iterable[str]) -> None:
    """These pins are live now: kept as the pin set over time."""
    named = {run.files.new: "new", run.files.old: "old", run.files.backup: "backup"}
    run.live = " ".join(f"{named.get(pin, 'other')} {pin[:8]}" for pin in pins)
    run.told.append(f"{name}: {run.live}")


def now(run: Rotation) -> Pipeline[float]:
    """The instant; a resumed run has its horizon anew."""
    instant = yield from do(Now())
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
    """Record the end: the guide's audit fields, and its webhook."""
    order, after = run.order, run.pins
    rate = rate_of(run.probe) if run.probe else None
    at = yield from now(run)
    audit: dict[str, Fact] = {
        "clientId": order.client_id,
        "serviceId": order.service_id,
        "primaryPin": after.new if after and status == "succeeded" else None,
        "fallbackPin": after.old if after else None,
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


def _error(run: Rotation) -> str | None:
    if run.unrestored and run.unrestored is not run.problem:
        return f"{run.problem}; the pins of before were not restored: {run.unrestored}"
    return str(run.problem) if run.problem else None
