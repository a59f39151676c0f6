"""check_host: the trace, the limits and the corners that no suite file settles."""

from __future__ import annotations

from typing import Any

import pytest

from gctrust.cli.output import plain
from gctrust.mailauth.questions import Question, Status
from gctrust.mailauth.spf_check import check_host
from gctrust.mailauth.spf_result import Limits, SpfResult
from gctrust.mailauth.zone import DictZone, run


def check(
    record: str, ip: str = "192.0.2.1", *, sender: str = "ann@example.com", **more: Any
) -> SpfResult:
    names = {"example.com": {"TXT": [record]}, **more.pop("names", {})}
    return run(check_host(ip, sender, "helo.example.net", **more), DictZone(names))


def test_trace_shows_every_term_in_order_with_depth_and_cost() -> None:
    names = {
        "inc.example.net": {"TXT": ["v=spf1 a:host.example.net -all"]},
        "host.example.net": {"A": ["203.0.113.5"]},
        "mx.example.com": {"A": ["192.0.2.1"]},
    }
    names["example.com"] = {
        "TXT": ["v=spf1 ip4:10.0.0.0/8 include:inc.example.net mx -all"],
        "MX": [(10, "mx.example.com")],
    }
    result = check("", names=names)
    assert result.verdict == "pass"
    assert [(s.depth, s.term, s.outcome, s.resolved, s.lookups) for s in result.trace] == [
        (0, "ip4:10.0.0.0/8", "no match", (), 0),
        (0, "include:inc.example.net", "no match: fail", ("inc.example.net",), 1),
        (1, "a:host.example.net", "no match", ("203.0.113.5",), 1),
        (1, "-all", "match", (), 0),
        (0, "mx", "match", ("mx.example.com",), 1),
    ]
    assert (result.lookups, result.voids) == (3, 0)
    assert result.cause == "'mx' of example.com matches"


@pytest.mark.parametrize("status", [s for s in Status if s.is_temporary])
@pytest.mark.parametrize("term", ["a", "mx", "exists:%{d}", "include:x.example.net"])
def test_a_failing_lookup_is_a_temperror_never_absence(term: str, status: Status) -> None:
    failing = {"A": status, "MX": status}
    names = {
        "example.com": {"TXT": [f"v=spf1 {term} -all"], **failing},
        "x.example.net": {"TXT": status},
    }
    assert check("", names=names).verdict == "temperror"


def test_a_failing_address_of_an_mx_is_a_temperror_unless_an_earlier_one_matches() -> None:
    def names(first: str) -> dict[str, Any]:
        return {
            "example.com": {"TXT": ["v=spf1 mx -all"], "MX": [(1, "m1.net"), (2, "m2.net")]},
            "m1.net": {"A": [first]},
            "m2.net": {"A": Status.TIMEOUT},
        }

    assert check("", names=names("192.0.2.1")).verdict == "pass"
    assert check("", names=names("192.0.2.2")).verdict == "temperror"


def test_a_ptr_that_cannot_be_looked_up_does_not_match() -> None:
    names = {"1.2.0.192.in-addr.arpa": {"PTR": Status.SERVFAIL}}
    assert check("v=spf1 ptr -all", names=names).verdict == "fail"


def test_ipv4_mapped_clients_are_ipv4() -> None:
    assert check("v=spf1 ip4:192.0.2.1 -all", "::ffff:192.0.2.1").verdict == "pass"
    assert check("v=spf1 ip6:::ffff:192.0.2.0/120 -all", "::ffff:192.0.2.1").verdict == "fail"


def test_prefixes_of_each_family() -> None:
    names = {"h.example.net": {"A": ["192.0.2.200"], "AAAA": ["2001:db8::ff"]}}
    record = "v=spf1 a:h.example.net/24//64 -all"
    assert check(record, "192.0.2.1", names=names).verdict == "pass"
    assert check(record, "192.0.3.1", names=names).verdict == "fail"
    assert check(record, "2001:db8::1", names=names).verdict == "pass"
    assert check(record, "2001:db8:0:1::1", names=names).verdict == "fail"
    assert check("v=spf1 a:h.example.net/0 -all", "9.9.9.9", names=names).verdict == "pass"


