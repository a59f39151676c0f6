"""A TLS server on a loopback port: asyncio around OpenSSL's memory BIOs.

What a connection means is its `Host`'s business: which context serves a name, what is said after
the handshake, how a request is answered. A refusal is delivered with care: the alert is sent, then
the socket lingers until the client has closed, because closing over unread data would reset the
connection and could destroy the alert before the client reads it (RFC 9112 section 9.6).
"""

from __future__ import annotations

import asyncio
from typing import Protocol, cast

from OpenSSL import SSL

from .client_hello import NotTls, read_client_hello

_LINGER = 5.0  # seconds a finished connection may stay open for the client to close
_PATIENCE = 20.0  # seconds for a handshake and a request
_CHUNK = 65536
_MAX_REQUEST = 65536
_MAX_HELLO = 1 << 17


class Host(Protocol):
    """What one edge does with its connections. `peer` is new for each connection."""

    def begin(self, server_name: str) -> Peer: ...


class Peer(Protocol):
    """One connection's story: its context, then exactly one of `accepted` and `failed`."""

    @property
    def context(self) -> SSL.Context: ...

    def accepted(self, connection: SSL.Connection) -> bytes:
        """The handshake is done; what is returned is sent at once, and if any, ends the talk."""

    def failed(self) -> None: ...

    def respond(self, request: bytes) -> bytes: ...


class TlsListener:
    """Accepts on 127.0.0.1 from `start` to `stop`."""

    def __init__(self, host: Host, port: int = 0) -> None:
        self._host = host
        self.port = port
        self._server: asyncio.Server | None = None
        self.open: set[_Connection] = set()

    async def start(self) -> None:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: _Connection(self, self._host), "127.0.0.1", self.port, backlog=1024
        )
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
        for connection in list(self.open):
            connection.abort()

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"


class _Connection(asyncio.Protocol):
    def __init__(self, listener: TlsListener, host: Host) -> None:
        self._listener = listener
        self._host = host
        self._tls: SSL.Connection | None = None
        self._peer: Peer | None = None
        self._early = b""
        self._request = b""
        self._settled = False  # accepted or failed has been told
        self._over = False  # only waiting for the client to close

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._listener.open.add(self)
        self._timer = asyncio.get_running_loop().call_later(_PATIENCE, self.abort)

    def connection_lost(self, exc: Exception | None) -> None:
        self._timer.cancel()
        self._listener.open.discard(self)
        self._fail()

    def eof_received(self) -> bool:
        return False

    def abort(self) -> None:
        self._transport.abort()

    def data_received(self, data: bytes) -> None:
        if self._over:
            return
        if self._tls is None:
            data = self._begin(data)
        if self._tls is None or not data:
            return
        self._tls.bio_write(data)
        try:
            self._advance(self._tls)
        except SSL.Error:
            self._flush()
            self._fail()
            self._finish()

    def _begin(self, data: bytes) -> bytes:
        """Wait for the whole ClientHello; returns all bytes so far once the context is chosen."""
        self._early += data
        try:
            hello = read_client_hello(self._early)
        except NotTls:
            self._finish()
            return b""
        if hello is None:
            if len(self._early) > _MAX_HELLO:  # empty records without end
                self._finish()
            return b""
        self._peer = self._host.begin(hello.server_name)
        self._tls = SSL.Connection(self._peer.context, None)
        self._tls.set_app_data(self._peer)
        self._tls.set_accept_state()
        return self._early

    def _advance(self, tls: SSL.Connection) -> None:
        try:
            if not self._settled:
                tls.do_handshake()
                self._accept(tls)
            while not self._over:
                self._request += tls.recv(_CHUNK)
                self._answer(tls)
        except SSL.WantReadError:
            self._flush()
        except SSL.ZeroReturnError:
            self._finish()

    def _accept(self, tls: SSL.Connection) -> None:
        assert self._peer is not None
        self._settled = True
        greeting = self._peer.accepted(tls)
        if greeting:
            tls.sendall(greeting)
            self._close(tls)

    def _answer(self, tls: SSL.Connection) -> None:
        assert self._peer is not None
        if b"\r\n\r\n" in self._request or len(self._request) > _MAX_REQUEST:
            tls.sendall(self._peer.respond(self._request))
            self._close(tls)

    def _close(self, tls: SSL.Connection) -> None:
        tls.shutdown()
        self._finish()

    def _fail(self) -> None:
        if self._peer is not None and not self._settled:
            self._settled = True
            self._peer.failed()

    def _flush(self) -> None:
        assert self._tls is not None
        try:
            while True:
                self._transport.write(self._tls.bio_read(_CHUNK))
        except SSL.WantReadError:
            pass

    def _finish(self) -> None:
        """Send what is left, close our direction, and leave the rest to the client."""
        self._over = True
        if self._tls is not None:
            self._flush()
        if self._transport.can_write_eof() and not self._transport.is_closing():
            self._transport.write_eof()
        self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(_LINGER, self.abort)
