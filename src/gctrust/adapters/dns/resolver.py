"""Asks DNS servers: many questions at once over few connected sockets.

A silent server is asked again, then another; equal questions in flight are asked once; answers are
cached by their TTL on the injected clock, which a `fresh` question bypasses. A failure is a status
of the answer, never raised. Questions run on callbacks, not tasks: one costs about 20 microseconds.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from time import monotonic
from typing import Protocol

from ...errors import Problem
from ...mailauth.questions import Answer, Question, Status
from .batch import Batch, settle
from .cache import Cache, Key, key_of
from .lane import Flight, Lane, Pace
from .question import UnaskableName, encode_question
from .silence import Patience, Silence, SilentOnes
from .socket import Endpoint
from .wire import Reply

_PLAIN = tuple(status for status in Status if not status.is_temporary)  # by identity: no hash
_CHAIN_LIMIT = 8
_MOST_LANES = 128  # sockets held open to authoritative servers
_TICK = 0.05  # seconds between looks at what is overdue


class Now(Protocol):
    """What tells the time: Unix seconds, possibly those of a sandbox."""

    def now(self) -> float: ...


@dataclass(slots=True)
class Tally:
    """What a resolver did since it began."""

    asked: int = 0
    sent: int = 0
    cached: int = 0
    joined: int = 0
    silent: int = 0


class Resolver:
    """`servers` as "192.0.2.1" or "192.0.2.1#5353" in order of preference; None: the system's.

    `pace` bounds what one server is pressed with, `cache_octets` the cache's size; `mixes` sends
    names in random case, which no forger repeats (None: but to loopback).
    Use it as an async context manager, or call `aclose`.
    """

    def __init__(
        self,
        servers: Sequence[str] | None,
        clock: Now,
        *,
        patience: Patience | None = None,
        pace: Pace | None = None,
        cache_octets: int = 64 << 20,
        mixes: bool | None = None,
    ) -> None:
        self.servers = tuple(servers) if servers is not None else system_servers()
        self.tally = Tally()
        self._patience, self._pace, self._mixes = patience or Patience(), pace or Pace(), mixes
        self._lanes: dict[str, Lane] = {}
        self._own_lanes: tuple[Lane, ...] = ()
        self._cache = Cache(cache_octets, clock.now)
        self._waiting: dict[Key, list[tuple[Batch, int]]] = {}
        self._waiting_fresh: dict[Key, list[tuple[Batch, int]]] = {}
        self._flying: set[Flight] = set()
        self._silence = SilentOnes(self._patience.dead_after)
        self._overdue: dict[int, list[Flight]] = {}  # by tick
        self._timer: asyncio.TimerHandle | None = None
        self._chains: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Resolver:
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """What is still open times out."""
        for task in self._chains:
            task.cancel()
        if self._timer is not None:
            self._timer.cancel()
        for lane in self._lanes.values():
            lane.close()
        self._lanes.clear()
        self._own_lanes = ()
        for flight in tuple(self._flying):
            self._give_up(flight)

    def forget(self) -> None:
        """Empty the cache."""
        self._cache.clear()

    @property
    def silent_servers(self) -> tuple[Silence, ...]:
        return self._silence.servers

    async def heard_from(self, seconds: float) -> bool:
        """Whether a server of ours answers; while all are taken for dead, one is asked each second,
        for at most `seconds`."""
        end = monotonic() + seconds
        while self.servers and all(self._silence.rank(server) == 2 for server in self.servers):
            if monotonic() > end:
                return False
            asked = (await self.resolve(Question(".", "NS", fresh=True))).status
            if asked is Status.TIMEOUT:
                await asyncio.sleep(max(0.0, min(1.0, end - monotonic())))
        return True

    def known(self, question: Question) -> Answer | None:
        """The cached answer, its TTL being what is left of it; None when it has to be asked."""
        return None if question.fresh else self._cache.get(key_of(question))

    async def resolve(self, question: Question) -> Answer:
        """The answer, within `Patience.deadline` seconds. Raises ValueError for an unknown type."""
        batch = self.begin((question,))
        if batch.missing:
            await batch.filled()
        return batch.ended()[0]

    async def resolve_all(self, questions: Iterable[Question]) -> tuple[Answer, ...]:
        """All answers, asked at once, in the order of the questions."""
        batch = self.begin(questions)
        if batch.missing:
            await batch.filled()
        return batch.ended()

    def begin(self, questions: Iterable[Question]) -> Batch:
        """Ask at once what is not known. Raises ValueError for an unknown type."""
        batch = Batch(questions)
        self.tally.asked += batch.missing
        get, put = self._cache.get, batch.put
        for index, question in enumerate(batch.questions):
            key = key_of(question)
            known = None if question.fresh else get(key)
            if known is None:
                self._begin(batch, index, question, key)
            else:
                self.tally.cached += 1
                put(index, known)
        return batch

    def _begin(self, batch: Batch, index: int, question: Question, key: Key) -> None:
        waiting = self._waiting_fresh if question.fresh else self._waiting
        others = waiting.get(key)
        if others is not None:
            self.tally.joined += 1
            others.append((batch, index))
            return
        try:
            wire = encode_question(question.name, question.type)
        except UnaskableName:
            batch.put(index, Answer(Status.NX_DOMAIN))
            return
        waiting[key] = [(batch, index)]
        try:
            self._launch(question, key, wire, self._answered)
        except ValueError:  # a server that is no address: nobody must wait for it
            del waiting[key]
            raise

    def _answered(self, flight: Flight, reply: Reply) -> None:
        """The flight of a question that batches wait for has ended."""
        answer = reply.answer
        if reply.open_end:
            task = asyncio.get_running_loop().create_task(self._follow(flight, reply))
            self._chains.add(task)
            task.add_done_callback(self._chains.discard)
            return
        question = flight.question
        if question.over:
            answer = replace(answer, over=question.over)
        key = flight.key
        with suppress(Problem):  # while the clock is away no time to live can be told
            self._cache.put(key, answer, reply.size)
        waiting = self._waiting_fresh if question.fresh else self._waiting
        for batch, index in waiting.pop(key):
            batch.put(index, answer)

    # --- chains that a server left open ---------------------------------------------------------

    async def _follow(self, flight: Flight, reply: Reply) -> None:
        answer, open_end, size = reply.answer, reply.open_end, reply.size
        try:
            while open_end:
                if len(answer.chain) > _CHAIN_LIMIT or open_end in answer.chain[:-1]:
                    answer = replace(answer, status=Status.SERVFAIL, records=(), ttl=0)
                    break
                rest = await self._target(replace(flight.question, name=open_end))
                open_end, size = rest.open_end, size + rest.size
                answer = replace(
                    rest.answer,
                    chain=answer.chain + rest.answer.chain,
                    ttl=min(answer.ttl, rest.answer.ttl),
                    authoritative=answer.authoritative,
                )
        except asyncio.CancelledError:
            answer = replace(answer, status=Status.TIMEOUT)
        self._answered(flight, Reply(answer, size=size))

    async def _target(self, question: Question) -> Reply:
        """An authoritative server stops at its zone's edge; resolvers know what lies beyond."""
        reply = await self._once(question)
        outside = reply.answer.status is Status.REFUSED or not reply.answer.authoritative
        if question.server is not None and outside:
            return await self._once(replace(question, server=None))
        return reply

    async def _once(self, question: Question) -> Reply:
        try:
            wire = encode_question(question.name, question.type)
        except UnaskableName:
            return Reply(Answer(Status.NX_DOMAIN))
        ended: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        self._launch(question, key_of(question), wire, lambda _, reply: settle(ended, reply))
        return await ended

    # --- one flight -----------------------------------------------------------------------------

    def _launch(
        self, question: Question, key: Key, wire: bytes, finish: Callable[[Flight, Reply], None]
    ) -> None:
        patience = self._patience
        if question.server is None:
            lanes = self._own_lanes or self._open_own_lanes()
        else:
            lanes = (self._lane(question.server),)
        tries = patience.tries if len(lanes) <= patience.tries else len(lanes)
        flight = Flight(question, key, wire, finish, lanes, tries, patience.first)
        self._flying.add(flight)
        if self._silence.is_known:
            self._be_brief(flight)
        self._next(flight)

    def _be_brief(self, flight: Flight) -> None:
        """Known silence is waited for once, and not at all while a server is left in peace."""
        rank, now = self._silence.rank, monotonic()
        flight.lanes = sorted(flight.lanes, key=lambda lane: rank(lane.label))
        own = flight.question.server is None
        if own and self._silence.is_silent_name(flight.question.name, now):
            flight.tries = len(flight.lanes)
        if all(rank(lane.label) == 2 for lane in flight.lanes):
            resting = all(self._silence.is_resting(lane.label, now) for lane in flight.lanes)
            flight.tries = 0 if resting and not own else 1

    def _next(self, flight: Flight) -> None:
        """Send to the server whose turn it is; end when all patience is used up."""
        late = flight.end and flight.end <= monotonic()
        if late or not flight.lanes or flight.attempt >= flight.tries:
            self._give_up(flight)
            return
        lane = flight.lanes[flight.attempt % len(flight.lanes)]
        flight.attempt += 1
        self.tally.sent += 1
        lane.submit(flight)

    def _sent(self, flight: Flight) -> None:
        now = monotonic()
        if not flight.end:
            flight.end = now + self._patience.deadline
        due = now + flight.wait
        flight.due = due if due < flight.end else flight.end
        self._watch(flight)

    def _heard(self, flight: Flight, lane: Lane, reply: Reply | None) -> None:
        if flight.done:
            return
        if reply is None:
            self._unheard(flight)
            return
        self._silence.heard(lane.label)
        if reply.answer.status in _PLAIN and not reply.truncated:
            self._finish(flight, reply)
        elif reply.truncated:
            lane.ask_over_tcp(flight)
        elif reply.format_error and flight.edns and not flight.question.over:
            flight.edns = False  # it knows none, RFC 6891 section 6.2.2
            self._release(flight)
            lane.submit(flight)
        else:  # it did answer: the same question gives the same failure there
            flight.answer = reply.answer
            flight.lanes = [one for one in flight.lanes if one is not lane]
            self._release(flight)
            self._next(flight)

    def _unheard(self, flight: Flight) -> None:
        """Its time is over, or its server cannot be reached."""
        if flight.lane is not None:
            now = monotonic()
            self._silence.unheard(flight.lane.label, now - flight.wait, now)
        self._release(flight)
        if flight.attempt % max(len(flight.lanes), 1) == 0:
            flight.wait *= self._patience.growth
        self._next(flight)

    def _release(self, flight: Flight) -> None:
        if flight.lane is not None:
            flight.lane.leave(flight)

    def _give_up(self, flight: Flight) -> None:
        """It ends with what a server told of its failure, else with silence."""
        answer = flight.answer
        if answer is None:
            self.tally.silent += 1
            if flight.question.server is None:
                self._silence.name_unheard(flight.question.name, monotonic())
            answer = Answer(Status.TIMEOUT, server=", ".join([one.label for one in flight.lanes]))
        self._finish(flight, Reply(answer))

    def _finish(self, flight: Flight, reply: Reply) -> None:
        if reply.size and self._silence.is_known:
            self._silence.name_heard(flight.question.name)
        flight.done = True
        self._flying.discard(flight)
        flight.forget()
        self._release(flight)
        flight.finish(flight, reply)

    # --- time -----------------------------------------------------------------------------------

    def _watch(self, flight: Flight) -> None:
        tick = int(flight.due / _TICK) + 1
        waiting = self._overdue.get(tick)
        if waiting is not None:
            waiting.append(flight)
            return
        self._overdue[tick] = [flight]
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(_TICK, self._look)

    def _look(self) -> None:
        """One timer for all: those that are answered by now cost nothing more."""
        now = monotonic()
        self._timer = None
        for tick in [tick for tick in self._overdue if tick * _TICK <= now]:
            for flight in self._overdue.pop(tick):
                if flight.done:
                    continue
                if flight.due <= now:
                    self._unheard(flight)
                else:
                    self._watch(flight)
        if self._overdue and self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(_TICK, self._look)

    # --- lanes ----------------------------------------------------------------------------------

    def _open_own_lanes(self) -> tuple[Lane, ...]:
        self._own_lanes = tuple([self._lane(server) for server in self.servers])
        return self._own_lanes

    def _lane(self, server: str) -> Lane:
        lane = self._lanes.get(server)
        if lane is None:
            if len(self._lanes) > _MOST_LANES:
                self._close_idle()
            endpoint = Endpoint.parse(server)
            lane = self._lanes[server] = Lane(
                endpoint,
                server,
                self._pace,
                self._heard,
                self._sent,
                sockets=4 if server in self.servers else 1,
                mixes=not endpoint.is_loopback if self._mixes is None else self._mixes,
            )
        return lane

    def _close_idle(self) -> None:
        for name, lane in list(self._lanes.items()):
            if lane.idle and name not in self.servers:
                lane.close()
                del self._lanes[name]


def system_servers() -> tuple[str, ...]:
    """The resolvers this machine is configured with; empty when it has none."""
    import dns.resolver  # noqa: TID251 - reads what the system is set to, asks nothing

    try:
        return tuple(str(server) for server in dns.resolver.Resolver().nameservers)  # noqa: TID251
    except dns.resolver.NoResolverConfiguration:  # noqa: TID251
        return ()
