"""The way to one DNS server: a few sockets, a window and a pace of questions, TCP beside them.

A question keeps its ids until it is answered, so that a late answer to an earlier transmission
still counts. Off loopback the letters of a name go out in random case (0x20): a datagram that does
not repeat them is not believed, and the question is asked over TCP.
"""

from __future__ import annotations

import asyncio
import os
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import monotonic

from ...mailauth.questions import Answer, Question, Status
from .cache import Key
from .question import mixed_case, query_after_id, repeats_question, repeats_without_case
from .socket import Endpoint, QuerySocket
from .wire import Reply, carries_edns, decode

_IN_A_ROW = 32  # queries from one socket before the next has its turn


class Flight:
    """One question on its way, over however many servers and transmissions."""

    __slots__ = (
        "answer", "attempt", "done", "due", "earlier", "edns", "end", "finish", "ident", "key",
        "lane", "lanes", "mixed", "question", "socket", "streams", "tcp", "tries", "wait", "wire",
    )  # fmt: skip

    def __init__(
        self,
        question: Question,
        key: Key,
        wire: bytes,
        finish: Callable[[Flight, Reply], None],
        lanes: Sequence[Lane],
        tries: int,
        wait: float,
    ) -> None:
        self.question, self.key, self.wire, self.finish = question, key, wire, finish
        self.lanes, self.tries, self.wait = lanes, tries, wait
        self.mixed = b""  # as it was sent; empty until then
        self.edns, self.done = True, False
        self.tcp = self.streams = False  # whether TCP was tried, and whether it is under way
        self.lane: Lane | None = None  # whose window it takes a place in
        self.attempt, self.due, self.end = 0, 0.0, 0.0
        self.socket: QuerySocket[Flight] | None = None
        self.ident = b""
        self.earlier: list[tuple[QuerySocket[Flight], bytes]] | None = None  # transmissions
        self.answer: Answer | None = None  # the failure that a server told

    def goes_out(self, socket: QuerySocket[Flight], query: bytes) -> None:
        if self.socket is not None:
            self.earlier = [*(self.earlier or ()), (self.socket, self.ident)]
        self.socket, self.ident = socket, socket.send(self, query)

    def forget(self) -> None:
        """No datagram can answer it any more."""
        if self.socket is not None:
            self.socket.flights.pop(self.ident, None)
        for socket, ident in self.earlier or ():
            socket.flights.pop(ident, None)


@dataclass(frozen=True, slots=True)
class Pace:
    """How hard one server may be pressed: questions at once, and each second (0: no limit). After
    `from_one_port` questions another port is used, before a forger has learnt it."""

    at_once: int = 512
    per_second: float = 0.0
    from_one_port: int = 20_000


