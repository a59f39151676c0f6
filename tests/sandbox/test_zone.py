"""The name servers, asked over real sockets."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import AsyncIterator

import dns.asyncquery
import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gctrust.sandbox.zone.data import BadRecord, Record
from gctrust.sandbox.zone.server import NameServer, ZoneServers


class HandClock:
    def __init__(self) -> None:
        self.time = 1_800_000_000.0

    def now(self) -> float:
        return self.time


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
async def zones(clock: HandClock) -> AsyncIterator[ZoneServers]:
    servers = ZoneServers(clock, 2, negative_ttl=120)
    await servers.start()
    yield servers
    await servers.stop()


def row(name: str, kind: str, value: str, ttl: int = 300) -> dict[str, object]:
    return {"name": name, "type": kind, "ttl": ttl, "value": value}


async def ask(
    zones: ZoneServers,
    name: str,
    kind: str,
    *,
    server: int = 0,
    rd: bool = False,
    tcp: bool = False,
    edns: int = 0,
    payload: int = 1232,
    timeout: float = 2,
) -> dns.message.Message:
    host, _, port = zones.addresses[server].partition("#")
    query = dns.message.make_query(name, kind, use_edns=edns, payload=payload)
    if not rd:
        query.flags &= ~dns.flags.RD
    send = dns.asyncquery.tcp if tcp else dns.asyncquery.udp
    return await send(query, host, timeout=timeout, port=int(port))


def texts(message: dns.message.Message) -> list[str]:
    return [f"{dns.rdatatype.to_text(s.rdtype)} {r.to_text()}" for s in message.answer for r in s]


@pytest.mark.parametrize("tcp", [False, True])
async def test_answers_with_authority_over_udp_and_tcp(zones: ZoneServers, tcp: bool) -> None:
    zones.put_records([row("Shop.Example", "MX", "10 mx.shop.example")])
    zones.put_records([row("mx.shop.example", "A", "192.0.2.1")])
    told = await ask(zones, "shop.EXAMPLE", "MX", tcp=tcp)
    assert [t.lower() for t in texts(told)] == ["mx 10 mx.shop.example."]
    assert told.flags & dns.flags.AA
    assert not told.flags & dns.flags.RA
    assert [s.to_text().lower() for s in told.additional] == ["mx.shop.example. 300 in a 192.0.2.1"]
    counted = zones.counters()[0]
    assert (counted.udp, counted.tcp) == ((0, 1) if tcp else (1, 0))


async def test_txt_taken_as_it_stands_and_cut(zones: ZoneServers) -> None:
    long = 'v=DKIM1; p="\\' + "A" * 400
    zones.put_records([row("k._domainkey.a.test", "TXT", long)])
    zones.put_records([row("q.a.test", "TXT", '"one" "two;"')])
    told = await ask(zones, "k._domainkey.a.test", "TXT")
    strings = told.answer[0][0].strings
    assert [len(s) for s in strings] == [255, len(long) - 255]
    assert b"".join(strings).decode() == long
    assert (await ask(zones, "q.a.test", "TXT")).answer[0][0].strings == (b"one", b"two;")


async def test_each_server_sees_a_change_after_its_delay(
    zones: ZoneServers, clock: HandClock
) -> None:
    zones.put_records([row("a.test", "A", "192.0.2.1")])
    zones.put_records([row("a.test", "A", "192.0.2.2")], delays={0: 10, 1: 60})
    seen = []
    for _ in range(3):
        seen.append([texts(await ask(zones, "a.test", "A", server=i))[0][-1] for i in (0, 1)])
        clock.time += 30
    assert seen == [["1", "1"], ["2", "1"], ["2", "2"]]


async def test_an_earlier_change_never_undoes_a_later_one(
    zones: ZoneServers, clock: HandClock
) -> None:
    zones.put_records([row("a.test", "A", "192.0.2.1")], delays={0: 60})
    zones.put_records([row("a.test", "A", "192.0.2.2")])
    clock.time += 100
    assert texts(await ask(zones, "a.test", "A")) == ["A 192.0.2.2"]


async def test_serial_rises_with_each_change_as_the_server_sees_it(
    zones: ZoneServers, clock: HandClock
) -> None:
    zones.put_records([row("a.test", "A", "192.0.2.1")])
    zones.put_records([row("b.a.test", "A", "192.0.2.1")], delays={1: 60})
    serials = [(await ask(zones, "a.test", "SOA", server=i)).answer[0][0].serial for i in (0, 1)]
    assert serials == [2, 1]


async def test_negative_answers_carry_the_soa_at_the_negative_ttl(zones: ZoneServers) -> None:
    zones.put_records([row("x.y.a.test", "A", "192.0.2.1")])
    for name, kind, rcode in [
        ("x.y.a.test", "AAAA", dns.rcode.NOERROR),
        ("y.a.test", "A", dns.rcode.NOERROR),  # an empty non-terminal exists
        ("z.a.test", "A", dns.rcode.NXDOMAIN),
    ]:
        told = await ask(zones, name, kind)
        assert (told.rcode(), told.answer) == (rcode, [])
        assert [(s.name.to_text(), s.ttl) for s in told.authority] == [("a.test.", 120)]
        assert told.flags & dns.flags.AA


async def test_removing_the_last_record_removes_the_name(zones: ZoneServers) -> None:
    zones.put_records([row("x.y.a.test", "A", "192.0.2.1"), row("x.y.a.test", "MX", "0 .")])
    zones.remove("x.y.a.test", "A")
    assert (await ask(zones, "y.a.test", "A")).rcode() == dns.rcode.NOERROR
    zones.remove("x.y.a.test", "mx")
    assert (await ask(zones, "y.a.test", "A")).rcode() == dns.rcode.NXDOMAIN


async def test_cname_is_chased_across_zones_and_its_end_decides(zones: ZoneServers) -> None:
    zones.put_records(
        [
            row("www.a.test", "CNAME", "web.b.test"),
            row("web.b.test", "A", "192.0.2.7"),
            row("dead.a.test", "CNAME", "gone.b.test"),
            row("out.a.test", "CNAME", "elsewhere.c.test"),
            row("l1.a.test", "CNAME", "l2.a.test"),
            row("l2.a.test", "CNAME", "l1.a.test"),
        ]
    )
    assert texts(await ask(zones, "www.a.test", "A")) == ["CNAME web.b.test.", "A 192.0.2.7"]
    assert texts(await ask(zones, "www.a.test", "CNAME")) == ["CNAME web.b.test."]
    dead = await ask(zones, "dead.a.test", "A")
    assert (dead.rcode(), texts(dead)) == (dns.rcode.NXDOMAIN, ["CNAME gone.b.test."])
    assert dead.authority[0].name.to_text() == "b.test."
    out = await ask(zones, "out.a.test", "A")
    assert (out.rcode(), len(out.answer)) == (dns.rcode.NOERROR, 1)
    assert len((await ask(zones, "l1.a.test", "A")).answer) == 2
    assert (await ask(zones, "l1.a.test", "A", rd=True)).rcode() == dns.rcode.SERVFAIL


async def test_wildcards_as_rfc_4592_section_2_2_1(zones: ZoneServers) -> None:
    zones.put_records(
        [
            row("*.example.test", "TXT", "this is a wildcard"),
            row("*.example.test", "MX", "10 host1.example.test"),
            row("sub.*.example.test", "TXT", "this is not a wildcard"),
            row("host1.example.test", "A", "192.0.2.1"),
            row("_ssh._tcp.host1.example.test", "SRV", "0 0 22 host1.example.test"),
        ]
    )
    told = await ask(zones, "host3.example.test", "MX")
    assert told.answer[0].name.to_text() == "host3.example.test."
    assert texts(told) == ["MX 10 host1.example.test."]
    nodata = [("host3.example.test", "A"), ("host1.example.test", "MX")]
    for name, kind in nodata:
        told = await ask(zones, name, kind)
        assert (told.rcode(), told.answer) == (dns.rcode.NOERROR, [])
    assert texts(await ask(zones, "foo.bar.example.test", "TXT")) == ['TXT "this is a wildcard"']
    assert (await ask(zones, "sub.*.example.test", "MX")).rcode() == dns.rcode.NOERROR
    assert not (await ask(zones, "sub.*.example.test", "MX")).answer
    for name in ["_telnet._tcp.host1.example.test", "ghost.*.example.test"]:
        assert (await ask(zones, name, "MX")).rcode() == dns.rcode.NXDOMAIN


async def test_names_of_no_zone(zones: ZoneServers) -> None:
    zones.put_records([row("a.test", "A", "192.0.2.1")])
    assert (await ask(zones, "other.example", "A")).rcode() == dns.rcode.REFUSED
    user = await ask(zones, "other.example", "A", rd=True)
    assert (user.rcode(), user.authority[0].name.to_text()) == (dns.rcode.NXDOMAIN, ".")
    assert (await ask(zones, "_dmarc.test", "TXT", rd=True)).rcode() == dns.rcode.NXDOMAIN
    assert (await ask(zones, "test", "TXT", rd=True)).rcode() == dns.rcode.NOERROR
    assert (await ask(zones, "a.test", "A", rd=True, server=1)).flags & dns.flags.AA


async def test_users_meet_the_negative_cache_and_the_authority_tells_the_truth(
    zones: ZoneServers, clock: HandClock
) -> None:
    zones.put_records([row("a.test", "A", "192.0.2.1")])
    first = await ask(zones, "mail.a.test", "TXT", rd=True)
    assert (first.rcode(), first.authority[0].ttl) == (dns.rcode.NXDOMAIN, 120)
    assert first.flags & dns.flags.RA
    assert not first.flags & dns.flags.AA
    zones.put_records([row("mail.a.test", "TXT", "hello"), row("mail.a.test", "A", "192.0.2.2")])
    clock.time += 50
    again = await ask(zones, "mail.a.test", "A", rd=True)  # NXDOMAIN denies every type
    assert (again.rcode(), again.authority[0].ttl) == (dns.rcode.NXDOMAIN, 70)
    assert texts(await ask(zones, "mail.a.test", "TXT")) == ['TXT "hello"']
    clock.time += 70
    assert texts(await ask(zones, "mail.a.test", "TXT", rd=True)) == ['TXT "hello"']


async def test_nodata_denies_one_type(zones: ZoneServers) -> None:
    zones.put_records([row("a.test", "A", "192.0.2.1")])
    assert not (await ask(zones, "a.test", "TXT", rd=True)).answer
    zones.put_records([row("a.test", "TXT", "late")])
    assert not (await ask(zones, "a.test", "TXT", rd=True)).answer
    assert texts(await ask(zones, "a.test", "A", rd=True)) == ["A 192.0.2.1"]


async def test_reverse_zones(zones: ZoneServers) -> None:
    four = "7.2.0.192.in-addr.arpa"
    six = "1." + "0." * 23 + "8.b.d.0.1.0.0.2.ip6.arpa"
    zones.put_records([row(four, "PTR", "mx.a.test"), row(six, "PTR", "mx.a.test")])
    assert texts(await ask(zones, four, "PTR")) == ["PTR mx.a.test."]
    assert texts(await ask(zones, six, "PTR")) == ["PTR mx.a.test."]
    missing = await ask(zones, "8.2.0.192.in-addr.arpa", "PTR")
    assert missing.rcode() == dns.rcode.NXDOMAIN
    assert missing.authority[0].name.to_text() == "2.0.192.in-addr.arpa."


@pytest.mark.parametrize(
    ("edns", "payload", "size", "whole"),
    [(-1, 0, 400, True), (-1, 0, 600, False), (0, 1232, 1000, True), (0, 4096, 1400, False)],
)
async def test_truncation_then_tcp(
    zones: ZoneServers, edns: int, payload: int, size: int, whole: bool
) -> None:
    zones.put_records([row("a.test", "TXT", "x" * size)])
    told = await ask(zones, "a.test", "TXT", edns=edns, payload=payload)
    assert bool(told.flags & dns.flags.TC) is not whole
    assert bool(told.answer) is whole
    told = await ask(zones, "a.test", "TXT", edns=edns, payload=payload, tcp=True)
    assert sum(map(len, told.answer[0][0].strings)) == size


async def test_scripted_trouble(zones: ZoneServers) -> None:
    zones.put_records([row("a.test", "A", "192.0.2.1"), row("a.test", "MX", "10 a.test")])
    zones.set_trouble("a.test", "servfail")
    assert (await ask(zones, "a.test", "A")).rcode() == dns.rcode.SERVFAIL
    zones.set_trouble("a.test", "refused", server=1)
    assert (await ask(zones, "a.test", "A", server=1)).rcode() == dns.rcode.REFUSED
    zones.set_trouble("a.test", None)
    zones.set_trouble("a.test", "truncated", type="mx")
    assert (await ask(zones, "a.test", "MX")).flags & dns.flags.TC
    assert (await ask(zones, "a.test", "MX", tcp=True)).answer
    assert (await ask(zones, "a.test", "A")).answer
    zones.set_trouble("a.test", "timeout")
    for tcp in (False, True):
        with pytest.raises(dns.exception.Timeout):
            await ask(zones, "a.test", "A", tcp=tcp, timeout=0.2)
    zones.set_trouble("a.test", None)
    assert (await ask(zones, "a.test", "A")).answer


async def test_a_users_own_soa_and_delegations(zones: ZoneServers) -> None:
    zones.put_records(
        [
            row("b.test", "SOA", "ns.b.test. h.b.test. 77 1 1 1 9", ttl=600),
            row("sub.b.test", "NS", "ns.elsewhere.test"),
        ]
    )
    told = await ask(zones, "nothing.b.test", "A")
    assert (told.authority[0].ttl, told.authority[0][0].serial) == (9, 77)
    told = await ask(zones, "www.sub.b.test", "A")
    assert (told.answer, told.authority[0].to_text()) == (
        [],
        "sub.b.test. 300 IN NS ns.elsewhere.test.",
    )
    assert not told.flags & dns.flags.AA


async def test_bad_records_are_refused_whole(zones: ZoneServers) -> None:
    for bad in [
        row("a.test", "A", "not an address"),
        row("a.test", "NOPE", "x"),
        row("a..test", "A", "192.0.2.1"),
        row("a.test", "A", "192.0.2.1", ttl=-1),
        row("a.test", "ANY", "x"),
        dict[str, object](name="a.test"),
    ]:
        with pytest.raises(BadRecord):
            zones.put_records([Record("good.test", "A", 1, "192.0.2.1"), Record.parse(bad)])
    assert (await ask(zones, "good.test", "A")).rcode() == dns.rcode.REFUSED


async def test_what_is_no_question(zones: ZoneServers) -> None:
    """Garbage gets FORMERR or silence, and the server lives on."""
    zones.put_records([row("a.test", "A", "192.0.2.1")])
    host, _, port = zones.addresses[0].partition("#")
    client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    client.connect((host, int(port)))
    client.setblocking(False)
    loop = asyncio.get_running_loop()
    await loop.sock_sendall(client, b"\x12\x34\x01\x00\x00\x01" + bytes(6) + b"\xff\xff")
    wire = await asyncio.wait_for(loop.sock_recv(client, 512), 2)
    assert (wire[:2], wire[3] & 15) == (b"\x12\x34", dns.rcode.FORMERR)
    for size in (1, 11, 12, 40, 400):
        await loop.sock_sendall(client, os.urandom(size))
    client.close()
    assert (await ask(zones, "a.test", "A")).answer
    query = dns.message.make_query("a.test", "A", use_edns=1)
    told = await dns.asyncquery.udp(query, host, port=int(port), timeout=2)
    assert told.rcode() == dns.rcode.BADVERS


async def test_clear_forgets_everything(zones: ZoneServers, clock: HandClock) -> None:
    zones.put_records([row("a.test", "A", "192.0.2.1")], delays={1: 60})
    await ask(zones, "b.a.test", "A", rd=True)
    zones.clear()
    clock.time += 100
    for server in (0, 1):
        assert (await ask(zones, "a.test", "A", server=server)).rcode() == dns.rcode.REFUSED
    zones.put_records([row("b.a.test", "A", "192.0.2.1")])
    assert (await ask(zones, "b.a.test", "A", rd=True)).answer


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=60), st.integers(0, 60), st.booleans())
def test_damaged_messages_never_surprise(junk: bytes, at: int, udp: bool) -> None:
    """Whatever comes, there is an answer to it or silence, and no error."""
    server = NameServer(HandClock(), 0, recursive=True)
    wire = dns.message.make_query("a.example.test", "TXT", use_edns=0).to_wire()
    for message in (junk, wire[:at] + junk + wire[at + len(junk) :]):
        told = server.respond(message, udp=udp)
        assert told is None or (told[:2] == message[:2] and told[2] & 0x80)
