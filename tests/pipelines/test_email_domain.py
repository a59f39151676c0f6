from __future__ import annotations

from dataclasses import replace

import pytest

from gctrust.errors import Problem, ProblemType
from gctrust.findings import Finding, Severity
from gctrust.pipelines.effects import (
    AssessMail,
    EmailDomainSeen,
    FindEmailDomain,
    Found,
    MailAssessment,
    ReadEmailDomain,
    Record,
    RegisterEmailDomain,
    RequestVerification,
    RequiredRecord,
    Segment,
    Wait,
)
from gctrust.pipelines.email_domain import email_domain
from gctrust.pipelines.orders import EmailDomainOrder

from .world import World

RECORD = RequiredRecord("TXT", "_genesys.mail.example", "token")
PENDING = EmailDomainSeen("id-1", "mail.example", "pending", "pending", (RECORD,))
VERIFIED = replace(PENDING, status="verified", raw="verified")
LACKING = MailAssessment((), (), False, ("TXT _genesys.mail.example",), 1_000_000.0 + 900)
READY = MailAssessment((), (), True, (), 0.0)
ORDER = EmailDomainOrder("mail.example")


def world(**changes: object) -> World:
    answers = {
        FindEmailDomain: Found(""),
        RegisterEmailDomain: PENDING,
        AssessMail: READY,
        RequestVerification: PENDING,
        ReadEmailDomain: [PENDING, VERIFIED],
    }
    by_name = {kind.__name__: kind for kind in answers}
    return World(answers | {by_name[name]: answer for name, answer in changes.items()})


def test_it_waits_for_dns_then_for_the_platform_and_records_what_came_of_it():
    w = world(AssessMail=[LACKING, LACKING, READY])
    end = w.run(email_domain(ORDER))
    assert end.status == "succeeded"
    assert len(w.of(RegisterEmailDomain)) == 1
    assert len(w.of(RequestVerification)) == 1
    assert "TXT _genesys.mail.example" in w.of(Wait)[0].reason
    (entry,) = w.of(Record)
    assert entry.action == "email-domain.succeeded"
    assert entry.fields["delivery_accepted"] is None
    assert entry.fields["latency_ms"] > 0


def test_after_the_attached_looks_it_waits_as_long_as_the_ttls_say():
    later = replace(LACKING, next_look=1_000_000.0 + 3000)
    w = world(AssessMail=[later] * 6 + [READY])
    w.run(email_domain(ORDER))
    pauses = [wait.until - 1_000_000.0 for wait in w.of(Wait)]
    assert pauses[0] == 2.0
    assert pauses[5] == 3000.0


def test_the_horizon_ends_it_unverified_with_what_is_missing():
    end_world = world(AssessMail=LACKING)
    end = end_world.run(email_domain(replace(ORDER, horizon=600.0)))
    assert end.status == "unverified"
    assert end.summary["error"] == "DNS lacks TXT _genesys.mail.example"
    assert not end_world.of(RequestVerification)


def test_a_cancel_during_the_wait_ends_it_and_is_recorded():
    w = world(AssessMail=LACKING)
    w.signals = {2: "cancel"}
    assert w.run(email_domain(ORDER)).status == "cancelled"
    assert w.of(Record)[0].action == "email-domain.cancelled"


def test_a_verification_that_failed_is_asked_for_again():
    failed = replace(PENDING, status="failed", raw="failed")
    w = world(ReadEmailDomain=[failed, VERIFIED])
    assert w.run(email_domain(ORDER)).status == "succeeded"
    assert len(w.of(RequestVerification)) == 2


REFUSED = Problem(ProblemType("genesys.forbidden", "Not allowed.", "", ""))


@pytest.mark.parametrize(
    "effect", ["RegisterEmailDomain", "AssessMail", "RequestVerification", "ReadEmailDomain"]
)
def test_a_problem_is_recorded_then_raised_so_that_the_run_can_be_resumed(effect):
    w = world(**{effect: REFUSED})
    with pytest.raises(Problem) as raised:
        w.run(email_domain(ORDER))
    assert raised.value is REFUSED
    (entry,) = w.of(Record)
    assert entry.action == "email-domain.failed"
    assert entry.event == "email_domain.verification"
    assert "genesys.forbidden" in str(entry.fields["error"])


def test_a_cancel_while_an_effect_is_tried_again_is_recorded_as_one():
    w = world(AssessMail=Problem(ProblemType("run.cancelled", "Cancelled.", "", "")))
    with pytest.raises(Problem):
        w.run(email_domain(ORDER))
    assert w.of(Record)[0].action == "email-domain.cancelled"


CRITICAL = Finding("spf.permerror", Severity.CRITICAL, "mail.example", "two records")
BLOCKED = MailAssessment((CRITICAL,), (), False, (), 0.0)


def test_critical_findings_that_never_clear_are_named_and_end_it_at_the_horizon():
    w = world(AssessMail=BLOCKED)
    end = w.run(email_domain(ORDER))
    assert end.status == "unverified"
    assert end.summary["error"] == "critical findings: spf.permerror"
    assert w.of(Wait)[0].reason == "critical findings: spf.permerror"
    assert end.findings == (CRITICAL,)
    assert w.waits < 400, "72 hours are looked through rarer and rarer, not every 30 s"


def test_records_that_never_come_are_looked_for_until_the_horizon():
    w = world(AssessMail=lambda _: replace(LACKING, next_look=w.now + 5.0))
    assert w.run(email_domain(ORDER)).status == "unverified"
    assert w.waits < 400


def test_adopted_is_only_what_was_registered_before_the_run():
    assert world().run(email_domain(ORDER)).summary["adopted"] is False
    assert world(FindEmailDomain=Found("id-1")).run(email_domain(ORDER)).summary["adopted"] is True


def test_a_run_cut_at_every_segment_does_and_ends_the_same():
    answers = {
        "AssessMail": [LACKING] * 4 + [READY],
        "ReadEmailDomain": [PENDING] * 4 + [replace(PENDING, status="failed"), PENDING, VERIFIED],
    }
    whole = world(**{name: list(given) for name, given in answers.items()})
    cut = world(**{name: list(given) for name, given in answers.items()})
    assert cut.cut(email_domain, ORDER) == whole.run(email_domain(ORDER))
    assert [e for e in cut.done if type(e) is not Segment] == [
        e for e in whole.done if type(e) is not Segment
    ]


def test_a_resumed_run_has_its_horizon_anew():
    w = world(AssessMail=LACKING)
    w.resumed, w.deadline = 1, w.now + 10 * ORDER.horizon
    end = w.run(email_domain(ORDER))
    assert w.now == w.deadline
    assert (end.status, end.summary["resumed"]) == ("unverified", 1)


def test_each_look_tells_how_many_came_before_it():
    w = world(AssessMail=[LACKING] * 3 + [READY])
    w.run(email_domain(ORDER))
    assert [effect.looks for effect in w.of(AssessMail)] == [0, 1, 2, 3]
