"""The TLS edges, called by a pyOpenSSL client over real sockets."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509 import ocsp
from OpenSSL import SSL

from gctrust.sandbox.authority import Authority, Issued
from gctrust.sandbox.edge import TlsEdges


class HandClock:
    time = 1_900_000_000.0

    def now(self) -> float:
        return self.time


@dataclass(frozen=True)
class Seen:
    leaf: str
    chain: int
    staple: bytes
    version: str
    answer: bytes


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
async def authority(clock: HandClock) -> AsyncIterator[Authority]:
    authority = Authority(clock)
    yield authority
    await authority.stop()


@pytest.fixture
async def edges(clock: HandClock, authority: Authority) -> AsyncIterator[TlsEdges]:
    edges = TlsEdges(clock, authority, 2)
    await edges.start()
    yield edges
    await edges.stop()


def visit(address: str, name: str | None, version: int | None = None) -> Seen:
    staples: list[bytes] = []
    context = SSL.Context(SSL.TLS_CLIENT_METHOD)
    if version is not None:
        context.set_max_proto_version(version)

    def keep(_connection: SSL.Connection, staple: bytes, _data: None) -> bool:
        staples.append(staple)
        return True

    context.set_ocsp_client_callback(keep)
    host, _, port = address.rpartition(":")
    with socket.create_connection((host, int(port)), timeout=5) as raw:
        raw.settimeout(None)
        tls = SSL.Connection(context, raw)
        if name is not None:
            tls.set_tlsext_host_name(name.encode())
        tls.request_ocsp()
        tls.set_connect_state()
        tls.do_handshake()
        tls.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        answer = b""
        try:
            while chunk := tls.recv(4096):
                answer += chunk
        except SSL.ZeroReturnError:
            pass
        chain = tls.get_peer_cert_chain(as_cryptography=True)
        assert chain
        return Seen(
            chain[0].fingerprint(hashes.SHA256()).hex(),
            len(chain),
            staples[0],
            tls.get_protocol_version_name(),
            answer,
        )


async def seen(
    edges: TlsEdges, name: str | None, edge: int = 0, version: int | None = None
) -> Seen:
    return await asyncio.to_thread(visit, edges.addresses[edge], name, version)


def fingerprint(issued: Issued) -> str:
    leaf = x509.load_pem_x509_certificate(issued.certificate_pem.encode())
    return leaf.fingerprint(hashes.SHA256()).hex()


def put(edges: TlsEdges, domain: str, issued: Issued, min_version: str = "1.2") -> None:
    edges.put(
        domain,
        issued.certificate_pem,
        issued.chain_pem,
        issued.private_key_pem,
        min_version=min_version,
    )


async def test_the_right_leaf_by_name_with_a_good_staple(
    edges: TlsEdges, authority: Authority
) -> None:
    one, two = authority.issue(["a.test"]), authority.issue(["*.b.test"], key="rsa")
    put(edges, "A.test", one)
    put(edges, "*.b.test", two)
    told = await seen(edges, "a.test")
    assert (told.leaf, told.chain, told.version) == (fingerprint(one), 2, "TLSv1.3")
    staple = ocsp.load_der_ocsp_response(told.staple)
    assert staple.certificate_status is ocsp.OCSPCertStatus.GOOD
    assert staple.serial_number == one.serial
    assert told.answer.startswith(b"HTTP/1.1 200 OK\r\n")
    assert told.answer.endswith(b"\r\n\r\na.test\n")
    assert (await seen(edges, "x.b.test")).leaf == fingerprint(two)
    default = await seen(edges, None)
    assert default.leaf == (await seen(edges, "x.y.b.test")).leaf
    assert default.leaf not in {fingerprint(one), fingerprint(two)}


async def test_a_revoked_leaf_is_stapled_as_revoked(edges: TlsEdges, authority: Authority) -> None:
    issued = authority.issue(["a.test"])
    put(edges, "a.test", issued)
    await seen(edges, "a.test")
    authority.revoke(issued.serial)
    staple = ocsp.load_der_ocsp_response((await seen(edges, "a.test")).staple)
    assert staple.certificate_status is ocsp.OCSPCertStatus.REVOKED


async def test_no_staple_when_not_wanted(edges: TlsEdges, authority: Authority) -> None:
    issued = authority.issue(["a.test"])
    edges.put(
        "a.test",
        issued.certificate_pem,
        issued.chain_pem,
        issued.private_key_pem,
        ocsp_stapling=False,
    )
    assert (await seen(edges, "a.test")).staple == b""
    assert edges.counters()[0].stapled == 0


async def test_each_edge_serves_a_change_after_its_delay(
    edges: TlsEdges, authority: Authority, clock: HandClock
) -> None:
    old, new = authority.issue(["a.test"]), authority.issue(["a.test"])
    put(edges, "a.test", old)
    edges.set_delays({0: 5, 1: 600})
    put(edges, "a.test", new)
    expected = [(old, old), (new, old), (new, new)]
    for step, pair in zip((0, 10, 600), expected, strict=True):
        clock.time += step
        served = [(await seen(edges, "a.test", edge)).leaf for edge in (0, 1)]
        assert served == [fingerprint(issued) for issued in pair]
    count = edges.counters()[0]
    assert count.served == {fingerprint(old): 1, fingerprint(new): 2}
    assert (count.failed, count.stapled) == (0, 3)
    edges.set_delays({0: 0})
    edges.remove("a.test")
    assert (await seen(edges, "a.test")).leaf not in {fingerprint(old), fingerprint(new)}


async def test_the_minimum_version_is_the_hosts_own(edges: TlsEdges, authority: Authority) -> None:
    put(edges, "a.test", authority.issue(["a.test"]), "1.3")
    put(edges, "b.test", authority.issue(["b.test"]), "1.2")
    assert (await seen(edges, "b.test", version=SSL.TLS1_2_VERSION)).version == "TLSv1.2"
    with pytest.raises(SSL.Error):
        await seen(edges, "a.test", version=SSL.TLS1_2_VERSION)
    assert edges.counters()[0].failed == 1


async def test_material_that_does_not_fit_is_refused(edges: TlsEdges, authority: Authority) -> None:
    one, two = authority.issue(["a.test"]), authority.issue(["a.test"])
    mixed = Issued(one.certificate_pem, one.chain_pem, two.private_key_pem, one.serial)
    for issued, version in [(mixed, "1.2"), (one, "1.0"), (Issued("x", "", "", 0), "1.2")]:
        with pytest.raises(ValueError, match=r".") as error:
            put(edges, "a.test", issued, version)
        assert "PRIVATE KEY" not in str(error.value)


async def test_what_is_no_tls_is_shown_out(edges: TlsEdges) -> None:
    host, _, port = edges.addresses[0].rpartition(":")
    garbage = [
        b"GET / HTTP/1.1\r\n\r\n",
        b"\x16\x03\x01\x00\x05\x01\x00\x00\x01\x03",
        b"\x16\x03\x01\x00\x04\x01\xff\xff\xff",
    ]
    for data in garbage:
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(data)
        assert await asyncio.wait_for(reader.read(), 2) == b""
        writer.close()


async def test_a_hello_in_pieces(edges: TlsEdges, authority: Authority) -> None:
    """Byte by byte, the name is still found."""
    issued = authority.issue(["a.test"])
    put(edges, "a.test", issued)
    host, _, port = edges.addresses[0].rpartition(":")
    context = SSL.Context(SSL.TLS_CLIENT_METHOD)
    tls = SSL.Connection(context, None)
    tls.set_tlsext_host_name(b"a.test")
    tls.set_connect_state()
    with pytest.raises(SSL.WantReadError):
        tls.do_handshake()
    reader, writer = await asyncio.open_connection(host, int(port))
    for byte in tls.bio_read(65536):
        writer.write(bytes([byte]))
        await writer.drain()
    while True:
        tls.bio_write(await asyncio.wait_for(reader.read(65536), 5))
        try:
            tls.do_handshake()
            break
        except SSL.WantReadError:
            continue
    leaf = tls.get_peer_certificate(as_cryptography=True)
    assert leaf is not None
    assert leaf.fingerprint(hashes.SHA256()).hex() == fingerprint(issued)
    writer.close()
