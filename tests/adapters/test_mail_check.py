"""What a run that waits for records learns of the servers: each by itself, over real ones."""

import dns.rdatatype

from gctrust.adapters.mail.check import MailCheck
from gctrust.pipelines.effects import AssessMail
from gctrust.pipelines.effects import RequiredRecord as Required

from .dns_server import Clock, Server, answer, resolver

SOA = "example.com. 900 SOA ns. host. 7 2 3 4 600"
CODE = 'code.example.com. 300 TXT "verify=1"'
EFFECT = AssessMail("example.com", (Required("TXT", "code.example.com", "verify=1"),), (), "")


class Zone:
    """Answers with what `lines` hold at the moment, as a name server or as a resolver."""

    def __init__(self, *lines: str, aa: bool = True) -> None:
        self.lines, self.aa = lines, aa

    def __call__(self, query, _):
        asked = query.question[0]
        name, kind = asked.name.to_text().lower(), dns.rdatatype.to_text(asked.rdtype)
        found = [one for one in self.lines if one.split()[0] == name and one.split()[2] == kind]
        return [answer(query, *(found or [SOA]), aa=self.aa)]


def silent(_query, _way):
    return []


async def test_each_server_that_lacks_a_record_is_named() -> None:
    one, two = Server(Zone(SOA, CODE)), Server(Zone(SOA))
    async with one, two, resolver(one, two) as dns_:
        seen = await MailCheck(dns_, Clock(), (one.name, two.name)).perform(EFFECT)
    assert seen.missing == (f"TXT code.example.com at {two.name}",)
    assert not seen.ready


async def test_a_server_that_loses_a_record_again_flaps() -> None:
    zone = Zone(SOA, CODE)
    server = Server(zone)
    async with server, resolver(server) as dns_:
        check = MailCheck(dns_, Clock(), (server.name,))
        first = await check.perform(EFFECT)
        zone.lines = (SOA,)
        second = await check.perform(EFFECT)
        third = await check.perform(EFFECT)
    said = [[one for one in look.findings if one.rule == "record.flapping"] for look in
            (first, second, third)]  # fmt: skip
    assert [len(found) for found in said] == [0, 1, 0]
    assert said[1][0].facts["server"] == server.name


async def test_configured_resolvers_are_no_servers_of_the_zone() -> None:
    """They are asked for the zone's servers; here nobody knows any, so nothing is published."""
    cache = Server(Zone(CODE, aa=False))
    async with cache, resolver(cache) as dns_:
        seen = await MailCheck(dns_, Clock(), (cache.name,)).perform(EFFECT)
    assert not seen.ready
    assert all(q.flags & 0x0100 for _, q in cache.seen if "code" in str(q.question[0]))


async def test_silent_servers_are_named_in_every_finding_and_no_key_is_called_missing() -> None:
    one, two = Server(silent), Server(silent)
    async with one, two, resolver(one, two) as dns_:
        report = await MailCheck(dns_, Clock()).check("example.com")
    failed = [found for found in report.findings if found.rule.endswith(".lookup-failed")]
    assert {found.rule for found in failed} >= {
        "spf.lookup-failed", "dkim.lookup-failed", "dmarc.lookup-failed", "mx.lookup-failed",
    }  # fmt: skip
    for found in failed:
        assert one.name in found.message
        assert two.name in found.message
    assert not [found for found in report.findings if found.rule == "dkim.none-found"]
    assert any("20 of 20 well-known DKIM selectors" in line for line in report.not_judged)
