"""Servers that are silent, late, wrong or forged: real ones on loopback, and what an assessment
makes of them within its budget."""

import asyncio
import time

import dns.flags
import dns.message
import dns.rcode
import pytest

from gctrust.adapters.dns.driver import drive
from gctrust.adapters.dns.lane import Pace
from gctrust.adapters.dns.resolver import Resolver
from gctrust.adapters.dns.silence import Patience, SilentOnes
from gctrust.mailauth.questions import Question, Status, ask
from gctrust.mailauth.spf_check import check_host

from .dns_server import ASKED, HELLO, Clock, Server, answer, resolver

SPF = 'example.com. 60 TXT "v=spf1 include:a.example.com include:b.example.com -all"'


def silent(query, _):
    return []


def echo(query, _):
    return [answer(query, f'{query.question[0].name} 60 TXT "x"')]


async def test_a_chain_of_silent_names_ends_within_the_budget_of_the_assessment() -> None:
    """Each include is silent: without memory each would cost the whole patience again."""

    def judge():
        statuses = []
        for n in range(10):
            statuses.append((yield from ask(Question(f"n{n}.quiet.example", "TXT"))).status)
        return statuses

    patience = Patience(first=0.1, tries=3, deadline=2.0)
    async with Server(silent) as server, Resolver([server.name], Clock(), patience=patience) as d:
        started = time.monotonic()
        statuses = await drive(judge(), d, deadline=1.0)
        took = time.monotonic() - started
    assert set(statuses) == {Status.TIMEOUT}
    assert took < 1.3


async def test_a_silent_name_is_asked_briefly_the_next_time_and_below_it() -> None:
    def reply(query, _):
        name = query.question[0].name.to_text().lower()
        return [] if name.endswith("quiet.example.") else echo(query, _)

    async with Server(reply) as server, resolver(server) as d:
        await d.resolve(Question("quiet.example", "TXT"))
        first = len(server.seen)
        await d.resolve(Question("_dmarc.quiet.example", "TXT"))
        below = len(server.seen) - first
        await d.resolve(Question("quiet.example.org", "TXT"))
    assert (first, below) == (3, 1)


async def test_spf_over_silence_is_a_temperror_that_names_the_server() -> None:
    def reply(query, _):
        name = query.question[0].name.to_text().lower()
        return [answer(query, SPF)] if name == "example.com." else []

    async with Server(reply) as server, resolver(server) as d:
        result = await drive(check_host("192.0.2.1", "a@example.com", "example.com"), d)
        (told,) = await d.resolve_all([Question("a.example.com", "TXT")])
        assert d.silent_servers[0].server == server.name
    assert result.verdict == "temperror"
    assert (told.status, told.server) == (Status.TIMEOUT, server.name)


async def test_a_dead_server_is_left_in_peace_and_good_again_at_once() -> None:
    """The rule itself, with times given: no test waits for minutes."""
    ones = SilentOnes()
    for at in (0.0, 1.0, 2.0):
        ones.unheard("192.0.2.1", at, at + 0.5)
    assert ones.rank("192.0.2.1") == 1
    ones.unheard("192.0.2.1", 3.0, 4.0)
    assert ones.rank("192.0.2.1") == 2
    assert ones.is_resting("192.0.2.1", 5.9)
    assert not ones.is_resting("192.0.2.1", 6.1)
    ones.unheard("192.0.2.1", 6.1, 7.0)  # a probe that failed: it rests twice as long
    assert ones.is_resting("192.0.2.1", 10.9)
    assert [one.questions for one in ones.servers] == [5]
    ones.heard("192.0.2.1")
    assert (ones.rank("192.0.2.1"), ones.servers) == (0, ())


async def test_the_memory_of_silence_is_bounded() -> None:
    ones = SilentOnes()
    for n in range(12_000):
        ones.unheard(f"server{n}", 0.0, 1.0)
        ones.name_unheard(f"name{n}", 1.0)
    assert len(ones.servers) == 10_000
    assert not ones.is_silent_name("name0", 1.0)
    assert ones.is_silent_name("below.name11999", 1.0)


async def test_a_late_answer_to_an_earlier_transmission_counts() -> None:
    """Only the first transmission is answered, when others have followed it."""
    transmissions = 0

    def first_only(query, _):
        nonlocal transmissions
        transmissions += 1
        return [answer(query, HELLO)] if transmissions == 1 else []

    async with Server(first_only, delay=0.2) as server, resolver(server) as d:
        assert (await d.resolve(ASKED)).status is Status.FOUND
    assert len(server.seen) > 1


async def test_an_answer_after_the_patience_does_no_harm() -> None:
    async with Server(lambda q, _: [answer(q, HELLO)], delay=0.6) as server:
        async with resolver(server) as d:
            assert (await d.resolve(ASKED)).status is Status.TIMEOUT
            await asyncio.sleep(0.35)


