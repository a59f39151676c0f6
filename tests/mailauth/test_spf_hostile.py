"""Whatever DNS holds: an answer of the RFC, inside its budget, and no exception."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from gctrust.mailauth.questions import Answer, Question, Status
from gctrust.mailauth.spf_check import check_host
from gctrust.mailauth.spf_lint import assess_spf
from gctrust.mailauth.spf_record import parse_spf
from gctrust.mailauth.spf_tree import what_if_include
from gctrust.mailauth.zone import DictZone, run

NAMES = ["example.com", "a.example.com", "b.example.net", "c.example.org"]
WORDS = st.sampled_from(
    [
        "v=spf1", " ", "  ", "a", "mx", "ptr", "all", "-all", "~", "include:", "redirect=", "exp=",
        "exists:", "ip4:192.0.2.0", "/24", "//64", "ip6:2001:db8::", ":", "=", "%{d}", "%{p2r-}",
        "%{s}", "%", "%%", "..", ".", "\x00", "\xff", "é", "ra=", "x" * 300, *NAMES,
    ]
)  # fmt: skip
NEAR_RECORDS = st.lists(WORDS, max_size=25).map(lambda w: "v=spf1 " + "".join(w))
RECORDS = st.one_of(
    st.binary(max_size=600), st.binary(max_size=200).map(b"v=spf1 ".__add__), NEAR_RECORDS
)
STATUSES = st.sampled_from([s for s in Status if s is not Status.FOUND])
TXT = st.one_of(STATUSES, st.lists(RECORDS, max_size=3))
HOST = st.one_of(STATUSES, st.just(["192.0.2.1"]), st.just([]))
MX = st.one_of(STATUSES, st.lists(st.tuples(st.just(1), st.text(max_size=70)), max_size=12))
TYPES = st.fixed_dictionaries({"TXT": TXT, "A": HOST, "AAAA": HOST, "MX": MX})
ZONES = st.fixed_dictionaries(dict.fromkeys(NAMES, TYPES)).map(DictZone)


@given(st.binary(max_size=2000))
def test_any_bytes_parse(data: bytes) -> None:
    record = parse_spf(b"v=spf1 " + data)
    for fault in record.faults:
        assert fault.reason


@settings(max_examples=200, deadline=None)
@given(ZONES, st.sampled_from(["192.0.2.1", "2001:db8::1"]), st.text(max_size=80), st.text())
def test_any_zone_and_sender_gives_a_verdict(zone: DictZone, ip: str, who: str, helo: str) -> None:
    for sender in (who, "a@example.com", f"{who}@example.com"):
        result = run(check_host(ip, sender, helo), zone)
        assert result.lookups <= 11
        assert result.voids <= 3
        assert result.verdict == "pass" or result.cause


@settings(max_examples=200, deadline=None)
@given(ZONES)
def test_any_zone_can_be_assessed(zone: DictZone) -> None:
    report = run(assess_spf("example.com", ["192.0.2.1"], "b.example.net"), zone)
    for one in report.findings:
        assert one.message
    run(what_if_include("example.com", "b.example.net"), zone)


class Endless:
    """Every name has a policy that includes many more names."""

    def __init__(self, width: int) -> None:
        self.asked = 0
        self._width = width

    def answer(self, question: Question) -> Answer:
        self.asked += 1
        includes = " ".join(f"include:i{n}.{question.name[-200:]}" for n in range(self._width))
        return Answer(Status.FOUND, ((f"v=spf1 {includes} -all".encode(),),))


def drive(judge: Any, zone: Endless) -> Any:
    try:
        asks = next(judge)
        while True:
            asks = judge.send(tuple(zone.answer(question) for question in asks.questions))
    except StopIteration as done:
        return done.value


def test_ten_thousand_includes_end_within_the_budget() -> None:
    zone = Endless(10_000)
    assert drive(check_host("192.0.2.1", "a@example.com", "h"), zone).verdict == "permerror"
    assert zone.asked <= 11


def test_the_tree_of_an_endless_policy_is_bounded() -> None:
    for width in (1, 2, 10, 10_000):
        zone = Endless(width)
        report = drive(assess_spf("example.com"), zone)
        assert zone.asked < 160
        assert report.worst_lookups > 10
        assert "spf.too-many-lookups" in [one.rule for one in report.findings]


def test_a_64_kilobyte_record_is_read_in_time() -> None:
    words = " ".join(f"ip4:10.{n >> 8 & 255}.{n & 255}.0/24" for n in range(4000))
    zone = DictZone({"example.com": {"TXT": [f"v=spf1 {words[:65000]} ~all"]}})
    report = run(assess_spf("example.com", ["192.0.2.1"]), zone)
    assert report.results[0].verdict in ("softfail", "permerror")


def test_evil_macros_do_not_explode() -> None:
    for text in ("%{l" + "9" * 5000 + "r}", "%{l}" * 2000, "%{l1r" + "-" * 5000 + "}", "%" * 9999):
        zone = DictZone({"example.com": {"TXT": [f"v=spf1 exists:{text}.example.net ~all"]}})
        run(check_host("192.0.2.1", "a" * 500 + "@example.com", "h"), zone)
