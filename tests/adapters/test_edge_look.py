"""A whole look at a host, against real TLS servers: versions, suites, SNI, several edges, web."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from gctrust.adapters.dns.resolver import Resolver
from gctrust.adapters.system import SystemClock
from gctrust.adapters.tls.edge_probe import EdgeProbe, address_of, endpoint
from gctrust.adapters.tls.host_look import HostLook, look
from gctrust.adapters.tls.http_answer import read_answer
from gctrust.sandbox.authority import Authority
from gctrust.sandbox.edge import TlsEdges

from ..certs.authority import Authority as Paper
from ..certs.authority import Issued

HOST = "edge.example.org"
HSTS = "Strict-Transport-Security: max-age=31536000"


@pytest.fixture
def leaf() -> Issued:
    return Paper("Root").issue(HOST)


def _context(leaf: Issued, folder: Path, *, ciphers: str = "", low: str = "") -> ssl.SSLContext:
    (folder / "leaf.pem").write_bytes(leaf.pem)
    (folder / "leaf.key").write_bytes(leaf.key_pem())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "leaf.pem", folder / "leaf.key")
    if ciphers:
        context.set_ciphers(ciphers)
    if low:
        context.minimum_version = ssl.TLSVersion[low]
    context.set_alpn_protocols(["http/1.1"])
    return context


@asynccontextmanager
async def _server(context: ssl.SSLContext, host: str = "127.0.0.1") -> AsyncIterator[str]:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if await reader.read(500):
            writer.write(b"HTTP/1.1 301 Moved\r\nLocation: /x\r\n")
            await writer.drain()
            await asyncio.sleep(0.01)  # a head may come in several records
            writer.write(f"{HSTS}\r\n\r\n".encode())
        writer.close()

    server = await asyncio.start_server(serve, host, 0, ssl=context)
    async with server:
        yield endpoint(host, server.sockets[0].getsockname()[1])


async def _look(*edges: str, count: int = 3, host: str = HOST) -> HostLook:
    async with Resolver(("127.0.0.1#9",), SystemClock()) as resolver:
        return await look(EdgeProbe(resolver, edges=edges), host, count)


async def test_a_modern_server(leaf: Issued, tmp_path: Path) -> None:
    async with _server(_context(leaf, tmp_path)) as edge:
        seen = await _look(edge)
    facts = seen.facts
    assert (facts.tried, facts.succeeded, len(facts.latencies_ms)) == (3, 3, 3)
    assert facts.accepted == ("TLSv1.2", "TLSv1.3")
    assert facts.refused == ("TLSv1", "TLSv1.1")
    assert facts.weak_ciphers == ()
    assert [(one.sni, one.chain, one.alpn) for one in facts.served] == [
        (True, (leaf.der,), "http/1.1"),
        (False, (leaf.der,), "http/1.1"),
    ]
    (web,) = facts.web
    assert (web.status, web.location) == (301, "/x")
    assert web.hsts == "max-age=31536000"


async def test_old_versions_and_weak_suites_are_found(leaf: Issued, tmp_path: Path) -> None:
    rsa_less = "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-NULL-SHA:aNULL:@SECLEVEL=0"
    with pytest.warns(DeprecationWarning, match="TLSv1"):
        context = _context(leaf, tmp_path, ciphers=rsa_less, low="TLSv1")
    async with _server(context) as edge:
        seen = await _look(edge)
    assert seen.facts.accepted == ("TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3")
    assert "ECDHE-ECDSA-NULL-SHA" in seen.facts.weak_ciphers


async def test_what_cannot_be_offered_here_is_untested_not_refused(
    leaf: Issued, tmp_path: Path
) -> None:
    async with _server(_context(leaf, tmp_path)) as edge:
        seen = await _look(edge)
    assert any("this machine's OpenSSL has none" in one for one in seen.untested)
    assert not any("RC4" in name for name in seen.facts.weak_ciphers)


async def test_a_dead_edge_beside_a_good_one(leaf: Issued, tmp_path: Path) -> None:
    async with _server(_context(leaf, tmp_path)) as gone:
        pass
    async with _server(_context(leaf, tmp_path)) as edge:
        seen = await _look(edge, gone)
    assert seen.facts.causes == (("refused", 3),)
    assert [(one.edge, one.cause) for one in seen.facts.served if not one.chain] == [
        (gone, "refused")
    ]
    assert seen.facts.accepted == ("TLSv1.2", "TLSv1.3")


async def test_an_ipv6_address(leaf: Issued, tmp_path: Path) -> None:
    try:
        async with _server(_context(leaf, tmp_path), "::1") as edge:
            seen = await _look(edge, host="::1")
    except OSError:
        pytest.skip("this machine has no IPv6 loopback")
    assert edge.startswith("[::1]:")
    assert address_of(edge)[0] == "::1"
    assert seen.facts.succeeded == 3
    assert [one.sni for one in seen.facts.served] == [True]  # an address is not said in SNI


async def test_the_sandbox_s_edges_staple_and_two_of_them_differ() -> None:
    clock = SystemClock()
    authority = Authority(clock)
    edges = TlsEdges(clock, authority, 2)
    edges.set_delays({1: 3600})
    await edges.start()
    try:
        issued = authority.issue([HOST])
        edges.put(HOST, issued.certificate_pem, issued.chain_pem, issued.private_key_pem)
        seen = await _look(*edges.addresses, count=2)
    finally:
        await edges.stop()
        await authority.stop()
    with_name = [one for one in seen.facts.served if one.sni]
    assert len({one.chain[0] for one in with_name}) == 2
    assert all(one.staple for one in with_name)
    assert all(len(one.chain) == 2 for one in with_name)


@pytest.mark.parametrize("octets", [b"", b"SSH-2.0", b"HTTP/1.1 2000 x", b"HTTP/2 200", b"\0" * 50])
def test_what_is_no_http_answer(octets: bytes) -> None:
    assert read_answer(octets, "e", "https") is None


def test_the_first_hsts_header_counts_and_half_an_answer_is_read() -> None:
    head = b"HTTP/1.1 200 OK\r\nstrict-transport-security: max-age=1\r\n"
    answer = read_answer(head + b"Strict-Transport-Security: max-age=2\r\nLoc", "e", "https")
    assert answer is not None
    assert (answer.status, answer.hsts, answer.location) == (200, "max-age=1", "")
