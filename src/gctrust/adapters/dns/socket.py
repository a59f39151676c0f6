"""A connected UDP socket of one DNS server: what is in flight there, by the id it was sent with.

The kernel drops what comes from another address or port. Several datagrams are read at one wake-up:
one for each would cost more than reading it.
"""

from __future__ import annotations

import asyncio
import ipaddress
import os
import socket
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

F = TypeVar("F")

_BATCH = 32  # datagrams read before what they led to is sent: the server works meanwhile
_LARGEST = 4096  # no reply to EDNS 1232 is larger
_BUFFER = 1 << 20
_DRAWN = 256  # ids


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

    @property
    def is_loopback(self) -> bool:
        return ipaddress.ip_address(self.host).is_loopback


class QuerySocket(Generic[F]):
    """`heard(flight, octets)` for each datagram with the id of a flight, None when the server's
    port is closed. Raises OSError when the server's network cannot be reached."""

    __slots__ = ("_chance", "_heard", "_loop", "_outbox", "_socket", "flights", "sent")

    def __init__(self, endpoint: Endpoint, heard: Callable[[F, bytes | None], None]) -> None:
        family = socket.AF_INET6 if ":" in endpoint.host else socket.AF_INET
        self._socket = socket.socket(family, socket.SOCK_DGRAM)
        try:
            self._socket.setblocking(False)
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER)
            self._socket.connect((endpoint.host, endpoint.port))  # from a port chosen by chance
        except OSError:
            self._socket.close()
            raise
        self._heard = heard
        self._outbox: list[bytes] = []
        self._chance: list[bytes] = []
        self.flights: dict[bytes, F] = {}
        self.sent = 0
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._socket.fileno(), self._read)

    def send(self, flight: F, query: bytes) -> bytes:
        """Sends `query` behind a new id, which is returned."""
        ident = self._ident()
        while ident in self.flights:
            ident = self._ident()
        self.sent += 1
        self.flights[ident] = flight
        if not self._outbox:
            self._loop.call_soon(self._flush)
        self._outbox.append(ident + query)
        return ident

    def _ident(self) -> bytes:
        """Two octets of chance: drawn many at once, since each draw asks the kernel."""
        if not self._chance:
            drawn = os.urandom(2 * _DRAWN)
            self._chance = [drawn[at : at + 2] for at in range(0, 2 * _DRAWN, 2)]
        return self._chance.pop()

    def _flush(self) -> None:
        """All at once: to wake the server for each datagram costs more than to send ten."""
        outbox, self._outbox = self._outbox, []
        send = self._socket.send
        for datagram in outbox:
            try:
                send(datagram)
            except BlockingIOError:  # lost, as the network may lose it: sent again in time
                continue
            except OSError:
                self._is_shut()
                return

    def _is_shut(self) -> None:
        """Nobody listens there (ICMP), there is no way there, or the socket was closed."""
        for flight in tuple(self.flights.values()):
            self._heard(flight, None)

    def _read(self) -> None:
        recv, flights, heard = self._socket.recv, self.flights, self._heard
        for _ in range(_BATCH):
            try:
                data = recv(_LARGEST)
            except BlockingIOError:
                return
            except OSError:
                self._is_shut()
                return
            flight = flights.get(data[:2])
            if flight is not None:
                heard(flight, data)

    def close(self) -> None:
        if self._socket.fileno() >= 0:
            self._loop.remove_reader(self._socket.fileno())
            self._socket.close()