async def test_an_answer_from_another_port_is_not_heard() -> None:
    async with Server(silent) as server, Server(silent) as other:

        def reply(query, _):
            other.transport.sendto(answer(query, HELLO), server.last)
            return []

        server.reply = reply
        async with resolver(server) as d:
            assert (await d.resolve(ASKED)).status is Status.TIMEOUT


@pytest.mark.parametrize("garbage", [b"", b"\0", b"\xff" * 11, b"\0" * 12, b"\xff" * 4000])
async def test_garbage_is_no_answer_and_no_crash(garbage: bytes) -> None:
    def reply(query, _):
        return [garbage, query.id.to_bytes(2, "big") + garbage[2:], answer(query, HELLO)]

    async with Server(reply) as server, resolver(server) as d:
        assert (await d.resolve(ASKED)).records == ((b"hello",),)


async def test_a_damaged_answer_goes_to_the_next_server() -> None:
    def damaged(query, _):
        return [answer(query, HELLO)[:-20]]

    good = Server(lambda q, _: [answer(q, HELLO)])
    async with Server(damaged) as bad, good, resolver(bad, good) as d:
        assert (await d.resolve(ASKED)).server == good.name


async def test_names_go_out_in_random_case_and_come_back_as_asked() -> None:
    def reply(query, _):
        return [answer(query, f"{query.question[0].name} 60 MX 5 {query.question[0].name}")]

    name = "a-rather-long-name-with-letters.example.com"
    async with Server(reply) as server, resolver(server, mixes=True) as d:
        result = await d.resolve(Question(name, "MX"))
    sent = server.seen[0][1].question[0].name.to_text(omit_final_dot=True)
    assert sent != name
    assert sent.lower() == name
    assert result.records == ((5, name),)


async def test_a_forger_who_does_not_know_the_case_is_not_believed() -> None:
    name = "a-rather-long-name-with-letters.example.com"

    def reply(query, way):
        if way == "tcp":
            return [answer(query, f'{name}. 60 TXT "true"')]
        forged = dns.message.make_query(name, "TXT", id=query.id)
        return [answer(forged, f'{name}. 60 TXT "forged"')]

    async with Server(reply) as server, resolver(server, mixes=True) as d:
        result = await d.resolve(Question(name, "TXT"))
        assert result.records == ((b"true",),)
        assert [way for way, _ in server.seen] == ["udp", "tcp"]


async def test_a_server_that_loses_the_case_and_knows_no_tcp_is_asked_plainly() -> None:
    name = "a-rather-long-name-with-letters.example.com"

    def reply(query, way):
        if way == "tcp":
            return []
        lowered = dns.message.make_query(name, "TXT", id=query.id)
        return [answer(lowered, f'{name}. 60 TXT "plain"')]

    async with Server(reply) as server, resolver(server, mixes=True) as d:
        assert (await d.resolve(Question(name, "TXT"))).records == ((b"plain",),)


async def test_no_more_questions_are_out_than_the_pace_allows() -> None:
    most = 0
    out = 0

    class Slow(Server):
        def datagram_received(self, data, addr):
            nonlocal out, most
            out += 1
            most = max(most, out)
            super().datagram_received(data, addr)

        def send(self, datagram, addr):
            nonlocal out
            out -= 1
            super().send(datagram, addr)

    async with Slow(echo, delay=0.01) as server:
        async with resolver(server, pace=Pace(at_once=5)) as d:
            found = await d.resolve_all(Question(f"n{n}.example", "TXT") for n in range(60))
    assert {one.status for one in found} == {Status.FOUND}
    assert most == 5


async def test_no_more_questions_a_second_than_the_pace_allows() -> None:
    async with Server(echo) as server, resolver(server, pace=Pace(per_second=200)) as d:
        started = time.monotonic()
        found = await d.resolve_all(Question(f"n{n}.example", "TXT") for n in range(100))
    assert {one.status for one in found} == {Status.FOUND}
    assert time.monotonic() - started > 0.3


async def test_the_port_changes_after_a_while() -> None:
    async with Server(echo) as server, resolver(server, pace=Pace(from_one_port=10)) as d:
        found = await d.resolve_all(Question(f"n{n}.example", "TXT") for n in range(200))
        assert {one.status for one in found} == {Status.FOUND}
        await d.resolve(Question("last.example", "TXT"))
    assert len(server.ports) >= 20


async def test_a_closed_resolver_leaves_nobody_waiting() -> None:
    async with Server(silent) as server:
        d = resolver(server)
        asking = asyncio.create_task(d.resolve(ASKED))
        await asyncio.sleep(0.02)
        await d.aclose()
        async with asyncio.timeout(0.5):
            assert (await asking).status is Status.TIMEOUT


async def test_a_judge_that_fails_does_so_for_its_caller_only() -> None:
    def judge():
        yield from ask(ASKED)
        raise ZeroDivisionError

    async with Server(lambda q, _: [answer(q, HELLO)]) as server, resolver(server) as d:
        with pytest.raises(ZeroDivisionError):
            await drive(judge(), d)
        assert (await d.resolve(ASKED)).status is Status.FOUND


