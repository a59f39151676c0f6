"""Journey 3 of the published dialect: a gateway keeps trusting data actions through their switch.

Look → hold what is shown → prove it by handshakes → look again until Current is another, stays so
and is seen in use → let the old one go. What is not sure changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from ..errors import Fact, Problem
from ..findings import Finding, Rule, Severity, finding
from .effect import ending
from .effects import Now, Pipeline, Record, Segment, Stage, Wait, do
from .gateway_effects import GatewaySeen, LookAtShown, ProbeGateway, WriteGateway
from .orders import RunEnd
from .pin_effects import PinUse, ReadPinUse
from .platform_orders import GatewayOrder, GatewayState
from .platform_rotation import Change, Radar, Watch, step

CANCEL, ADVANCE = "cancel", "advance"
AGAIN = 900.0  # seconds until reads that disagreed, or a gateway that was not proved, are looked at

OPEN = Rule(
    id="gateway.open",
    row="PIN-20",
    severity=Severity.CRITICAL,
    sentence="The gateway {subject} lets in a client certificate that nobody vouches for.",
    why="Whoever can reach it can call what only data actions should call.",
    fix="Have it verify clients by the trust store and the pins: --nginx writes how.",
    source="the vendor's guide on mutual TLS for data actions",
    example="ssl_verify_client optional_no_ca",
)
UNPROVED = Rule(
    id="gateway.unproved",
    row="PIN-20",
    severity=Severity.ERROR,
    sentence="The gateway {subject} does not show that it trusts what was written: {seen}.",
    why="Files alone serve nobody; a gateway that did not read them refuses the new certificate.",
    fix="Have the gateway use these files, and give its reload command with --reload.",
    source="RFC 8446 section 4.2.4",
    example="the gateway was not reloaded",
)
STRANGER = Rule(
    id="gateway.not-of-the-root",
    row="PIN-21",
    severity=Severity.CRITICAL,
    sentence="{subject} is shown as {status}, and the regional root given did not sign it.",
    why="It is another region's, or not the platform's; holding it would trust a stranger.",
    fix="Compare the root with the vendor's for your region; nothing was changed.",
    source="the vendor's guide on mutual TLS for data actions",
    example="the root of another region",
)
RULES = (OPEN, UNPROVED, STRANGER)
NO_ROOT = "no regional root was given: what is shown was believed without its issuer"
NO_ENDPOINT = "no gateway was named: that it trusts what was written is proved by nothing"
NO_LOG = "no access log tells which certificate is shown: only what the platform says was believed"


@dataclass(slots=True)
class _Run:
    order: GatewayOrder
    state: GatewayState
    use: PinUse | None = None
    seen: GatewaySeen | None = None


def data_actions(order: GatewayOrder, state: GatewayState | None = None) -> Pipeline[RunEnd]:
    """One switch, seen through: "succeeded" once the old certificate is let go."""
    if state is None:
        state = GatewayState((yield from do(Now())).at, Watch())
    run = _Run(order, state)
    try:
        status = yield from _watched(run)
    except Problem as problem:
        yield from _ended(ending(problem), run, problem)
        raise
    return (yield from _ended(status, run))


def _watched(run: _Run) -> Pipeline[str]:
    order = run.order
    while True:
        yield from do(Segment(run.state))
        radar = yield from do(LookAtShown(order.root))
        if radar.agreed:
            run.state = replace(run.state, radar=radar)
        if strangers(radar):
            return "refused"
        yield from _stepped(run, radar)
        if run.state.released and _proved(run):  # also without what was let go
            return "succeeded"
        now = yield from do(Now())
        deadline = run.state.started + order.horizon if now.deadline is None else now.deadline
        if now.at >= deadline:
            return "unverified"
        yield from do(Stage("watch", _doing(run, radar)))
        sure = radar.agreed and _proved(run)
        until = min(now.at + (order.every if sure else min(order.every, AGAIN)), deadline)
        woken = yield from do(Wait(until, _doing(run, radar), (CANCEL, ADVANCE)))
        if woken.signal == CANCEL:
            return "cancelled"


def _stepped(run: _Run, radar: Radar) -> Pipeline[None]:
    """One look's change, written and proved. Nothing is let go before it is proved and in use."""
    order, before = run.order, run.state
    if radar.current is None:
        return
    if order.endpoint and not before.proved and before.known:
        yield from _prove(run)
    pin, now = radar.current.certificate_pin, (yield from do(Now())).at
    since = before.since if pin == before.watch.current else now
    run.use = yield from do(ReadPinUse("", "certificate", (pin,), since))
    watch, changes = step(before.watch, radar, order.looks)
    if any(change.verb == "release" for change in changes) and not _sure(run):
        watch = replace(watch, held=tuple(dict.fromkeys((*before.watch.held, *watch.held))))
        changes = tuple(change for change in changes if change.verb == "hold")
    known = {one.certificate_pin: one for one in (*before.known, *radar.shown)}
    held = tuple(known[pin] for pin in watch.held)
    first = before.first or pin
    run.state = replace(run.state, watch=watch, known=held, first=first, since=since)
    if changes:
        yield from _written(run, changes)


