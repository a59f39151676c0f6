"""What `pins rotate` would do, judged and printed without changing anything."""

from __future__ import annotations

import asyncio
import shlex
from collections.abc import Iterator
from dataclasses import MISSING, fields
from typing import TYPE_CHECKING, Any

from ..errors import Problem
from ..findings import Finding, Severity
from ..pipelines.events import ROTATION
from .exit_codes import ExitCode
from .output import Output
from .pins_order import NO_BACKUP, Clients, Declared, Files, Pace
from .plan import Planned, ledger_step, platform_of, show

if TYPE_CHECKING:
    from ..app import App
    from ..pipelines.effects import CertificateFiles
    from ..pipelines.orders import PinRotationOrder


async def plan_of(
    app: App, out: Output, order: PinRotationOrder, hazards: tuple[str, ...], flags: str
) -> ExitCode:
    """Judge the files, and the plan against the live pins; print both. Raises Problem file.*."""
    from ..pipelines.effects import CertificateFiles

    report = await asyncio.to_thread(app.certificates.files, order.new, "", order.profile)
    new, old = pin_of(order.new, order.kind), pin_of(order.old, order.kind)
    backup = pin_of(CertificateFiles(order.backup), order.kind) if order.backup else ""
    judged = await _judged(app, out, order)
    allowed = "".join(f" --allow {name}" for name in hazards)
    plan = Planned(
        journey="pin-rotation",
        subject=order.client_id,
        platform=platform_of(app.settings),
        steps=(*_steps(order, new, old, backup), ledger_step(app, ROTATION)),
        hazards=hazards,
        findings=report.findings + tuple(f for f in judged if f.rule != NO_BACKUP),
        perform=f"gctrust pins rotate --yes{flags}{allowed}",
    )
    stops = any(found.severity >= Severity.CRITICAL for found in judged)
    return show(out, plan, refused=report.blocks or stops)


async def _judged(app: App, out: Output, order: PinRotationOrder) -> tuple[Finding, ...]:
    """The pin judge's findings; where the live pins cannot be read, it is said."""
    from ..pins.rotation import assess_rotation
    from ..pipelines.effects import AssessFiles
    from ..pipelines.pin_effects import ComputePins, ReadPins
    from ..pipelines.pin_run import Rotation, plan_of

    try:
        run = Rotation(order, app.clock.now())
        before = await app.perform(ReadPins(order.client_id))
        judged = await app.perform(AssessFiles(order.new, "", order.profile))
        compute = ComputePins(order.new, order.old, order.backup, order.kind, order.targets)
        run.pins = await app.perform(compute)
    except Problem as problem:
        if problem.code == "file.unreadable":  # the run would stop at it, and so does its plan
            raise
        out.talk(f"not judged: the plan against the live pins: {problem}")
        return ()
    return assess_rotation(plan_of(run, before, judged, None)).findings


_HOW = {
    "files": "swap {n} clients' files and reload them, {canary} first; probe what each then holds",
    "operator": "wait for `gctrust pins advance`: one client first, then all, switched by you",
    "observed": "say that clients may load the new certificate; who shows which is observed",
}


def _steps(order: PinRotationOrder, new: str, old: str, backup: str) -> tuple[str, ...]:
    with_backup = f" and {backup} (backup)" if backup else ""
    published = f"publish {new} (new) beside {old} (old){with_backup}; {order.kind} pins"
    how = _HOW[order.switch].format(n=len(order.targets), canary=order.canary)
    first = f"read the live pins and judge {order.new.certificate}"
    if order.compromised:
        return first, published, how, "retire the old pin at once; count what that refuses"
    return (
        first,
        published,
        f"wait {order.soak:.0f} s, then {order.handshakes} handshakes on all endpoints with each "
        "certificate whose key is given",
        how,
        f"keep both until nobody has shown the old certificate for {order.drain:.0f} s",
        f"retire the old pin when at least {order.target_rate} match by the lower bound, "
        "else restore the pins of before",
        f"watch {order.confirm:.0f} s longer: a refused client brings the old pin back",
    )


def flags_of(*groups: Files | Clients | Pace | Declared) -> str:
    """The flags that were given, to be given again."""
    return "".join(f" {flag}" for group in groups for flag in _given(group))


def _given(group: Any) -> Iterator[str]:
    for one in fields(group):
        value, flag = getattr(group, one.name), "--" + one.name.replace("_", "-")
        if value == one.default or one.default is MISSING:
            continue
        if isinstance(value, bool):
            yield flag
        elif isinstance(value, tuple):
            yield from (f"{flag} {shlex.quote(str(item))}" for item in value)
        else:
            yield f"{flag} {shlex.quote(str(value))}"


def pin_of(files: CertificateFiles, kind: str) -> str:
    """The pin of the files' leaf. Raises Problem file.*, cli.nothing-to-pin."""
    from ..adapters.files import read_files
    from ..certs.chain import sort_bundle
    from ..errors import Problem
    from ..pins.spki import Pin
    from .pin import NOTHING_TO_PIN

    leaf = sort_bundle(read_files((files.certificate, files.key))).leaf
    if leaf is None:
        raise Problem(NOTHING_TO_PIN, {"path": files.certificate})
    pin = Pin.of_spki(leaf.spki) if kind == "spki" else Pin.of_certificate(leaf.der)
    return pin.base64
