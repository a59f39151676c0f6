"""Name servers of a zone: each fault gives its finding and no other; what cannot be asked, none."""

from dataclasses import replace

import pytest

from gctrust.mailauth.assess import assess_domain
from gctrust.mailauth.delegation import DelegationReport, assess_delegation
from gctrust.mailauth.looks import ALL, DNS_ONLY, RESOLVERS_ONLY
from gctrust.mailauth.questions import Answer, Question, Status
from gctrust.mailauth.zone import DictZone, run
from gctrust.names import DomainName

DOMAIN = DomainName.parse("example.com")
A, B, PARENT = "192.0.2.1", "198.51.100.1", "203.0.113.1"
CHECKED = (("example.com", "MX"), ("example.com", "TXT"))


def soa(serial: int = 7, minimum: int = 3600) -> list:
    return [("ns1.example.com", "hostmaster.example.com", serial, 3600, 600, 604800, minimum)]


ZONE = {
    "example.com": {
        "SOA": soa(),
        "NS": ["ns1.example.com", "ns2.example.com"],
        "MX": ["10 mx.example.com"],
        "TXT": ["v=spf1 mx -all"],
    },
    "ns1.example.com": {"A": [A]},
    "ns2.example.com": {"A": [B]},
    "_dmarc.example.com": {"TXT": ["v=DMARC1; p=none"]},
    "com": {"NS": ["a.registry.example"]},
    "a.registry.example": {"A": [PARENT]},
}


class Servers:
    """Two name servers over plain data, each with its own manners."""

    def __init__(self, zone: dict, second: dict | None = None, ttl: int = 300) -> None:
        self.zones = {A: DictZone(zone, ttl=ttl), B: DictZone(second or zone, ttl=ttl)}
        self.mute: dict[str, Status] = {}
        self.lame: set[str] = set()
        self.case_sensitive = False
        self.referral: tuple[str, ...] = ("ns1.example.com", "ns2.example.com")
        self.refuses: dict[tuple[str, str], Status] = {}

    def answer(self, question: Question) -> Answer:
        server = question.server or A
        if server == PARENT:
            return Answer(Status.REFUSED, server=server, referral=self.referral)
        if (server, question.over) in self.refuses:
            return Answer(self.refuses[server, question.over], over=question.over)
        told = self.zones[server].answer(replace(question, server=None))
        if question.server is None:
            return told
        if server in self.mute:
            return Answer(self.mute[server], server=server, authoritative=True)
        if self.case_sensitive and question.name != question.name.lower():
            return Answer(Status.NX_DOMAIN, server=server, authoritative=True)
        return replace(told, authoritative=server not in self.lame, server=server)


def judge(servers, given: tuple[str, ...] = (A, B), **options) -> DelegationReport:
    options = {"reach": ALL, **options}
    return run(assess_delegation(DOMAIN, servers=given, checked=CHECKED, **options), servers)


def said(report: DelegationReport) -> list[str]:
    return sorted(one.rule for one in report.report.findings)


def changed(name: str, **types: object) -> dict:
    return {**ZONE, name: {**ZONE.get(name, {}), **types}}


@pytest.mark.parametrize("given", [(A, B), ()])
def test_a_healthy_zone(given: tuple[str, ...]) -> None:
    report = judge(Servers(ZONE), given)
    assert said(report) == []
    unseen = "NS records of example.com at its parent (NS-02): not seen"
    assert report.report.not_judged == ((unseen,) if given else ())
    assert report.zone == "example.com"
    assert [serial for _, serial in report.serials] == [7, 7]
    assert report.negative_ttl == 300


def test_servers_on_ports_of_their_own() -> None:
    zone = DictZone(ZONE)
    given = ("127.0.0.1#5301", "127.0.0.1#5302", "[::1]#5303")
    report = run(assess_delegation(DOMAIN, servers=given, checked=CHECKED), zone)
    assert said(report) == []
    assert [server for server, _ in report.serials] == list(given)