@pytest.mark.parametrize("way", ["tcp", "edns"])
async def test_a_question_may_insist_on_its_way(way: str) -> None:
    async with Server(lambda q, _: [answer(q, HELLO)]) as server, resolver(server) as d:
        asked = Question("example.com", "TXT", server.name, over=way)
        result = await d.resolve(asked)
        assert (result.status, result.over) == (Status.FOUND, way)
        assert server.seen[0][0] == ("tcp" if way == "tcp" else "udp")


async def test_a_server_without_edns_is_told_when_edns_is_insisted_on() -> None:
    def reply(query, _):
        query.use_edns(False)
        return [answer(query, HELLO)]

    async with Server(reply) as server, resolver(server) as d:
        result = await d.resolve(Question("example.com", "TXT", server.name, over="edns"))
        assert (result.status, result.over) == (Status.MALFORMED, "edns")
        assert (await d.resolve(ASKED)).status is Status.FOUND


async def test_no_tcp_is_a_timeout_that_says_so() -> None:
    async with Server(lambda q, way: [answer(q, HELLO)] if way == "udp" else []) as server:
        async with resolver(server) as d:
            result = await d.resolve(Question("example.com", "TXT", server.name, over="tcp"))
    assert (result.status, result.over) == (Status.TIMEOUT, "tcp")


async def test_a_server_that_is_no_address_is_told_each_time_and_hangs_nobody() -> None:
    async with Server(lambda q, _: [answer(q, HELLO)]) as server, resolver(server) as d:
        for _ in range(2):
            with pytest.raises(ValueError):
                await d.resolve(Question("example.com", "TXT", "not an address"))


async def test_a_dead_authoritative_server_is_not_waited_for_while_it_rests() -> None:
    patience = Patience(first=0.05, tries=3, deadline=0.4, dead_after=0.1)
    async with Server(silent) as dead, Server(echo) as good:
        async with Resolver([good.name], Clock(), patience=patience) as d:
            for n in range(6):
                asked = Question(f"n{n}.example", "TXT", dead.name)
                assert (await d.resolve(asked)).status is Status.TIMEOUT
            before = len(dead.seen)
            started = time.monotonic()
            asked = [Question(f"m{n}.example", "TXT", dead.name) for n in range(20)]
            assert {one.status for one in await d.resolve_all(asked)} == {Status.TIMEOUT}
            assert time.monotonic() - started < 0.35  # one deadline, were it waited for
            assert len(dead.seen) == before
            assert (await d.resolve(Question("n0.example", "TXT"))).status is Status.FOUND


async def test_a_name_that_answers_again_is_asked_patiently_again() -> None:
    mute = True
    async with Server(lambda q, _: [] if mute else echo(q, _)) as server, resolver(server) as d:
        await d.resolve(Question("a.example", "TXT"))
        mute = False
        await d.resolve(Question("a.example", "MX"))
        assert (await d.resolve(Question("a.example", "TXT", fresh=True))).status is Status.FOUND
        mute, before = True, len(server.seen)
        await d.resolve(Question("a.example", "A"))
        assert len(server.seen) - before == 3


async def test_truncated_answers_that_come_twice_open_one_stream() -> None:
    def reply(query, way):
        if way == "tcp":
            return [answer(query, HELLO)]
        short = dns.message.make_response(query)
        short.flags |= dns.flags.TC
        return [short.to_wire()] * 5

    async with Server(reply) as server, resolver(server) as d:
        assert (await d.resolve(ASKED)).status is Status.FOUND
        assert [way for way, _ in server.seen] == ["udp", "tcp"]


async def test_the_cache_counts_what_came_over_an_alias_too() -> None:
    long = " ".join(f'"{"x" * 250}"' for _ in range(12))

    def reply(query, _):
        name = query.question[0].name.to_text()
        target = f"t.{name}"
        return [answer(query, f"{name} 60 CNAME {target}", f"{target} 60 TXT {long}")]

    async with Server(reply) as server, resolver(server, cache_octets=40_000) as d:
        asked = [Question(f"n{n}.example", "TXT") for n in range(40)]
        await d.resolve_all(asked)
        assert sum(d.known(one) is not None for one in asked) in range(5, 15)


async def test_over_tcp_names_come_back_as_asked_too() -> None:
    name = "a-rather-long-name-with-letters.example.com"

    def reply(query, way):
        whole = answer(query, f"{query.question[0].name} 60 MX 5 {query.question[0].name}")
        short = dns.message.make_response(query)
        short.flags |= dns.flags.TC
        return [whole if way == "tcp" else short.to_wire()]

    async with Server(reply) as server, resolver(server, mixes=True) as d:
        assert (await d.resolve(Question(name, "MX"))).records == ((5, name),)
