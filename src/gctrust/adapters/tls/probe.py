"""TLS probe: full, unresumed handshakes over pyOpenSSL memory BIOs, one or many at once.

It verifies nothing: it brings the chain, the stapled OCSP answer and the parameters to the judge. A
failure is a value with its cause, for it is what the probe is asked about.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache

from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import Certificate as X509Certificate
from OpenSSL import SSL

_CHUNK = 65_536
_MOST_HEAD = 16_384
_VERSIONS = {
    "TLSv1": SSL.TLS1_VERSION,
    "TLSv1.1": SSL.TLS1_1_VERSION,
    "TLSv1.2": SSL.TLS1_2_VERSION,
    "TLSv1.3": SSL.TLS1_3_VERSION,
}
LEGACY = ("TLSv1", "TLSv1.1")


@dataclass(frozen=True, slots=True)
class ClientIdentity:
    """What the client presents: its certificate, what to send with it, and its private key."""

    certificate: X509Certificate
    chain: tuple[X509Certificate, ...]
    key: PrivateKeyTypes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Handshake:
    """One try. `cause` is empty when it went well, else one of: refused, unreachable, timeout,
    closed, reset, "alert: NAME", "closed after certificate", "protocol: NAME".

    `chain` and `staple` are DER as the server sent them; `seconds` is from connect to the end.
    `group` is the key exchange's, as OpenSSL names it.
    `read` is what the server answered when a request was sent after the handshake.
    """

    address: str
    port: int
    server_name: str | None
    seconds: float
    cause: str = ""
    chain: tuple[bytes, ...] = ()
    staple: bytes = b""
    version: str = ""
    cipher: str = ""
    group: str = ""
    alpn: str = ""
    asked_for_certificate: bool = False
    authorities: tuple[bytes, ...] = ()  # the CAs it names there, DER (RFC 8446 section 4.2.4)
    read: bytes = b""

    @property
    def ok(self) -> bool:
        return not self.cause

    @property
    def leaf(self) -> bytes | None:
        return self.chain[0] if self.chain else None


class _Refused(Exception):
    def __init__(self, cause: str) -> None:
        super().__init__(cause)
        self.cause = cause


@dataclass(slots=True)
class _Seen:
    """What OpenSSL's callbacks saw of one connection."""

    staple: bytes = b""
    alert: str = ""
    asked: bool = False


@lru_cache(maxsize=32)
def _context(
    client: ClientIdentity | None,
    low: str,
    high: str,
    alpn: tuple[str, ...],
    staple: bool,
    ciphers: str,
) -> SSL.Context:
    """No verify callback is set: one that said yes would have OpenSSL check every signature."""
    context = SSL.Context(SSL.TLS_CLIENT_METHOD)
    context.set_options(SSL.OP_NO_TICKET)
    context.set_session_cache_mode(SSL.SESS_CACHE_OFF)
    if low in LEGACY and not ciphers:
        ciphers = "ALL:@SECLEVEL=0"  # or OpenSSL would not even offer them
    if ciphers:
        context.set_cipher_list(ciphers.encode("ascii"))
    context.set_min_proto_version(_VERSIONS[low])
    context.set_max_proto_version(_VERSIONS[high])
    if alpn:
        context.set_alpn_protos([name.encode("ascii") for name in alpn])
    if client is not None:
        context.use_certificate(client.certificate)
        for certificate in client.chain:
            context.add_extra_chain_cert(certificate)
        context.use_privatekey(client.key)  # type: ignore[arg-type]
    if staple:
        context.set_ocsp_client_callback(_keep_staple)
    context.set_info_callback(_keep_alert)
    return context


@lru_cache(maxsize=32)
def can_offer(version: str, ciphers: str = "") -> bool:
    """Whether this machine's OpenSSL can say a ClientHello of that version and those suites."""
    try:
        tls = SSL.Connection(_context(None, version, version, (), False, ciphers), None)
        tls.set_connect_state()
        tls.do_handshake()
    except SSL.WantReadError:
        return True
    except SSL.Error:
        return False
    return True


