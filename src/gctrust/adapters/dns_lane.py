"""One DNS server: its connected UDP sockets, the questions in flight there, and TCP beside them."""

from __future__ import annotations

import asyncio
import heapq
import ipaddress
import secrets
from dataclasses import dataclass
from typing import cast

from ..mailauth.questions import Answer, Status
from .dns_wire import Reply, decode, encode_query, repeats_question


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a server listens."""

    host: str
    port: int = 53

    @classmethod
    def parse(cls, text: str) -> Endpoint:
        """ "192.0.2.1", "192.0.2.1#5353" or IPv6 the same way. Raises ValueError."""
        host, _, port = text.partition("#")
        number = int(port or 53)
        if not 0 < number < 65536:
            raise ValueError(f"{text!r} names no port")
        return cls(str(ipaddress.ip_address(host.strip("[]"))), number)


class _Socket(asyncio.DatagramProtocol):
    """A connected socket: the kernel drops what comes from elsewhere."""

    def __init__(self) -> None:
        self.flights: dict[int, tuple[bytes, asyncio.Future[bytes | None]]] = {}
        self.transport: asyncio.DatagramTransport | None = None
        self._due: list[tuple[float, int, asyncio.Future[bytes | None]]] = []
        self._timer: asyncio.TimerHandle | None = None
        self._loop = asyncio.get_running_loop()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: object) -> None:
        if len(data) < 12:
            return
        flight = self.flights.get(data[0] << 8 | data[1])
        if flight is None or flight[1].done() or not repeats_question(data, flight[0]):
            return  # late, forged or an answer to another question: the right one may still come
        flight[1].set_result(data)

    def error_received(self, exc: Exception) -> None:
        """Nobody listens there (ICMP): no answer will come to what is in flight."""
        for _, waiting in self.flights.values():
            if not waiting.done():
                waiting.set_result(None)

    async def ask(self, question: bytes, recursion: bool, edns: bool, wait: float) -> bytes | None:
        """The reply's octets; None when `wait` seconds passed without one."""
        ident = secrets.randbits(16)
        while ident in self.flights:
            ident = secrets.randbits(16)
        waiting: asyncio.Future[bytes | None] = self._loop.create_future()
        self.flights[ident] = (question, waiting)
        try:
            assert self.transport is not None
            self.transport.sendto(encode_query(ident, question, recursion=recursion, edns=edns))
            self._expect(self._loop.time() + wait, ident, waiting)
            return await waiting
        finally:
            del self.flights[ident]

    def _expect(self, due: float, ident: int, waiting: asyncio.Future[bytes | None]) -> None:
        heapq.heappush(self._due, (due, ident, waiting))
        if self._timer is None or due < self._timer.when():
            if self._timer is not None:
                self._timer.cancel()
            self._timer = self._loop.call_at(due, self._expire)

    def _expire(self) -> None:
        now = self._loop.time() + 0.001
        self._timer = None
        while self._due and (self._due[0][2].done() or self._due[0][0] <= now):
            _, _, waiting = heapq.heappop(self._due)
            if not waiting.done():
                waiting.set_result(None)
        if self._due:
            self._timer = self._loop.call_at(self._due[0][0], self._expire)

    def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self.error_received(ConnectionAbortedError())
        if self.transport is not None:
            self.transport.close()


class Lane:
    """The way to one server. `silences` counts its time-outs since it last answered."""

    def __init__(self, endpoint: Endpoint, label: str, sockets: int, in_flight: int) -> None:
        self.endpoint, self.label, self.silences = endpoint, label, 0
        self._wanted, self._turn = sockets, 0
        self._sockets: list[_Socket] = []
        self._opening = asyncio.Lock()
        self._room = asyncio.Semaphore(in_flight)

    @property
    def idle(self) -> bool:
        return not any(socket.flights for socket in self._sockets)

    def close(self) -> None:
        for socket in self._sockets:
            socket.close()
        self._sockets.clear()

    async def ask(self, question: bytes, recursion: bool, wait: float, left: float) -> Reply:
        """UDP for `wait` seconds; TCP, for at most `left`, when the answer is truncated."""
        async with self._room:
            reply = await self._ask_udp(question, recursion, True, wait)
            if reply.format_error:  # a server that knows no EDNS, RFC 6891 section 6.2.2
                reply = await self._ask_udp(question, recursion, False, wait)
            if reply.truncated:
                reply = await self._ask_tcp(question, recursion, left)
        self.silences = self.silences + 1 if reply.answer.status is Status.TIMEOUT else 0
        return reply

    async def _ask_udp(self, question: bytes, recursion: bool, edns: bool, wait: float) -> Reply:
        try:
            socket = await self._socket()
            data = await socket.ask(question, recursion, edns, wait)
        except OSError:
            data = None
        return self._reply(data, question)

    def _reply(self, data: bytes | None, question: bytes) -> Reply:
        if data is None:
            return Reply(Answer(Status.TIMEOUT, server=self.label))
        return decode(data, question, self.label)

    async def _socket(self) -> _Socket:
        if len(self._sockets) < self._wanted:
            async with self._opening:
                while len(self._sockets) < self._wanted:
                    _, socket = await asyncio.get_running_loop().create_datagram_endpoint(
                        _Socket, remote_addr=(self.endpoint.host, self.endpoint.port)
                    )
                    self._sockets.append(socket)
        self._turn = (self._turn + 1) % len(self._sockets)
        return self._sockets[self._turn]

    async def _ask_tcp(self, question: bytes, recursion: bool, left: float) -> Reply:
        try:
            async with asyncio.timeout(left):
                data = await self._exchange(question, recursion)
        except (OSError, TimeoutError, asyncio.IncompleteReadError):
            data = None
        if data is not None and not repeats_question(data, question):
            return Reply(Answer(Status.MALFORMED, server=self.label))
        return self._reply(data, question)

    async def _exchange(self, question: bytes, recursion: bool) -> bytes | None:
        reader, writer = await asyncio.open_connection(self.endpoint.host, self.endpoint.port)
        try:
            query = encode_query(secrets.randbits(16), question, recursion=recursion)
            writer.write(len(query).to_bytes(2, "big") + query)
            size = int.from_bytes(await reader.readexactly(2), "big")
            data = await reader.readexactly(size)
            return data if data[:2] == query[:2] else None
        finally:
            writer.close()
