"""CAA records: the grammar, the climb, and what stops every issuer (RFC 8659)."""

import pytest

from gctrust.mailauth.caa import assess_caa, parse_caa
from gctrust.mailauth.questions import Status
from gctrust.mailauth.zone import DictZone, run
from gctrust.names import DomainName

DOMAIN = DomainName.parse("mail.example.com")


def judge(zone: dict):
    return run(assess_caa(DOMAIN), DictZone(zone))


def rules(*records: tuple) -> list[str]:
    report = judge({"mail.example.com": {"CAA": list(records)}}).report
    return [one.rule for one in report.findings]


@pytest.mark.parametrize(
    ("value", "issuer"),
    [
        (b"ca.example", "ca.example"),
        (b" CA.example ; account=230123", "ca.example"),
        (b"ca.example;", "ca.example"),
        (b"ca.example; a=1; b-c=", "ca.example"),
        (b";", ""),
        (b"", ""),
    ],
)
def test_issuer(value: bytes, issuer: str) -> None:
    record = parse_caa(0, "Issue", value)
    assert (record.valid, record.issuer) == (True, issuer)
    assert rules((0, "issue", value)) == []


@pytest.mark.parametrize(
    "value", [b"%%%%%", b"https://ca.example", b"ca.example a=1", b"ca..example", b"ca.example; a"]
)
def test_malformed(value: bytes) -> None:
    assert rules((0, "issue", value)) == ["caa.malformed"]
    assert rules((0, "iodef", value)) == []


def test_critical() -> None:
    assert rules((128, "isue", b"ca.example")) == ["caa.unknown-critical"]
    assert rules((0, "isue", b"ca.example")) == []
    assert rules((128, "issue", b"ca.example")) == []


def test_a_hostile_value_is_read_in_no_time() -> None:
    assert not parse_caa(0, "issue", b"a-" * 30_000).valid
    assert not parse_caa(0, "issue", b"a=" + b"-a" * 900 + b"%").valid


def test_the_closest_records_count() -> None:
    zone = {
        "example.com": {"CAA": [(0, "issue", b"far.example")]},
        "mail.example.com": {"CAA": [(0, "issue", b"near.example"), (0, "issuewild", b";")]},
    }
    report = judge(zone)
    assert report.owner == "mail.example.com"
    assert report.issuers() == ("near.example",)
    assert report.issuers("issuewild") == ()
    assert report.issuers("issuemail") is None
    assert judge({"example.com": zone["example.com"]}).issuers() == ("far.example",)


def test_none_and_no_answer() -> None:
    assert judge({}).issuers() is None
    zone = {
        "mail.example.com": {"CAA": Status.TIMEOUT},
        "example.com": {"CAA": [(0, "issue", b"%")]},
    }
    failed = judge(zone).report
    assert failed.findings == ()
    assert "DNS-01" in failed.not_judged[0]
