"""The guarded fetch against real hostile servers on loopback ports, and a DNS server that lies."""

from __future__ import annotations

import asyncio
import gzip
import ssl
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from gctrust.adapters.dns.resolver import Resolver
from gctrust.adapters.fetch.address_guard import (
    AddressGuard,
    AddressRefused,
    is_public,
    resolver_lookup,
)
from gctrust.adapters.fetch.guarded_fetch import GuardedFetch, Limits, checked_url
from gctrust.adapters.system import SystemClock

from ..certs.authority import Authority

Speak = Callable[[bytes, asyncio.StreamWriter], Awaitable[None]]
PRIVATE = (
    *("127.0.0.1", "10.1.1.1", "172.16.0.9", "192.168.1.1", "169.254.169.254", "100.64.1.1"),
    *("0.0.0.0", "224.0.0.1", "255.255.255.255", "192.0.2.1", "198.18.0.1", "::1", "::"),
    *("::ffff:127.0.0.1", "::ffff:10.0.0.1", "::7f00:1", "fe80::1", "fe80::1%eth0", "fc00::1"),
    *("fec0::1", "64:ff9b::7f00:1", "64:ff9b::a00:1", "2002:7f00:1::", "2001:db8::1", "ff02::1"),
    "words",
)
HERE = AddressGuard(frozenset({"127.0.0.1"}))


