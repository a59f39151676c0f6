"""Asks DNS servers: a thin asyncio layer that multiplexes questions over few connected sockets.

A silent server is asked again, then another; equal questions in flight are asked once; answers are
cached by their TTL on the injected clock, which a `fresh` question bypasses. A failure is a status
of the answer, never raised.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from ..mailauth.questions import Answer, Question, Rdata, Status
from .dns_lane import Endpoint, Lane
from .dns_wire import UnaskableName, encode_question

_CHAIN_LIMIT = 8
_ENTRY_COST = 700  # octets a cached answer takes beside its data, measured with tracemalloc


class Now(Protocol):
    """What tells the time: Unix seconds, possibly those of a sandbox."""

    def now(self) -> float: ...


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait, in seconds. Each retransmission waits twice as long as the one before."""

    first: float = 0.8
    tries: int = 3
    deadline: float = 6.0


@dataclass(slots=True)
class Tally:
    """What a resolver did since it began."""

    asked: int = 0
    sent: int = 0
    cached: int = 0
    joined: int = 0


_Key = tuple[str, str, str | None, bool]


class Resolver:
    """`servers` as "192.0.2.1" or "192.0.2.1#5353" in order of preference; None: the system's.

    `in_flight` bounds the questions outstanding at one server, `cache_octets` the cache's size.
    Use it as an async context manager, or call `aclose`.
    """

    def __init__(
        self,
        servers: Sequence[str] | None,
        clock: Now,
        *,
        patience: Patience | None = None,
        in_flight: int = 512,
        cache_octets: int = 64 << 20,
    ) -> None:
        self.servers = tuple(servers) if servers is not None else system_servers()
        self.tally = Tally()
        self._clock = clock
        self._patience = patience or Patience()
        self._in_flight = in_flight
        self._lanes: dict[str, Lane] = {}
        self._cache = _Cache(cache_octets, clock.now)
        self._joiners: dict[_Key, list[asyncio.Future[Answer | None]]] = {}

    async def __aenter__(self) -> Resolver:
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        for lane in self._lanes.values():
            lane.close()
        self._lanes.clear()

    def forget(self) -> None:
        """Empty the cache."""
        self._cache.clear()

    def known(self, question: Question) -> Answer | None:
        """The cached answer, its TTL being what is left of it; None when it has to be asked."""
        return None if question.fresh else self._cache.get(_key(question))

    async def resolve(self, question: Question) -> Answer:
        """The answer, within `Patience.deadline` seconds. Raises ValueError for an unknown type."""
        self.tally.asked += 1
        known = self.known(question)
        if known is not None:
            self.tally.cached += 1
            return known
        key = _key(question)
        while (joiners := self._joiners.get(key)) is not None:
            self.tally.joined += 1
            mine: asyncio.Future[Answer | None] = asyncio.get_running_loop().create_future()
            joiners.append(mine)
            joined = await mine
            if joined is not None:
                return joined  # None: whoever asked was cancelled, so this one asks
        return await self._lead(key, question)

    async def resolve_all(self, questions: Iterable[Question]) -> tuple[Answer, ...]:
        """All answers, asked at once, in the order of the questions."""
        batch = tuple(questions)
        if len(batch) == 1:
            return (await self.resolve(batch[0]),)
        return tuple(await asyncio.gather(*map(self.resolve, batch)))

    async def _lead(self, key: _Key, question: Question) -> Answer:
        joiners: list[asyncio.Future[Answer | None]] = []
        self._joiners[key] = joiners
        answer: Answer | None = None
        try:
            answer = await self._ask(question)
            self._cache.put(key, answer)
            return answer
        finally:
            del self._joiners[key]
            for waiting in joiners:
                if not waiting.done():
                    waiting.set_result(answer)

    async def _ask(self, question: Question) -> Answer:
        end = asyncio.get_running_loop().time() + self._patience.deadline
        answer, open_end = await self._ask_servers(question, end)
        while open_end:
            if len(answer.chain) > _CHAIN_LIMIT or open_end in answer.chain[:-1]:
                return replace(answer, status=Status.SERVFAIL, records=(), ttl=0)
            rest, open_end = await self._ask_target(replace(question, name=open_end), end)
            answer = replace(
                rest,
                chain=answer.chain + rest.chain,
                ttl=min(answer.ttl, rest.ttl),
                authoritative=answer.authoritative,
            )
        return answer

    async def _ask_target(self, question: Question, end: float) -> tuple[Answer, str]:
        """An authoritative server stops at its zone's edge; resolvers know what lies beyond."""
        answer, open_end = await self._ask_servers(question, end)
        outside = answer.status is Status.REFUSED or not answer.authoritative
        if question.server is not None and outside:
            return await self._ask_servers(replace(question, server=None), end)
        return answer, open_end

    async def _ask_servers(self, question: Question, end: float) -> tuple[Answer, str]:
        try:
            wire = encode_question(question.name, question.type)
        except UnaskableName:
            return Answer(Status.NX_DOMAIN), ""
        lanes = self._lanes_for(question.server)
        recursion = question.server is None
        answer = Answer(Status.TIMEOUT, server=question.server or "")
        wait = self._patience.first
        for attempt in range(max(self._patience.tries, len(lanes))):
            left = end - asyncio.get_running_loop().time()
            if not lanes or left <= 0:
                break
            lane = lanes[attempt % len(lanes)]
            self.tally.sent += 1
            reply = await lane.ask(wire, recursion, min(wait, left), left)
            answer = reply.answer
            if not answer.status.is_temporary:
                return answer, reply.open_end
            if answer.status is not Status.TIMEOUT:
                lanes.remove(lane)  # it did answer: the same question gives the same failure
            elif attempt % len(lanes) == len(lanes) - 1:
                wait *= 2
        return answer, ""

    def _lanes_for(self, server: str | None) -> list[Lane]:
        names = self.servers if server is None else (server,)
        lanes = [self._lane(name) for name in names]
        if len(lanes) > 1 and any(lane.silences for lane in lanes):
            lanes.sort(key=lambda lane: min(lane.silences, 3))
        return lanes

    def _lane(self, server: str) -> Lane:
        lane = self._lanes.get(server)
        if lane is None:
            if len(self._lanes) > _MOST_LANES:
                self._close_idle()
            sockets = 4 if server in self.servers else 1
            lane = Lane(Endpoint.parse(server), server, sockets, self._in_flight)
            self._lanes[server] = lane
        return lane

    def _close_idle(self) -> None:
        for name, lane in list(self._lanes.items()):
            if lane.idle and name not in self.servers:
                lane.close()
                del self._lanes[name]


