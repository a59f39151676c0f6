"""X.509 as the published platform reads it: details of a chain, and what it refuses to take."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence

from cryptography import x509
from cryptography.exceptions import InvalidSignature

from ..answer import Answer, JsonObject
from ..platform import Platform
from ..platform_refusals import refuse
from ..wire import Call
from .models import read_body

_BEGIN = "-----BEGIN"


async def details(platform: Platform, call: Call) -> Answer:
    """A parser only: nothing is kept."""
    body = read_body(call.request.body, "Certificate", platform.strict)
    chain = read_certificates(str(body["certificate"]))
    return Answer(200, {"certificateDetails": chain_json(platform, chain)})


def read_certificates(text: str) -> list[x509.Certificate]:
    """PEM, or base64 of DER. Raises Refusal 400 certificate.unparseable or .invalid.base64."""
    try:
        if _BEGIN in text:
            return _sound(x509.load_pem_x509_certificates(text.encode()))
        raw = base64.b64decode("".join(text.split()), validate=True)
        return _sound([x509.load_der_x509_certificate(raw)])
    except (binascii.Error, UnicodeEncodeError):
        said = "The certificate is not valid base64"
        raise refuse(400, "certificate.invalid.base64", said) from None
    except (ValueError, x509.InvalidVersion):
        said = "The certificate cannot be parsed"
        raise refuse(400, "certificate.unparseable", said) from None


def _sound(chain: list[x509.Certificate]) -> list[x509.Certificate]:
    """cryptography parses names and dates when they are asked for: ask now."""
    for one in chain:
        for name in (one.subject, one.issuer):
            name.rfc4514_string()
        _ = one.not_valid_before_utc, one.not_valid_after_utc
    return chain


def refuse_undated(platform: Platform, certificate: x509.Certificate) -> None:
    """Raises Refusal 400 certificate.expired or certificate.not.yet.valid."""
    now = platform.clock.now()
    if now > certificate.not_valid_after_utc.timestamp():
        raise refuse(400, "certificate.expired", "The certificate has expired")
    if now < certificate.not_valid_before_utc.timestamp():
        raise refuse(400, "certificate.not.yet.valid", "The certificate is not yet valid")


def chain_json(platform: Platform, chain: Sequence[x509.Certificate]) -> list[JsonObject]:
    """A certificate's signature is judged by the next one, the last one's by itself."""
    issuers = (*chain[1:], chain[-1])
    return [_details(platform, one, issuer) for one, issuer in zip(chain, issuers, strict=True)]


def _details(
    platform: Platform, certificate: x509.Certificate, issuer: x509.Certificate
) -> JsonObject:
    now = platform.clock.now()
    begins = certificate.not_valid_before_utc.timestamp()
    ends = certificate.not_valid_after_utc.timestamp()
    return {
        "issuer": certificate.issuer.rfc4514_string(),
        "subject": certificate.subject.rfc4514_string(),
        "issueDate": platform.instant(begins),
        "expirationDate": platform.instant(ends),
        "expired": now > ends,
        "valid": begins <= now <= ends,
        "signatureValid": _signed_by(certificate, issuer),
    }


def _signed_by(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True
