"""One HTTP port: uvicorn's own protocol on a loop's server, with the socket within reach.

The application finds the connection in `scope["state"]["transport"]`, so that a fault rule can
really reset it; `reset` sends a TCP RST, not a polite close.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from typing import cast

from uvicorn._types import ASGI3Application, Scope
from uvicorn.config import Config
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

KEEP_ALIVE_SECONDS = 60


class _Protocol(H11Protocol):
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self.app_state = {**self.app_state, "transport": transport}
        super().connection_made(transport)


class HttpListener:
    """`port` is known after start."""

    def __init__(self, app: ASGI3Application, port: int = 0) -> None:
        self.port = port
        self._app = app
        self._state = ServerState()
        self._server: asyncio.Server | None = None

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def start(self) -> None:
        config = Config(
            self._app,
            http=_Protocol,
            ws="none",
            lifespan="off",
            interface="asgi3",
            log_config=None,
            access_log=False,
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
        )
        config.load()
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: _Protocol(config, self._state, {}), "127.0.0.1", self.port, backlog=512
        )
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
        for connection in list(self._state.connections):
            cast(_Protocol, connection).transport.close()
        await asyncio.sleep(0)


def transport_of(scope: Scope) -> asyncio.Transport:
    return cast(asyncio.Transport, scope.get("state", {})["transport"])


def reset(transport: asyncio.Transport) -> None:
    """Close so that the peer sees ECONNRESET: linger 0 makes the kernel send RST."""
    connection = transport.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()