class Lane:
    """`heard(flight, lane, reply)`: None when the server cannot be reached; `sent(flight)` when a
    question went out and its time begins."""

    def __init__(
        self,
        endpoint: Endpoint,
        label: str,
        pace: Pace,
        heard: Callable[[Flight, Lane, Reply | None], None],
        sent: Callable[[Flight], None],
        *,
        sockets: int = 1,
        mixes: bool = True,
    ) -> None:
        self.endpoint, self.label, self.mixes = endpoint, label, mixes
        self._pace, self._heard, self._sent, self._wanted = pace, heard, sent, sockets
        self._sockets: deque[QuerySocket[Flight]] = deque()
        self._retired: list[QuerySocket[Flight]] = []
        self._in_a_row = min(_IN_A_ROW, pace.from_one_port)
        self._queue: deque[Flight] = deque()
        self._out = 0
        self._free_at = 0.0
        self._pump_timer: asyncio.TimerHandle | None = None
        self._streams: set[asyncio.Task[None]] = set()
        self._loop = asyncio.get_running_loop()

    @property
    def idle(self) -> bool:
        return not (self._out or self._queue or self._streams)

    # --- the window ---------------------------------------------------------------------------

    def submit(self, flight: Flight) -> None:
        """Send it now, or when the window and the pace have room."""
        if not self._queue and self._has_room():
            self._transmit(flight)
        else:
            self._queue.append(flight)
            self._pump_later()

    def leave(self, flight: Flight) -> None:
        """The flight needs its place no longer."""
        flight.lane = None
        self._out -= 1
        if self._queue:
            self._pump()

    def _has_room(self) -> bool:
        if self._out >= self._pace.at_once:
            return False
        return not self._pace.per_second or self._free_at <= monotonic()

    def _pump(self) -> None:
        self._pump_timer = None
        while self._queue and self._has_room():
            flight = self._queue.popleft()
            if not flight.done:
                self._transmit(flight)
        self._pump_later()

    def _pump_later(self) -> None:
        waits = self._queue and self._pace.per_second and self._out < self._pace.at_once
        if waits and self._pump_timer is None:
            self._pump_timer = self._loop.call_later(self._free_at - monotonic(), self._pump)

    def _take_place(self, flight: Flight) -> None:
        flight.lane = self
        self._out += 1
        if self._pace.per_second:
            step = 1 / self._pace.per_second
            # a tenth of a second's worth may go in one burst
            self._free_at = max(self._free_at, monotonic() - 0.1) + step

    # --- UDP ----------------------------------------------------------------------------------

    def _transmit(self, flight: Flight) -> None:
        if not flight.mixed:
            mixes = self.mixes and not flight.tcp
            flight.mixed = mixed_case(flight.wire) if mixes else flight.wire
        recursion = flight.question.server is None
        query = query_after_id(flight.mixed, recursion, flight.edns)
        self._take_place(flight)
        self._sent(flight)
        if flight.question.over == "tcp":
            self.ask_over_tcp(flight)
            return
        try:
            flight.goes_out(self._socket(), query)
        except OSError:  # no way there; told later, so that nothing answers while it is asked
            self._loop.call_soon(self._heard, flight, self, None)

    def _socket(self) -> QuerySocket[Flight]:
        sockets = self._sockets
        if sockets and sockets[-1].sent % self._in_a_row:
            return sockets[-1]  # one wake-up reads them all
        if len(sockets) < self._wanted:
            sockets.append(QuerySocket(self.endpoint, self._datagram))
        elif sockets[0].sent >= self._pace.from_one_port:
            self._retire()
            sockets.append(QuerySocket(self.endpoint, self._datagram))
        else:
            sockets.rotate()
        return sockets[-1]

    def _retire(self) -> None:
        self._retired.append(self._sockets.popleft())
        for socket in [one for one in self._retired if not one.flights]:
            self._retired.remove(socket)
            socket.close()

    def _datagram(self, flight: Flight, data: bytes | None) -> None:
        if data is None:
            self._heard(flight, self, None)
        elif repeats_question(data, flight.mixed):
            self._heard(flight, self, self._read(flight, data))
        elif repeats_without_case(data, flight.mixed):
            if flight.mixed == flight.wire:
                self._heard(flight, self, self._read(flight, data))
            elif not flight.tcp:
                self.ask_over_tcp(flight)  # forged, or a server that does not keep the case

    def _read(self, flight: Flight, data: bytes) -> Reply:
        if flight.mixed is not flight.wire:  # names that point into the question look as asked
            data = data[:12] + flight.wire + data[12 + len(flight.wire) :]
        if flight.question.over == "edns" and not carries_edns(data):
            return Reply(Answer(Status.MALFORMED, server=self.label))
        return decode(data, flight.wire, self.label)

    # --- TCP ----------------------------------------------------------------------------------

    def ask_over_tcp(self, flight: Flight) -> None:
        """What UDP could not carry, or nobody may have forged."""
        if flight.streams:
            return
        flight.tcp, flight.streams, flight.due = True, True, flight.end
        task = self._loop.create_task(self._over_tcp(flight))
        self._streams.add(task)
        task.add_done_callback(self._streams.discard)

    async def _over_tcp(self, flight: Flight) -> None:
        try:
            async with asyncio.timeout(flight.end - monotonic()):
                data = await self._exchange(flight)
        except (OSError, TimeoutError, asyncio.IncompleteReadError):
            flight.streams, flight.mixed = False, b""
            return self._heard(flight, self, None)
        flight.streams = False
        if repeats_without_case(data, flight.wire):
            self.mixes &= repeats_question(data, flight.mixed)
            return self._heard(flight, self, self._read(flight, data))
        return self._heard(flight, self, Reply(Answer(Status.MALFORMED, server=self.label)))

    async def _exchange(self, flight: Flight) -> bytes:
        reader, writer = await asyncio.open_connection(self.endpoint.host, self.endpoint.port)
        try:
            ident = os.urandom(2)
            recursion = flight.question.server is None
            query = ident + query_after_id(flight.mixed, recursion)
            writer.write(len(query).to_bytes(2, "big") + query)
            size = int.from_bytes(await reader.readexactly(2), "big")
            data = await reader.readexactly(size)
            if data[:2] != ident:
                raise ConnectionAbortedError("an answer to another query")
            return data
        finally:
            writer.close()

    def close(self) -> None:
        for task in self._streams:
            task.cancel()
        if self._pump_timer is not None:
            self._pump_timer.cancel()
        for socket in (*self._sockets, *self._retired):
            socket.close()
        self._sockets.clear()