def _keep_staple(connection: SSL.Connection, staple: bytes, data: object) -> bool:
    seen = connection.get_app_data()
    if isinstance(seen, _Seen):
        seen.staple = staple
    return True


def _keep_alert(connection: SSL.Connection, where: int, value: int) -> None:
    if where & SSL.SSL_CB_ALERT and where & SSL.SSL_CB_READ and value & 0xFF:
        seen = connection.get_app_data()
        if isinstance(seen, _Seen):
            seen.alert = _ALERTS.get(value & 0xFF, f"number {value & 0xFF}")


# RFC 8446 section 6, and the older ones of RFC 5246 section 7.2
_ALERTS = {
    10: "unexpected_message",
    20: "bad_record_mac",
    22: "record_overflow",
    40: "handshake_failure",
    42: "bad_certificate",
    43: "unsupported_certificate",
    44: "certificate_revoked",
    45: "certificate_expired",
    46: "certificate_unknown",
    47: "illegal_parameter",
    48: "unknown_ca",
    49: "access_denied",
    50: "decode_error",
    51: "decrypt_error",
    70: "protocol_version",
    71: "insufficient_security",
    80: "internal_error",
    86: "inappropriate_fallback",
    90: "user_canceled",
    109: "missing_extension",
    110: "unsupported_extension",
    112: "unrecognized_name",
    113: "bad_certificate_status_response",
    115: "unknown_psk_identity",
    116: "certificate_required",
    120: "no_application_protocol",
}


async def handshake(
    address: str,
    port: int,
    server_name: str | None,
    *,
    client: ClientIdentity | None = None,
    timeout: float = 10.0,  # noqa: ASYNC109 -- part of one result, not of the caller's scope
    min_version: str = "TLSv1.2",
    max_version: str = "TLSv1.3",
    alpn: tuple[str, ...] = (),
    staple: bool = True,
    ask: bool | None = None,
    ciphers: str = "",
    whole_head: bool = False,
) -> Handshake:
    """One full handshake with `address` (an IP address), `server_name` in SNI (None: without).

    `ciphers` are OpenSSL's words for the suites of TLS 1.2 and older that are offered. With
    `whole_head` the answer is read to the end of its head, otherwise what comes first is enough.

    With `ask` (the default when a client certificate is given) a request is sent and the answer
    awaited: in TLS 1.3 a server refuses a client certificate only after the client is done
    (RFC 8446 section 4.4.2.4), so an alert or an end before the first octet is a refusal.
    """
    context = _context(client, min_version, max_version, alpn, staple, ciphers)
    wire = _Wire(context, server_name, staple)
    ask = client is not None if ask is None else ask
    start = time.perf_counter()
    cause, read = "", b""
    try:
        async with asyncio.timeout(timeout):
            await wire.run(address, port)
            if ask:
                read = await wire.ask(_request(server_name, address), whole_head=whole_head)
    except _Refused as error:
        cause = error.cause
    except TimeoutError:
        cause = "timeout"
    except ConnectionRefusedError:
        cause = "refused"
    except (ConnectionResetError, BrokenPipeError):
        cause = wire.end_cause("reset")
    except OSError as error:
        cause = f"unreachable: {error.strerror or error}"
    finally:
        wire.close()
    seconds = time.perf_counter() - start
    return wire.result(address, port, server_name, seconds=seconds, cause=cause, read=read)


def _request(server_name: str | None, address: str) -> bytes:
    host = server_name or (f"[{address}]" if ":" in address else address)
    return f"GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode("ascii", "replace")


