"""Who already serves the required records: every authoritative server, every resolver, each alone.

And when to look again: from the TTLs that caches still hold, not from a blind doubling.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ..findings import Finding, finding
from . import record_rules
from .addresses import is_address
from .expected_records import RecordStatus, status_of
from .questions import Answer, Judge, Question, Status, ask, ask_all
from .record_text import RequiredRecord, presented

MAX_HOSTS = 26  # name servers asked; the root itself has thirteen


@dataclass(frozen=True, slots=True)
class NameServer:
    """`address` as "192.0.2.1" or "192.0.2.1#5353"; `resolver` is asked with recursion."""

    address: str
    name: str = ""
    resolver: bool = False


@dataclass(frozen=True, slots=True)
class ServerState:
    """What one server says of one record; `ttl` is what is left of it in a resolver's cache.

    `lame` marks an authoritative server that answers without authority (RFC 1912 section 2.8).
    """

    server: NameServer
    record: RequiredRecord
    status: RecordStatus
    found: tuple[str, ...]
    ttl: int
    answered: Status
    lame: bool = False


@dataclass(frozen=True, slots=True)
class Propagation:
    """`states` of all servers and records; `complete` when every authoritative server has all."""

    states: tuple[ServerState, ...]

    @property
    def complete(self) -> bool:
        own = [state for state in self.states if not state.server.resolver]
        return bool(own) and all(state.status is RecordStatus.LIVE for state in own)

    @property
    def behind(self) -> tuple[ServerState, ...]:
        return tuple(state for state in self.states if state.status is not RecordStatus.LIVE)

    def resolvers_with(self, record: RequiredRecord) -> tuple[int, int]:
        """k of n resolvers that serve the record."""
        seen = [s for s in self.states if s.server.resolver and s.record == record]
        return sum(s.status is RecordStatus.LIVE for s in seen), len(seen)


def name_servers(domain: str) -> Judge[tuple[NameServer, ...]]:
    """The authoritative servers of the zone that holds `domain`, every address of each.

    Empty when the delegation or all addresses could not be looked up.
    """
    labels = domain.rstrip(".").lower().split(".")
    hosts: tuple[str, ...] = ()
    for at in range(len(labels) - 1):
        answer = yield from ask(Question(".".join(labels[at:]), "NS", fresh=True))
        if answer.status is Status.FOUND and not answer.chain:
            hosts = tuple(sorted(str(record).lower() for record in answer.records))
            break
        if answer.status.is_temporary:
            return ()
    pairs = [(host, kind) for host in hosts[:MAX_HOSTS] for kind in ("A", "AAAA")]
    answers = yield from ask_all(Question(host, kind) for host, kind in pairs)
    return tuple(
        NameServer(str(address), host)
        for (host, _), answer in zip(pairs, answers, strict=True)
        for address in answer.records
        if is_address(str(address))
    )


def observe(
    required: Iterable[RequiredRecord], servers: Iterable[NameServer]
) -> Judge[Propagation]:
    """Ask each server for each record, past every cache of ours."""
    pairs = [(server, record) for server in servers for record in required]
    answers = yield from ask_all(
        Question(record.owner, record.type, server=server.address, fresh=True)
        for server, record in pairs
    )
    states = (_state(*pair, answer) for pair, answer in zip(pairs, answers, strict=True))
    return Propagation(tuple(states))


def _state(server: NameServer, record: RequiredRecord, answer: Answer) -> ServerState:
    lame = not server.resolver and not answer.authoritative and not answer.status.is_temporary
    status = RecordStatus.UNKNOWN if lame else status_of(record, answer)
    found = tuple(presented(record.type, value) for value in answer.records)
    return ServerState(server, record, status, found, answer.ttl, answer.status, lame)


def next_look(
    now: float,
    states: Iterable[ServerState],
    *,
    looks: int = 0,
    least: float = 5.0,
    most: float = 900.0,
) -> float:
    """When looking again can first tell something new, in Unix seconds.

    Where an authoritative server still lacks a record, only publishing helps: the pause doubles
    with `looks`, from `least` to `most`. Where merely resolvers are behind, the least TTL left in
    their caches tells (RFC 2308 section 5 for an absence). A server that failed is asked soon.
    """
    behind = [state for state in states if state.status is not RecordStatus.LIVE]
    if not behind:
        return now
    pause = min(least * 2.0 ** min(looks, 20), most)
    cached = [s.ttl for s in behind if s.server.resolver and not s.answered.is_temporary]
    if len(cached) == len(behind):
        return now + min(max(min(cached) + 1.0, least), most)
    return now + pause


def differing(before: Propagation, after: Propagation) -> tuple[ServerState, ...]:
    """Records that a server had at one look and lacks at the next: it flaps (PROP-04)."""
    live = {(s.server, s.record) for s in before.states if s.status is RecordStatus.LIVE}
    lost = (RecordStatus.MISSING, RecordStatus.WRONG)
    return tuple(s for s in after.states if (s.server, s.record) in live and s.status in lost)


def flapping(before: Propagation, after: Propagation) -> tuple[Finding, ...]:
    """`differing` as findings, one a server and record."""
    return tuple(
        finding(
            record_rules.FLAPPING,
            state.record.owner,
            type=state.record.type,
            server=state.server.name or state.server.address,
        )
        for state in differing(before, after)
    )
