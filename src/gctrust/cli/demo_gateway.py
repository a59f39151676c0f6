"""A customer's gateway for the demo: a TLS front that reads its files anew for each connection.

With a trust store it demands a client certificate, and takes those alone that a trusted CA signed
and that are on its list; what it took and refused goes to an access log, as terminators write one.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from OpenSSL import SSL, crypto

PATIENCE = 5.0  # seconds for one handshake
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


@dataclass(frozen=True, slots=True)
class GatewayFiles:
    """`trust`, `allowed` and `log` are of a gateway that demands client certificates."""

    certificate: Path
    key: Path
    trust: Path | None = None
    allowed: Path | None = None
    log: Path | None = None


class Gateway:
    """Listens on a port of 127.0.0.1 from `start` to `stop`; `now` is whose clock it goes by."""

    def __init__(self, files: GatewayFiles, now: Callable[[], float]) -> None:
        self._files, self._now = files, now
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._serve, daemon=True)

    @property
    def address(self) -> str:
        host, port = self._socket.getsockname()
        return f"{host}:{port}"

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join(PATIENCE)

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection: socket.socket) -> None:
        with connection:
            _bounded(connection)
            caller = _Caller(self._files, self._now)
            try:
                tls = SSL.Connection(caller.context(), connection)
                tls.set_accept_state()
                tls.do_handshake()
            except (SSL.Error, OSError, ValueError):
                caller.log("refused")
                return
            caller.log("accepted")
            with contextlib.suppress(SSL.Error, OSError):  # a probe may want no answer
                tls.recv(4096)
                tls.sendall(ANSWER)
                tls.shutdown()


class _Caller:
    """One connection: the files as they are now, and what was shown."""

    def __init__(self, files: GatewayFiles, now: Callable[[], float]) -> None:
        self._files, self._now, self._shown = files, now, b""

    def context(self) -> SSL.Context:
        files = self._files
        context = SSL.Context(SSL.TLS_SERVER_METHOD)
        context.set_min_proto_version(SSL.TLS1_2_VERSION)
        context.set_session_cache_mode(SSL.SESS_CACHE_OFF)
        context.use_certificate_chain_file(str(files.certificate))
        context.use_privatekey_file(str(files.key))
        if files.trust is not None:
            context.load_client_ca(str(files.trust).encode())
            context.load_verify_locations(str(files.trust))
            store = context.get_cert_store()
            assert store is not None
            store.set_time(datetime.fromtimestamp(self._now(), UTC))
            context.set_verify(SSL.VERIFY_PEER | SSL.VERIFY_FAIL_IF_NO_PEER_CERT, self._judge)
        return context

    def _judge(
        self, _: SSL.Connection, shown: crypto.X509, error: int, depth: int, ok: int
    ) -> bool:
        if depth == 0:
            self._shown = crypto.dump_certificate(crypto.FILETYPE_ASN1, shown)
        return bool(ok) and (depth > 0 or self._allowed())

    def _allowed(self) -> bool:
        allowed = self._files.allowed
        lines = allowed.read_text("utf-8").splitlines() if allowed else []
        return _pin(self._shown) in [line.partition(" ")[0] for line in lines]

    def log(self, outcome: str) -> None:
        if self._files.log is None or not self._shown:
            return
        key = crypto.load_certificate(crypto.FILETYPE_ASN1, self._shown).to_cryptography()
        spki = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        line = {
            "time": self._now(),
            "outcome": outcome,
            "certificate_pin": _pin(self._shown),
            "spki_pin": _pin(spki),
        }
        with self._files.log.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(line) + "\n")


def _bounded(connection: socket.socket) -> None:
    """A blocking socket that the system gives up on: pyOpenSSL takes no Python timeout."""
    seconds = int(PATIENCE).to_bytes(8, "little") + bytes(8)  # struct timeval
    connection.setblocking(True)
    for option in (socket.SO_RCVTIMEO, socket.SO_SNDTIMEO):
        connection.setsockopt(socket.SOL_SOCKET, option, seconds)


def _pin(data: bytes) -> str:
    return base64.b64encode(hashlib.sha256(data).digest()).decode("ascii")
