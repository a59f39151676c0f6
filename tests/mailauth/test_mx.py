"""MX and reverse DNS against dictionary zones."""

import pytest
from publicsuffixlist import PublicSuffixList

from gctrust.mailauth.mx import assess_mx
from gctrust.mailauth.questions import Status
from gctrust.mailauth.rdns import ReverseState, assess_address, is_generic
from gctrust.mailauth.zone import DictZone, run
from gctrust.names import DomainName

LIST = PublicSuffixList()
HOST = {"mx.example.net": {"A": ["8.8.4.4"]}}
BACK = {"4.4.8.8.in-addr.arpa": {"PTR": ["mx.example.net"]}}
GOOD = {"example.com": {"MX": ["10 mx.example.net"]}, **HOST, **BACK}


def judge(zone: dict, **options):
    by_list = options.pop("by_list", lambda name: LIST.privatesuffix(name) or "")
    return run(
        assess_mx(DomainName.parse("example.com"), by_list=by_list, **options), DictZone(zone)
    )


def with_mx(*records: str, **names: dict) -> dict:
    return {**GOOD, "example.com": {"MX": list(records)}, **names}


CASES = [
    (GOOD, {"mx.single"}),
    ({}, {"mx.missing"}),
    ({"example.com": {"A": ["8.8.4.4"]}}, {"mx.implicit"}),
    (with_mx("0 ."), {"mx.null"}),
    (with_mx("5 ."), {"mx.null-conflict"}),
    (with_mx("0 .", "10 mx.example.net"), {"mx.null-conflict", "mx.single"}),
    (with_mx("10 192.0.2.1"), {"mx.bad-exchange", "mx.single"}),
    (with_mx("10 localhost"), {"mx.bad-exchange", "mx.single"}),
    (with_mx("10 a_b.example.net"), {"mx.bad-exchange", "mx.single"}),
    (with_mx("10 www.example.net", **{"www.example.net": {"CNAME": ["mx.example.net"]}}),
     {"mx.alias", "mx.single"}),
    (with_mx("10 gone.example.net", **{"example.net": {"NS": ["ns.example.net"]}}),
     {"mx.no-address", "mx.single"}),
    (with_mx("10 mx.no-such-domain.net"), {"mx.no-address", "mx.single", "mx.unregistered"}),
    (with_mx("10 in.example.net", **{"in.example.net": {"A": ["10.0.0.5"]}}),
     {"mx.not-routable", "mx.single", "rdns.missing"}),
    (with_mx("10 mx.example.net", "20 mx.example.net"), {"mx.duplicate", "mx.single"}),
    ({"example.com": {"MX": Status.SERVFAIL}}, {"mx.lookup-failed"}),
    (with_mx("10 mx.example.net", **{"mx.example.net": {"*": Status.TIMEOUT}}),
     {"mx.lookup-failed", "mx.single"}),
]  # fmt: skip


@pytest.mark.parametrize(("zone", "expected"), CASES)
def test_findings(zone: dict, expected: set[str]) -> None:
    assert {f.rule for f in judge(zone).report.findings} == expected


@pytest.mark.parametrize("status", [Status.TIMEOUT, Status.SERVFAIL, Status.REFUSED])
def test_failures_are_never_absence(status: Status) -> None:
    for zone in (
        {"example.com": {"MX": status}},
        {"example.com": {"A": status, "AAAA": status}},
        {**GOOD, "mx.example.net": {"A": status}},
        {**GOOD, "4.4.8.8.in-addr.arpa": {"PTR": status}},
    ):
        report = judge(zone).report
        wrong = {"mx.missing", "mx.no-address", "rdns.missing", "rdns.not-confirmed"}
        assert not wrong & {f.rule for f in report.findings}
        named = ("MX-01", "MX-05", "RDNS-05")
        assert any(row in line for row in named for line in report.not_judged)


def test_expected_exchange() -> None:
    rules = {f.rule for f in judge(GOOD, expected_hosts=("MX.example.net.",)).report.findings}
    assert rules == {"mx.single"}
    beside = judge(
        with_mx("10 mx.example.net", "20 b.example.net", **{"b.example.net": {"A": ["8.8.4.4"]}}),
        expected_hosts=("mx.example.net",),
    )
    assert "mx.other-provider" in {f.rule for f in beside.report.findings}


def test_corporate_mail_is_left_alone() -> None:
    result = judge(GOOD, expected_hosts=("inbound.platform.example",))
    (said,) = [f for f in result.report.findings if f.rule == "mx.corporate-mail"]
    assert not result.change_is_safe
    assert said.fix == "mail.example.com. MX 10 inbound.platform.example."
    assert not any(f.fix.startswith("example.com. MX") for f in result.report.findings)


def test_a_missing_mx_may_be_published() -> None:
    result = judge({}, expected_hosts=("inbound.platform.example",))
    fixes = {f.rule: f.fix for f in result.report.findings}
    assert fixes["mx.not-expected"] == "example.com. MX 10 inbound.platform.example."
    assert result.change_is_safe


def reverse(zone: dict, address: str = "8.8.4.4", **options):
    return run(assess_address(address, **options), DictZone(zone))


@pytest.mark.parametrize(
    ("zone", "state", "rules"),
    [
        ({**HOST, **BACK}, ReverseState.CONFIRMED, set()),
        ({}, ReverseState.MISSING, {"rdns.missing"}),
        (BACK, ReverseState.NOT_CONFIRMED, {"rdns.not-confirmed"}),
        (
            {**BACK, "mx.example.net": {"A": Status.TIMEOUT}},
            ReverseState.UNKNOWN,
            {"rdns.lookup-failed"},
        ),
        (
            {"4.4.8.8.in-addr.arpa": {"CNAME": ["4.0-25.4.8.8.in-addr.arpa"]}},
            ReverseState.MISSING,
            {"rdns.broken-chain"},
        ),
        (
            {
                **HOST,
                "4.4.8.8.in-addr.arpa": {"CNAME": ["4.sub.example.net"]},
                "4.sub.example.net": {"PTR": ["mx.example.net"]},
            },
            ReverseState.CONFIRMED,
            set(),
        ),
        (
            {
                "4.4.8.8.in-addr.arpa": {"PTR": ["8-8-4-4.pool.example.net"]},
                "8-8-4-4.pool.example.net": {"A": ["8.8.4.4"]},
            },
            ReverseState.CONFIRMED,
            {"rdns.generic"},
        ),
    ],
)
def test_reverse(zone: dict, state: ReverseState, rules: set[str]) -> None:
    result = reverse(zone)
    assert (result.state, {f.rule for f in result.findings}) == (state, rules)


def test_reverse_of_ipv6_and_the_ehlo_name() -> None:
    pointer = "1" + ".0" * 23 + ".8.b.d.0.1.0.0.2.ip6.arpa"
    zone = {pointer: {"PTR": ["mx.example.net"]}, "mx.example.net": {"AAAA": ["2001:db8::1"]}}
    assert reverse(zone, "2001:DB8:0::1").state is ReverseState.CONFIRMED
    assert reverse(zone, "2001:db8::1", ehlo="MX.example.net.").findings == ()
    (said,) = reverse(zone, "2001:db8::1", ehlo="other.example.net").findings
    assert said.rule == "rdns.not-ehlo"


def test_a_number_in_a_name_is_not_yet_generic() -> None:
    assert not is_generic("mx1.dc2.example.net", "192.0.2.1")
    assert is_generic("1.2.0.192.dyn.example.net", "192.0.2.1")
    assert is_generic("c0000201.dyn.example.net", "192.0.2.1")
