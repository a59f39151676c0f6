"""TLS reporting records (RFC 8460), and their absence beside a policy."""

import pytest

from gctrust.mailauth.questions import Status
from gctrust.mailauth.tls_rpt import assess_tls_rpt
from gctrust.mailauth.transport import assess_transport
from gctrust.mailauth.zone import DictZone, run
from gctrust.names import DomainName

DOMAIN = DomainName.parse("example.com")
GOOD = "v=TLSRPTv1; rua=mailto:tls@example.com"
STS = {"_mta-sts.example.com": {"TXT": ["v=STSv1; id=1"]}}


@pytest.mark.parametrize(
    ("texts", "rules"),
    [
        ([], []),
        ([GOOD], []),
        ([GOOD + ";"], []),
        (["v=TLSRPTv1 ;rua=https://t.example/r , mailto:tls@example.com"], []),
        (["v=TLSRPTv1; rua=mailto:tls@example.com; x-1.y=z"], []),
        ([GOOD, "another text"], []),
        ([GOOD, "v=TLSRPTv1"], []),  # without semicolon it is discarded
        (["a wildcard's text"], []),
        ([GOOD, GOOD + ","], ["tls-rpt.several"]),
        (["v=TLSRPTv1;"], ["tls-rpt.malformed"]),
        (["v=TLSRPTv1"], ["tls-rpt.malformed"]),
        (["v=tlsrptv1; rua=mailto:tls@example.com"], ["tls-rpt.malformed"]),
        (["v=TLSRPTv1; RUA=mailto:tls@example.com"], ["tls-rpt.malformed"]),
        (["v=TLSRPTv1; ; rua=mailto:tls@example.com"], ["tls-rpt.malformed"]),
        (["v=TLSRPTv1; rua"], ["tls-rpt.malformed"]),
        (["v=TLSRPTv1; rua=tls@example.com"], ["tls-rpt.bad-address"]),
        (["v=TLSRPTv1; rua=http://t.example/"], ["tls-rpt.bad-address"]),
        (["v=TLSRPTv1; rua=mailto:tls@example.com,mailto:nobody"], ["tls-rpt.bad-address"]),
        (["v=TLSRPTv1; rua=https:///x"], ["tls-rpt.bad-address"]),
        (["v=TLSRPTv1; rua=https://[x"], ["tls-rpt.bad-address"]),
    ],
)
def test_record(texts: list[str], rules: list[str]) -> None:
    report = run(assess_tls_rpt(DOMAIN), DictZone({"_smtp._tls.example.com": {"TXT": texts}}))
    assert [one.rule for one in report.report.findings] == rules


def test_addresses() -> None:
    zone = {
        "_smtp._tls.example.com": {"TXT": ["v=TLSRPTv1; rua=mailto:a@b.example, https://c.example"]}
    }
    report = run(assess_tls_rpt(DOMAIN), DictZone(zone))
    assert report.addresses == ("mailto:a@b.example", "https://c.example")


def transport(zone: dict) -> tuple[list[str], str]:
    report = run(assess_transport(DOMAIN, ("mx.example.com",)), DictZone(zone)).report
    return [one.rule for one in report.findings], " ".join(report.not_judged)


def test_a_policy_without_reports() -> None:
    assert transport(STS)[0] == ["tls-rpt.missing"]
    tlsa = {"_25._tcp.mx.example.com": {"TLSA": [(3, 1, 1, "00" * 32)]}}
    assert transport(tlsa)[0] == ["tls-rpt.missing"]


def test_near_a_policy_without_reports() -> None:
    assert transport({})[0] == []
    found, left = transport({**STS, "_smtp._tls.example.com": {"TXT": [GOOD]}})
    assert found == []
    assert "RPT-01" not in left
    found, left = transport({**STS, "_smtp._tls.example.com": {"TXT": Status.TIMEOUT}})
    assert found == []
    assert "RPT-01" in left
