"""UDP and TCP on one port for one name server (RFC 7766: several questions per TCP connection)."""

from __future__ import annotations

import asyncio
import socket
from typing import Protocol, cast

_PORT_TRIES = 50
_TCP_IDLE = 30.0


class Respond(Protocol):
    """From a message to its response; None means silence."""

    def __call__(self, wire: bytes, *, udp: bool) -> bytes | None: ...


class Listener:
    """The sockets of one name server, with a count of the questions each received."""

    def __init__(self, respond: Respond, port: int = 0) -> None:
        self._respond = respond
        self.port = port
        self.udp = 0
        self.tcp = 0
        self._server: asyncio.Server | None = None
        self._transport: asyncio.DatagramTransport | None = None
        self._open: dict[asyncio.StreamWriter, asyncio.Task[None] | None] = {}

    async def start(self) -> None:
        stream, datagram = _bind(self.port)
        self.port = stream.getsockname()[1]
        loop = asyncio.get_running_loop()
        self._server = await asyncio.start_server(self._converse, sock=stream)
        self._transport, _ = await loop.create_datagram_endpoint(
            lambda: _Datagrams(self), sock=datagram
        )

    async def stop(self) -> None:
        if self._transport is not None:
            self._transport.close()
        if self._server is not None:
            self._server.close()
        for writer in self._open:
            writer.close()
        talks = [task for task in self._open.values() if task is not None]
        if talks:
            await asyncio.wait(talks, timeout=1)

    def datagram(self, wire: bytes) -> bytes | None:
        self.udp += 1
        return self._respond(wire, udp=True)

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open[writer] = asyncio.current_task()
        try:
            while True:
                async with asyncio.timeout(_TCP_IDLE):
                    size = await reader.readexactly(2)
                    wire = await reader.readexactly(int.from_bytes(size))
                self.tcp += 1
                response = self._respond(wire, udp=False)
                if response is not None:
                    writer.write(len(response).to_bytes(2) + response)
                    await writer.drain()
        except (OSError, EOFError, TimeoutError):
            pass  # the client is gone or silent
        finally:
            self._open.pop(writer, None)
            writer.close()


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, listener: Listener) -> None:
        self._listener = listener

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        response = self._listener.datagram(data)
        if response is not None:
            self._transport.sendto(response, addr)


def _bind(port: int) -> tuple[socket.socket, socket.socket]:
    """One TCP and one UDP socket on the same port; with port 0, on any that is free for both."""
    for attempt in range(_PORT_TRIES):
        stream = socket.create_server(("127.0.0.1", port), backlog=256)
        datagram = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            datagram.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
            datagram.bind(stream.getsockname())
        except OSError:
            stream.close()
            datagram.close()
            if port or attempt == _PORT_TRIES - 1:
                raise
        else:
            datagram.setblocking(False)
            return stream, datagram
    raise OSError("no port is free for both UDP and TCP")
