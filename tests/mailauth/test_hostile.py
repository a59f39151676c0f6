"""Hostile DNS: whatever records and answers hold, the judges end, in bounds, with a verdict."""

from __future__ import annotations

import os
import time
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gctrust import check_domain, check_record, parse_sts_policy
from gctrust.mailauth.assess import DomainReport, assess_domain
from gctrust.mailauth.looks import ALL, Ds, PolicyFile, Signature, SignedZone, Starttls
from gctrust.mailauth.questions import Answer, Question, Status
from gctrust.mailauth.record_check import RecordKind
from gctrust.mailauth.record_text import RequiredRecord
from gctrust.mailauth.suffixes import registrable
from gctrust.mailauth.zone import run
from gctrust.names import BadName, DomainName

DOMAIN = DomainName("example.com")
BOUNDED = settings(
    max_examples=400 if os.environ.get("GCTRUST_LONG") else 12,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    database=None,
)
WORDS = st.sampled_from(
    [b"v=spf1 ", b"v=DMARC1; ", b"v=DKIM1; ", b"v=STSv1; ", b"v=TLSRPTv1; ", b"v=BIMI1; ", b"p=",
     b"include:", b"redirect=", b"%{", b"}", b"rua=mailto:", b"l=https://", b"id=", b";",
     b"=", b" ", b"\0", b"\xff", b"\r\n", b"example.com", b"xn--zzzzz", b"_spf.%{d}",
     b"ip4:", b"/0", b"-all"]
)  # fmt: skip
TEXT = st.lists(st.one_of(WORDS, st.binary(max_size=20)), max_size=12).map(b"".join)
STRINGS = st.lists(TEXT.map(lambda data: data[:255]), min_size=1, max_size=3).map(tuple)
NAMES = st.sampled_from(
    ["example.com", "a.example.com", "gone.example", "", ".", "a..b", "x" * 300, "\0", "*.example",
     "192.0.2.1", "localhost", "xn--zzzzz.example", "EXAMPLE.com", "_x_.example", "a b",
     "\u2603.example"]
)  # fmt: skip
NUMBERS = st.integers(-1, 1 << 33)
BYTES = st.binary(max_size=70)
ADDRESSES = st.sampled_from(
    ["192.0.2.1", "8.8.8.8", "10.0.0.1", "127.0.0.1", "0.0.0.0", "255.255.255.255"]
)
ADDRESSES6 = st.sampled_from(["2001:db8::1", "::1", "::ffff:192.0.2.1", "fe80::1", "::"])
RECORDS: dict[str, st.SearchStrategy[object]] = {
    "TXT": STRINGS,
    "SPF": STRINGS,
    "A": ADDRESSES,
    "AAAA": ADDRESSES6,
    "MX": st.tuples(st.integers(0, 65535), NAMES),
    "CNAME": NAMES,
    "NS": NAMES,
    "PTR": NAMES,
    "SOA": st.tuples(NAMES, NAMES, NUMBERS, NUMBERS, NUMBERS, NUMBERS, NUMBERS),
    "TLSA": st.tuples(st.integers(0, 255), st.integers(0, 255), st.integers(0, 255), BYTES),
    "CAA": st.tuples(st.integers(0, 255), st.sampled_from(["issue", "iodef", "\0", "x"]), BYTES),
    "POLICY": st.builds(PolicyFile, st.integers(0, 999), st.text(max_size=9), TEXT, st.just("")),
    "STARTTLS": st.builds(
        Starttls, st.booleans(), st.text(max_size=9), st.tuples(BYTES), st.text(max_size=9)
    ),
    "DNSSEC": st.builds(
        SignedZone, NAMES, st.tuples(st.builds(Ds, NUMBERS, NUMBERS, NUMBERS, st.booleans())),
        st.tuples(NUMBERS), st.tuples(st.builds(Signature, NAMES, st.just("MX"), NUMBERS, NUMBERS)),
    ),
}  # fmt: skip
ANSWERS = {
    kind: st.builds(
        Answer,
        st.sampled_from([Status.FOUND, Status.FOUND, *Status]),
        st.lists(records, max_size=4).map(tuple),
        st.lists(NAMES, max_size=2).map(tuple),
        ttl=st.integers(0, 1 << 31),
        authoritative=st.booleans(),
        authentic=st.booleans(),
        referral=st.lists(NAMES, max_size=2).map(tuple),
        over=st.sampled_from(["", "tcp", "edns"]),
    )
    for kind, records in RECORDS.items()
}


