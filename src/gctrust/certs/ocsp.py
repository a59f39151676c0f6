"""OCSP (RFC 6960): the request to send, and an answer judged, whether fetched or stapled.

An answer counts when the issuer signed it, or a responder that the issuer certified for OCSP, when
it is about this certificate, and when it is of now.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp

from .certificate import Certificate, Unreadable, read_certificate
from .crl import RevocationVerdict
from .der import children, node
from .evidence import OcspAnswer
from .signatures import signed_by, verifies

OCSP_SIGNING = "1.3.6.1.5.5.7.3.9"
SKEW = timedelta(minutes=5)
OLDEST = timedelta(days=10)  # BR section 4.9.10: answers last at most ten days


def ocsp_request(cert: Certificate, issuer: Certificate, nonce: bytes = b"") -> bytes:
    """The DER request about `cert`. Raises ValueError when a certificate cannot be read."""
    if cert.x509 is None or issuer.x509 is None:
        raise ValueError("a certificate that cannot be read has no OCSP request")
    builder = ocsp.OCSPRequestBuilder().add_certificate(cert.x509, issuer.x509, hashes.SHA1())  # noqa: S303
    if nonce:
        builder = builder.add_extension(x509.OCSPNonce(nonce), critical=False)
    return builder.build().public_bytes(Encoding.DER)


def judge_ocsp(
    answer: OcspAnswer, cert: Certificate, issuer: Certificate, *, at: datetime
) -> RevocationVerdict:
    """What the answer says of `cert` at `at`. An answer that proves nothing is `rejected`."""
    try:
        response = ocsp.load_der_ocsp_response(answer.response)
        if response.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
            status = response.response_status.name.lower().replace("_", " ")
            return RevocationVerdict("unknown", f"the responder answered: {status}")
        flaw = _signer_flaw(response, issuer, at) or _nonce_flaw(response, answer.nonce)
        if flaw:
            return RevocationVerdict("unknown", flaw, rejected=True)
        return _status(response, cert, issuer, at)
    except (ValueError, TypeError, UnsupportedAlgorithm, Unreadable) as error:
        reason = f"the OCSP answer cannot be read: {error}"[:160]
        return RevocationVerdict("unknown", reason, rejected=True)


def _status(
    response: ocsp.OCSPResponse, cert: Certificate, issuer: Certificate, at: datetime
) -> RevocationVerdict:
    single = next((s for s in response.responses if _is_about(s, cert, issuer)), None)
    if single is None:
        return RevocationVerdict("unknown", "the OCSP answer is about another certificate", True)
    flaw = _time_flaw(single, at.astimezone(UTC))
    if flaw:
        return RevocationVerdict("unknown", flaw, rejected=True)
    if single.certificate_status is ocsp.OCSPCertStatus.REVOKED:
        when = single.revocation_time_utc
        return RevocationVerdict("revoked", f"since {when:%Y-%m-%d}" if when else "")
    if single.certificate_status is ocsp.OCSPCertStatus.GOOD:
        return RevocationVerdict("good")
    return RevocationVerdict("unknown", "the responder does not know the certificate")


def _is_about(single: ocsp.OCSPSingleResponse, cert: Certificate, issuer: Certificate) -> bool:
    """RFC 6960 section 4.1.1: the serial number and the hashes of issuer name and issuer key."""
    if single.serial_number != cert.serial:
        return False
    name = single.hash_algorithm.name
    key = children(node(issuer.spki)[0].content)[1].content[1:]
    return (
        hashlib.new(name, cert.issuer).digest() == single.issuer_name_hash
        and hashlib.new(name, key).digest() == single.issuer_key_hash
    )


def _time_flaw(single: ocsp.OCSPSingleResponse, at: datetime) -> str:
    if single.this_update_utc > at + SKEW:
        return "the OCSP answer is of the future"
    until = single.next_update_utc or single.this_update_utc + OLDEST
    return f"the OCSP answer ended {until:%Y-%m-%d %H:%M}Z" if at > until + SKEW else ""


def _nonce_flaw(response: ocsp.OCSPResponse, sent: bytes) -> str:
    """Responders that prepare answers leave the nonce out (RFC 9654 section 2.1); a wrong one lies.

    RFC 9654 does not allow a client to take another nonce than its own.
    """
    if not sent:
        return ""
    for extension in response.extensions:
        if isinstance(extension.value, x509.OCSPNonce) and extension.value.nonce != sent:
            return "the OCSP answer carries another nonce than the request: it is a replay"
    return ""


def _signer_flaw(response: ocsp.OCSPResponse, issuer: Certificate, at: datetime) -> str:
    """RFC 6960 section 4.2.2.2: the issuer itself, or a responder it certified for OCSP."""
    if _made_by(issuer, response):
        return ""
    flaw = "neither the issuer nor a responder it named signed the OCSP answer"
    for responder in _responders(response):
        if not _made_by(responder, response):
            continue
        if not signed_by(responder, issuer):
            flaw = "the OCSP responder was not certified by the issuer"
        elif OCSP_SIGNING not in (responder.extensions.eku or ()):
            flaw = "the OCSP responder's certificate is not for OCSP signing"
        elif responder.not_before is None or responder.not_after is None:
            flaw = "the OCSP responder's certificate has no times"
        elif not responder.not_before <= at <= responder.not_after:
            flaw = "the OCSP responder's certificate is not valid now"
        else:
            return ""
    return flaw


def _responders(response: ocsp.OCSPResponse) -> Iterator[Certificate]:
    for certificate in response.certificates[:8]:
        yield read_certificate(certificate.public_bytes(Encoding.DER))


def _made_by(signer: Certificate, response: ocsp.OCSPResponse) -> bool:
    if signer.x509 is None:
        return False
    try:
        return verifies(
            signer.x509.public_key(),
            response.signature,
            response.tbs_response_bytes,
            response.signature_hash_algorithm,
            padding.PKCS1v15(),
        )
    except (InvalidSignature, ValueError, TypeError, UnsupportedAlgorithm):
        return False
