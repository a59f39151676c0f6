"""The form of TLSA records for SMTP (RFC 7672 section 3.1)."""

import pytest

from gctrust.mailauth.dane import assess_dane
from gctrust.mailauth.questions import Status
from gctrust.mailauth.zone import DictZone, run
from gctrust.names import DomainName

DOMAIN = DomainName.parse("example.com")


def judge(records: object):
    zone = DictZone({"_25._tcp.mx.example.com": {"TLSA": records}})
    return run(assess_dane(DOMAIN, ("mx.example.com",)), zone)


@pytest.mark.parametrize(
    "record",
    [
        (3, 1, 1, "ab" * 32),
        (2, 0, 2, "ab" * 64),
        (3, 0, 0, "3003020100"),
    ],
)
def test_usable(record: tuple) -> None:
    report = judge([record])
    assert (report.report.findings, report.usable) == ((), ("mx.example.com",))


@pytest.mark.parametrize(
    ("record", "rule"),
    [
        ((0, 1, 1, "ab" * 32), "dane.unusable-usage"),
        ((1, 1, 1, "ab" * 32), "dane.unusable-usage"),
        ((4, 1, 1, "ab" * 32), "dane.malformed"),
        ((3, 2, 1, "ab" * 32), "dane.malformed"),
        ((3, 1, 3, "ab" * 32), "dane.malformed"),
        ((3, 1, 1, "ab" * 20), "dane.malformed"),
        ((3, 1, 2, "ab" * 32), "dane.malformed"),
        ((3, 1, 0, ""), "dane.malformed"),
    ],
)
def test_unusable(record: tuple, rule: str) -> None:
    report = judge([record])
    assert ([one.rule for one in report.report.findings], report.usable) == ([rule], ())
    beside = judge([record, (3, 1, 1, "cd" * 32)])
    assert [one.rule for one in beside.report.findings] == [rule]
    assert beside.usable == ("mx.example.com",)


def test_none_and_no_answer() -> None:
    assert judge([]).report.findings == ()
    failed = judge(Status.SERVFAIL).report
    assert failed.findings == ()
    assert "DANE-02" in failed.not_judged[0]
