"""REV: CRLs and stapled OCSP answers judged. Unknown is said to be unknown, never good."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm

from ..findings import Finding
from .certificate import Certificate
from .rules import found

NOT_GIVEN = "no CRL of its issuer was given"


@dataclass(frozen=True, slots=True)
class RevocationVerdict:
    """`state` is good, revoked or unknown; `reason` why unknown, or since when revoked."""

    state: str
    reason: str = ""


def read_crl(data: bytes) -> x509.CertificateRevocationList | None:
    """PEM or DER; None when it is no CRL."""
    load = x509.load_pem_x509_crl if b"-----BEGIN" in data else x509.load_der_x509_crl
    try:
        return load(data)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return None


def check_crls(
    cert: Certificate,
    issuer: Certificate,
    crls: tuple[x509.CertificateRevocationList, ...],
    at: datetime,
) -> RevocationVerdict:
    """RFC 5280 section 6.3 for complete CRLs of the certificate's own issuer."""
    if cert.x509 is None or issuer.x509 is None:
        return RevocationVerdict("unknown", "a certificate cannot be read")
    why = NOT_GIVEN
    good = False
    for crl in crls:
        if crl.issuer != issuer.x509.subject:
            continue
        flaw = _crl_flaw(crl, issuer, at)
        if flaw:
            why = flaw
            continue
        entry = crl.get_revoked_certificate_by_serial_number(cert.serial)
        if entry is not None:
            when = f"{entry.revocation_date_utc:%Y-%m-%d}"
            return RevocationVerdict("revoked", f"since {when}")
        good = True
    return RevocationVerdict("good") if good else RevocationVerdict("unknown", why)


def _crl_flaw(crl: x509.CertificateRevocationList, issuer: Certificate, at: datetime) -> str:
    """Why the CRL proves nothing; empty when it does."""
    assert issuer.x509 is not None
    try:
        key = issuer.x509.public_key()
        if not crl.is_signature_valid(key):  # type: ignore[arg-type]
            return "the CRL's signature is not its issuer's"
        usage = issuer.extensions.key_usage
        if usage is not None and "crl_sign" not in usage:
            return "the issuer may not sign CRLs (key usage)"
        numbers = [e for e in crl.extensions if isinstance(e.value, x509.CRLNumber)]
        if not numbers or numbers[0].critical:
            return "the CRL has no CRL number, or a critical one (RFC 5280 section 5.2.3)"
        unknown = [e for e in crl.extensions if e.critical and not _crl_known(e.value)]
    except (ValueError, TypeError, UnsupportedAlgorithm, x509.DuplicateExtension) as error:
        return f"the CRL cannot be read: {error}"[:160]
    if unknown:
        return f"the CRL has the critical extension {unknown[0].oid.dotted_string}"
    if at.astimezone(UTC) < crl.last_update_utc:
        return "the CRL is of the future"
    if crl.next_update_utc is None or at.astimezone(UTC) > crl.next_update_utc:
        return "the CRL is out of date"
    return ""


def _crl_known(value: x509.ExtensionType) -> bool:
    """A full-scope issuing distribution point is understood; partial, indirect, delta are not."""
    if not isinstance(value, x509.IssuingDistributionPoint):
        return False
    partial = value.only_some_reasons or value.indirect_crl or value.only_contains_attribute_certs
    return not partial and not value.only_contains_ca_certs


def judge_revocation(
    chain: tuple[Certificate, ...], crls: tuple[x509.CertificateRevocationList, ...], at: datetime
) -> Iterator[Finding]:
    """Every certificate under the anchor. Without a CRL the leaf's state is said to be unknown."""
    for cert, issuer in itertools.pairwise(chain):
        verdict = check_crls(cert, issuer, crls, at)
        if verdict.state == "revoked":
            yield found("cert.revoked", cert.label, detail=verdict.reason)
        elif verdict.state == "unknown" and verdict.reason != NOT_GIVEN:
            yield found("cert.crl-unusable", cert.label, reason=verdict.reason)
        if verdict.state == "unknown" and cert is chain[0]:
            yield found("cert.revocation-unknown", cert.label, reason=verdict.reason)