class Fuzz:
    """Answers every question with what hypothesis draws, the same question the same way."""

    def __init__(self, draw: Callable[..., Answer]) -> None:
        self._draw, self._known = draw, {}  # type: ignore[var-annotated]
        self.asked = 0

    def answer(self, question: Question) -> Answer:
        self.asked += 1
        key = question.name, question.type
        if key not in self._known:
            # past a bound: the judge may ask much, hypothesis may not draw so much
            full = len(self._known) > 40
            answer = Answer(Status.NX_DOMAIN) if full else self._draw(ANSWERS[question.type])
            void = answer.status is not Status.FOUND or not answer.records
            status = Status.NO_DATA if void and answer.status is Status.FOUND else answer.status
            records = () if void else answer.records
            self._known[key] = Answer(
                status, records, answer.chain, answer.ttl, "", answer.authoritative,
                answer.authentic, answer.referral, answer.over,
            )  # fmt: skip
        return self._known[key]


def judged(zone: object) -> DomainReport:
    required = (RequiredRecord("TXT", "_t.example.com", "abc"),)
    judge = assess_domain(
        DOMAIN, ["s1"], required=required, include="p.example", sender_ips=["192.0.2.1"],
        by_list=registrable, reach=ALL,
    )  # fmt: skip
    return run(judge, zone)  # type: ignore[arg-type]


@BOUNDED
@given(st.data())
def test_any_answers_are_judged(data: st.DataObject) -> None:
    zone = Fuzz(data.draw)
    report = judged(zone)
    for finding in report.findings:
        assert finding.message
    assert zone.asked < 2000


@settings(max_examples=200, deadline=None, database=None)
@given(TEXT, st.sampled_from(["", *RecordKind]))
def test_any_text_is_a_record_or_says_why_not(text: bytes, kind: str) -> None:
    report = check_record(text, kind)
    assert report.usable or report.findings or report.record is not None
    parse_sts_policy(text)


@pytest.mark.parametrize("kind", list(RecordKind))
def test_64_kilobytes_are_read_in_no_time(kind: RecordKind) -> None:
    heads = {"spf": b"v=spf1 ", "dmarc": b"v=DMARC1;", "dkim": b"v=DKIM1;", "mta-sts": b"v=STSv1;",
             "tls-rpt": b"v=TLSRPTv1;", "bimi": b"v=BIMI1;"}  # fmt: skip
    bodies = (b"a=b;", b" ", b";", b"p=", b"=" * 9, b"rua=mailto:a@b,", b"%{i}", b"\xff", b"(((",
              b"a:", b"ip4:192.0.2.1 ", b"include:a.b ", b'"\\', b"v=", b"l=https://a,",
              b"- - -")  # fmt: skip
    start = time.process_time()
    for body in bodies:
        report = check_record(heads[kind] + body * (65_000 // len(body)), kind)
        assert len(report.findings) < 500
    assert time.process_time() - start < 8


class Endless:
    """Every name exists, has every type, and leads on to more names."""

    def __init__(self) -> None:
        self.asked = 0

    def answer(self, question: Question) -> Answer:
        self.asked += 1
        more = [f"n{at}-{self.asked}.{question.name[-180:]}" for at in range(300)]
        many: dict[str, tuple[object, ...]] = {
            "TXT": ((b"v=spf1 " + b" ".join(b"include:" + one.encode() for one in more[:200]),),),
            "MX": tuple((at, one) for at, one in enumerate(more)),
            "NS": tuple(more),
            "PTR": tuple(more),
            "A": tuple(f"8.8.{at >> 8}.{at & 255}" for at in range(1000)),
            "AAAA": tuple(f"2001:4860::{at:x}" for at in range(1000)),
            "TLSA": tuple((3, 1, 1, bytes([at % 256]) * 32) for at in range(300)),
            "CAA": tuple((0, "issue", b"x" * 200) for _ in range(300)),
        }
        records = many.get(question.type)
        return Answer(Status.FOUND, records) if records else Answer(Status.NO_DATA)  # type: ignore[arg-type]


def test_endless_names_end() -> None:
    zone = Endless()
    start = time.process_time()
    judged(zone)
    assert zone.asked < 12_000
    assert time.process_time() - start < 20


@pytest.mark.parametrize(
    "name",
    ["", ".", "a..b", "\0", "x" * 64, "a." * 200, "xn--\xff", "a b", "-a.example", "\u202e.com"],
)  # fmt: skip
def test_names_that_are_none(name: str) -> None:
    with pytest.raises(BadName):
        DomainName.parse(name)


@pytest.mark.parametrize("seen", ["not an address", "300.1.1.1", "x..y", "fe80::1%eth0", ""])
def test_what_a_zone_calls_an_address_need_not_be_one(seen: str) -> None:
    zone = {
        "example.com": {"MX": ["10 mx.example.com"], "NS": ["ns.example.com"], "TXT": "v=spf1 mx"},
        "com": {"NS": ["ns.example.com"]},
        "*.example.com": {"A": [seen], "AAAA": [seen]},
    }
    report = check_domain("example.com", zone)
    assert report.report.subject == "example.com"


def test_a_required_exchange_without_a_host_is_no_crash() -> None:
    required = [RequiredRecord("MX", "example.com", "")]
    zone = {"example.com": {"MX": ["10 mx.example.com"]}}
    report = check_domain("example.com", zone, required=required)
    assert report.records[0].status != "live"
