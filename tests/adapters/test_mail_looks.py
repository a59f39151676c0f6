"""What lies beyond DNS, on real servers: policy files by HTTPS, SMTP with STARTTLS, DNSSEC."""

from __future__ import annotations

import asyncio
import datetime
import ssl
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import dns.dnssec
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdata
import dns.rdatatype
import dns.rrset
import dns.zone
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from gctrust.adapters.dns.dnssec import DnssecFacts
from gctrust.adapters.dns.driver import drive
from gctrust.adapters.dns.resolver import Resolver
from gctrust.adapters.fetch.address_guard import AddressGuard
from gctrust.adapters.mail.looks import MailLooks
from gctrust.adapters.mail.mta_sts_fetch import PolicyFetch, PolicyLimits
from gctrust.adapters.mail.smtp_probe import SmtpProbe
from gctrust.mailauth.dane import Tlsa, matches
from gctrust.mailauth.delegation import assess_delegation
from gctrust.mailauth.dnssec import assess_dnssec
from gctrust.mailauth.looks import (
    ALL,
    DNSSEC,
    POLICY,
    STARTTLS,
    PolicyFile,
    Reach,
    SignedZone,
    Starttls,
)
from gctrust.mailauth.mta_sts import assess_mta_sts
from gctrust.mailauth.questions import Answer, Question, Status
from gctrust.mailauth.zone import DictZone
from gctrust.names import DomainName
from gctrust.sandbox.zone.data import Record
from gctrust.sandbox.zone.server import ZoneServers

OPEN = AddressGuard(private=True)
LOOPBACK = ("127.0.0.1",)


class HandClock:
    def __init__(self) -> None:
        self.at = datetime.datetime.now(datetime.UTC).timestamp()

    def now(self) -> float:
        return self.at


@dataclass(frozen=True, slots=True)
class Issued:
    """A server certificate with its key and its CA's root, as files."""

    chain: Path
    root: Path


def issue(folder: Path, name: str) -> Issued:
    now = datetime.datetime.now(datetime.UTC)
    day = datetime.timedelta(days=1)
    ca_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    ca_name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test root")])
    basic = x509.BasicConstraints(ca=True, path_length=None)

    def certificate(
        subject: x509.Name, public: ec.EllipticCurvePublicKey
    ) -> x509.CertificateBuilder:
        builder = x509.CertificateBuilder(ca_name, subject, public, x509.random_serial_number())
        return builder.not_valid_before(now - day).not_valid_after(now + day)

    root = certificate(ca_name, ca_key.public_key()).add_extension(basic, True)
    names = x509.SubjectAlternativeName([x509.DNSName(name)])
    leaf = certificate(x509.Name([]), key.public_key()).add_extension(names, True)
    root_path, chain_path = folder / "root.pem", folder / "chain.pem"
    signed_root = root.sign(ca_key, hashes.SHA256()).public_bytes(Encoding.PEM)
    root_path.write_bytes(signed_root)
    chain_path.write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        + leaf.sign(ca_key, hashes.SHA256()).public_bytes(Encoding.PEM)
        + signed_root
    )
    return Issued(chain_path, root_path)


def server_side(issued: Issued) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(issued.chain)
    return context


Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], object]


