"""DMARC against dictionary zones: what is found, and what is not."""

import pytest
from publicsuffixlist import PublicSuffixList

from gctrust.mailauth.dmarc import MailStream, assess_dmarc
from gctrust.mailauth.dmarc_discovery import tree_walk, walk_names
from gctrust.mailauth.dmarc_record import Policy, is_dmarc, parse_dmarc
from gctrust.mailauth.questions import Status
from gctrust.mailauth.zone import DictZone, run
from gctrust.names import DomainName

GOOD = "v=DMARC1; p=reject; rua=mailto:d@example.com"
MAIL = {"example.com": {"MX": ["10 mx.example.com"]}}
LIST = PublicSuffixList()


def by_list(name: str) -> str:
    return LIST.privatesuffix(name) or ""


def judge(zone: dict, domain: str = "example.com", **options):
    return run(assess_dmarc(DomainName.parse(domain), by_list=by_list, **options), DictZone(zone))


def found(zone: dict, domain: str = "example.com", **options) -> set[str]:
    return {f.rule for f in judge(zone, domain, **options).report.findings}


def at(text, name: str = "example.com") -> dict:
    return {**MAIL, f"_dmarc.{name}": {"TXT": [text] if isinstance(text, str) else text}}


def test_walk_has_at_most_eight_names_and_ends_at_the_top() -> None:
    assert walk_names("a.example.com") == ("a.example.com", "example.com", "com")
    names = walk_names("a.b.c.d.e.f.g.h.i.j.example.com")
    assert len(names) == 8
    assert names[:2] == ("a.b.c.d.e.f.g.h.i.j.example.com", "g.h.i.j.example.com".join(["f.", ""]))
    assert names[-1] == "com"
    assert len(walk_names("a.b.c.d.e.f.g.h")) == 8


P = "dmarc.effective-policy"
CASES = [
    ({}, {"dmarc.missing"}),
    (at([GOOD, "v=DMARC1; p=none"]), {"dmarc.several-records", "dmarc.missing"}),
    (at("v=dmarc1; p=none"), {"dmarc.bad-version", "dmarc.missing"}),
    (at("v=DMARC10; p=none"), {"dmarc.bad-version", "dmarc.missing"}),
    (at('"v=DMARC1; p=none"'), {"dmarc.bad-version", "dmarc.missing"}),
    (at([GOOD, "google-site-verification=x"]), {P}),
    (at(GOOD), {P}),
    (at(GOOD + ";;"), {P}),
    (at(GOOD + "; p none"), {P, "dmarc.tag-syntax"}),
    (at(GOOD + "; x=1"), {P, "dmarc.unknown-tag"}),
    (at(GOOD + "; p=none"), {P, "dmarc.duplicate-tag"}),
    (at("v=DMARC1; p=block"), {"dmarc.bad-policy", "dmarc.no-aggregate-reports"}),
    (
        at("v=DMARC1; rua=mailto:d@example.com"),
        {"dmarc.bad-policy", P, "dmarc.policy-none"},
    ),
    (at("v=DMARC1; p=reject; sp=x"), {"dmarc.bad-subdomain-policy", "dmarc.no-aggregate-reports"}),
    (at(GOOD + "; sp=none"), {P, "dmarc.weaker-subdomain-policy"}),
    (at(GOOD + "; np=quarantine"), {P, "dmarc.weaker-subdomain-policy"}),
    (at(GOOD.replace("reject", "none")), {P, "dmarc.policy-none"}),
    (at(GOOD + "; t=y"), {P, "dmarc.testing"}),
    (at(GOOD + "; t=1"), {P, "dmarc.bad-testing-flag"}),
    (at(GOOD + "; pct=50"), {P, "dmarc.historic-tag"}),
    (at(GOOD + "; psd=maybe"), {P, "dmarc.bad-psd"}),
    (at(GOOD + "; psd=y"), {P, "dmarc.psd-on-domain"}),
    (at(GOOD + "; psd=n"), {P, "dmarc.psd-boundary"}),
    (at(GOOD + "; aspf=strict"), {P, "dmarc.bad-alignment-mode"}),
    (at(GOOD + "; fo=1"), {P, "dmarc.failure-options"}),
    (at(GOOD + "; fo=0:1; ruf=mailto:d@example.com"), {P, "dmarc.failure-options"}),
    (at(GOOD + "; fo=1:d:s; ruf=mailto:d@example.com"), {P}),
    (at("v=DMARC1; p=reject"), {P, "dmarc.no-aggregate-reports"}),
    (at("v=DMARC1; p=reject; rua=d@example.com"), {P, "dmarc.bad-report-uri"}),
    (at(GOOD + "!10m"), {P, "dmarc.report-uri-size"}),
    (
        {
            **MAIL,
            "_dmarc.example.com": {"CNAME": ["p.example.net"]},
            "p.example.net": {"TXT": [GOOD]},
        },
        {P, "dmarc.by-alias"},
    ),
    ({"example.com": {"TXT": [GOOD]}}, {"dmarc.missing", "dmarc.misplaced"}),
    ({"dmarc.example.com": {"TXT": [GOOD]}}, {"dmarc.missing", "dmarc.misplaced"}),
    ({"*.example.com": {"TXT": ["v=spf1 -all"]}}, {"dmarc.missing", "dmarc.wildcard"}),
    ({"_dmarc.example.com": {"TXT": ["hello"]}}, {"dmarc.missing"}),
    ({"_dmarc.example.com": {"TXT": Status.SERVFAIL}}, {"dmarc.lookup-failed"}),
]  # fmt: skip


