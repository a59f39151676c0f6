"""The join: which audit message of the platform is a change of ours, by the ledger. Pure.

A change of ours has two entries, "ACTION.intended" before and ".done" or ".failed" after: what the
platform writes down of it lies between them. A message is ours by the call's correlation id, where
both have one; else by entity, action, that time, and one of our clients. All messages of one
transaction are explained by any of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Protocol

from ...errors import Fact
from ...findings import Finding, Rule, Severity, finding
from .audits import AuditMessage

SLACK: Final = 60.0  # seconds that the two clocks may differ by, and a message be late or early
OPEN: Final = 600.0  # seconds after which what was intended, and has no outcome, is over
_DOCS = "docs/reference/dialects.md"

UNEXPLAINED = Rule(
    "audit.unexplained",
    "AUD",
    Severity.WARN,
    "{entity_type} {subject} was changed ({action}, {at}) by {who}, not by gctrust.",
    "What gctrust keeps in order was changed by somebody else; its own state may be out of date.",
    "Ask who did it. If it was a client that gctrust used before, name it: --client ID.",
    _DOCS,
    example="An administrator deleted a domain in the web interface.",
)
OWN_UNEXPLAINED = Rule(
    "audit.own-client-unexplained",
    "AUD",
    Severity.ERROR,
    "{entity_type} {subject} was changed ({action}, {at}) by gctrust's own client; no ledger entry"
    " here says so.",
    "Somebody else uses the client's secret, or gctrust with another store.",
    "Find out who else has the secret; if nobody should, replace it: gctrust secret rotate.",
    _DOCS,
    example="A script with the same client id and secret created a domain.",
)


class Entry(Protocol):
    """adapters.ledger.LedgerEntry, as far as the join needs it."""

    @property
    def seq(self) -> int: ...
    @property
    def time(self) -> str: ...
    @property
    def action(self) -> str: ...
    @property
    def entity(self) -> str: ...
    @property
    def run(self) -> str: ...
    @property
    def step(self) -> int: ...
    @property
    def data(self) -> Mapping[str, Fact]: ...


@dataclass(frozen=True, slots=True)
class OwnChange:
    """What gctrust set out to do, and when. `entry` is the number of the intention."""

    entry: int
    what: str
    entity: str
    begins: float
    ends: float
    correlations: tuple[str, ...] = ()  # of the calls that may have made it


@dataclass(frozen=True, slots=True)
class Joined:
    """`explained`: the ledger entry behind each message, by the message's id."""

    explained: Mapping[str, int]
    unexplained: tuple[AuditMessage, ...]


# What the platform may write down of each change: entity type, and its actions.
TRACES: Final[Mapping[str, Mapping[str, frozenset[str]]]] = {
    "register-email-domain": {
        "inbounddomain": frozenset({"create", "update", "verify"}),
        "outbounddomain": frozenset({"create"}),
    },
    "request-verification": {
        "inbounddomain": frozenset({"update", "verify"}),
        "outbounddomain": frozenset({"activate", "verify", "update"}),
    },
    "change-trust": {"identityprovider": frozenset({"update"})},
    "make-successor": {"oauthclient": frozenset({"create", "rotate"})},
    "set-client-state": {"oauthclient": frozenset({"update"})},
    "remove-client": {"oauthclient": frozenset({"update", "delete"})},
}
_NAMELESS: Final = frozenset({"make-successor"})  # what it makes has no id before


def own_changes(entries: Iterable[Entry]) -> tuple[OwnChange, ...]:
    """From a ledger in order."""
    open_: dict[tuple[str, int, str], OwnChange] = {}
    done: list[OwnChange] = []
    for entry in entries:
        what, _, phase = entry.action.rpartition(".")
        if what not in TRACES:
            continue
        at, key = datetime.fromisoformat(entry.time).timestamp(), (entry.run, entry.step, what)
        if phase == "intended":
            before = open_.get(key)  # a try before, whose outcome was never written
            first, begins = (before.entry, before.begins) if before else (entry.seq, at)
            open_[key] = OwnChange(first, what, entry.entity, begins, at + OPEN)
        elif meant := open_.pop(key, None):
            told = _texts(entry.data.get("correlation_ids"))
            done.append(OwnChange(meant.entry, what, meant.entity, meant.begins, at, told))
    return (*done, *open_.values())


def join(
    messages: Iterable[AuditMessage], changes: Iterable[OwnChange], clients: frozenset[str]
) -> Joined:
    """`clients` are the ids gctrust has used."""
    made = sorted((one for one in messages if one.changes), key=lambda one: (one.at, one.id))
    held = tuple(changes)
    explained: dict[str, int] = {}
    by_action: dict[str, int] = {}
    for message in made:
        reason = next((c.entry for c in held if _explains(c, message, clients)), None)
        if reason is not None:
            explained[message.id] = reason
            by_action.setdefault(message.transaction, reason)
    for message in made:
        if message.transaction and message.transaction in by_action:
            explained.setdefault(message.id, by_action[message.transaction])
    return Joined(explained, tuple(one for one in made if one.id not in explained))


def findings(messages: Iterable[AuditMessage], clients: frozenset[str]) -> Iterator[Finding]:
    for one in messages:
        who = f"client {one.client}" if one.client else f"user {one.user or 'unknown'}"
        yield finding(
            OWN_UNEXPLAINED if one.client in clients else UNEXPLAINED,
            one.name or one.entity or "unnamed",
            entity_type=one.entity_type,
            action=one.action,
            at=datetime.fromtimestamp(one.at, UTC).isoformat(timespec="seconds"),
            who=who,
            audit=one.id,
        )


def _explains(change: OwnChange, message: AuditMessage, clients: frozenset[str]) -> bool:
    if message.correlation and message.correlation in change.correlations:
        return True
    actions = TRACES[change.what].get(message.entity_type.lower(), frozenset())
    return (
        message.client in clients
        and message.action.lower() in actions
        and change.begins - SLACK <= message.at <= change.ends + SLACK
        and (change.what in _NAMELESS or _same(change.entity, message))
    )


def _texts(fact: Fact) -> tuple[str, ...]:
    return tuple(map(str, fact)) if isinstance(fact, list | tuple) else ()


def _same(key: str, message: AuditMessage) -> bool:
    """A ledger names a thing as its order does: a domain perhaps with what is done to it, a client
    with the state it is set to, a provider with what it gains."""
    first = key.split(" ", 1)[0].lower()
    name = first.removeprefix("outbound/").removeprefix("inbound/").removeprefix("provider/")
    return name.partition("/mailfrom/")[0] in (message.entity.lower(), message.name.lower())
