"""The include tree, the simulation, and what a report says beside its findings."""

from __future__ import annotations

import pytest

from gctrust.findings import Severity
from gctrust.mailauth.questions import Status
from gctrust.mailauth.spf_lint import SpfSender, assess_spf
from gctrust.mailauth.spf_tree import contributions, what_if_include
from gctrust.mailauth.zone import DictZone, run

ZONE = DictZone(
    {
        "example.com": {
            "TXT": ["v=spf1 include:big.example.net a include:x.%{d} -all", "other"],
            "A": ["192.0.2.1"],
        },
        "big.example.net": {"TXT": ["v=spf1 include:one.example.net redirect=two.example.net"]},
        "one.example.net": {"TXT": ["v=spf1 mx exists:%{i}.example.net ?all"]},
        "two.example.net": {"TXT": ["v=spf1 ip4:198.51.100.0/24 -all mx"]},
        "x.example.com": {"TXT": ["v=spf1 ptr ~all"]},
        "1.113.0.203.in-addr.arpa": {"PTR": ["host.example.org"]},
        "six.example.net": {"TXT": ["v=spf1 a a a a a a"]},
    }
)


def test_the_tree_counts_each_branch_and_follows_static_macros() -> None:
    report = run(assess_spf("example.com"), ZONE)
    assert report.tree is not None
    assert [(n.domain, n.own, n.total) for n in report.tree.walk()] == [
        ("example.com", 3, 8),
        ("big.example.net", 2, 4),
        ("one.example.net", 2, 2),
        ("two.example.net", 0, 0),
        ("x.example.com", 1, 1),
    ]
    assert report.worst_lookups == 8
    assert [(c.term, c.lookups) for c in contributions(report.tree)] == [
        ("include:big.example.net", 5),
        ("a", 1),
        ("include:x.%{d}", 2),
    ]


def test_the_simulation_adds_the_branch_and_writes_the_record() -> None:
    trial = run(what_if_include("example.com", "six.example.net"), ZONE)
    assert (trial.before, trial.added, trial.after, trial.fits) == (8, 7, 15, False)
    assert trial.contributors[-1].lookups == 7
    assert trial.record == (
        "v=spf1 include:big.example.net a include:x.%{d} include:six.example.net -all"
    )
    again = run(what_if_include("example.com", "Big.example.net."), ZONE)
    assert (again.added, again.record.count("big.example.net")) == (0, 1)
    fresh = run(what_if_include("new.example", "gone.example.net"), ZONE)
    assert fresh.record == "v=spf1 include:gone.example.net ~all"
    assert not fresh.known


def test_voids_are_told_for_each_family() -> None:
    report = run(assess_spf("example.com"), ZONE)
    assert report.voids_ip4 == ("mx (one.example.net)",)
    assert report.voids_ip6 == ("a (example.com)", "mx (one.example.net)")
    by_family = {
        one.facts["family"]: one.severity
        for one in report.findings
        if one.rule == "spf.void-lookup"
    }
    assert by_family == {"IPv4": Severity.WARN, "IPv6": Severity.INFO}


def test_senders_are_evaluated_in_their_order() -> None:
    senders = ["198.51.100.7", SpfSender("192.0.2.1", "ann@example.com"), "203.0.113.1"]
    report = run(assess_spf("example.com", senders), ZONE)
    assert [str(one.verdict) for one in report.results] == ["pass", "pass", "fail"]


def test_what_could_not_be_looked_at_is_told_apart() -> None:
    report = run(assess_spf("example.com"), DictZone({"example.com": {"TXT": Status.TIMEOUT}}))
    assert [one.rule for one in report.findings] == ["spf.lookup-failed"]
    assert report.report.not_judged == ("SPF of example.com: timeout",)


def test_the_fix_of_a_missing_platform_include_is_the_record_to_publish() -> None:
    zone = DictZone({"example.com": {"TXT": ["v=spf1 mx ~all"]}})
    report = run(assess_spf("example.com", (), "p.example.net", probe_targets=False), zone)
    (one,) = report.findings
    assert one.severity is Severity.CRITICAL
    assert one.fix == "Publish: v=spf1 mx include:p.example.net ~all"


B = "b.example"


@pytest.mark.parametrize(
    ("root", "other", "said"),
    [
        ("redirect=b.example", "ptr ?all", [(B, "spf.neutral-default"), (B, "spf.ptr")]),
        ("redirect=b.example", "ip4:192.0.2.1 -all", [("b.example", "spf.hard-fail")]),
        ("redirect=b.example", "ip4:192.0.2.0/24 ip4:192.0.2.1 ~all", [(B, "spf.covered-network")]),
        ("include:b.example ~all", "ptr -all", [("b.example", "spf.ptr")]),
        ("include:b.example ~all", "+all", [("b.example", "spf.pass-all")]),
        ("-include:b.example ~all", "+all", []),
        ("include:b.example ~all", "redirect=c.example", [("c.example", "spf.pass-all")]),
        ("include:b.example ~all", "?all", []),
        ("include:b.example ~all", "ip4:192.0.2.1 -all", []),
    ],
)  # fmt: skip
def test_what_a_drawn_in_record_says(root: str, other: str, said: list[tuple[str, str]]) -> None:
    """RFC 7208 section 6.1: a redirect's record is judged whole; an include's for harm only."""
    zone = DictZone(
        {
            "example.com": {"TXT": [f"v=spf1 {root}"]},
            "b.example": {"TXT": [f"v=spf1 {other}"]},
            "c.example": {"TXT": ["v=spf1 +all"]},
        }
    )
    found = run(assess_spf("example.com"), zone).findings
    assert sorted((one.subject, one.rule) for one in found) == said
