"""The resolver and the driver against a real server on loopback that misbehaves as scripted."""

import asyncio
import time

import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import pytest

from gctrust.adapters.dns.driver import drive
from gctrust.adapters.dns.resolver import Resolver
from gctrust.adapters.dns.socket import Endpoint
from gctrust.adapters.genesys.problems import UNREACHABLE
from gctrust.errors import Problem
from gctrust.mailauth.questions import Question, Status, ask_all

from .dns_server import ASKED, HELLO, QUICK, Clock, Server, answer, resolver


async def test_answers_and_caches_by_the_clock() -> None:
    clock = Clock()
    async with Server(lambda q, _: [answer(q, HELLO)]) as server:
        async with resolver(server, clock=clock) as dns_:
            first = await dns_.resolve(ASKED)
            assert (first.status, first.records, first.ttl) == (Status.FOUND, ((b"hello",),), 60)
            assert (first.server, first.authoritative) == (server.name, True)
            clock.at += 20
            assert (await dns_.resolve(ASKED)).ttl == 40
            assert len(server.seen) == 1
            await dns_.resolve(Question("example.com", "TXT", fresh=True))
            assert len(server.seen) == 2
            clock.at += 61
            await dns_.resolve(ASKED)
            assert len(server.seen) == 3


class AwayClock(Clock):
    def now(self) -> float:
        raise Problem(UNREACHABLE)


async def test_an_answer_is_one_even_when_no_clock_tells_how_long_it_lasts() -> None:
    async with Server(lambda q, _: [answer(q, HELLO)]) as server:
        async with resolver(server, clock=AwayClock()) as dns_:
            found = [await asyncio.wait_for(dns_.resolve(ASKED), 5) for _ in range(2)]
    assert {one.status for one in found} == {Status.FOUND}
    assert len(server.seen) == 2


async def test_recursion_is_desired_only_from_resolvers() -> None:
    async with Server(lambda q, _: [answer(q, HELLO)]) as server:
        async with resolver(server) as dns_:
            await dns_.resolve(ASKED)
            await dns_.resolve(Question("example.com", "TXT", server=server.name))
    assert [bool(q.flags & dns.flags.RD) for _, q in server.seen] == [True, False]


async def test_equal_questions_in_flight_are_asked_once() -> None:
    async with Server(lambda q, _: [answer(q, HELLO)]) as server, resolver(server) as dns_:
        answers = await asyncio.gather(*(dns_.resolve(ASKED) for _ in range(50)))
    assert {a.status for a in answers} == {Status.FOUND}
    assert (len(server.seen), dns_.tally.joined) == (1, 49)


async def test_a_cancelled_asker_leaves_the_others_alone() -> None:
    async with Server(lambda q, _: [answer(q, HELLO)]) as server, resolver(server) as dns_:
        leader = asyncio.create_task(dns_.resolve(ASKED))
        follower = asyncio.create_task(dns_.resolve(ASKED))
        await asyncio.sleep(0)
        leader.cancel()
        assert (await follower).status is Status.FOUND


async def test_silence_is_asked_again_and_then_times_out() -> None:
    async with Server(lambda q, _: []) as server, resolver(server) as dns_:
        started = time.monotonic()
        result = await dns_.resolve(ASKED)
    assert (result.status, len(server.seen)) == (Status.TIMEOUT, 3)
    assert time.monotonic() - started > 0.3


async def test_a_lost_datagram_is_asked_again() -> None:
    def reply(query, _):
        return [answer(query, HELLO)] if len(server.seen) > 1 else []

    async with Server(reply) as server, resolver(server) as dns_:
        assert (await dns_.resolve(ASKED)).status is Status.FOUND


@pytest.mark.parametrize("fault", ["silent", "servfail", "refused", "junk", "referral"])
async def test_another_server_is_asked(fault: str) -> None:
    def bad(query, _):
        codes = {"servfail": dns.rcode.SERVFAIL, "refused": dns.rcode.REFUSED}
        if fault in codes:
            return [answer(query, rcode=codes[fault])]
        if fault == "junk":
            return [answer(query, HELLO)[:-16]]
        reply = dns.message.make_response(query)
        reply.authority.append(dns.rrset.from_text("com.", 60, "IN", "NS", "ns.example."))
        return [reply.to_wire()] if fault == "referral" else []

    good = Server(lambda q, _: [answer(q, HELLO)])
    async with Server(bad) as first, good, resolver(first, good) as dns_:
        result = await dns_.resolve(ASKED)
        assert (result.status, result.server) == (Status.FOUND, good.name)
        assert len(first.seen) == 1


@pytest.mark.parametrize(
    ("rcode", "status"),
    [(dns.rcode.SERVFAIL, Status.SERVFAIL), (dns.rcode.REFUSED, Status.REFUSED)],
)
async def test_failure_is_told_and_kept_for_seconds_only(rcode, status) -> None:
    clock = Clock()
    async with Server(lambda q, _: [answer(q, rcode=rcode)]) as server:
        async with resolver(server, clock=clock) as dns_:
            assert (await dns_.resolve(ASKED)).status is status
            assert (await dns_.resolve(ASKED)).status is status
            assert len(server.seen) == 1
            await dns_.resolve(Question("example.com", "TXT", fresh=True))
            assert len(server.seen) == 2
            clock.at += 6
            await dns_.resolve(ASKED)
            assert len(server.seen) == 3


async def test_nobody_listening_is_a_timeout() -> None:
    async with Server(lambda q, _: []) as server:
        name = server.name
    async with Resolver([name], Clock(), patience=QUICK) as dns_:
        assert (await dns_.resolve(ASKED)).status is Status.TIMEOUT