class _Wire:
    """One connection: OpenSSL on memory BIOs on one side, a non-blocking socket on the other."""

    def __init__(self, context: SSL.Context, server_name: str | None, staple: bool) -> None:
        self.seen = _Seen()
        self.tls = SSL.Connection(context, None)
        self.tls.set_app_data(self.seen)
        if server_name is not None:
            self.tls.set_tlsext_host_name(server_name.encode("ascii"))
        if staple:
            self.tls.request_ocsp()
        self.tls.set_connect_state()
        self.sock: socket.socket | None = None
        self.done = False

    async def run(self, address: str, port: int) -> None:
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        loop = asyncio.get_running_loop()
        self.sock = socket.socket(family, socket.SOCK_STREAM)
        self.sock.setblocking(False)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        await loop.sock_connect(self.sock, (address, port))
        await self._drive(self.tls.do_handshake)
        self.done = True
        await self._flush()

    async def ask(self, request: bytes, *, whole_head: bool) -> bytes:
        await self._drive(lambda: self.tls.send(request))
        await self._flush()
        read = await self._drive(lambda: self.tls.recv(4096))
        while whole_head and b"\r\n\r\n" not in read and len(read) < _MOST_HEAD:
            try:
                read += await self._drive(lambda: self.tls.recv(4096))
            except _Refused:  # the end of what it has to say
                break
        return read

    async def _drive(self, step: Callable[[], object]) -> bytes:
        """Repeat `step` while it wants octets. Raises _Refused with the cause."""
        while True:
            try:
                value = step()
                return value if isinstance(value, bytes) else b""
            except SSL.WantReadError:
                await self._flush()
                await self._fill()
            except (SSL.ZeroReturnError, SSL.SysCallError):
                raise _Refused(self.end_cause("closed")) from None
            except SSL.Error as error:
                raise _Refused(self._error_cause(error)) from None

    async def _flush(self) -> None:
        loop = asyncio.get_running_loop()
        with contextlib.suppress(SSL.WantReadError):
            while octets := self.tls.bio_read(_CHUNK):
                with contextlib.suppress(BrokenPipeError):  # the alert may still be there to read
                    await loop.sock_sendall(self._socket, octets)

    async def _fill(self) -> None:
        octets = await asyncio.get_running_loop().sock_recv(self._socket, _CHUNK)
        if not octets:
            raise _Refused(self.end_cause("closed"))
        self.tls.bio_write(octets)

    @property
    def _socket(self) -> socket.socket:
        assert self.sock is not None
        return self.sock

    def end_cause(self, otherwise: str) -> str:
        """An end after the client sent its certificate is how some servers refuse it."""
        if self.seen.alert:
            return f"alert: {self.seen.alert}"
        sent = self.done or b"write finished" in self.tls.get_state_string()
        return "closed after certificate" if sent else otherwise

    def _error_cause(self, error: SSL.Error) -> str:
        if self.seen.alert:
            return f"alert: {self.seen.alert}"
        reasons = error.args[0] if error.args and isinstance(error.args[0], list) else []
        text = str(reasons[-1][-1]) if reasons else str(error)
        return "protocol: " + re.sub(r"\s+", " ", text or type(error).__name__)[:80]

    def result(
        self,
        address: str,
        port: int,
        server_name: str | None,
        *,
        seconds: float,
        cause: str,
        read: bytes,
    ) -> Handshake:
        chain = tuple(
            certificate.public_bytes(Encoding.DER)
            for certificate in self.tls.get_peer_cert_chain(as_cryptography=True) or ()
        )
        named = self.tls.get_client_ca_list()
        return Handshake(
            address,
            port,
            server_name,
            seconds,
            cause,
            chain=chain,
            staple=self.seen.staple,
            version=self.tls.get_protocol_version_name() if self.done else "",
            cipher=(self.tls.get_cipher_name() or "") if self.done else "",
            group=(self.tls.get_group_name() or "") if self.done else "",
            alpn=self.tls.get_alpn_proto_negotiated().decode("ascii", "replace"),
            asked_for_certificate=bool(named),
            authorities=tuple(name.der() for name in named),
            read=read,
        )

    def close(self) -> None:
        if self.sock is not None:
            self.sock.close()
