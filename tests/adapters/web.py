"""A small HTTP server on a loopback port that gives each path's body, and counts who asked."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

Body = bytes | Callable[[str, bytes], bytes]  # or of the method and the request's body


class Web:
    def __init__(self) -> None:
        self.bodies: dict[str, Body] = {}
        self.asked: list[str] = []
        self.url = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, EOFError, ValueError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            method, path, _ = head.split(" ", 2)
            size = next(
                (int(line[15:]) for line in head.lower().split("\r\n") if line[:14] == LENGTH), 0
            )
            sent = await reader.readexactly(size)
            self.asked.append(f"{method} {path}")
            where = path if path in self.bodies else f"/{path.split('/')[1]}"
            body = self.bodies.get(where)
            status = "404 Not Found" if body is None else "200 OK"
            octets = body(method, sent) if callable(body) else body or b""
            writer.write(
                f"HTTP/1.1 {status}\r\nContent-Length: {len(octets)}\r\n\r\n".encode() + octets
            )
            await writer.drain()
        writer.close()


LENGTH = "content-length"


@asynccontextmanager
async def web() -> AsyncIterator[Web]:
    one = Web()
    server = await asyncio.start_server(one.serve, "127.0.0.1", 0)
    async with server:
        one.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        yield one