def _written(run: _Run, changes: tuple[Change, ...]) -> Pipeline[None]:
    order, held = run.order, run.state.known
    yield from do(Stage("write", ", ".join(f"{one.verb} {one.pin[:24]}" for one in changes)))
    yield from do(
        WriteGateway(order.bundle, order.pins, order.nginx, order.root, order.reload, held)
    )
    gone = tuple(one.pin for one in changes if one.verb == "release")
    run.state = replace(run.state, proved=False, released=run.state.released + gone)
    yield from _prove(run)
    facts: dict[str, Fact] = {
        "held": [one.certificate_pin for one in held],
        "changes": [f"{one.verb} {one.pin}" for one in changes],
        "proved": run.state.proved,
    }
    yield from do(Record("data-actions.changed", order.pins, facts, "data_actions.changed", facts))


def _prove(run: _Run) -> Pipeline[None]:
    if not run.order.endpoint:
        return
    yield from do(Stage("prove", run.order.endpoint))
    run.seen = yield from do(ProbeGateway(run.order.endpoint, run.order.bundle))
    run.state = replace(run.state, proved=run.seen.trusts)


def _sure(run: _Run) -> bool:
    """The gateway trusts what it was told, and the new certificate was accepted there."""
    in_use = run.use is None or not run.use.source or _accepted(run) > 0
    return _proved(run) and in_use


def _proved(run: _Run) -> bool:
    return run.state.proved or not run.order.endpoint


def _accepted(run: _Run) -> int:
    return sum(one.accepted for one in run.use.used) if run.use else 0


def _doing(run: _Run, radar: Radar) -> str:
    if not radar.agreed:
        return "two reads in a row do not agree: the platform is switching"
    if not _proved(run):
        return "the gateway does not show that it trusts what was written"
    upcoming = f", {len(radar.upcoming)} upcoming" if radar.upcoming else ""
    return f"{len(run.state.watch.held)} held{upcoming}, Current seen {run.state.watch.looks} times"


def strangers(radar: Radar) -> tuple[Finding, ...]:
    return tuple(
        finding(STRANGER, one.subject, status=one.status)
        for one in radar.shown
        if one.trusted is False
    )


def gateway_findings(seen: GatewaySeen | None, endpoint: str) -> tuple[Finding, ...]:
    if seen is None or seen.trusts:
        return ()
    if seen.open:
        return (finding(OPEN, endpoint),)
    missing = "it asks for no client certificate" if not seen.asks else "it names none of these CAs"
    return (finding(UNPROVED, endpoint, seen=seen.cause or missing),)


def not_judged(order: GatewayOrder, use: PinUse | None) -> tuple[str, ...]:
    told = [NO_ROOT] if not order.root else []
    told += [NO_ENDPOINT] if not order.endpoint else []
    return (*told, *([NO_LOG] if use is not None and not use.source else []))


def _ended(status: str, run: _Run, problem: Problem | None = None) -> Pipeline[RunEnd]:
    order, state, now = run.order, run.state, (yield from do(Now()))
    facts: dict[str, Fact] = {
        "status": status,
        "gateway": order.endpoint or None,
        "pins": order.pins,
        "current_before": state.first or None,
        "current": state.watch.current or None,
        "held": list(state.watch.held),
        "released": list(state.released),
        "handshakes_with_current": _accepted(run) if run.use and run.use.source else None,
        "days": round((now.at - state.started) / 86_400, 1),
        "resumed": now.resumed,
        "error": str(problem) if problem else None,
    }
    yield from do(Record(f"data-actions.{status}", order.pins, facts, "data_actions.ended", facts))
    yield from do(Stage("done", status))
    found = gateway_findings(run.seen, order.endpoint)
    found += strangers(state.radar) if state.radar else ()
    return RunEnd(status, facts, found, not_judged(order, run.use))