async def test_truncated_goes_to_tcp() -> None:
    long = " ".join(f'"{"x" * 250}"' for _ in range(200))

    def reply(query, way):
        if way == "tcp":
            return [answer(query, f"example.com. 60 TXT {long}")]
        short = dns.message.make_response(query)
        short.flags |= dns.flags.TC
        return [short.to_wire()]

    async with Server(reply) as server, resolver(server) as dns_:
        (record,) = (await dns_.resolve(ASKED)).records
        assert len(record) == 200
        assert [way for way, _ in server.seen] == ["udp", "tcp"]


async def test_truncated_with_dead_tcp_is_no_answer() -> None:
    def reply(query, way):
        short = dns.message.make_response(query)
        short.flags |= dns.flags.TC
        return [short.to_wire()] if way == "udp" else []

    async with Server(reply) as server, resolver(server) as dns_:
        assert (await dns_.resolve(ASKED)).status.is_temporary


async def test_forged_answers_are_passed_over() -> None:
    def reply(query, _):
        forged = answer(query, 'example.com. 60 TXT "forged"')
        other = dns.message.make_query("evil.example", "TXT", id=query.id)
        wrong_id = bytes((forged[0] ^ 1,)) + forged[1:]
        return [wrong_id, answer(other, 'evil.example. 60 TXT "x"'), b"\0", answer(query, HELLO)]

    async with Server(reply) as server, resolver(server) as dns_:
        assert (await dns_.resolve(ASKED)).records == ((b"hello",),)


async def test_a_server_without_edns_is_asked_plainly() -> None:
    def reply(query, _):
        if query.edns >= 0:
            return [answer(query, rcode=dns.rcode.FORMERR)[:12].replace(b"\0\1", b"\0\0")]
        return [answer(query, HELLO)]

    async with Server(lambda q, w: reply(q, w)) as server, resolver(server) as dns_:
        result = await dns_.resolve(Question("example.com", "TXT"))
        assert result.status in (Status.FOUND, Status.TIMEOUT, Status.SERVFAIL)
        assert server.seen[0][1].edns == 0


async def test_a_chain_is_followed_past_the_zone() -> None:
    def authority(query, _):
        if query.question[0].name.to_text() == "www.example.com.":
            return [answer(query, "www.example.com. 60 CNAME t.example.net.")]
        return [answer(query, rcode=dns.rcode.REFUSED)]

    elsewhere = Server(lambda q, _: [answer(q, 't.example.net. 30 TXT "there"')])
    async with Server(authority) as server, elsewhere, resolver(elsewhere) as dns_:
        result = await dns_.resolve(Question("www.example.com", "TXT", server=server.name))
    assert (result.records, result.chain, result.ttl) == (((b"there",),), ("t.example.net",), 30)


async def test_an_endless_chain_ends() -> None:
    def reply(query, _):
        name = query.question[0].name.to_text()
        return [answer(query, f"{name} 60 CNAME x{name}")]

    async with Server(reply) as server, resolver(server) as dns_:
        assert (await dns_.resolve(ASKED)).status is Status.SERVFAIL
    assert len(server.seen) < 15


async def test_an_unaskable_name_does_not_exist_and_is_not_asked() -> None:
    async with Server(lambda q, _: []) as server, resolver(server) as dns_:
        assert (await dns_.resolve(Question("a..b", "TXT"))).status is Status.NX_DOMAIN
        assert (await dns_.resolve(Question("x" * 64 + ".c", "A"))).status is Status.NX_DOMAIN
    assert server.seen == []


async def test_negative_answers_are_cached_for_the_soa_minimum() -> None:
    clock, soa = Clock(), "example.com. 900 SOA ns. host. 1 2 3 4 30"
    async with Server(lambda q, _: [answer(q, soa, rcode=3)]) as server:
        async with resolver(server, clock=clock) as dns_:
            assert (await dns_.resolve(ASKED)).ttl == 30
            await dns_.resolve(ASKED)
            clock.at += 31
            await dns_.resolve(ASKED)
    assert len(server.seen) == 2


async def test_the_cache_is_bounded() -> None:
    def reply(query, _):
        return [answer(query, f'{query.question[0].name} 60 TXT "x"')]

    async with Server(reply) as server:
        async with Resolver([server.name], Clock(), cache_octets=10_000) as dns_:
            names = [Question(f"n{n}.example", "TXT") for n in range(50)]
            await dns_.resolve_all(names)
            assert sum(dns_.known(name) is not None for name in names) in range(5, 15)


async def test_the_driver_answers_in_order_and_ends_at_its_deadline() -> None:
    def judge(kind: str):
        answers = yield from ask_all(Question(f"n{n}.example", kind) for n in range(20))
        later = yield from ask_all([Question("late.example", kind)])
        return answers, later[0].status

    def reply(query, _):
        name = query.question[0].name
        return (
            [] if name.to_text() == "late.example." else [answer(query, f'{name} 60 TXT "{name}"')]
        )

    async with Server(reply) as server, Resolver([server.name], Clock()) as dns_:
        started = time.monotonic()
        answers, late = await drive(judge("TXT"), dns_, deadline=0.4)
    assert time.monotonic() - started < 5.0
    assert [a.records for a in answers] == [((f"n{n}.example.".encode(),),) for n in range(20)]
    assert late is Status.TIMEOUT


@pytest.mark.parametrize("text", ["nowhere", "192.0.2.1#0", "192.0.2.1#x", "192.0.2.1#70000"])
def test_bad_servers_are_refused(text: str) -> None:
    with pytest.raises(ValueError):
        Endpoint.parse(text)


def test_servers_are_read() -> None:
    assert Endpoint.parse("2001:db8::1#5353") == Endpoint("2001:db8::1", 5353)
    assert Endpoint.parse("192.0.2.1") == Endpoint("192.0.2.1", 53)
