"""Propagation over real servers: two authoritative ones and two resolvers, each asked alone."""

import dns.flags
import dns.rcode

from gctrust.adapters.dns.propagation import look_around
from gctrust.mailauth.record_text import RequiredRecord

from .dns_server import Clock, Server, answer, resolver

NEW = RequiredRecord("TXT", "code.example.com", "verify=1")
LIVE = 'code.example.com. 300 TXT "verify=1"'
SOA = "example.com. {} SOA ns. host. 7 2 3 4 {}"


def says(*lines: str, soa: str = SOA.format(900, 600), aa: bool = True):
    """A server that has these lines, and the SOA for all else."""

    def reply(query, _):
        question = query.question[0]
        name, kind = question.name.to_text().lower(), dns.rdatatype.to_text(question.rdtype)
        found = [line for line in lines if line.split()[0] == name and line.split()[2] == kind]
        return [answer(query, *(found or [soa]), aa=aa)]

    return reply


async def look(own: list[Server], resolvers: list[Server], clock: Clock):
    async with resolver(*resolvers, clock=clock) as dns_:
        names = [server.name for server in own]
        return await look_around("example.com", [NEW], dns_, clock, nameservers=names)


async def test_all_have_it() -> None:
    one, two = Server(says(LIVE)), Server(says(LIVE, aa=False))
    async with one, two:
        seen = await look([one], [two], Clock())
    assert (seen.published, seen.everywhere, seen.expected_at) == (True, True, 1000.0)
    assert [bool(q.flags & dns.flags.RD) for _, q in one.seen] == [False, False]
    assert [bool(q.flags & dns.flags.RD) for _, q in two.seen] == [True]


async def test_a_resolver_that_cached_the_absence_is_told_with_its_times() -> None:
    own = Server(says(LIVE))
    fresh = Server(says('code.example.com. 120 TXT "verify=1"', aa=False))
    late = Server(says(soa=SOA.format(200, 600), aa=False))  # 200 of 600 seconds are left
    async with own, fresh, late:
        seen = await look([own], [fresh, late], Clock())
    (record,) = seen.records
    assert (seen.published, seen.everywhere) == (True, False)
    assert record.negative_ttl == 600
    (behind,) = record.behind
    assert behind.address == late.name
    assert (behind.cached_at, behind.expected_at) == (600.0, 1200.0)
    assert seen.expected_at == 1200.0
    assert seen.next_look == 1201.0


async def test_an_old_value_in_a_cache_ends_with_its_ttl() -> None:
    old = RequiredRecord("CNAME", "k._domainkey.example.com", "new.platform.example")
    own = Server(says("k._domainkey.example.com. 3600 CNAME new.platform.example."))
    late = Server(says("k._domainkey.example.com. 900 CNAME old.platform.example.", aa=False))
    clock = Clock()
    async with own, late, resolver(late, clock=clock) as dns_:
        seen = await look_around("example.com", [old], dns_, clock, nameservers=[own.name])
    (behind,) = seen.records[0].behind
    assert (str(behind.status), behind.found) == ("wrong", ("old.platform.example",))
    assert (behind.cached_at, behind.expected_at) == (1000.0 - 2700, 1900.0)


async def test_one_authoritative_server_behind_means_not_published() -> None:
    one, two, cache = Server(says(LIVE)), Server(says()), Server(says(LIVE, aa=False))
    async with one, two, cache:
        seen = await look([one, two], [cache], Clock())
    assert (seen.published, seen.everywhere, seen.expected_at) == (False, False, None)
    assert [look.address for look in seen.records[0].behind] == [two.name]
    assert 1000.0 < seen.next_look <= 1010.0


async def test_a_silent_and_a_refusing_server_are_told_apart() -> None:
    silent = Server(lambda q, _: [])
    refusing = Server(lambda q, _: [answer(q, rcode=dns.rcode.REFUSED)])
    good = Server(says(LIVE))
    async with silent, refusing, good:
        seen = await look([silent, refusing, good], [good], Clock())
    answered = {one.address: one.answered for one in seen.records[0].servers}
    assert answered == {silent.name: "timeout", refusing.name: "refused", good.name: "found"}
    assert not seen.published
    assert seen.records[0].negative_ttl == 600
