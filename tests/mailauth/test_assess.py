"""All judges on one domain, and the catalogue they draw from."""

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from gctrust.mailauth.assess import assess_domain, is_settled
from gctrust.mailauth.dmarc import MailStream
from gctrust.mailauth.expected_records import RecordStatus
from gctrust.mailauth.looks import ALL
from gctrust.mailauth.parts import ALL_PARTS, Part
from gctrust.mailauth.questions import Status
from gctrust.mailauth.record_text import RequiredRecord
from gctrust.mailauth.rules import MAIL_RULES
from gctrust.mailauth.zone import DictZone, run
from gctrust.names import DomainName

DER = (
    rsa.generate_private_key(65537, 2048)
    .public_key()
    .public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
)
KEY = "v=DKIM1; k=rsa; p=" + base64.b64encode(DER).decode()
REQUIRED = (
    RequiredRecord("MX", "example.com", "10 in.platform.example"),
    RequiredRecord("TXT", "example.com", "v=spf1 include:platform.example ~all"),
    RequiredRecord("TXT", "default._domainkey.example.com", KEY),
    RequiredRecord("TXT", "_token.example.com", "abc"),
)
ZONE = {
    "example.com": {
        "MX": ["10 in.platform.example"],
        "TXT": ["v=spf1 include:platform.example ~all"],
    },
    "default._domainkey.example.com": {"TXT": [KEY]},
    "_token.example.com": {"TXT": ["abc"]},
    "_dmarc.example.com": {"TXT": ["v=DMARC1; p=reject; rua=mailto:d@example.com"]},
    "platform.example": {"TXT": ["v=spf1 ip4:8.8.4.0/24 -all"]},
    "in.platform.example": {"A": ["8.8.4.4"]},
    "4.4.8.8.in-addr.arpa": {"PTR": ["in.platform.example"]},
}  # fmt: skip
STREAM = MailStream("platform", "example.com", "example.com")
DOMAIN = DomainName.parse("example.com")


def judge(zone: dict, **options):
    options = {"required": REQUIRED, "sender_ips": ("8.8.4.4",), "streams": (STREAM,), **options}
    return run(assess_domain(DOMAIN, **options), DictZone(zone))


def test_a_good_domain_passes() -> None:
    result = judge(ZONE)
    assert result.report.passes(), [f.message for f in result.report.findings]
    assert is_settled(result)
    assert result.missing == ()
    assert [r.verdict for r in result.spf.results] == ["pass"]


@pytest.mark.parametrize("name", [record.name for record in REQUIRED])
def test_each_missing_record_fails_and_is_named(name: str) -> None:
    result = judge({key: value for key, value in ZONE.items() if key != name})
    assert not result.report.passes()
    assert name in result.missing


@pytest.mark.parametrize("status", [Status.TIMEOUT, Status.SERVFAIL, Status.MALFORMED])
def test_dead_dns_is_no_verdict(status: Status) -> None:
    zone = {name: {"*": status} for name in ZONE}
    zone |= {"com": {"*": status}, "_dmarc.com": {"*": status}}
    result = judge(zone)
    assert {state.status for state in result.records} == {RecordStatus.UNKNOWN}
    said = {f.rule.partition(".")[2] for f in result.report.findings}
    assert "missing" not in said
    assert "bulk-sender-minimum" not in said
    assert len(result.report.not_judged) > 10


def test_bulk_sender_minimum() -> None:
    bare = judge({"example.com": {"A": ["8.8.4.4"]}}, required=(), sender_ips=())
    (said,) = [f for f in bare.report.findings if f.rule == "dmarc.bulk-sender-minimum"]
    assert "SPF" in said.message
    assert "DMARC" in said.message
    assert "dmarc.bulk-sender-minimum" not in {f.rule for f in judge(ZONE).report.findings}


def test_what_is_not_judged_is_named() -> None:
    lines = " ".join(judge(ZONE).report.not_judged)
    for row in ("TLS-01", "NS-01", "SEC-01"):
        assert row in lines


def test_every_finding_is_in_the_catalogue() -> None:
    for zone in (ZONE, {}, {"example.com": {"MX": ["10 mx.office.example"]}}):
        for said in judge(zone).report.findings:
            assert said.rule in MAIL_RULES


@pytest.mark.parametrize("rule", MAIL_RULES.values(), ids=str)
def test_rules_are_complete(rule) -> None:
    assert all((rule.row, rule.sentence, rule.why, rule.fix, rule.source, rule.example))


@pytest.mark.parametrize("part", list(Part))
def test_any_part_may_be_left_out(part: Part) -> None:
    """What is left says the same; nothing is said of what was not looked at."""
    whole = judge(ZONE, reach=ALL)
    fewer = judge(ZONE, reach=ALL, parts=ALL_PARTS - {part})
    said = [f.rule for f in fewer.report.findings]
    assert set(said) <= {f.rule for f in whole.report.findings}
    assert any(line == f"{part}: not asked for" for line in fewer.report.not_judged)
    alone = judge({}, reach=ALL, parts={part}, required=(), sender_ips=(), streams=())
    families = {f.rule.partition(".")[0] for f in alone.report.findings}
    others = {"dmarc"} if "dmarc.bulk-sender-minimum" in str(alone.report.findings) else set()
    assert families <= {part.value} | others


def test_a_domain_that_sends_nothing_is_to_say_so() -> None:
    quiet = {"example.com": {"TXT": ["v=spf1 -all"], "MX": ["0 ."]}}
    options = {"required": (), "sender_ips": (), "streams": (), "sends_mail": False}
    assert "spf.no-mail-policy" not in {f.rule for f in judge(quiet, **options).report.findings}
    assert "spf.no-mail-policy" in {f.rule for f in judge(ZONE, **options).report.findings}


def test_a_thorough_look_finds_the_withdrawn_type() -> None:
    old = {**ZONE, "example.com": {**ZONE["example.com"], "SPF": ["v=spf1 -all"]}}
    assert "spf.type-99-record" in {f.rule for f in judge(old, reach=ALL).report.findings}
    assert "spf.type-99-record" not in {f.rule for f in judge(old).report.findings}
