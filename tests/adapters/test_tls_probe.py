"""The probe against real TLS servers on loopback ports."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import socket
import ssl
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from gctrust.adapters.tls.probe import ClientIdentity, handshake
from gctrust.adapters.tls.sample import sample

Pair = tuple[x509.Certificate, ec.EllipticCurvePrivateKey]


def _certificate(name: str) -> Pair:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = dt.datetime.now(dt.UTC)
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(subject)
    builder = builder.public_key(key.public_key()).serial_number(x509.random_serial_number())
    builder = builder.not_valid_before(now - dt.timedelta(hours=1))
    builder = builder.not_valid_after(now + dt.timedelta(days=9))
    builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), False)
    return builder.sign(key, hashes.SHA256()), key


def _files(folder: Path, pair: Pair, stem: str) -> tuple[str, str]:
    cert, key = folder / f"{stem}.pem", folder / f"{stem}.key"
    cert.write_bytes(pair[0].public_bytes(Encoding.PEM))
    pem = key_bytes(pair[1])
    key.write_bytes(pem)
    return str(cert), str(key)


def key_bytes(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


@asynccontextmanager
async def _server(context: ssl.SSLContext | None, *, close: bool = False) -> AsyncIterator[int]:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if close:
            await reader.read(100)
        elif await reader.read(100):
            writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    async with server:
        yield server.sockets[0].getsockname()[1]


@contextmanager
def _blocking_server(context: ssl.SSLContext, tries: int) -> Iterator[int]:
    """asyncio's server drops the alert OpenSSL made; one on a blocking socket sends it."""

    def serve() -> None:
        for _ in range(tries):
            connection, _ = listener.accept()
            with contextlib.suppress(OSError), connection:
                with context.wrap_socket(connection, server_side=True) as tls:
                    tls.recv(100)
                    tls.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        thread.join(5)


@pytest.fixture
def site(tmp_path: Path) -> tuple[ssl.SSLContext, Pair]:
    pair = _certificate("edge.example.org")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*_files(tmp_path, pair, "site"))
    return context, pair


async def test_a_handshake_brings_the_leaf_the_version_and_the_cipher(
    site: tuple[ssl.SSLContext, Pair],
) -> None:
    context, (certificate, _) = site
    context.set_alpn_protocols(["http/1.1"])
    async with _server(context) as port:
        seen = await handshake("127.0.0.1", port, "edge.example.org", alpn=("h2", "http/1.1"))
    assert seen.ok
    assert seen.leaf == certificate.public_bytes(Encoding.DER)
    assert (seen.version, seen.alpn) == ("TLSv1.3", "http/1.1")
    assert seen.cipher.startswith("TLS_")
    assert 0 < seen.seconds < 5


async def test_sni_picks_the_certificate_and_its_absence_the_default(
    site: tuple[ssl.SSLContext, Pair], tmp_path: Path
) -> None:
    context, (default, _) = site
    other = _certificate("other.example.org")
    inner = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    inner.load_cert_chain(*_files(tmp_path, other, "other"))

    def pick(sock: ssl.SSLObject, name: str | None, _: ssl.SSLContext) -> None:
        if name == "other.example.org":
            sock.context = inner

    context.sni_callback = pick
    async with _server(context) as port:
        named = await handshake("127.0.0.1", port, "other.example.org")
        bare = await handshake("127.0.0.1", port, None)
    assert named.leaf == other[0].public_bytes(Encoding.DER)
    assert bare.leaf == default.public_bytes(Encoding.DER)


async def test_versions_outside_the_server_s_are_an_alert(
    site: tuple[ssl.SSLContext, Pair],
) -> None:
    context, _ = site
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    with _blocking_server(context, 2) as port:
        old = await handshake("127.0.0.1", port, None, max_version="TLSv1.2")
        legacy = await handshake(
            "127.0.0.1", port, None, min_version="TLSv1", max_version="TLSv1.1"
        )
    assert old.cause == "alert: protocol_version"
    assert not legacy.ok


async def test_a_refused_port_a_silent_and_a_closing_server_are_told_apart() -> None:
    async with _server(None) as port:
        pass
    assert (await handshake("127.0.0.1", port, None)).cause == "refused"
    async with _server(None, close=True) as port:
        assert (await handshake("127.0.0.1", port, None)).cause == "closed"

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(1)
        writer.close()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        assert (await handshake("127.0.0.1", port, None, timeout=0.2)).cause == "timeout"


