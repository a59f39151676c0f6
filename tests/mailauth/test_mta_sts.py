"""The MTA-STS record (RFC 8461 section 3.1)."""

import pytest

from gctrust.mailauth.mta_sts import assess_mta_sts
from gctrust.mailauth.questions import Status
from gctrust.mailauth.zone import DictZone, run
from gctrust.names import DomainName

DOMAIN = DomainName.parse("example.com")


def judge(texts: object):
    return run(assess_mta_sts(DOMAIN), DictZone({"_mta-sts.example.com": {"TXT": texts}}))


@pytest.mark.parametrize(
    ("text", "policy"),
    [
        ("v=STSv1; id=20261121T1", "20261121T1"),
        ("v=STSv1; id=20261121T1;", "20261121T1"),
        ("v=STSv1 ;\tid=a; ext.1=x", "a"),
        ("v=STSv1;id=" + "a" * 32, "a" * 32),
    ],
)
def test_a_valid_record(text: str, policy: str) -> None:
    report = judge([text, "some other text"])
    assert (report.report.findings, report.id) == ((), policy)


@pytest.mark.parametrize(
    "text",
    [
        "v=STSv1;",
        "v=STSv1",
        "v=STSV1; id=1",
        " v=STSv1; id=1",
        "v=STSv1; ID=1",
        "v=STSv1; id=",
        "v=STSv1; id=2026-11-21",
        "v=STSv1; id=" + "a" * 33,
        "v=STSv1; id=1;; x=y",
        "v=STSv1; id=1; nonsense",
    ],
)
def test_a_record_that_senders_ignore(text: str) -> None:
    report = judge([text])
    assert [one.rule for one in report.report.findings] == ["mta-sts.malformed"]
    assert report.id == ""


def test_several_records() -> None:
    report = judge(["v=STSv1; id=1", "v=STSv1; id=2"])
    assert [one.rule for one in report.report.findings] == ["mta-sts.several"]


def test_no_record_and_no_answer() -> None:
    assert judge([]).report.findings == ()
    assert judge(["a wildcard's text"]).report.findings == ()
    failed = judge(Status.SERVFAIL).report
    assert failed.findings == ()
    assert "STS-01" in failed.not_judged[0]
