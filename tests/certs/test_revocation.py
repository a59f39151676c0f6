"""CRLs by what they cover, OCSP answers by who signed them: proof, or said to be none."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp as x509_ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID

from gctrust.certs.assess import assess_certificate
from gctrust.certs.bundle import read_bundle
from gctrust.certs.certificate import read_certificate
from gctrust.certs.crl import check_crls, read_crl
from gctrust.certs.evidence import Evidence, OcspAnswer, Unfetched
from gctrust.certs.ocsp import judge_ocsp, ocsp_request
from gctrust.certs.pointers import pointers, read_issuers
from gctrust.certs.revocation import judge_revocation

from .authority import NOW, Authority, Issued, new_key
from .rows_made import DAY, HOST, MIDDLE, ROOT, roots, web

POINT = "http://crl.example.org/1.crl"  # the one in the leaves of rows_made
LEAF = web()
CERT = read_certificate(LEAF.der)
ISSUER = read_certificate(MIDDLE.certificate.public_bytes(Encoding.DER))
URI = x509.UniformResourceIdentifier


def crl(
    *entries: tuple[int, x509.ReasonFlags | None],
    scope: dict[str, Any] | None = None,
    delta: bool = False,
    key: Any = None,
    extra: tuple[tuple[Any, bool], ...] = (),
) -> x509.CertificateRevocationList:
    builder = x509.CertificateRevocationListBuilder().issuer_name(MIDDLE.certificate.subject)
    builder = builder.last_update(NOW - DAY).next_update(NOW + 6 * DAY)
    builder = builder.add_extension(x509.CRLNumber(7), critical=False)
    for serial, reason in entries:
        entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(NOW - DAY)
        if reason:
            entry = entry.add_extension(x509.CRLReason(reason), critical=False)
        builder = builder.add_revoked_certificate(entry.build())
    if scope is not None:
        plain: dict[str, Any] = {"full_name": None, "relative_name": None}
        plain |= {"only_contains_user_certs": False, "only_contains_ca_certs": False}
        plain |= {"only_some_reasons": None, "indirect_crl": False}
        plain |= {"only_contains_attribute_certs": False}
        point = x509.IssuingDistributionPoint(**{**plain, **scope})
        builder = builder.add_extension(point, critical=True)
    if delta:
        builder = builder.add_extension(x509.DeltaCRLIndicator(6), critical=True)
    for value, critical in extra:
        builder = builder.add_extension(value, critical)
    return builder.sign(key or MIDDLE.key, hashes.SHA256())


def verdict(*crls: x509.CertificateRevocationList, cert: Any = CERT) -> tuple[str, bool]:
    said = check_crls(cert, ISSUER, crls, NOW)
    return said.state, said.rejected


ODD = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\5\0")
SOME = frozenset({x509.ReasonFlags.key_compromise})
REST = (
    frozenset(x509.ReasonFlags)
    - SOME
    - {
        x509.ReasonFlags.unspecified,
        x509.ReasonFlags.remove_from_crl,
    }
)


@pytest.mark.parametrize(
    ("scope", "state"),
    [
        ({"full_name": [URI(POINT)]}, "good"),
        ({"full_name": [URI("http://crl.example.org/2.crl"), URI(POINT)]}, "good"),
        ({"full_name": [URI("http://crl.example.org/2.crl")]}, "unknown"),
        ({"full_name": [URI("http://crl.example.org/%31.crl")]}, "unknown"),
        ({"full_name": [URI(POINT), x509.DNSName("crl.example.org")]}, "unknown"),
        ({"only_contains_user_certs": True}, "good"),
        ({"only_contains_ca_certs": True}, "unknown"),
        ({"only_contains_attribute_certs": True}, "unknown"),
        ({"full_name": [URI(POINT)], "indirect_crl": True}, "unknown"),
        ({"full_name": [URI(POINT)], "only_some_reasons": SOME}, "unknown"),
    ],
)
def test_a_crl_speaks_for_what_it_covers(scope: dict[str, Any], state: str) -> None:
    assert verdict(crl(scope=scope)) == (state, state == "unknown")


def test_crls_for_all_the_reasons_together_are_proof() -> None:
    parts = [crl(scope={"only_some_reasons": reasons}) for reasons in (SOME, REST)]
    assert verdict(parts[0]) == ("unknown", True)
    assert verdict(*parts) == ("good", False)


def test_a_delta_adds_to_a_complete_crl_and_proves_nothing_alone() -> None:
    serial = CERT.serial
    assert verdict(crl(delta=True)) == ("unknown", False)
    assert verdict(crl(), crl((serial, None), delta=True)) == ("revoked", False)
    held = crl((serial, x509.ReasonFlags.certificate_hold))
    lifted = crl((serial, x509.ReasonFlags.remove_from_crl), delta=True)
    assert verdict(held) == ("revoked", False)
    assert verdict(held, lifted) == ("good", False)


def test_what_spoils_a_crl() -> None:
    assert verdict(crl(extra=((ODD, True),))) == ("unknown", True)
    assert verdict(crl(extra=((ODD, False),))) == ("good", False)
    assert verdict(crl((5, None), (5, None))) == ("unknown", True)
    assert verdict(crl(key=new_key())) == ("unknown", True)
    assert verdict(crl((CERT.serial, None), key=new_key())) == ("unknown", True)
    assert read_crl(b"no list") is None


def test_a_crl_of_another_ca_says_nothing() -> None:
    other = Authority("Another").crl(CERT.serial)
    listed = read_crl(other)
    assert listed is not None
    assert verdict(listed) == ("unknown", False)


# -- OCSP -------------------------------------------------------------------------------------


def responder(
    authority: Authority = MIDDLE, *, ekus: tuple[Any, ...] = (ExtendedKeyUsageOID.OCSP_SIGNING,)
) -> Issued:
    return authority.issue(subject="Responder", ekus=ekus)


def answer(
    signer: Any = MIDDLE,
    *,
    about: Issued = LEAF,
    issuer: Authority = MIDDLE,
    nonce: bytes = b"",
    end: dt.datetime | None = NOW + DAY,
    start: dt.datetime = NOW - DAY,
    status: x509_ocsp.OCSPCertStatus = x509_ocsp.OCSPCertStatus.GOOD,
) -> bytes:
    revoked = NOW - DAY if status is x509_ocsp.OCSPCertStatus.REVOKED else None
    builder = x509_ocsp.OCSPResponseBuilder().add_response(
        cert=about.certificate,
        issuer=issuer.certificate,
        algorithm=hashes.SHA256(),
        cert_status=status,
        this_update=start,
        next_update=end,
        revocation_time=revoked,
        revocation_reason=None,
    )
    builder = builder.responder_id(x509_ocsp.OCSPResponderEncoding.NAME, signer.certificate)
    if isinstance(signer, Issued):
        builder = builder.certificates([signer.certificate])
    if nonce:
        builder = builder.add_extension(x509.OCSPNonce(nonce), critical=False)
    return builder.sign(signer.key, hashes.SHA256()).public_bytes(Encoding.DER)


def said(response: bytes, nonce: bytes = b"") -> tuple[str, bool]:
    made = judge_ocsp(OcspAnswer(response, nonce=nonce), CERT, ISSUER, at=NOW)
    return made.state, made.rejected


REJECTED = ("unknown", True)


def test_the_issuer_or_its_responder_may_answer() -> None:
    assert said(answer()) == ("good", False)
    assert said(answer(responder())) == ("good", False)
    assert said(answer(responder(), status=x509_ocsp.OCSPCertStatus.REVOKED))[0] == "revoked"
    assert said(answer(status=x509_ocsp.OCSPCertStatus.UNKNOWN)) == ("unknown", False)


def test_nobody_else_may() -> None:
    assert said(answer(responder(ekus=(ExtendedKeyUsageOID.SERVER_AUTH,)))) == REJECTED
    assert said(answer(responder(Authority("Middle")))) == REJECTED
    assert said(answer(Authority("Middle"))) == REJECTED
    past = MIDDLE.issue(
        subject="Old", ekus=(ExtendedKeyUsageOID.OCSP_SIGNING,), start=NOW - 60 * DAY, days=30
    )
    assert said(answer(past)) == REJECTED


def test_an_answer_is_about_this_certificate_and_of_now() -> None:
    assert said(answer(about=web())) == REJECTED
    assert said(answer(issuer=Authority("Middle", ROOT))) == REJECTED
    assert said(answer(start=NOW + DAY, end=NOW + 2 * DAY)) == REJECTED
    assert said(answer(start=NOW - 9 * DAY, end=NOW - DAY)) == REJECTED
    assert said(answer(start=NOW - 9 * DAY, end=None)) == ("good", False)
    assert said(answer(start=NOW - 11 * DAY, end=None)) == REJECTED


def test_a_nonce_that_differs_is_a_replay() -> None:
    assert said(answer(nonce=b"n" * 16), nonce=b"n" * 16) == ("good", False)
    assert said(answer(), nonce=b"n" * 16) == ("good", False)
    assert said(answer(nonce=b"m" * 16), nonce=b"n" * 16) == REJECTED


def test_no_flipped_bit_of_an_answer_changes_the_verdict_to_another_proof() -> None:
    whole = bytearray(answer(status=x509_ocsp.OCSPCertStatus.REVOKED))
    for place in range(0, len(whole), 3):
        flipped = bytes(whole[:place]) + bytes([whole[place] ^ 4]) + bytes(whole[place + 1 :])
        assert said(flipped)[0] != "good"
    for garbage in (b"", b"0", b"<html>", bytes(whole[:40]), b"\x30\x80\0\0"):
        assert said(garbage) == REJECTED


def test_a_responder_that_will_not_answer() -> None:
    refused = x509_ocsp.OCSPResponseBuilder.build_unsuccessful(
        x509_ocsp.OCSPResponseStatus.TRY_LATER
    )
    made = judge_ocsp(OcspAnswer(refused.public_bytes(Encoding.DER)), CERT, ISSUER, at=NOW)
    assert (made.state, made.reason) == ("unknown", "the responder answered: try later")


def test_the_request_asks_about_this_certificate() -> None:
    request = x509_ocsp.load_der_ocsp_request(ocsp_request(CERT, ISSUER, b"n" * 16))
    assert request.serial_number == CERT.serial
    assert [e.value.nonce for e in request.extensions] == [b"n" * 16]


# -- together ---------------------------------------------------------------------------------


def judged(**changes: Any) -> dict[str, str]:
    bundle = read_bundle(LEAF.pem + MIDDLE.pem)
    report = assess_certificate(bundle, host=HOST, at=NOW, roots=roots(), **changes)
    return {f.rule: f.message for f in report.findings}


def test_revoked_wins_over_good_from_either_source() -> None:
    gone = Evidence(ocsp=(OcspAnswer(answer(status=x509_ocsp.OCSPCertStatus.REVOKED)),))
    assert "cert.revoked" in judged(crls=[crl()], evidence=gone)
    fine = Evidence(ocsp=(OcspAnswer(answer()),))
    assert "cert.revoked" in judged(crls=[crl((CERT.serial, None))], evidence=fine)
    assert judged(evidence=fine) == {}


def test_unknown_names_what_could_not_be_asked() -> None:
    unfetched = Evidence(unfetched=(Unfetched(POINT, "connection refused"),))
    message = judged(evidence=unfetched)["cert.revocation-unknown"]
    assert POINT in message
    assert "connection refused" in message


def test_an_issuer_that_could_not_be_fetched_is_named_too() -> None:
    failed = Evidence(unfetched=(Unfetched("http://ca.example/1.cer", "no answer"),))
    (finding,) = judge_revocation((CERT,), (), NOW, failed)
    assert "http://ca.example/1.cer: no answer" in finding.message


def test_pointers_are_http_once_each_and_few() -> None:
    found = pointers((CERT, ISSUER))
    assert [(p.kind, p.url) for p in found] == [("crl", POINT)]
    alone = pointers((read_certificate(web(ocsp=True).der),))
    assert [p.kind for p in alone] == ["issuer", "crl"]
    with_issuer = pointers((read_certificate(web(ocsp=True).der), ISSUER))
    assert "ocsp" in {p.kind for p in with_issuer}
    many = tuple(read_certificate(web(crl=f"http://crl.example.org/{n}").der) for n in range(20))
    assert len([p for p in pointers(many) if p.kind == "crl"]) == 8
    assert pointers((read_certificate(web(crl="https://x.example/1", aia=False).der),)) == ()


def test_an_aia_answer_is_der_pem_or_nothing() -> None:
    assert [c.label for c in read_issuers(MIDDLE.pem)] == ["CN=Middle"]
    assert len(read_issuers(ISSUER.der)) == 1
    assert read_issuers(LEAF.pem) == ()
    assert read_issuers(b"<html>404</html>") == ()