@asynccontextmanager
async def serving(handler: Handler, tls: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    server = await asyncio.start_server(handler, "127.0.0.1", 0, ssl=tls)  # type: ignore[arg-type]
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        server.close_clients() if hasattr(server, "close_clients") else None


def http(answer: bytes) -> Handler:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        await writer.drain()
        writer.close()

    return handle


def page(body: bytes, status: str = "200 OK", more: str = "") -> bytes:
    head = f"HTTP/1.1 {status}\r\nContent-Type: text/plain\r\nContent-Length: {len(body)}\r\n{more}"
    return f"{head}\r\n".encode() + body


POLICY_TEXT = b"version: STSv1\nmode: enforce\nmx: mx.example.com\nmax_age: 604800\n"


async def fetched(folder: Path, answer: bytes, name: str = "mta-sts.example.com") -> Answer:
    issued = issue(folder, name)
    async with serving(http(answer), server_side(issued)) as port:
        fetch = PolicyFetch(OPEN, roots=str(issued.root), port=port)
        return await fetch.look("mta-sts.example.com", LOOPBACK)


async def test_a_policy_file_is_fetched(tmp_path: Path) -> None:
    answer = await fetched(tmp_path, page(POLICY_TEXT))
    assert answer.records == (PolicyFile(200, "text/plain", POLICY_TEXT),)


@pytest.mark.parametrize(
    ("answer", "name", "code", "fault"),
    [
        (page(b"", "301 Moved", "Location: https://example.com/\r\n"), "", 301, ""),
        (page(b"", "404 Not Found"), "", 404, ""),
        (page(b"x" * 70_000), "", 0, "larger than 65536"),
        (page(POLICY_TEXT), "other.example.com", 0, "certificate"),
        (b"nonsense\r\n\r\n", "", 0, "no HTTP answer"),
    ],
)
async def test_a_policy_file_that_is_none(
    tmp_path: Path, answer: bytes, name: str, code: int, fault: str
) -> None:
    (file,) = (await fetched(tmp_path, answer, name or "mta-sts.example.com")).records
    assert isinstance(file, PolicyFile)
    assert file.code == code
    assert fault in file.fault


async def test_nobody_and_silence(tmp_path: Path) -> None:
    async with serving(http(b"")) as port:
        pass
    (file,) = (await PolicyFetch(OPEN, port=port).look("mta-sts.example.com", LOOPBACK)).records
    assert isinstance(file, PolicyFile)
    assert "nothing listens" in file.fault

    async def mute(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    async with serving(mute) as port:
        fetch = PolicyFetch(OPEN, port=port, limits=PolicyLimits(seconds=0.2))
        assert (await fetch.look("mta-sts.example.com", LOOPBACK)).status is Status.TIMEOUT


async def test_private_addresses_are_not_connected_to() -> None:
    touched = []

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        touched.append(1)
        writer.close()

    async with serving(handle) as port:
        guard = AddressGuard()
        (file,) = (await PolicyFetch(guard, port=port).look("a.example", LOOPBACK)).records
        assert isinstance(file, PolicyFile)
        assert "not a public address" in file.fault
        answer = await SmtpProbe(guard, port=port).look("a.example", LOOPBACK)
        assert answer.status is Status.REFUSED
    assert touched == []


def smtp(offers: bytes, tls: ssl.SSLContext | None, banner: bytes = b"220 mx ready\r\n") -> Handler:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            writer.write(banner)
            assert (await reader.readline()).startswith(b"EHLO [127.0.0.1]")
            writer.write(offers)
            if (await reader.readline()) == b"STARTTLS\r\n" and tls is not None:
                writer.write(b"220 go\r\n")
                await writer.start_tls(tls)
                assert await reader.readline() == b"QUIT\r\n"
        except (ssl.SSLError, ConnectionError):
            pass
        finally:
            writer.close()

    return handle


OFFERS = b"250-mx.example.com\r\n250-SIZE 1000\r\n250 STARTTLS\r\n"


async def probed(handler: Handler, roots: Path | None = None) -> Answer:
    async with serving(handler) as port:
        probe = SmtpProbe(OPEN, port=port, roots=str(roots) if roots else None, seconds=3)
        return await probe.look("mx.example.com", LOOPBACK)


async def test_starttls_of_a_good_exchange(tmp_path: Path) -> None:
    issued = issue(tmp_path, "mx.example.com")
    (seen,) = (await probed(smtp(OFFERS, server_side(issued)), issued.root)).records
    assert isinstance(seen, Starttls)
    assert (seen.offered, seen.version, seen.untrusted, seen.fault) == (True, "TLSv1.3", "", "")
    assert len(seen.chain) == 2
    assert matches(Tlsa(2, 0, 0, seen.chain[1]), seen.chain)


async def test_a_certificate_that_does_not_verify(tmp_path: Path) -> None:
    issued = issue(tmp_path, "other.example.com")
    (seen,) = (await probed(smtp(OFFERS, server_side(issued)), issued.root)).records
    assert isinstance(seen, Starttls)
    assert seen.untrusted == "it is for other.example.com"
    (seen,) = (await probed(smtp(OFFERS, server_side(issued)))).records
    assert isinstance(seen, Starttls)
    assert "self-signed" in seen.untrusted or "self signed" in seen.untrusted


async def test_an_exchange_without_starttls() -> None:
    (seen,) = (await probed(smtp(b"250 mx.example.com\r\n", None))).records
    assert seen == Starttls(False)


async def test_an_old_version_is_seen(tmp_path: Path) -> None:
    issued = issue(tmp_path, "mx.example.com")
    tls = server_side(issued)
    tls.maximum_version = ssl.TLSVersion.TLSv1_2
    (seen,) = (await probed(smtp(OFFERS, tls), issued.root)).records
    assert isinstance(seen, Starttls)
    assert seen.version == "TLSv1.2"


@pytest.mark.parametrize(
    "banner", [b"554 go away\r\n", b"x" * 5000, b"220-more\r\n" * 200, b"\xff\xfe\r\n", b""]
)
async def test_a_server_that_speaks_no_smtp(banner: bytes) -> None:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(banner)
        writer.close()

    answer = await probed(handle)
    assert answer.records == ()
    assert answer.status.is_temporary


async def test_noise_in_place_of_a_handshake() -> None:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 x\r\n" + OFFERS)
        await reader.readline()
        await reader.readline()
        writer.write(b"220 go\r\n" + b"not tls at all" * 1000)
        await writer.drain()
        writer.close()

    (seen,) = (await probed(handle)).records
    assert isinstance(seen, Starttls)
    assert seen.fault


class Zone:
    """`DictZone` as the `Dns` that real looks take their addresses from."""

    def __init__(self, names: dict) -> None:
        self._zone = DictZone(names)

    async def resolve_all(self, questions: object) -> tuple[Answer, ...]:
        return tuple(self._zone.answer(q) for q in questions)  # type: ignore[attr-defined]


async def test_a_judge_gets_all_it_asks_for(tmp_path: Path) -> None:
    issued = issue(tmp_path, "mta-sts.example.com")
    zone = Zone(
        {
            "_mta-sts.example.com": {"TXT": ["v=STSv1; id=1;"]},
            "mta-sts.example.com": {"A": ["127.0.0.1"]},
            "late.example.com": {"A": Status.TIMEOUT, "AAAA": Status.NO_DATA},
        }
    )
    async with serving(http(page(POLICY_TEXT)), server_side(issued)) as port:
        looks = MailLooks(zone, policies=PolicyFetch(OPEN, roots=str(issued.root), port=port))
        assert looks.reach == Reach(policy_files=True)
        domain = DomainName("example.com")
        report = await drive(
            assess_mta_sts(domain, ("mx.example.com", "b.example.com"), reach=looks.reach), looks
        )
        batch = await looks.resolve_all(
            (
                Question("gone.example.com", POLICY),
                Question("mta-sts.example.com", "A"),
                Question("late.example.com", POLICY),
                Question("mta-sts.example.com", STARTTLS),
                Question("example.com", DNSSEC),
            )
        )
    assert [one.rule for one in report.report.findings] == ["mta-sts.exchange-not-covered"]
    kinds = [Status.NX_DOMAIN, Status.FOUND, Status.TIMEOUT, Status.REFUSED, Status.REFUSED]
    assert [answer.status for answer in batch] == kinds


async def test_an_exchange_is_connected_to_once(tmp_path: Path) -> None:
    connected = []

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connected.append(1)
        await smtp(b"250 mx.example.com\r\n", None)(reader, writer)  # type: ignore[misc]

    zone = Zone({"mx.example.com": {"A": ["127.0.0.1"]}})
    async with serving(handle) as port:
        looks = MailLooks(zone, exchanges=SmtpProbe(OPEN, port=port, seconds=3))
        asked = [Question("mx.example.com", STARTTLS)] * 5
        answers = await looks.resolve_all(asked)
        answers += await looks.resolve_all(asked)
        assert {answer.records for answer in answers} == {(Starttls(False),)}
        assert len(connected) == 1
        await looks.resolve_all([Question("mx.example.com", STARTTLS, fresh=True)])
    assert len(connected) == 2


async def test_name_servers_are_asked_over_tcp_and_with_edns() -> None:
    servers = ZoneServers(HandClock(), 2)
    await servers.start()
    rows = (("SOA", "ns1.example.com. h.example.com. 1 3600 600 86400 300"), ("TXT", "v=spf1 -all"),
            ("NS", "ns1.example.com."), ("NS", "ns2.example.com."))  # fmt: skip
    servers.put_records(
        Record.parse({"name": "example.com", "type": kind, "ttl": 60, "value": value})
        for kind, value in rows
    )
    try:
        async with Resolver(servers.addresses, HandClock()) as resolver:
            judge = assess_delegation(
                DomainName("example.com"), servers=tuple(servers.addresses), reach=ALL
            )
            report = await drive(judge, resolver, deadline=20)
    finally:
        await servers.stop()
    assert {"ns.no-tcp", "ns.no-edns"}.isdisjoint(f.rule for f in report.report.findings)
    assert not any("NS-03" in line for line in report.report.not_judged)


ZONE_TEXT = """
$ORIGIN example.com.
$TTL 300
@ SOA ns.example.com. h.example.com. 1 3600 600 86400 300
@ NS ns.example.com.
@ MX 10 mx.example.com.
@ TXT "v=spf1 -all"
@ NSEC3PARAM 1 0 {iterations} -
_dmarc TXT "v=DMARC1; p=none"
ns A 192.0.2.1
"""


class SignedServer(asyncio.DatagramProtocol):
    """A validating resolver over one signed zone: SERVFAIL without CD when it is `bogus`."""

    def __init__(self, *, iterations: int = 0, life: int = 86_400 * 14, ds_of: str = "") -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        self.dnskey = dns.dnssec.make_dnskey(key.public_key(), "ECDSAP256SHA256", flags=257)
        origin = dns.name.from_text("example.com")
        self.zone = dns.zone.from_text(
            ZONE_TEXT.format(iterations=iterations), origin, relativize=False
        )
        now = int(datetime.datetime.now(datetime.UTC).timestamp())
        with self.zone.writer() as change:
            dns.dnssec.sign_zone(
                self.zone, change, keys=[(key, self.dnskey)], inception=now - 86_400 * 14,
                expiration=now + life, add_dnskey=True, dnskey_ttl=300,
            )  # fmt: skip
        other = dns.dnssec.make_dnskey(
            ec.generate_private_key(ec.SECP256R1()).public_key(), "ECDSAP256SHA256", flags=257
        )
        shown = {"": self.dnskey, "other": other}.get(ds_of)
        self.ds = dns.dnssec.make_ds(origin, shown, "SHA256") if shown else None
        self.bogus = ds_of == "other"
        self.strips = self.floods = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, peer: object) -> None:
        query = dns.message.from_wire(data)
        reply = dns.message.make_response(query)
        asked = query.question[0]
        if asked.name == dns.name.root:
            reply.flags |= dns.flags.AD
        elif asked.rdtype == dns.rdatatype.DS:
            if self.ds is not None:
                reply.answer.append(dns.rrset.from_rdata(asked.name, 300, self.ds))
        elif self.bogus and not query.flags & dns.flags.CD:
            reply.set_rcode(dns.rcode.SERVFAIL)
        else:
            self._fill(reply, asked)
        self.transport.sendto(reply.to_wire(max_size=65_000), peer)  # type: ignore[attr-defined]

    def _fill(self, reply: dns.message.Message, asked: dns.rrset.RRset) -> None:
        ways = ("NONE",) if self.strips else ("NONE", dns.rdatatype.to_text(asked.rdtype))
        for covers in ways:
            kind = asked.rdtype if covers == "NONE" else dns.rdatatype.RRSIG
            found = self.zone.get_rrset(asked.name, kind, covers)
            if found is not None:
                reply.answer.append(self._flooded(found) if self.floods else found)

    def _flooded(self, rrset: dns.rrset.RRset) -> dns.rrset.RRset:
        """Hundreds of signatures, none of them true, all of the one key's tag."""
        if rrset.rdtype != dns.rdatatype.RRSIG:
            return rrset
        made = [
            one.replace(signature=bytes([n & 255, n >> 8]) * 32)
            for n in range(200)
            for one in rrset
        ]
        return dns.rrset.from_rdata_list(rrset.name, rrset.ttl, made)


async def dnssec(
    server: SignedServer, clock: HandClock | None = None
) -> tuple[SignedZone, list[str]]:
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(lambda: server, ("127.0.0.1", 0))
    try:
        port = transport.get_extra_info("sockname")[1]
        facts = DnssecFacts(f"127.0.0.1#{port}", clock or HandClock())
        looks = MailLooks(Zone({}), dnssec=facts)
        judge = assess_dnssec(DomainName("example.com"), reach=looks.reach)
        report = await drive(judge, looks)
    finally:
        transport.close()
    assert report.zone is not None
    return report.zone, sorted(one.rule for one in report.report.findings)


async def test_dnssec_of_a_good_zone() -> None:
    zone, said = await dnssec(SignedServer())
    assert said == []
    assert zone.validating
    assert [ds.matches for ds in zone.ds] == [True]
    assert {(s.type, s.name) for s in zone.signatures} >= {
        ("SOA", "example.com"), ("MX", "example.com"), ("TXT", "_dmarc.example.com"),
    }  # fmt: skip
    assert (zone.algorithms, zone.iterations, zone.unsigned) == ((13,), 0, ())


async def test_dnssec_without_ds_or_with_a_wrong_one() -> None:
    assert (await dnssec(SignedServer(ds_of="none")))[1] == ["dnssec.no-ds"]
    zone, said = await dnssec(SignedServer(ds_of="other"))
    assert said == ["dnssec.chain-broken"]
    assert zone.bogus


async def test_a_resolver_that_drops_signatures_says_nothing_of_them() -> None:
    server = SignedServer()
    server.strips = True
    zone, said = await dnssec(server)
    assert said == []
    assert (zone.signatures, zone.unsigned) == ((), ())


async def test_a_flood_of_signatures_is_not_tried_one_by_one() -> None:
    server = SignedServer()
    server.floods = True
    start = time.process_time()
    _, said = await dnssec(server)
    assert set(said) == {"dnssec.bad-signature"}
    assert time.process_time() - start < 3


async def test_dnssec_iterations_and_time() -> None:
    assert (await dnssec(SignedServer(iterations=10)))[1] == ["dnssec.nsec3-iterations"]
    assert set((await dnssec(SignedServer(life=7200)))[1]) == {"dnssec.signature-expires"}
    clock = HandClock()
    clock.at += 86_400 * 30
    assert set((await dnssec(SignedServer(), clock))[1]) == {"dnssec.bad-signature"}


async def test_dnssec_of_nobody() -> None:
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(
        asyncio.DatagramProtocol, ("127.0.0.1", 0)
    )  # it hears, and never answers
    port = transport.get_extra_info("sockname")[1]
    answer = await DnssecFacts(f"127.0.0.1#{port}", HandClock(), seconds=0.1).look("example.com")
    transport.close()
    assert answer.status is Status.TIMEOUT
