"""Journey 1 in the words of the published API, with a dictionary for a world."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gctrust.findings import finding
from gctrust.mailauth import mx_rules
from gctrust.mailauth.spf_rules import SPF_RULES
from gctrust.pipelines.effects import (
    AssessMail,
    EmailDomainSeen,
    FindEmailDomain,
    Found,
    MailAssessment,
    ReadEmailDomain,
    RegisterEmailDomain,
    RequestVerification,
    RequiredRecord,
    Wait,
)
from gctrust.pipelines.email_domain import email_domain
from gctrust.pipelines.orders import EmailDomainOrder
from gctrust.pipelines.platform_domain import PlatformDomain, mail_from_of

from .world import World

NAME, BOUNCE = "mail.example.com", "bounce.mail.example.com"
TOKEN = RequiredRecord("TXT", f"_amazonses.{NAME}", "token")
INBOX = RequiredRecord("MX", NAME, "10 inbound-smtp.us-east-1.amazonaws.com")
BACK = RequiredRecord("MX", BOUNCE, "10 feedback-smtp.us-east-1.amazonses.com")
SPF = RequiredRecord("TXT", BOUNCE, "v=spf1 include:amazonses.com ~all")
SEEN = EmailDomainSeen(
    f"inbound/{NAME}", NAME, "pending", "ownership PENDING", (TOKEN, INBOX, BACK, SPF)
)
VERIFIED = replace(SEEN, status="verified", raw="ownership VERIFIED")
READY = MailAssessment((), (), True, (), 0.0)


def world(**changes: object) -> World:
    answers = {
        FindEmailDomain: Found(""),
        RegisterEmailDomain: SEEN,
        AssessMail: READY,
        RequestVerification: SEEN,
        ReadEmailDomain: VERIFIED,
    }
    by_name = {kind.__name__: kind for kind in answers}
    return World(answers | {by_name[name]: answer for name, answer in changes.items()})


@pytest.mark.parametrize("text", [NAME, f"outbound/{NAME}", f"{NAME}/mailfrom/{BOUNCE}"])
def test_what_an_order_says_is_read_back(text: str) -> None:
    assert PlatformDomain.of(text).order == text


def test_an_id_names_the_domain_and_its_kind() -> None:
    for text in (NAME, f"outbound/{NAME}"):
        domain = PlatformDomain.of(text)
        assert PlatformDomain.of(domain.id) == domain


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (NAME, False), ("example.com", False), ("outbound/news.example.com", False),
        (f"{NAME}/mailfrom/{BOUNCE}", False), ("outbound/example.com", True),
        ("outbound/example.co.uk", True), ("outbound/co.uk", True),
        (f"{NAME}/mailfrom/bounce.example.com", True), (f"{NAME}/mailfrom/x{NAME}", True),
        (f"outbound/{NAME}/mailfrom/{BOUNCE}", True), (f"{NAME}/mailfrom/a b.{NAME}", True),
        (f"{NAME}/mailfrom/x/../y.{NAME}", True), (f"{NAME}/mailfrom/-.{NAME}", True),
    ],
)  # fmt: skip
def test_guards_of_names(text: str, fault: bool) -> None:
    assert bool(PlatformDomain.of(text).fault()) is fault


def test_spf_is_judged_on_the_mail_from_sub_domain_and_not_above() -> None:
    """The domain's own SPF record, missing or not, says nothing of this mail."""
    missing = next(rule for rule in SPF_RULES if rule.id == "spf.missing")

    def judged(effect: AssessMail) -> MailAssessment:
        return replace(READY, findings=(finding(missing, effect.domain),))

    w = world(AssessMail=judged)
    end = w.run(email_domain(EmailDomainOrder(f"{NAME}/mailfrom/{BOUNCE}")))
    assert [(a.domain, set(a.required)) for a in w.of(AssessMail)] == [
        (NAME, {TOKEN, INBOX}),
        (BOUNCE, {BACK, SPF}),
    ]
    assert end.status == "succeeded"
    assert [found.subject for found in end.findings] == [BOUNCE]


def test_one_part_that_is_not_ready_makes_the_whole_wait() -> None:
    lacking = replace(READY, ready=False, missing=(f"TXT {BOUNCE}",), next_look=1_000_900.0)
    w = world(AssessMail=[READY, lacking, READY, READY])
    assert w.run(email_domain(EmailDomainOrder(NAME))).status == "succeeded"
    assert w.waits >= 1


def test_everybodys_mx_is_asked_for_no_more_and_the_warning_stays() -> None:
    warned = finding(mx_rules.CORPORATE, NAME, seen="mx.corporate.example")
    first = replace(READY, ready=False, findings=(warned,))
    lacking = replace(READY, ready=False, missing=("TXT",))

    def judged(effect: AssessMail) -> MailAssessment:
        if effect.domain == NAME and INBOX in effect.required:
            return first
        return lacking if effect.looks == 0 else READY

    for run in (lambda w: w.run(email_domain(ORDER)), lambda w: w.cut(email_domain, ORDER)):
        w = world(AssessMail=judged)
        end = run(w)
        assert end.status == "succeeded"
        assert [found.rule for found in end.findings] == ["mx.corporate-mail"]
        assert sum(INBOX in a.required for a in w.of(AssessMail)) == 1


def test_mail_that_lives_at_the_mail_from_domain_is_no_reason_to_leave_the_inbound_mx() -> None:
    warned = finding(mx_rules.CORPORATE, BOUNCE, seen="mx.other.example")

    def judged(effect: AssessMail) -> MailAssessment:
        lives = effect.domain == BOUNCE and effect.looks < 2
        return replace(READY, ready=False, findings=(warned,)) if lives else READY

    w = world(AssessMail=judged)
    end = w.run(email_domain(ORDER))
    assert end.status == "succeeded"
    assert end.findings == ()
    assert all(INBOX in a.required for a in w.of(AssessMail) if a.domain == NAME)
    assert "mx.corporate-mail" in w.of(Wait)[0].reason


def test_a_campaign_domain_is_asked_for_until_it_is_verified() -> None:
    seen = replace(SEEN, id=f"outbound/{NAME}", required=(TOKEN,))
    done = replace(seen, status="verified")
    w = world(
        RegisterEmailDomain=seen, ReadEmailDomain=seen, RequestVerification=[seen, seen, seen, done]
    )
    end = w.run(email_domain(EmailDomainOrder(f"outbound/{NAME}")))
    assert end.status == "succeeded"
    assert len(w.of(RequestVerification)) == 4


def test_an_unknown_status_is_waited_for_and_never_restarted() -> None:
    strange = replace(SEEN, status="unknown", raw="ownership SNOOZING")
    w = world(ReadEmailDomain=[strange, strange, VERIFIED])
    assert w.run(email_domain(EmailDomainOrder(NAME))).status == "succeeded"
    assert len(w.of(RequestVerification)) == 1  # the one that begins


def test_the_mail_from_domain_is_where_spf_is_asked_for() -> None:
    assert mail_from_of(NAME, SEEN.required) == BOUNCE
    assert mail_from_of(NAME, (TOKEN, INBOX)) == ""


ORDER = EmailDomainOrder(NAME)
