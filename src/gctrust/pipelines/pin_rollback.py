"""The way back of a rotation: pins where they are needed, then clients, then the set of before.

It obeys the same law as the way there: no pin goes that somebody may still show.
"""

from __future__ import annotations

from ..errors import Problem
from ..findings import finding
from ..pins.pin_set import PinSet
from ..pins.rules import STILL_IN_USE
from ..pins.use import assess_writer
from .effect import ending
from .effects import CertificateFiles, Pipeline, Wait, do
from .pin_effects import ClientPins, ClientTarget, SwitchClient
from .pin_run import ADVANCE, OPERATOR, Rotation, landed, now, settled, stage, use_since, write

KEPT = ".before-rotation"  # beside a client's file: what it held before it was swapped
WINDOWS = 3  # drains in which the new certificate may go out of use


def roll_back(run: Rotation, status: str) -> Pipeline[str]:
    """Undo. A failure here is recorded too, and makes the status "failed"."""
    while True:
        try:
            return (yield from _undo(run, status))
        except Problem as problem:
            if ending(problem) == "cancelled":  # another cancel: it must not stop the undoing
                continue
            run.unrestored = problem
            run.problem = run.problem or problem
            return "failed"


def _undo(run: Rotation, status: str) -> Pipeline[str]:
    """Only over a set this run wrote: a set of someone else's is left alone, and told."""
    before, order = run.before, run.order
    if before is None or not run.written:
        return status
    if order.compromised:
        return "unverified" if status == "rolled-back" else status
    live = yield from settled(run, run.written)
    if live.pins == before.pins and not run.shown:
        return status
    changed = assess_writer(order.client_id, live.pins, (before.pins, *run.written))
    if not changed.passes():
        run.find(changed.findings)
        return "unverified" if status == "rolled-back" else status
    live = yield from _old_again(run, live)
    if not (yield from _nobody_on_new(run)):
        return "unverified"
    yield from stage(run, "roll-back", "restore the pins of before")
    back = write(run, live.etag, _set_of_before(run, before), old_chain=True)
    landed(run, "roll-back", (yield from do(back)).pins)
    return status


def _old_again(run: Rotation, live: ClientPins) -> Pipeline[ClientPins]:
    """The old pin first, where it had gone already; then the clients, one by one."""
    order = run.order
    if run.files.old not in live.pins:
        pins = PinSet.of(*run.known.published)
        yield from stage(run, "roll-back", "accept the old pin again")
        live = yield from do(write(run, live.etag, pins))
        landed(run, "roll-back", live.pins)
        until = (yield from now(run)) + order.soak
        yield from do(Wait(until, "propagation of the old pin", ()))
    for target in reversed(run.may_show_new):
        yield from stage(run, "roll-back", f"{target.name} goes back to the old certificate")
        files = order.old if order.old.key else _kept(target)
        yield from do(SwitchClient(target, files, run.files.old, order.kind, keep=False))
    return live


def _kept(target: ClientTarget) -> CertificateFiles:
    return CertificateFiles(target.certificate + KEPT, target.key + KEPT)


def _nobody_on_new(run: Rotation) -> Pipeline[bool]:
    """Whether the new pin can go: nobody was told to show it, or nobody does any more."""
    if not run.shown:
        return True
    order, new = run.order, run.files.new
    for _ in range(WINDOWS):
        since = yield from now(run)
        yield from stage(run, "roll-back", f"{order.drain:.0f} s without the new certificate")
        yield from do(Wait(since + order.drain, "nobody to show the new certificate any more", ()))
        seen = yield from use_since(run, since)
        used = seen.of(new)
        if seen.source and not used.accepted:
            return True
        if not seen.source:
            return order.switch == "files" or (yield from _told_so(run))
    ago, drain = round((yield from now(run)) - used.last), round(order.drain)
    left = finding(
        STILL_IN_USE, order.client_id, pin=new, ago=ago, drain=drain, times=used.accepted
    )
    run.find((left,))
    return False


def _told_so(run: Rotation) -> Pipeline[bool]:
    at = yield from now(run)
    yield from do(Wait(at, "", (ADVANCE,)))
    what = f"{OPERATOR}: when no client shows the new certificate any more, `gctrust pins advance`"
    woken = yield from do(Wait(at + run.order.horizon, what, (ADVANCE,)))
    return woken.signal == ADVANCE


def _set_of_before(run: Rotation, before: ClientPins) -> PinSet:
    """As it was, but for the new pin: a rotation taken up again began with both."""
    new, roles = run.files.new, run.known
    if new not in before.pins:
        slots = [pin for pin in roles.published if pin.base64 in before.pins]
        ordered = sorted(slots, key=lambda pin: before.pins.index(pin.base64))
        return PinSet.of(*ordered)
    return PinSet.of(*(pin for pin in roles.published if pin != roles.new))