@pytest.mark.parametrize("version", ["TLSv1.2", "TLSv1.3"])
async def test_a_client_certificate_is_accepted_or_its_refusal_seen(
    site: tuple[ssl.SSLContext, Pair], tmp_path: Path, version: str
) -> None:
    context, _ = site
    good, bad = _certificate("good client"), _certificate("bad client")
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(_files(tmp_path, good, "good")[0])
    with _blocking_server(context, 3) as port:

        async def present(pair: Pair) -> str:
            client = ClientIdentity(pair[0], (), pair[1])
            seen = await handshake("127.0.0.1", port, None, client=client, max_version=version)
            return seen.cause or seen.read.decode()

        assert (await present(good)).startswith("HTTP/1.1 204")
        # a reset that overtakes the alert destroys it in the kernel: both are refusals
        assert (await present(bad)).startswith(("alert:", "closed after certificate"))
        without = await handshake("127.0.0.1", port, None, max_version=version, ask=True)
    assert without.cause.startswith(("alert:", "closed after certificate"))


@pytest.mark.parametrize("version", ["TLSv1.2", "TLSv1.3"])
async def test_a_server_that_hangs_up_on_a_certificate_is_told(
    site: tuple[ssl.SSLContext, Pair], tmp_path: Path, version: str
) -> None:
    context, _ = site
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(_files(tmp_path, _certificate("wanted"), "wanted")[0])
    stranger = _certificate("stranger")
    client = ClientIdentity(stranger[0], (), stranger[1])
    async with _server(context) as port:
        seen = await handshake("127.0.0.1", port, None, client=client, max_version=version)
    assert seen.cause == "closed after certificate"
    assert seen.chain


async def test_a_sample_counts_what_happened(site: tuple[ssl.SSLContext, Pair]) -> None:
    context, (certificate, _) = site
    async with _server(context) as port:
        result = await sample("127.0.0.1", port, "edge.example.org", n=40, concurrency=4)
    assert (result.count, result.success_rate) == (40, 1.0)
    assert result.leaves == ((certificate.public_bytes(Encoding.DER), 40),)
    assert 0 < result.p50 <= result.p95 <= result.p99
    gone = await sample("127.0.0.1", port, None, n=5)
    assert gone.causes == (("refused", 5),)
    assert gone.p99 == 0.0


HOSTILE = {
    b"HTTP/1.1 400 Bad Request\r\n\r\n": "protocol: ",
    b"SSH-2.0-OpenSSH_9\r\n": "protocol: ",
    b"\x15\x03\x03\x00\x02\x02\x28": "alert: handshake_failure",
    b"\x16\x03\x03\xff\xff" + b"\0" * 70_000: "protocol: ",
    b"\x16\x03\x03\x00\x04\x02\xff\xff\xff": "protocol: ",
    b"\x16\x03\x03\x40\x00\x0b\x00\xff\xff" + b"\0" * 16_380: "protocol: ",
    b"\0" * 100: "protocol: ",
}


@pytest.mark.parametrize("octets", HOSTILE, ids=lambda octets: octets[:8].hex())
async def test_what_is_no_tls_is_a_cause(octets: bytes) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(100)
        writer.write(octets)
        with contextlib.suppress(OSError):
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        seen = await handshake("127.0.0.1", port, "edge.example.org", timeout=2)
    assert seen.cause.startswith((HOSTILE[octets], "reset"))
    assert seen.chain == ()


async def test_an_address_that_never_answers_ends_the_sample() -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(2)
        writer.close()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        result = await sample("127.0.0.1", port, None, n=10_000, concurrency=4, timeout=0.05)
    assert 8 <= result.count <= 12
    assert result.causes == (("timeout", result.count),)


async def test_no_session_is_resumed(site: tuple[ssl.SSLContext, Pair]) -> None:
    context, _ = site
    async with _server(context) as port:
        await sample("127.0.0.1", port, None, n=6, concurrency=1)
    assert context.session_stats()["hits"] == 0


def test_a_client_identity_does_not_print_its_key() -> None:
    certificate, key = _certificate("client")
    assert "key=" not in repr(ClientIdentity(certificate, (), key))