@pytest.mark.parametrize(
    ("zone", "given", "rule"),
    [
        (changed("example.com", NS=["ns1.example.com"]), (A, B), "ns.single"),
        (changed("ns2.example.com", A=[A]), (), "ns.one-address"),
        (
            {**changed("ns2.example.com"), "ns2.example.com": {"TXT": ["x"]}},
            (A, B),
            "ns.no-address",
        ),
        (
            {
                **ZONE,
                "ns2.example.com": {"CNAME": ["b.example.com"]},
                "b.example.com": {"A": [B]},
            },
            (A, B),
            "ns.alias",
        ),
        (
            changed("_dmarc.example.com", CNAME=["d.example.net"]),
            (A, B),
            "dmarc.cname-beside-txt",
        ),
    ],
)  # fmt: skip
def test_a_fault_of_the_zone(zone: dict, given: tuple[str, ...], rule: str) -> None:
    assert said(judge(Servers(zone), given)) == [rule]


@pytest.mark.parametrize(
    "zone",
    [
        changed("ns2.example.com", A=[A], AAAA=["2001:db8::1"]),  # a second address after all
        changed("ns2.example.com", A=Status.SERVFAIL),  # a failed look-up is no absence
        {**ZONE, "_dmarc.example.com": {"CNAME": ["d.example.com"]},
         "d.example.com": {"TXT": ["v=DMARC1; p=none"]}},
    ],
)  # fmt: skip
def test_near_a_fault_of_the_zone(zone: dict) -> None:
    assert said(judge(Servers(zone))) == []


@pytest.mark.parametrize(
    ("status", "rule"),
    [
        (Status.REFUSED, "ns.lame"),
        (Status.NX_DOMAIN, "ns.lame"),
        (Status.SERVFAIL, "ns.failing"),
        (Status.MALFORMED, "ns.failing"),
        (Status.TIMEOUT, "ns.silent"),
    ],
)
def test_one_server_that_does_not_serve(status: Status, rule: str) -> None:
    servers = Servers(ZONE)
    servers.mute = {B: status}
    report = judge(servers)
    assert said(report) == [rule]
    assert B in report.report.findings[0].message


def test_one_server_without_authority() -> None:
    servers = Servers(ZONE)
    servers.lame = {B}
    assert said(judge(servers)) == ["ns.lame"]


@pytest.mark.parametrize("status", [Status.TIMEOUT, Status.REFUSED, Status.SERVFAIL])
def test_no_server_can_be_asked(status: Status) -> None:
    servers = Servers(ZONE)
    servers.mute = {A: status, B: status}
    for given in ((A, B), ()):
        report = judge(servers, given)
        assert said(report) == []
        (line,) = report.report.not_judged
        assert "NS-01 to NS-06" in line
        assert "DMARC-23" in line


def test_a_network_that_answers_in_the_servers_place() -> None:
    servers = Servers(ZONE)
    servers.lame = {A, B}
    report = judge(servers)
    assert (said(report), report.zone) == ([], "")


def test_a_network_without_ipv6() -> None:
    servers = Servers(ZONE)
    servers.zones["2001:db8::1"] = DictZone(ZONE)
    servers.mute = {"2001:db8::1": Status.TIMEOUT}
    report = judge(servers, (A, B, "2001:db8::1"))
    assert said(report) == []
    assert any("2001:db8::1" in line for line in report.report.not_judged)


def test_loopback_found_in_dns_is_not_asked() -> None:
    zone = {**ZONE, "ns1.example.com": {"A": ["127.0.0.1"]}, "ns2.example.com": {"A": ["::1"]}}
    report = judge(DictZone(zone), ())
    assert said(report) == []
    assert len(report.report.not_judged) == 1


def test_versions_differ() -> None:
    second = changed("example.com", SOA=soa(8))
    report = judge(Servers(ZONE, second))
    assert said(report) == ["ns.serials-differ"]
    assert "7 at 192.0.2.1; 8 at 198.51.100.1" in report.report.findings[0].message


