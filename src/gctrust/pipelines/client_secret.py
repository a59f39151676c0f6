"""A client's secret replaced without a gap: the published API has one secret for each client, and
no overlap, so a second client with the same roles takes over.

Make → prove by a token → switch the consumer → both live for a while → the old one is made inactive
→ and later removed. Until it is removed, `roll-back` brings it back.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import Fact, Problem
from ..findings import Finding, Rule, Severity, finding
from .effect import ending
from .effects import Now, Pipeline, Record, Stage, Wait, do
from .orders import RunEnd
from .platform_orders import SecretOrder
from .secret_effects import (
    ClientSeen,
    MakeSuccessor,
    ProveSecret,
    ReadClient,
    RemoveClient,
    SetClientState,
    SwitchConsumer,
)

CANCEL, ADVANCE, BACK = "cancel", "advance", "roll-back"
CREDENTIALS = "client-credentials"

OTHER_GRANT = Rule(
    id="secret.other-grant",
    row="SEC-01",
    severity=Severity.CRITICAL,
    sentence="The client {subject} has the grant {grant}; only client credentials can change so.",
    why="Other grants have users and redirects bound to the client's id, which would change.",
    fix="Change its secret in place, with its users' knowledge.",
    source="the published API's OAuthClient: authorizedGrantType",
    example="a client with the grant CODE",
)
NOT_ACTIVE = Rule(
    id="secret.not-active",
    row="SEC-01",
    severity=Severity.CRITICAL,
    sentence="The client {subject} is {state}: nobody can use its secret.",
    why="There is nothing to take over.",
    fix="Name the client that is in use: `gctrust secret status CLIENT`.",
    source="the published API's OAuthClient: state",
    example="the client that was replaced last time",
)
OWN_CLIENT = Rule(
    id="secret.own-client",
    row="SEC-01",
    severity=Severity.CRITICAL,
    sentence="{subject} is the client that gctrust speaks with.",
    why="Once it is inactive this run could neither go on nor go back.",
    fix="Order its rotation with the credentials of another client.",
    source="docs/guides/published-dialect.md",
    example="the client of GENESYS_CLIENT_ID",
)
RULES = (OTHER_GRANT, NOT_ACTIVE, OWN_CLIENT)


@dataclass(slots=True)
class _Run:
    order: SecretOrder
    started: float
    old: ClientSeen | None = None
    new: ClientSeen | None = None
    findings: tuple[Finding, ...] = ()


def client_secret(order: SecretOrder) -> Pipeline[RunEnd]:
    """It ends in "succeeded" when the old client is gone and the new one's secret gave a token."""
    run = _Run(order, (yield from do(Now())).at)
    try:
        status = yield from _rotated(run)
    except Problem as problem:
        yield from _ended(ending(problem), run, problem)
        raise
    return (yield from _ended(status, run))


def _rotated(run: _Run) -> Pipeline[str]:
    order = run.order
    yield from do(Stage("look", order.client_id))
    run.old = old = yield from do(ReadClient(order.client_id))
    run.findings = judge(old)
    if run.findings:
        return "refused"
    yield from do(Stage("make", f"a second client with the roles of {old.name}"))
    run.new = new = yield from do(MakeSuccessor(old.id))
    yield from do(Stage("prove", f"a token for {new.name}"))
    yield from do(ProveSecret(new.id))
    yield from do(Stage("switch", order.file))
    yield from do(SwitchConsumer(new.id, order.file, order.reload))
    word = yield from _pause(order.soak, "both clients live; the consumer has the new one")
    if word:
        return (yield from _back(run, new, word))
    yield from do(Stage("disable", old.name))
    yield from do(SetClientState(old.id, "inactive"))
    word = yield from _pause(order.keep, "the old client is inactive, and can be brought back")
    if word:
        return (yield from _back(run, new, word))
    yield from do(Stage("remove", old.name))
    yield from do(RemoveClient(old.id, order.file))
    return "succeeded"


def _pause(seconds: float, reason: str) -> Pipeline[str]:
    """ "" to go on, else the signal that ended it."""
    if seconds <= 0:
        return ""
    now = yield from do(Now())
    woken = yield from do(Wait(now.at + seconds, reason, (CANCEL, ADVANCE, BACK)))
    return woken.signal if woken.signal in (CANCEL, BACK) else ""


def _back(run: _Run, new: ClientSeen, word: str) -> Pipeline[str]:
    """Either word: two clients that live without need are one secret too many."""
    assert run.old is not None
    yield from do(Stage("roll-back", f"{run.old.name} lives again, {new.name} goes"))
    yield from do(SetClientState(run.old.id, "active"))
    yield from do(SwitchConsumer(run.old.id, run.order.file, run.order.reload, back=True))
    yield from do(SetClientState(new.id, "inactive"))
    yield from do(RemoveClient(new.id))
    return "cancelled" if word == CANCEL else "rolled-back"


def judge(old: ClientSeen) -> tuple[Finding, ...]:
    if old.own:
        return (finding(OWN_CLIENT, old.name),)
    if old.grant.lower() != CREDENTIALS:
        return (finding(OTHER_GRANT, old.name, grant=old.grant),)
    if old.state not in ("active", "unknown"):
        return (finding(NOT_ACTIVE, old.name, state=old.state),)
    return ()


def _ended(status: str, run: _Run, problem: Problem | None = None) -> Pipeline[RunEnd]:
    order, now = run.order, (yield from do(Now()))
    facts: dict[str, Fact] = {
        "client": order.client_id,
        "status": status,
        "successor": run.new.id if run.new else None,
        "successor_name": run.new.name if run.new else None,
        "file": order.file,
        "latency_ms": round((now.at - run.started) * 1000, 1),
        "resumed": now.resumed,
        "error": str(problem) if problem else None,
    }
    yield from do(
        Record(f"client-secret.{status}", order.client_id, facts, "client_secret.rotated", facts)
    )
    yield from do(Stage("done", status))
    return RunEnd(status, facts, run.findings)