@asynccontextmanager
async def _server(
    speak: Speak, host: str = "127.0.0.1", tls: ssl.SSLContext | None = None
) -> AsyncIterator[int]:
    """Hands each request's head to `speak`, which writes what it likes."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            await speak(head, writer)
            await writer.drain()
        except (OSError, EOFError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, host, 0, ssl=tls)
    async with server:
        yield server.sockets[0].getsockname()[1]


def _says(octets: bytes) -> Speak:
    async def speak(head: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(octets)

    return speak


def _answer(body: bytes, *headers: str, status: str = "200 OK") -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


@pytest.mark.parametrize("address", PRIVATE)
def test_addresses_that_are_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1111", "64:ff9b::808:808"])
def test_addresses_that_are_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "[::1]", "0", "127.1", "2130706433", "0x7f.1", "LOCALHOST."]
)
async def test_this_machine_is_refused_however_it_is_written(host: str) -> None:
    async with _server(_says(_answer(b"secret"))) as port:
        seen = await GuardedFetch(AddressGuard()).get(f"http://{host}:{port}/")
    assert not seen.ok
    assert seen.body == b""


async def test_allowed_by_name_only() -> None:
    async with _server(_says(_answer(b"fine"))) as port:
        allowed = GuardedFetch(AddressGuard(frozenset({"localhost"})))
        assert (await allowed.get(f"http://localhost:{port}/")).body == b"fine"
        other = await allowed.get(f"http://127.0.0.1:{port}/")
    assert other.failure == "127.0.0.1, which is not a public address"


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1/",
        "file:///etc/passwd",
        "ftp://127.0.0.1/",
        "ldap://127.0.0.1/",
        "gopher://127.0.0.1:70/",
        "http://user:word@127.0.0.1/",
        "http://127.0.0.1:0/",
        "http://127.0.0.1:99999/",
        "http:///nowhere",
        "http://127.0.0.1/\r\nHost: other",
        "http://127.0.0.1/" + "a" * 3000,
        "http://[::1/",
        "",
    ],
)
async def test_urls_that_are_not_fetched(url: str) -> None:
    assert not (await GuardedFetch(HERE).get(url, Limits(seconds=2))).ok
    with pytest.raises(ValueError):
        checked_url(url, ("http",))


@pytest.mark.parametrize(
    "target",
    [
        "http://169.254.169.254/latest/meta-data/",
        "http://localhost:{port}/inside",
        "http://[::1]:{port}/inside",
        "file:///etc/passwd",
        "https://127.0.0.1:{port}/",
    ],
)
async def test_a_redirect_is_under_the_same_rules(target: str) -> None:
    asked: list[bytes] = []

    async def speak(head: bytes, writer: asyncio.StreamWriter) -> None:
        asked.append(head.split(b" ")[1])
        port = writer.get_extra_info("sockname")[1]
        where = f"Location: {target.format(port=port)}"
        writer.write(_answer(b"", where, status="302 Found"))

    async with _server(speak) as port:
        seen = await GuardedFetch(HERE).get(f"http://127.0.0.1:{port}/start")
    assert not seen.ok
    assert asked == [b"/start"]


async def test_redirects_that_may_be_followed_end() -> None:
    async def speak(head: bytes, writer: asyncio.StreamWriter) -> None:
        if b"/there" in head:
            writer.write(_answer(b"arrived"))
        else:
            where = "/there" if b"/once" in head else "/for-ever"
            writer.write(_answer(b"", f"Location: {where}", status="301 Moved"))

    async with _server(speak) as port:
        fetch = GuardedFetch(HERE)
        assert (await fetch.get(f"http://127.0.0.1:{port}/once")).body == b"arrived"
        seen = await fetch.get(f"http://127.0.0.1:{port}/loop")
        posted = await fetch.post(f"http://127.0.0.1:{port}/once", b"x", "text/plain")
    assert seen.failure == "more than 3 redirects"
    assert posted.failure == "HTTP 301"


async def test_a_body_over_the_cap_is_cut_off_told_or_not() -> None:
    sent = 0

    async def endless(head: bytes, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
        while sent < 1 << 26:
            writer.write(b"x" * 65536)
            sent += 65536
            await writer.drain()

    huge = _says(b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n" + b"x" * 70_000)
    limits = Limits(octets=50_000, seconds=5)
    async with _server(endless) as first, _server(huge) as second:
        for port in (first, second):
            seen = await GuardedFetch(HERE).get(f"http://127.0.0.1:{port}/", limits)
            assert seen.failure == "the answer is larger than 50000 octets"
    assert sent < 1 << 26


async def test_a_compressed_body_cannot_grow_past_the_cap() -> None:
    bomb = gzip.compress(b"\0" * (1 << 24))
    small = gzip.compress(b"a crl")
    limits = Limits(octets=100_000, seconds=5)
    cases = {
        _answer(bomb, "Content-Encoding: gzip"): "the answer is larger than 100000 octets",
        _answer(small[:-4], "Content-Encoding: gzip"): "the answer's compression is broken off",
        _answer(b"no gzip", "Content-Encoding: gzip"): "the answer's compression is broken",
        _answer(small, "Content-Encoding: br"): "the answer has the encoding 'br', which was",
        _answer(small, "Content-Encoding: gzip"): "",
    }
    for octets, failure in cases.items():
        async with _server(_says(octets)) as port:
            seen = await GuardedFetch(HERE).get(f"http://127.0.0.1:{port}/", limits)
        assert seen.failure.startswith(failure)
        assert seen.body == (b"" if failure else b"a crl")


async def test_slow_in_every_part_ends_at_the_deadline() -> None:
    async def silent(head: bytes, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(3)

    async def drip(head: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n")
        for _ in range(30):
            writer.write(b".")
            await writer.drain()
            await asyncio.sleep(0.1)

    for speak in (silent, drip):
        async with _server(speak) as port:
            start = asyncio.get_running_loop().time()
            seen = await GuardedFetch(HERE).get(f"http://127.0.0.1:{port}/", Limits(seconds=0.3))
            assert asyncio.get_running_loop().time() - start < 1.5
        assert seen.failure == "no whole answer in 0.3 s"


async def test_https_is_verified_against_the_name_not_the_address(tmp_path: Path) -> None:
    root = Authority("Root of the mirror")
    leaf = root.issue("localhost", days=3000)
    (tmp_path / "root.pem").write_bytes(root.pem)
    (tmp_path / "pair.pem").write_bytes(leaf.pem + leaf.key_pem())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "pair.pem")
    here = AddressGuard(frozenset({"localhost", "127.0.0.1"}))
    trusting = GuardedFetch(here, roots=str(tmp_path / "root.pem"))
    async with _server(_says(_answer(b"list")), tls=context) as port:

        async def get(fetch: GuardedFetch, host: str) -> str:
            seen = await fetch.get(f"https://{host}:{port}/", schemes=("https",))
            return seen.body.decode() or seen.failure

        assert await get(trusting, "localhost") == "list"
        assert "not reached" in await get(trusting, "127.0.0.1")
        assert "not reached" in await get(GuardedFetch(here), "localhost")


@pytest.mark.parametrize(
    "octets",
    [
        b"",
        b"SSH-2.0-OpenSSH_9\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nshort",
        b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"y" * 200_000,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nZZZ\r\n",
        b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 204 No Content\r\n\r\n",
        b"\0" * 1000,
    ],
)
async def test_what_is_no_answer_is_a_failure(octets: bytes) -> None:
    async with _server(_says(octets)) as port:
        seen = await GuardedFetch(HERE).get(f"http://127.0.0.1:{port}/", Limits(seconds=3))
    assert seen.failure
    assert seen.body == b""


class _Names(asyncio.DatagramProtocol):
    """A DNS server whose A answers change with each question, and that has no AAAA."""

    def __init__(self, *answers: tuple[str, ...]) -> None:
        self.answers, self.asked = list(answers), 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        end = data.index(b"\0", 12) + 5
        kind = struct.unpack(">H", data[end - 4 : end - 2])[0]
        found: tuple[str, ...] = ()
        if kind == 1:
            found = self.answers[min(self.asked, len(self.answers) - 1)]
            self.asked += 1
        head = data[:2] + struct.pack(">HHHHH", 0x8580, 1, len(found), 0, 0)
        records = b"".join(
            b"\xc0\x0c" + struct.pack(">HHIH", 1, 1, 0, 4) + bytes(map(int, one.split(".")))
            for one in found
        )
        self.transport.sendto(head + data[12:end] + records, addr)  # type: ignore[attr-defined]


@asynccontextmanager
async def _names(*answers: tuple[str, ...]) -> AsyncIterator[tuple[Resolver, _Names]]:
    loop = asyncio.get_running_loop()
    transport, server = await loop.create_datagram_endpoint(
        lambda: _Names(*answers), local_addr=("127.0.0.1", 0)
    )
    port = transport.get_extra_info("sockname")[1]
    async with Resolver((f"127.0.0.1#{port}",), SystemClock()) as resolver:
        yield resolver, server
    transport.close()


async def test_the_connection_goes_to_the_address_that_was_checked() -> None:
    """A name that rebinds after the first answer is not asked a second time."""
    async with _server(_says(_answer(b"first"))) as port:
        async with _names(("127.0.0.1",), ("127.0.0.9",)) as (resolver, server):
            guard = AddressGuard(frozenset({"crl.example"}), lookup=resolver_lookup(resolver))
            seen = await GuardedFetch(guard).get(f"http://crl.example:{port}/")
            assert (seen.body, server.asked) == (b"first", 1)


async def test_a_name_with_one_private_address_is_refused_whole() -> None:
    async with _names(("8.8.8.8", "169.254.169.254")) as (resolver, _):
        guard = AddressGuard(lookup=resolver_lookup(resolver))
        with pytest.raises(AddressRefused, match=r"169\.254\.169\.254"):
            await guard.addresses("crl.example", 80)


async def test_a_name_without_an_address_is_a_failure() -> None:
    async with _names(()) as (resolver, _):
        guard = AddressGuard(lookup=resolver_lookup(resolver))
        seen = await GuardedFetch(guard).get("http://crl.example/")
    assert seen.failure == "crl.example has no address"
