"""Shakes hands with a gateway that demands client certificates, as one who has none of those it
trusts: what it asks for shows which CAs it has read, and whom it turns away shows that it looks.
"""

from __future__ import annotations

import asyncio
import re
import socket
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from ...pipelines.gateway_effects import GatewaySeen
from ..files import read_files
from .edge_probe import address_of, is_address, server_name
from .probe import ClientIdentity, Handshake, handshake

STATUS = re.compile(rb"HTTP/1\.[01] ([0-9]{3})")
TURNED_AWAY = frozenset({b"400", b"401", b"403", b"495", b"496"})  # nginx answers 400 over good TLS
_NOBODY = frozenset({"refused", "timeout", "unreachable", "reset", "closed"})


async def probe_gateway(endpoint: str, bundle: str, now: float) -> GatewaySeen:
    """Raises Problem file.*."""
    host, port = address_of(endpoint)
    address = host if is_address(host) else await _address(host)
    if not address:
        return GatewaySeen(cause=f"no address for {host}")
    name = server_name(host)
    bare = await handshake(address, port, name, ask=True)
    if bare.cause.partition(":")[0] in _NOBODY and not bare.chain:
        return GatewaySeen(cause=bare.cause)
    stranger = await handshake(address, port, name, client=_stranger(now))
    trusted = {one.subject for one in read_files((bundle,)).certificates}
    let_in = _let_in(bare) or _let_in(stranger)
    asks = bare.asked_for_certificate or not _let_in(bare)
    return GatewaySeen(asks, bool(trusted & {*bare.authorities}), let_in)


def _let_in(made: Handshake) -> bool:
    if made.cause:
        return False
    found = STATUS.match(made.read)
    return found is None or found[1] not in TURNED_AWAY


async def _address(host: str) -> str:
    """By this machine's own resolver: a gateway is the customer's. "" when it has none."""
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except OSError:
        return ""
    return str(found[0][4][0])


def _stranger(now: float) -> ClientIdentity:
    """A certificate that nobody vouches for, made for one handshake."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "gctrust stranger")])
    at = datetime.fromtimestamp(now, UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(at - timedelta(hours=1))
        .not_valid_after(at + timedelta(hours=1))
    )
    return ClientIdentity(builder.sign(key, hashes.SHA256()), (), key)