def test_the_limit_may_be_chosen() -> None:
    record = "v=spf1 a:a.example.net a:b.example.net a:c.example.net ?all"
    assert check(record).verdict == "permerror"
    assert "void look-up 3, 2 allowed" in check(record).cause
    assert check(record, limits=Limits(voids=3)).verdict == "neutral"
    assert check(record, limits=Limits(lookups=2, voids=9)).verdict == "permerror"


def test_missing_addresses_of_mx_names_are_not_void_terms() -> None:
    names = {
        "example.com": {
            "TXT": ["v=spf1 mx -all"],
            "MX": [(at, f"m{at}.example.net") for at in range(5)],
        }
    }
    result = check("", names=names)
    assert (result.verdict, result.voids) == ("fail", 0)


def test_explanation_of_the_redirect_target_counts_and_that_of_an_include_does_not() -> None:
    names = {
        "why.example.net": {"TXT": ["%{i} is not of %{d}, asked %{r} at %{t}, by %{c}"]},
        "to.example.net": {"TXT": ["v=spf1 -all exp=why.example.net"]},
    }
    result = check(
        "v=spf1 redirect=to.example.net", names=names, receiver="mx.example.org", now=1_700_000_000
    )
    assert result.explanation == (
        "192.0.2.1 is not of to.example.net, asked mx.example.org at 1700000000, by 192.0.2.1"
    )
    assert check("v=spf1 include:to.example.net -all", names=names).explanation == ""


@pytest.mark.parametrize(
    "text",
    [["one", "two"], ["ä"], ["%{x}"], ["50% off"], Status.TIMEOUT, []],
    ids=["two records", "not ASCII", "no macro", "bare percent", "timeout", "none"],
)
def test_a_faulty_explanation_is_left_out(text: object) -> None:
    names = {"why.example.net": {"TXT": text}}
    result = check("v=spf1 -all exp=why.example.net", names=names)
    assert (result.verdict, result.explanation) == ("fail", "")


def test_no_sender_means_postmaster_of_the_helo_name() -> None:
    zone = DictZone(
        {
            "helo.example.net": {"TXT": ["v=spf1 exists:%{l}.%{o}.%{h}.test -all"]},
            "postmaster.helo.example.net.helo.example.net.test": {"A": ["127.0.0.2"]},
        }
    )
    assert run(check_host("192.0.2.1", "", "helo.example.net"), zone).verdict == "pass"


def test_a_client_that_is_no_address_is_refused() -> None:
    with pytest.raises(ValueError, match="does not appear to be"):
        check("v=spf1 -all", "not an address")


def test_the_reverse_name_is_asked_once_for_several_ptr_terms() -> None:
    asked: list[Question] = []

    class Counting(DictZone):
        def answer(self, question: Question) -> Any:
            asked.append(question)
            return super().answer(question)

    zone = Counting(
        {
            "example.com": {"TXT": ["v=spf1 ptr:a.net ptr:b.net ptr:c.net -all"]},
            "1.2.0.192.in-addr.arpa": {"PTR": ["host.c.net"]},
            "host.c.net": {"A": ["192.0.2.1"]},
        }
    )
    result = run(check_host("192.0.2.1", "a@example.com", "h"), zone)
    assert [q.type for q in asked] == ["TXT", "PTR", "A"]
    assert result.verdict == "pass"
    assert [one.outcome for one in result.trace] == ["no match", "no match", "match"]


def test_the_trace_is_steps_for_programs_and_stays_in_json() -> None:
    zone = DictZone({"example.com": {"TXT": ["v=spf1 ip4:192.0.2.1 -all"]}})
    result = run(check_host("192.0.2.1", "a@example.com", "h.example"), zone)
    (step,) = result.trace
    assert (step.term, step.outcome, step.lookups) == ("ip4:192.0.2.1", "match", 0)
    told = plain(result)
    assert isinstance(told, dict)
    assert told["trace"] == [[0, "example.com", "ip4:192.0.2.1", "match", [], 0, 0]]