_MOST_LANES = 128  # sockets held open to authoritative servers


def _key(question: Question) -> _Key:
    return question.name.lower(), question.type, question.server, question.fresh


class _Cache:
    """Answers until their TTL ends; the oldest entries go first when `octets` are used up."""

    def __init__(self, octets: int, now: Callable[[], float]) -> None:
        self._limit, self._now, self._used = octets, now, 0
        self._entries: dict[_Key, tuple[float, Answer, int]] = {}

    def clear(self) -> None:
        self._entries.clear()
        self._used = 0

    def get(self, key: _Key) -> Answer | None:
        entry = self._entries.get(key)
        if entry is None:
            return None
        left = entry[0] - self._now()
        if left > 0:
            return replace(entry[1], ttl=int(left)) if left < entry[1].ttl else entry[1]
        self._drop(key)
        return None

    def put(self, key: _Key, answer: Answer) -> None:
        key = (*key[:3], False)
        self._drop(key)
        if answer.status.is_temporary or answer.ttl <= 0:
            return
        cost = _ENTRY_COST + sum(map(_octets, answer.records))
        while self._entries and self._used + cost > self._limit:
            self._drop(next(iter(self._entries)))
        self._entries[key] = (self._now() + answer.ttl, answer, cost)
        self._used += cost

    def _drop(self, key: _Key) -> None:
        entry = self._entries.pop(key, None)
        if entry is not None:
            self._used -= entry[2]


def _octets(record: Rdata) -> int:
    if isinstance(record, str):
        return len(record)
    return sum(len(part) if isinstance(part, str | bytes) else 8 for part in record)


def system_servers() -> tuple[str, ...]:
    """The resolvers this machine is configured with; empty when it has none."""
    import dns.resolver  # noqa: TID251 - reads what the system is set to, asks nothing

    try:
        return tuple(str(server) for server in dns.resolver.Resolver().nameservers)  # noqa: TID251
    except dns.resolver.NoResolverConfiguration:  # noqa: TID251
        return ()
