"""The profile of mail certificates: what it forbids is told, and never makes a path wrong."""

from __future__ import annotations

from typing import Any

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID as Use

from gctrust.certs.assess import CertificateReport, assess_certificate
from gctrust.certs.bundle import read_bundle

from .authority import NOW, Authority
from .rows_made import MIDDLE, ROOT, roots, web

MAIL = Use.EMAIL_PROTECTION
BOX = "someone@example.org"


def judge(authority: Authority = MIDDLE, root: Authority = ROOT, **flaw: Any) -> CertificateReport:
    given = {"ekus": (MAIL,), "names": (x509.RFC822Name(BOX),), **flaw}
    return assess_certificate(
        read_bundle(web(authority, **given).pem + authority.pem),
        host=None,
        at=NOW,
        roots=roots(root),
        profile="client",
        use=MAIL.dotted_string,
        names=[BOX],
        strict=True,
    )


def told(report: CertificateReport) -> list[str]:
    return [f.message for f in report.strict_findings if f.rule == "cert.mail-profile"]


def test_a_good_one_conforms() -> None:
    report = judge()
    assert (report.path.accepted, report.conforms, told(report)) == (True, True, [])


@pytest.mark.parametrize(
    ("flaw", "words"),
    [
        ({"ekus": (MAIL, Use.SERVER_AUTH)}, "holds serverAuth"),
        ({"ekus": (MAIL, Use.CODE_SIGNING, Use.TIME_STAMPING)}, "holds codeSigning and timeSt"),
        ({"ekus": (MAIL, Use.ANY_EXTENDED_KEY_USAGE)}, "holds anyExtendedKeyUsage"),
        ({"ekus": ()}, "it has no extended key usage"),
        ({"usages": ("digital_signature", "key_cert_sign")}, "its key usage is that of a CA"),
        ({"subject": "Someone", "san_critical": True}, "critical beside a subject"),
    ],
)
def test_a_leaf_s_flaws(flaw: dict[str, Any], words: str) -> None:
    report = judge(**flaw)
    assert report.path.accepted
    assert not report.conforms
    assert words in told(report)[0]


def test_the_issuer_s_and_the_root_s() -> None:
    anyone = (x509.ExtendedKeyUsage([MAIL, Use.ANY_EXTENDED_KEY_USAGE]), False)
    assert "holds any" in told(judge(Authority("Mail CA", ROOT, extra=(anyone,))))[0]
    top = Authority("Mail root", extra=((x509.ExtendedKeyUsage([MAIL]), False),))
    seen = told(judge(Authority("Mail CA", top), top))
    assert len(seen) == 1
    assert "a root has no extended key usage" in seen[0]


def test_other_uses_are_not_held_to_it() -> None:
    pem = web(ekus=(Use.CLIENT_AUTH, Use.CODE_SIGNING)).pem + MIDDLE.pem
    report = assess_certificate(
        read_bundle(pem), host=None, at=NOW, roots=roots(), profile="client", strict=True
    )
    assert not told(report)