@pytest.mark.parametrize(("zone", "expected"), CASES)
def test_findings(zone: dict, expected: set[str]) -> None:
    assert found(zone) == expected


def test_time_outs_are_never_absence() -> None:
    for status in (Status.TIMEOUT, Status.SERVFAIL, Status.REFUSED, Status.MALFORMED):
        result = judge({"_dmarc.example.com": {"TXT": status}})
        assert "dmarc.missing" not in {f.rule for f in result.report.findings}
        assert any("DMARC-01" in line for line in result.report.not_judged)


def test_the_list_stands_in_when_the_top_does_not_answer() -> None:
    zone = {**at(GOOD), "_dmarc.com": {"TXT": Status.REFUSED}}
    result = judge(zone, "news.example.com")
    assert (result.record_at, result.organisation.basis) == ("example.com", "suffix list")
    assert any("DMARC-02" in line for line in result.report.not_judged)


@pytest.mark.parametrize(
    ("own", "policy"),
    [({"A": ["192.0.2.1"]}, Policy.QUARANTINE), ({}, Policy.REJECT)],
)
def test_inheritance_tells_existing_from_nonexistent_names(own: dict, policy: Policy) -> None:
    zone = at("v=DMARC1; p=none; sp=quarantine; np=reject; rua=mailto:d@example.com")
    if own:
        zone["sub.example.com"] = own
    result = judge(zone, "sub.example.com")
    assert result.effective is not None
    assert (result.record_at, result.effective.domain) == ("example.com", policy)


def test_a_bank_below_a_registry_record_is_its_own_organisation() -> None:
    zone = {"_dmarc.bank": {"TXT": ["v=DMARC1; p=reject; psd=y; rua=mailto:d@example.com"]}, **MAIL}
    result = judge(zone, "mail.royal.bank")
    assert result.organisation.domain == "royal.bank"
    assert result.record_at == "bank"


def test_psd_n_ends_the_walk() -> None:
    zone = {**at(GOOD), **at(GOOD + "; psd=n", "dept.example.com")}
    walk = run(tree_walk("x.dept.example.com"), DictZone(zone))
    assert [step.name for step in walk.steps] == ["x.dept.example.com", "dept.example.com"]
    assert walk.organisational_domain == "dept.example.com"


def test_sub_policy_below_the_organisation_is_ignored() -> None:
    zone = {**at(GOOD), **at(GOOD + "; sp=none", "mail.example.com")}
    assert "dmarc.ignored-subdomain-policy" in found(zone, "mail.example.com")


def test_the_two_generations_may_differ() -> None:
    zone = at(GOOD, "mail.example.com")
    assert "dmarc.organisation-differs" in found(zone, "mail.example.com")


