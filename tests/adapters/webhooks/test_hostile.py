"""Receivers that lie, stall, flood, redirect, or are not who they say; and a name that moves."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import ssl
import time

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from gctrust.adapters.webhooks.endpoint import Keys
from gctrust.adapters.webhooks.receiver import Receiver
from gctrust.adapters.webhooks.send import Sender, signed_headers

from ...certs.authority import CLIENT, Authority
from .houses import SECRET, deliver, endpoint, house, receiver, record

KEYS = Keys((SECRET,), "sesame-open")


@contextlib.asynccontextmanager
async def speaking(*parts: bytes, pause: float = 0.0, endless: bool = False):
    """A server that says these octets whatever it is asked, then nothing; it keeps the line."""
    heard = []

    async def speak(reader, writer):
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            heard.append(await reader.readuntil(b"\r\n\r\n"))
            for part in parts:
                writer.write(part)
                await writer.drain()
                await asyncio.sleep(pause)
            while endless:
                writer.write(parts[-1])
                await writer.drain()
            await asyncio.sleep(30)

    server = await asyncio.start_server(speak, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/hook", heard
    finally:
        server.close()


async def attempt(url, lookup=None, **options):
    more = {"lookup": lookup} if lookup else {}
    sender = Sender(endpoint("there", url, **options), **more)
    try:
        return await sender.send("msg_1", "{}", KEYS, time.time(), "application/json")
    finally:
        await sender.aclose()


async def test_200_and_then_nothing_is_no_answer():
    async with speaking(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n") as (url, _):
        seen = await attempt(url, timeout=0.3)
    assert (seen.accepted, seen.status) == (False, 200)
    assert seen.error == "HTTP 200, then it broke off: no answer in 0.3 s"


async def test_a_head_that_never_ends():
    drip = (b"HTTP/1.1 200 OK\r\n", *(b"X: y\r\n" for _ in range(50)))
    async with speaking(*drip, pause=0.05) as (url, _):
        began = time.monotonic()
        seen = await attempt(url, timeout=0.3)
    assert time.monotonic() - began < 1.0
    assert (seen.accepted, seen.status) == (False, None)


async def test_a_flood_is_left_after_what_is_bounded():
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 100000000000\r\n\r\n"
    async with speaking(head, b"x" * 65536, endless=True) as (url, _):
        began = time.monotonic()
        seen = await attempt(url, timeout=5.0)
    assert time.monotonic() - began < 2.0
    assert seen.accepted


async def test_what_is_no_http():
    async with speaking(b"220 mail.example.com ESMTP\r\n\r\n") as (url, _):
        seen = await attempt(url, timeout=1.0)
    assert not seen.accepted
    assert "RemoteProtocolError" in seen.error


async def test_what_a_receiver_echoes_is_not_kept(tmp_path):
    """Its answer may hold our token."""
    body = b"bad token: sesame-open"
    said = b"HTTP/1.1 400 Bad sesame-open\r\nX-You-Sent: sesame-open\r\nContent-Length: 22\r\n\r\n"
    async with speaking(said + body) as (url, heard):
        box = house(tmp_path, environ=lambda: {"T": "sesame-open"})
        box.endpoints.add(endpoint("there", url, bearer="env:T", timeout=1.0))
        record(box)
        await deliver(box)
        await box.aclose()
    assert b"Bearer sesame-open" in heard[0]
    assert box.rows()[0].attempts[0].error == "HTTP 400"
    assert b"sesame" not in b"".join(f.read_bytes() for f in tmp_path.glob("store.db*"))


async def test_a_redirect_to_this_machine_is_not_followed():
    with receiver() as inner, receiver(302, headers=[("Location", "/elsewhere")]) as there:
        seen = await attempt(there.url)
        assert (seen.status, seen.accepted) == (302, False)
        assert "redirects are refused" in seen.error
        assert (len(there.seen), len(inner.seen)) == (1, 0)


@pytest.mark.parametrize("private", ["127.0.0.1", "10.0.0.9", "169.254.169.254", "::1", "fd00::1"])
async def test_a_name_that_has_a_private_address(private):
    async def lookup(host, port):
        return ["93.184.216.34", private]

    seen = await attempt("https://hooks.example.com/", lookup, allow_private=False)
    assert seen.status is None
    assert f"{private}, which is not a public address" in seen.error


async def test_a_name_that_moves_is_looked_at_at_each_connection():
    """DNS rebinding: allowed as long as it is where it was; then it is this machine."""
    with receiver() as inner:
        answers = [["2606:4700::1111"], ["127.0.0.1"]]

        async def lookup(host, port):
            return answers.pop(0)

        url = inner.url.replace("127.0.0.1", "hooks.example.com").replace("http:", "https:")
        sender = Sender(endpoint("there", url, allow_private=False, timeout=0.3), lookup=lookup)
        for _ in range(2):
            seen = await sender.send("msg_1", "{}", KEYS, time.time(), "application/json")
        await sender.aclose()
    assert "not a public address" in seen.error
    assert (answers, inner.seen, inner.connections) == ([], [], 0)


async def test_allowed_by_name_admits_that_name_alone():
    with receiver() as there:
        named = there.url.replace("127.0.0.1", "localhost")
        assert (await attempt(named)).accepted
        assert not (await attempt(named, allow_private=False)).accepted


def test_a_forged_delivery_takes_no_id_from_the_genuine_one():
    signed = signed_headers("msg_1", "{}", KEYS, time.time(), "application/json")
    with Receiver(0, [SECRET], 200, lambda _seen: None) as listening:
        forged = listening.judge({"webhook-id": "msg_1"}, b"{}")
        genuine, again = (listening.judge(signed, b"{}") for _ in range(2))
    assert (forged.verified, genuine.verified, genuine.known, again.known) == (
        *(False, True, False, True),
    )


# --- TLS -----------------------------------------------------------------------------------------


@pytest.fixture
def house_of_certificates(tmp_path):
    """A CA, a server's and a client's certificate of it, as files; valid now."""
    now = dt.datetime.now(dt.UTC) - dt.timedelta(days=1)
    root = Authority("Test Root")
    server = root.issue("127.0.0.1", start=now, subject="receiver")
    client = root.issue("gctrust.example.com", start=now, ekus=(CLIENT,))
    (tmp_path / "root.pem").write_bytes(root.pem)
    for name, issued in (("server", server), ("client", client)):
        (tmp_path / f"{name}.pem").write_bytes(issued.pem)
        key = issued.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        (tmp_path / f"{name}.key").write_bytes(key)
    return tmp_path


def server_context(folder, *, mtls=False):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem", folder / "server.key")
    if mtls:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(folder / "root.pem")
    return context


async def test_a_certificate_nobody_vouches_for_is_told(house_of_certificates):
    folder = house_of_certificates
    with receiver(tls=server_context(folder)) as there:
        seen = await attempt(there.url)
        assert seen.status is None
        assert "CERTIFICATE_VERIFY_FAILED" in seen.error
        assert there.seen == [], "nothing was said to it"
        trusted = await attempt(there.url, roots=str(folder / "root.pem"))
        assert trusted.accepted
        assert trusted.tls is not None
        assert (trusted.tls.version, trusted.tls.subject) == ("TLSv1.3", "receiver")
        elsewhere = there.url.replace("127.0.0.1", "localhost")
        other = await attempt(elsewhere, roots=str(folder / "root.pem"))
        assert "Hostname mismatch" in other.error


async def test_a_client_certificate_is_shown_and_read_again_when_it_was_replaced(
    house_of_certificates,
):
    folder = house_of_certificates
    files = {"certificate": str(folder / "client.pem"), "key": str(folder / "client.key")}
    trust = {"roots": str(folder / "root.pem"), "timeout": 2.0}
    with receiver(tls=server_context(folder, mtls=True)) as there:
        assert not (await attempt(there.url, **trust)).accepted
        box = house(folder)
        box.endpoints.add(endpoint("there", there.url, **files, **trust))
        record(box, 1)
        await deliver(box)
        assert box.counts() == {("there", "accepted"): 1}
        good = (folder / "client.pem").read_bytes()
        (folder / "client.pem").write_text("nothing")
        record(box, 2)
        await deliver(box)
        assert "certificate, key or roots" in box.rows()[1].attempts[0].error
        (folder / "client.pem").write_bytes(good)
        await deliver(box, 2)
        assert box.counts() == {("there", "accepted"): 2}
        await box.aclose()
