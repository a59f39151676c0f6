"""Who serves the required records already: each authoritative server and each resolver alone, what
a resolver still holds and since when, and until when it may.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace

from ...mailauth.expected_records import RecordStatus
from ...mailauth.propagation import NameServer, ServerState, name_servers, next_look, observe
from ...mailauth.questions import Answer, Question, Status
from ...mailauth.record_text import RequiredRecord
from .driver import ASSESSMENT_SECONDS, drive
from .resolver import Now, Resolver


@dataclass(frozen=True, slots=True)
class ServerLook:
    """What one server says of one record.

    `answered` tells a failed look-up ("timeout", "refused") from an answer. Of a resolver that is
    behind: `cached_at` is when it fetched what it holds, as far as the TTLs tell, `expected_at`
    when that ends; both in Unix seconds, None when they cannot be known.
    """

    address: str
    name: str
    is_resolver: bool
    status: RecordStatus
    answered: str
    found: tuple[str, ...]
    lame: bool = False
    cached_at: float | None = None
    expected_at: float | None = None


@dataclass(frozen=True, slots=True)
class RecordSpread:
    """One required record over all servers; `negative_ttl` is how long the zone lets its absence
    be cached (RFC 2308 section 5), in seconds, None when no server told."""

    type: str
    name: str
    value: str
    negative_ttl: int | None
    servers: tuple[ServerLook, ...]

    @property
    def behind(self) -> tuple[ServerLook, ...]:
        return tuple(one for one in self.servers if one.status is not RecordStatus.LIVE)


@dataclass(frozen=True, slots=True)
class Spread:
    """`published` when every authoritative server has every record, `everywhere` when every
    resolver asked has as well. `expected_at` is when the last cache known here lets go: None while
    a record is not published, or nothing tells. `next_look` is when looking again can first tell
    something new.
    """

    domain: str
    at: float
    records: tuple[RecordSpread, ...]
    published: bool
    everywhere: bool
    expected_at: float | None
    next_look: float


async def look_around(
    domain: str,
    required: Iterable[RequiredRecord],
    resolver: Resolver,
    clock: Now,
    *,
    nameservers: Sequence[str] = (),
    looks: int = 0,
) -> Spread:
    """Ask past every cache of ours. `nameservers` are the zone's ("192.0.2.1#5353"), looked up when
    none is given; the resolvers are those of `resolver`, each asked alone. `looks` were made
    before.
    """
    records = tuple(required)
    own: tuple[NameServer, ...] = tuple(NameServer(address) for address in nameservers)
    if not own:
        own = await drive(name_servers(domain), resolver, deadline=ASSESSMENT_SECONDS)
    others = [one for one in resolver.servers if one not in {server.address for server in own}]
    asked = (*own, *(NameServer(address, resolver=True) for address in others))
    async with AsyncExitStack() as stack:
        alone = {
            address: await stack.enter_async_context(Resolver([address], clock))
            for address in others
        }
        seen = await drive(
            observe(records, asked), _Each(resolver, alone), deadline=ASSESSMENT_SECONDS
        )
    negative = await _negative_ttls(records, own, resolver)
    return _spread(domain, clock.now(), records, seen.states, negative, looks)


class _Each:
    """Sends a question for a resolver to it alone, with recursion; the others as they are."""

    def __init__(self, resolver: Resolver, alone: dict[str, Resolver]) -> None:
        self._resolver, self._alone = resolver, alone

    async def resolve_all(self, questions: Iterable[Question]) -> tuple[Answer, ...]:
        batches = []
        for question in questions:
            one = self._alone.get(question.server or "")
            plain = replace(question, server=None) if one else question
            batches.append((one or self._resolver).begin((plain,)))
        await asyncio.gather(*(batch.filled() for batch in batches if batch.missing))
        return tuple([batch.ended()[0] for batch in batches])


async def _negative_ttls(
    records: tuple[RequiredRecord, ...], servers: tuple[NameServer, ...], resolver: Resolver
) -> dict[str, int]:
    """By owner name, from the SOA that the first server with an answer gives."""
    owners = tuple(dict.fromkeys(record.owner for record in records))
    for server in servers:
        answers = await resolver.resolve_all(
            Question(owner, "SOA", server=server.address, fresh=True) for owner in owners
        )
        if any(not answer.status.is_temporary for answer in answers):
            pairs = zip(owners, answers, strict=True)
            return {owner: _negative(one) for owner, one in pairs if not one.status.is_temporary}
    return {}


def _negative(answer: Answer) -> int:
    if answer.status is Status.FOUND:
        minimum = answer.records[0][6]
        return min(answer.ttl, int(str(minimum)))
    return answer.ttl


def _spread(
    domain: str,
    now: float,
    records: tuple[RequiredRecord, ...],
    states: tuple[ServerState, ...],
    negative: dict[str, int],
    looks: int,
) -> Spread:
    rows = tuple(
        RecordSpread(
            record.type,
            record.owner,
            record.value,
            negative.get(record.owner),
            _looks(now, [one for one in states if one.record == record], negative),
        )
        for record in records
    )
    own = [one for row in rows for one in row.servers if not one.is_resolver]
    published = bool(own) and all(one.status is RecordStatus.LIVE for one in own)
    late = [one for row in rows for one in row.servers if one.status is not RecordStatus.LIVE]
    ends = [one.expected_at for one in late if one.expected_at is not None]
    known = published and len(ends) == len(late)
    return Spread(
        domain,
        now,
        rows,
        published,
        published and not late,
        max(ends, default=now) if known else None,
        next_look(now, states, looks=looks),
    )


def _looks(
    now: float, states: list[ServerState], negative: dict[str, int]
) -> tuple[ServerLook, ...]:
    whole = {state.ttl for state in states if not state.server.resolver and state.found}
    return tuple(_one(now, state, max(whole, default=0), negative) for state in states)


def _one(now: float, state: ServerState, whole: int, negative: dict[str, int]) -> ServerLook:
    """`whole` is the TTL that the zone gives the record now; it may have given another before."""
    server = state.server
    seen = ServerLook(
        server.address,
        server.name,
        server.resolver,
        state.status,
        str(state.answered),
        state.found,
        state.lame,
    )
    waits = server.resolver and state.status is not RecordStatus.LIVE
    if not waits or state.answered.is_temporary:
        return seen
    full = whole if state.found else negative.get(state.record.owner, 0)
    cached_at = now - (full - state.ttl) if full >= state.ttl else None
    return replace(seen, cached_at=cached_at, expected_at=now + state.ttl)
