"""The server name of a ClientHello (RFC 8446 section 4.1.2, RFC 6066 section 3).

An edge needs it first: the protocol versions a host allows are settled before OpenSSL's own
server-name callback runs, so a per-host minimum must choose the context from the raw bytes.
"""

from __future__ import annotations

from dataclasses import dataclass

_HANDSHAKE, _CLIENT_HELLO, _SERVER_NAME, _HOST_NAME = 22, 1, 0, 0
_LARGEST = 1 << 16


class NotTls(ValueError):
    """These bytes do not begin a TLS handshake."""


@dataclass(frozen=True, slots=True)
class ClientHello:
    """What is needed of it: the lower-case host name, empty when none is sent."""

    server_name: str


def read_client_hello(data: bytes) -> ClientHello | None:
    """None while bytes are missing. Raises NotTls."""
    body = _message(data)
    if body is None:
        return None
    try:
        return ClientHello(_server_name(body))
    except IndexError:
        raise NotTls("the ClientHello is cut short") from None


def _message(data: bytes) -> bytes | None:
    """The handshake message of the leading records, which may be several."""
    message = bytearray()
    while True:
        if data and data[0] != _HANDSHAKE:
            raise NotTls("no handshake record")
        if len(data) < 5:
            return None
        size = int.from_bytes(data[3:5])
        message += data[5 : 5 + size]
        if message and message[0] != _CLIENT_HELLO:
            raise NotTls("no ClientHello")
        if len(message) >= 4:
            wanted = int.from_bytes(message[1:4])
            if wanted > _LARGEST:
                raise NotTls("the ClientHello is too long")
            if len(message) >= 4 + wanted:
                return bytes(message[4 : 4 + wanted])
        if len(data) < 5 + size or size == 0:
            return None
        data = data[5 + size :]


def _server_name(body: bytes) -> str:
    at = 2 + 32  # legacy_version, random
    at += 1 + body[at]  # legacy_session_id
    at += 2 + int.from_bytes(body[at : at + 2])  # cipher_suites
    at += 1 + body[at]  # legacy_compression_methods
    end = at + 2 + int.from_bytes(body[at : at + 2])
    at += 2
    while at + 4 <= min(end, len(body)):
        kind, size = int.from_bytes(body[at : at + 2]), int.from_bytes(body[at + 2 : at + 4])
        at += 4
        if kind == _SERVER_NAME and size >= 5 and body[at + 2] == _HOST_NAME:
            length = int.from_bytes(body[at + 3 : at + 5])
            return body[at + 5 : at + 5 + length].decode("ascii", "replace").lower()
        at += size
    return ""
