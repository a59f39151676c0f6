"""The mTLS edges and the client fleet: pins that are enforced, delays that are seen, counts."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import socket
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from OpenSSL import SSL

from gctrust.sandbox.authority import DAY, Authority, Issued
from gctrust.sandbox.fleet import Fleet, FleetClient
from gctrust.sandbox.mtls import MtlsEdges, Outcome


class HandClock:
    time = 1_900_000_000.0

    def now(self) -> float:
        return self.time


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
async def authority(clock: HandClock) -> AsyncIterator[Authority]:
    authority = Authority(clock)
    yield authority
    await authority.stop()


@pytest.fixture
async def edges(clock: HandClock, authority: Authority, tmp_path: Path) -> AsyncIterator[MtlsEdges]:
    edges = MtlsEdges(clock, authority, 3, log_path=tmp_path / "access.jsonl")
    await edges.start()
    yield edges
    await edges.stop()


@pytest.fixture
def one(authority: Authority) -> Issued:
    return authority.issue(["one.client.test"], profile="client")


@pytest.fixture
def two(authority: Authority) -> Issued:
    return authority.issue(["two.client.test"], profile="client", key="rsa")


def certificate_pin(issued: Issued) -> str:
    leaf = x509.load_pem_x509_certificate(issued.certificate_pem.encode())
    return base64.b64encode(hashlib.sha256(leaf.public_bytes(Encoding.DER)).digest()).decode()


def spki_pin(issued: Issued) -> str:
    key = x509.load_pem_x509_certificate(issued.certificate_pem.encode()).public_key()
    der = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(hashlib.sha256(der).digest()).decode()


def context_of(issued: Issued | None, folder: Path, version: int | None = None) -> SSL.Context:
    context = SSL.Context(SSL.TLS_CLIENT_METHOD)
    if version is not None:
        context.set_max_proto_version(version)
    if issued is not None:
        certificate, key = files(issued, folder)
        context.use_certificate_chain_file(str(certificate))
        context.use_privatekey_file(str(key))
    return context


def files(issued: Issued, folder: Path, stem: str = "client") -> tuple[Path, Path]:
    certificate, key = folder / f"{stem}.pem", folder / f"{stem}.key"
    certificate.write_text(issued.certificate_pem + issued.chain_pem)
    key.write_text(issued.private_key_pem)
    return certificate, key


def call(address: str, context: SSL.Context) -> bytes:
    """All that the server sends."""
    host, _, port = address.rpartition(":")
    with socket.create_connection((host, int(port)), timeout=5) as raw:
        raw.settimeout(None)
        tls = SSL.Connection(context, raw)
        tls.set_connect_state()
        tls.do_handshake()
        told = b""
        try:
            while True:
                told += tls.recv(4096)
        except SSL.ZeroReturnError:
            return told


async def accepted(edges: MtlsEdges, context: SSL.Context, replica: int = 0) -> bool:
    try:
        told = await asyncio.to_thread(call, edges.addresses[replica], context)
    except SSL.SysCallError:
        raise  # a bare reset: the client could not tell a refusal from a broken line
    except SSL.Error:
        return False
    return told.startswith(b"HTTP/1.1 200 OK\r\n")


VERSIONS = pytest.mark.parametrize("version", [SSL.TLS1_2_VERSION, SSL.TLS1_3_VERSION])


@VERSIONS
@pytest.mark.parametrize("kind", ["certificate", "spki"])
async def test_pins_decide(
    edges: MtlsEdges, one: Issued, two: Issued, tmp_path: Path, version: int, kind: str
) -> None:
    pin = certificate_pin(one) if kind == "certificate" else spki_pin(one)
    edges.set_client("client-a", [pin], "certificate" if kind == "certificate" else "spki")
    assert await accepted(edges, context_of(one, tmp_path, version))
    assert not await accepted(edges, context_of(two, tmp_path, version))
    assert not await accepted(edges, context_of(None, tmp_path, version))
    count = edges.counters()[0]
    assert (count.matched, count.unmatched) == ({pin: 1}, 1)
    assert count.unknown == {spki_pin(two): 1}
    assert (count.failed_before_certificate, count.resumed, count.invalid) == (1, 0, 0)
    assert edges.counters()[1].matched == {}


async def test_a_pin_is_only_good_as_its_kind(
    edges: MtlsEdges, one: Issued, tmp_path: Path
) -> None:
    edges.set_client("client-a", [certificate_pin(one)], "spki")
    assert not await accepted(edges, context_of(one, tmp_path))


async def test_any_issuer_will_do(edges: MtlsEdges, clock: HandClock, tmp_path: Path) -> None:
    stranger = Authority(clock)
    issued = stranger.issue(["x.client.test"], profile="client")
    edges.set_client("client-a", [spki_pin(issued)], "spki")
    assert await accepted(edges, context_of(issued, tmp_path))
    await stranger.stop()


async def test_each_replica_obeys_after_its_delay(
    edges: MtlsEdges, clock: HandClock, one: Issued, two: Issued, tmp_path: Path
) -> None:
    edges.set_client("client-a", [spki_pin(one)], "spki")
    edges.set_delays({1: 60, 2: 600})
    edges.set_client("client-a", [spki_pin(two)], "spki")
    contexts = [context_of(one, tmp_path), context_of(two, tmp_path)]
    met = []
    for step in (0, 90, 600):
        clock.time += step
        met.append([[await accepted(edges, c, r) for c in contexts] for r in (0, 1, 2)])
    old, new = [True, False], [False, True]
    assert met == [[new, old, old], [new, new, old], [new, new, new]]
    assert [c.unmatched for c in edges.counters()] == [3, 3, 3]
    assert edges.pins_served(2)[0].pins == {spki_pin(two)}


async def test_dates_and_revocations_by_the_virtual_clock(
    edges: MtlsEdges, authority: Authority, clock: HandClock, one: Issued, tmp_path: Path
) -> None:
    later = authority.issue(["l.test"], profile="client", not_before=clock.time + DAY)
    edges.set_client("client-a", [spki_pin(one), spki_pin(later)], "spki")
    assert not await accepted(edges, context_of(later, tmp_path))
    clock.time += 2 * DAY
    assert await accepted(edges, context_of(later, tmp_path))
    authority.revoke(one.serial)
    assert not await accepted(edges, context_of(one, tmp_path))
    assert edges.counters()[0].invalid == 2


async def test_the_log_tells_each_handshake(
    edges: MtlsEdges, clock: HandClock, one: Issued, two: Issued, tmp_path: Path
) -> None:
    edges.set_client("client-a", [spki_pin(one)], "spki")
    await accepted(edges, context_of(one, tmp_path), 2)
    await accepted(edges, context_of(two, tmp_path), 1)
    rows = [json.loads(line) for line in (tmp_path / "access.jsonl").read_text().splitlines()]
    assert [r["outcome"] for r in rows] == ["matched", "unmatched"]
    assert rows[0] == {
        "time": clock.time,
        "replica": 2,
        "client_id": "client-a",
        "outcome": "matched",
        "pin": spki_pin(one),
        "pin_kind": "spki",
        "certificate_pin": certificate_pin(one),
        "spki_pin": spki_pin(one),
        "serial": f"{one.serial:x}",
    }
    assert (rows[1]["client_id"], rows[1]["spki_pin"]) == ("", spki_pin(two))
    assert [entry.outcome for entry in edges.log.entries] == [Outcome.MATCHED, Outcome.UNMATCHED]


def session_call(
    address: str, context: ssl.SSLContext, session: ssl.SSLSession | None = None
) -> tuple[bool, ssl.SSLSession | None]:
    """Whether the session was resumed, and the session to resume next time."""
    host, _, port = address.rpartition(":")
    with (
        socket.create_connection((host, int(port)), timeout=5) as raw,
        context.wrap_socket(raw, session=session) as tls,
    ):
        assert tls.recv(100).startswith(b"HTTP/1.1 200 OK")
        return bool(tls.session_reused), tls.session


def resuming(issued: Issued, folder: Path, version: ssl.TLSVersion) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.maximum_version = version
    context.load_cert_chain(*files(issued, folder))
    return context


SSL_VERSIONS = pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])


@SSL_VERSIONS
async def test_a_ticket_outlives_its_pin_but_not_its_life(
    clock: HandClock, authority: Authority, one: Issued, tmp_path: Path, version: ssl.TLSVersion
) -> None:
    edges = MtlsEdges(clock, authority, 1, ticket_life=3600)
    clock.time -= clock.time % 3600  # the begin of a key period
    await edges.start()
    edges.set_client("client-a", [spki_pin(one)], "spki")
    context = resuming(one, tmp_path, version)
    address = edges.addresses[0]
    resumed, session = await asyncio.to_thread(session_call, address, context)
    assert not resumed
    edges.set_client("client-a", [], "spki")
    resumed, _ = await asyncio.to_thread(session_call, address, context, session)
    assert resumed
    count = edges.counters()[0]
    assert (count.resumed, count.matched, count.unmatched) == (1, {spki_pin(one): 1}, 0)
    assert edges.log.entries[-1].spki_pin == spki_pin(one)
    clock.time += 3600
    with pytest.raises(ssl.SSLError):
        await asyncio.to_thread(session_call, address, context, session)
    await edges.stop()


async def test_each_replica_may_have_a_ticket_life_of_its_own(
    clock: HandClock, authority: Authority, one: Issued, tmp_path: Path
) -> None:
    edges = MtlsEdges(clock, authority, 3, ticket_life=0, ticket_lives={1: 3600, 2: 3600})
    clock.time -= clock.time % 3600
    await edges.start()
    edges.set_client("client-a", [spki_pin(one)], "spki")
    context = resuming(one, tmp_path, ssl.TLSVersion.TLSv1_3)
    _, session = await asyncio.to_thread(session_call, edges.addresses[1], context)
    met = [
        (await asyncio.to_thread(session_call, address, context, session))[0]
        for address in edges.addresses
    ]
    assert met == [False, True, True], "those of one life share their ticket keys"
    await edges.stop()


async def test_tickets_can_be_dropped(
    clock: HandClock, authority: Authority, one: Issued, tmp_path: Path
) -> None:
    edges = MtlsEdges(clock, authority, 1, ticket_life=3600)
    await edges.start()
    edges.set_client("client-a", [spki_pin(one)], "spki")
    context = resuming(one, tmp_path, ssl.TLSVersion.TLSv1_3)
    _, session = await asyncio.to_thread(session_call, edges.addresses[0], context)
    edges.drop_tickets()
    resumed, _ = await asyncio.to_thread(session_call, edges.addresses[0], context, session)
    assert not resumed
    await edges.stop()


@SSL_VERSIONS
async def test_without_ticket_life_nothing_resumes(
    edges: MtlsEdges, one: Issued, tmp_path: Path, version: ssl.TLSVersion
) -> None:
    edges.set_client("client-a", [spki_pin(one)], "spki")
    context = resuming(one, tmp_path, version)
    _, session = await asyncio.to_thread(session_call, edges.addresses[0], context)
    resumed, _ = await asyncio.to_thread(session_call, edges.addresses[0], context, session)
    assert not resumed
    count = edges.counters()[0]
    assert (count.resumed, count.matched) == (0, {spki_pin(one): 2})


async def test_the_fleet_counts_what_it_meets(
    edges: MtlsEdges,
    authority: Authority,
    clock: HandClock,
    one: Issued,
    two: Issued,
    tmp_path: Path,
) -> None:
    """A naive rotation is seen to refuse; the overlap is not."""
    edges.set_client("client-a", [spki_pin(one)], "spki")
    certificate, key = files(one, tmp_path)
    clients = [FleetClient(f"c{n}", certificate, key, reload_every=100 * n) for n in (1, 2)]
    fleet = Fleet(clock, edges.addresses, clients, authority.roots_pem)
    first = await fleet.run(60)
    assert (first.handshakes, first.refused, first.unreachable) == (60, 0, 0)
    edges.set_client("client-a", [spki_pin(one), spki_pin(two)], "spki")
    files(two, tmp_path)
    clock.time += 150  # only the first client has reloaded
    assert (await fleet.run(60)).refused == 0
    edges.set_client("client-a", [spki_pin(two)], "spki")  # too early for the second
    report = await fleet.run(60)
    assert [(c.name, c.refused > 0) for c in report.clients] == [("c1", False), ("c2", True)]
    assert report.refused == sum(c.unmatched for c in edges.counters())
    clock.time += 100
    assert (await fleet.run(60)).refused == report.refused


async def test_the_fleet_tells_silence_from_refusal(
    edges: MtlsEdges, authority: Authority, clock: HandClock, one: Issued, tmp_path: Path
) -> None:
    await edges.stop()
    client = FleetClient("c", *files(one, tmp_path))
    report = await Fleet(clock, edges.addresses, [client], authority.roots_pem).run(5)
    assert (report.handshakes, report.unreachable) == (0, 5)


async def test_a_half_swapped_pair_is_left_alone(
    edges: MtlsEdges,
    authority: Authority,
    clock: HandClock,
    one: Issued,
    two: Issued,
    tmp_path: Path,
) -> None:
    edges.set_client("client-a", [spki_pin(one)], "spki")
    certificate, key = files(one, tmp_path)
    fleet = Fleet(clock, edges.addresses, [FleetClient("c", certificate, key)], authority.roots_pem)
    await fleet.run(3)
    key.write_text(two.private_key_pem)
    report = await fleet.run(3)
    assert (report.handshakes, report.refused, report.clients[0].stale_reloads) == (6, 0, 3)