@pytest.mark.parametrize(
    ("types", "rules"),
    [
        ({"TXT": ["v=spf1 -all"]}, ["ns.rrset-differs"]),
        ({"TXT": []}, ["ns.rrset-differs"]),
        ({"MX": ["20 mx.example.com"]}, ["ns.rrset-differs"]),
        ({"MX": ["10 MX.example.com"]}, []),
        ({"TXT": [["v=spf1 ", "mx -all"]]}, []),  # cut otherwise, the same text
        ({"TXT": Status.SERVFAIL}, []),
        ({"A": ["192.0.2.80"]}, []),  # not among the checked
        ({"NS": ["ns1.example.com"]}, ["ns.set-differs"]),
        ({"NS": ["NS2.example.com", "ns1.example.com"]}, []),
    ],
)
def test_contents_differ(types: dict, rules: list[str]) -> None:
    report = judge(Servers(ZONE, changed("example.com", **types)))
    assert said(report) == rules
    failed = Status.SERVFAIL in types.values()
    assert any("NS-05" in line for line in report.report.not_judged) == failed


@pytest.mark.parametrize(
    ("ttl", "minimum", "rules"),
    [
        (86400, 86400, ["ns.long-negative-ttl"]),
        (86400, 10800, []),
        (300, 86400, []),
    ],
)
def test_negative_ttl(ttl: int, minimum: int, rules: list[str]) -> None:
    zone = changed("example.com", SOA=soa(minimum=minimum))
    report = judge(Servers(zone, ttl=ttl))
    assert said(report) == rules
    assert report.negative_ttl == min(ttl, minimum)


def test_a_server_that_minds_the_case() -> None:
    servers = Servers(ZONE)
    servers.case_sensitive = True
    assert said(judge(servers)) == ["mx.case-sensitive", "mx.case-sensitive"]


def test_a_zone_above_the_domain() -> None:
    below = DomainName.parse("mail.example.com")
    report = run(assess_delegation(below, servers=(A, B)), Servers(ZONE))
    assert (report.zone, said(report)) == ("example.com", [])


def test_the_zone_of_a_registry_is_not_judged() -> None:
    zone = {"co.example": {"SOA": soa(), "NS": ["ns1.example.com"]}}
    judge_ = assess_delegation(
        DomainName.parse("acme.co.example"), servers=(A,), by_list=lambda name: ""
    )
    report = run(judge_, DictZone(zone))
    assert (said(report), report.zone, len(report.report.not_judged)) == ([], "", 1)


def test_the_whole_domain_carries_it() -> None:
    servers = Servers(ZONE, changed("example.com", SOA=soa(8)))
    report = run(assess_domain(DOMAIN, nameservers=(A, B)), servers)
    assert "ns.serials-differ" in {one.rule for one in report.findings}
    assert report.delegation.zone == "example.com"
    assert not any("NS-01 to" in line for line in report.not_judged)
    assert report.subject == "example.com"


def test_the_parent_refers_elsewhere() -> None:
    servers = Servers(ZONE)
    servers.referral = ("ns1.example.com", "ns3.example.com")
    assert said(judge(servers, ())) == ["ns.parent-differs"]
    servers.referral = ()
    assert said(judge(servers, ())) == []


@pytest.mark.parametrize(("over", "rule"), [("tcp", "ns.no-tcp"), ("edns", "ns.no-edns")])
def test_a_way_that_one_server_lacks(over: str, rule: str) -> None:
    servers = Servers(ZONE)
    servers.refuses = {(B, over): Status.REFUSED}
    report = judge(servers)
    assert said(report) == [rule]
    assert B in report.report.findings[0].message


@pytest.mark.parametrize("over", ["tcp", "edns"])
def test_a_way_that_nobody_answers_is_not_judged(over: str) -> None:
    servers = Servers(ZONE)
    servers.refuses = {(A, over): Status.TIMEOUT, (B, over): Status.TIMEOUT}
    report = judge(servers)
    assert said(report) == []
    assert any("NS-03" in line for line in report.report.not_judged)
    assert any("NS-03" in line for line in judge(servers, reach=DNS_ONLY).report.not_judged)


def test_servers_that_are_not_to_be_asked() -> None:
    report = judge(Servers(ZONE), (), reach=RESOLVERS_ONLY)
    assert said(report) == []
    assert "NS-01 to NS-06" in report.report.not_judged[0]