OUTSIDE = GOOD.replace("d@example.com", "d@reports.example.net")


def test_foreign_report_addresses_have_to_agree() -> None:
    zone = {**at(OUTSIDE), "reports.example.net": {"MX": ["10 mx.example.net"]}}
    result = judge(zone)
    (wanted,) = [f for f in result.report.findings if f.rule == "dmarc.report-not-authorised"]
    name = "example.com._report._dmarc.reports.example.net"
    assert wanted.fix == f'{name}. TXT "v=DMARC1"'
    assert "dmarc.report-not-authorised" not in found({**zone, name: {"TXT": ["v=DMARC1"]}})
    failing = judge({**zone, name: {"TXT": Status.TIMEOUT}})
    assert "dmarc.report-not-authorised" not in {f.rule for f in failing.report.findings}
    assert any("DMARC-18" in line for line in failing.report.not_judged)


def test_an_address_of_the_same_organisation_needs_no_consent() -> None:
    zone = at(GOOD.replace("d@example.com", "d@mail.example.com"))
    zone["mail.example.com"] = {"MX": ["10 mx.example.com"]}
    assert found(zone) == {"dmarc.effective-policy"}


@pytest.mark.parametrize("mx", [{"MX": ["0 ."]}, {"TXT": ["x"]}])
def test_report_domains_that_take_no_mail(mx: dict) -> None:
    assert "dmarc.report-domain-no-mail" in found({**at(GOOD), "example.com": mx})


@pytest.mark.parametrize(
    ("mail_from", "signed_by", "extra", "expected"),
    [
        ("bounce.example.com", "example.com", "", set()),
        ("bounce.example.com", "example.com", "; aspf=s", {"dmarc.one-aligned-identifier"}),
        ("bounce.example.net", "example.com", "", {"dmarc.one-aligned-identifier"}),
        ("bounce.example.net", "", "", {"dmarc.no-aligned-identifier"}),
        ("badexample.com", "example.com.evil.net", "", {"dmarc.no-aligned-identifier"}),
    ],
)
def test_alignment(mail_from: str, signed_by: str, extra: str, expected: set[str]) -> None:
    stream = MailStream("platform", mail_from, signed_by)
    rules = found(at(GOOD + extra), streams=(stream,))
    assert rules - {"dmarc.effective-policy"} == expected


def test_policy_strength_under_test_mode() -> None:
    result = judge(at(GOOD + "; t=y"))
    assert result.effective is not None
    assert result.effective.domain is Policy.QUARANTINE


@pytest.mark.parametrize("text", ["v=DMARC1", "v = DMARC1 ; p=none", "V=DMARC1;p=none"])
def test_version(text: str) -> None:
    assert is_dmarc(text)


def test_any_text_parses() -> None:
    for text in (
        "v=DMARC1;" + "\0" * 70_000,
        "v=DMARC1;" + "a=" * 9999,
        "v=DMARC1;rua=" + "," * 999,
    ):
        parse_dmarc(text)


def test_names_below_are_ruled_by_the_organisation() -> None:
    """RFC 9989 section 4.7: sp= and np= count in the organisational domain's record only."""
    zone = {
        "_dmarc.example.com": {"TXT": ["v=DMARC1; p=reject; sp=none; np=quarantine; t=y"]},
        "_dmarc.mail.example.com": {"TXT": ["v=DMARC1; p=quarantine; sp=reject; np=reject"]},
    }
    report = run(assess_dmarc(DomainName("mail.example.com")), DictZone(zone))
    assert report.effective is not None
    kept = report.effective.domain, report.effective.subdomains, report.effective.nonexistent
    assert kept == ("quarantine", "none", "none")


def test_a_public_suffix_rules_its_own_names() -> None:
    zone = {"_dmarc.bank": {"TXT": ["v=DMARC1; p=reject; sp=quarantine; np=reject; psd=y"]}}
    report = run(assess_dmarc(DomainName("bank")), DictZone(zone))
    assert report.effective is not None
    assert (report.effective.subdomains, report.effective.nonexistent) == ("quarantine", "reject")
