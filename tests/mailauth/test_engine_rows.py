"""Rows of docs/reference/mail-rules.md that are behaviour, not findings: one test each, by name."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gctrust.mailauth.dmarc import assess_dmarc
from gctrust.mailauth.dmarc_discovery import tree_walk
from gctrust.mailauth.expected_records import RecordStatus
from gctrust.mailauth.propagation import NameServer, next_look, observe
from gctrust.mailauth.questions import Answer, Question, Status
from gctrust.mailauth.rdns import ReverseState, assess_address
from gctrust.mailauth.record_text import RequiredRecord
from gctrust.mailauth.zone import DictZone, run
from gctrust.names import DomainName

FAILURES = [Status.TIMEOUT, Status.SERVFAIL, Status.REFUSED, Status.MALFORMED]
RECORD = RequiredRecord("TXT", "_token.example.com", "abc")
HERE = DictZone({"_token.example.com": {"TXT": ["abc"]}})
GONE = DictZone({"example.com": {"TXT": ["x"]}})


class Asked:
    """A zone that keeps what it was asked."""

    def __init__(self, zone: DictZone) -> None:
        self.zone = zone
        self.names: list[str] = []

    def answer(self, question: Question) -> Answer:
        self.names.append(question.name)
        return self.zone.answer(question)


def test_dmarc_02() -> None:
    """RFC 9989 section 4.10: from the name up to its single label, in at most eight queries."""
    zone = Asked(DictZone({"_dmarc.com": {"TXT": ["v=DMARC1; p=none; psd=y"]}}))
    walk = run(tree_walk("a.b.c.d.e.f.g.h.i.example.com"), zone)
    tail = ["g.h.i.example.com".split(".", n)[n] for n in range(5)]
    wanted = [
        "a.b.c.d.e.f.g.h.i.example.com",
        "e.f.g.h.i.example.com",
        "f.g.h.i.example.com",
        *tail,
    ]
    assert zone.names == [f"_dmarc.{name}" for name in wanted]
    assert len(zone.names) == 8
    assert walk.organisational_domain == "example.com"


@pytest.mark.parametrize("status", FAILURES)
def test_dmarc_25(status: Status) -> None:
    """A failing look-up is neither "no record" nor a policy."""
    zone = DictZone({"_dmarc.example.com": {"TXT": status}})
    report = run(assess_dmarc(DomainName("example.com")), zone)
    said = {finding.rule for finding in report.report.findings}
    assert said == {"dmarc.lookup-failed"}
    assert report.effective is None
    assert any("DMARC-01" in line for line in report.report.not_judged)


@pytest.mark.parametrize("status", FAILURES)
def test_rdns_05(status: Status) -> None:
    """A failing look-up is not "no PTR", neither of the PTR nor of the name behind it."""
    pointer = {"4.4.8.8.in-addr.arpa": {"PTR": status}}
    behind = {"4.4.8.8.in-addr.arpa": {"PTR": ["mx.example.com"]}, "mx.example.com": {"A": status}}
    for zone in (pointer, behind):
        seen = run(assess_address("8.8.4.4"), DictZone(zone))
        assert seen.state is ReverseState.UNKNOWN
        assert [finding.rule for finding in seen.findings] == ["rdns.lookup-failed"]


def servers(**zones: DictZone) -> DictZone:
    return DictZone({}, servers={name.replace("_", "."): zone for name, zone in zones.items()})


A, B, C = NameServer("a"), NameServer("b"), NameServer("c")


def test_prop_01() -> None:
    """Each authoritative server has a state of its own; one that lags is named."""
    zone = servers(a=HERE, b=GONE, c=DictZone({"_token.example.com": {"TXT": Status.TIMEOUT}}))
    seen = run(observe([RECORD], [A, B, C]), zone)
    states = {state.server.address: state.status for state in seen.states}
    assert states == {
        "a": RecordStatus.LIVE,
        "b": RecordStatus.MISSING,
        "c": RecordStatus.UNKNOWN,
    }
    assert [state.server.address for state in seen.behind] == ["b", "c"]
    assert not seen.complete
    assert run(observe([RECORD], [A]), zone).complete


def test_prop_02() -> None:
    """k of n resolvers, with what is left of the time they remember the old value."""
    old = DictZone({"_token.example.com": {"TXT": ["old"]}}, ttl=1200)
    zone = servers(a=HERE, b=HERE, c=old)
    resolvers = [replace(server, resolver=True) for server in (A, B, C)]
    seen = run(observe([RECORD], [*resolvers, NameServer("d")]), zone)
    assert seen.resolvers_with(RECORD) == (2, 3)
    (late,) = [state for state in seen.behind if state.server.address == "c"]
    assert (late.status, late.found, late.ttl) == (RecordStatus.MISSING, ("old",), 1200)


def test_prop_03() -> None:
    """The least time left among resolvers that lag; else a pause that doubles, within bounds."""
    resolvers = [replace(server, resolver=True) for server in (A, B)]
    zone = servers(a=DictZone({}, ttl=240), b=DictZone({}, ttl=600))
    lagging = run(observe([RECORD], resolvers), zone).states
    assert next_look(1000.0, lagging) == 1241.0
    assert next_look(1000.0, lagging, most=60.0) == 1060.0
    pauses = [next_look(0.0, run(observe([RECORD], [A]), zone).states, looks=n) for n in range(12)]
    assert pauses[:4] == [5.0, 10.0, 20.0, 40.0]
    assert max(pauses) == 900.0
    assert next_look(1000.0, run(observe([RECORD], [A]), servers(a=HERE)).states) == 1000.0
