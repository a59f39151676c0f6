"""CRLs judged by RFC 5280 section 6.3.3: whose they are, what they cover, what they say.

Complete CRLs, partial ones (by distribution point, by kind of certificate, by reason) and delta
CRLs are understood. Indirect CRLs are not: the Baseline Requirements (7.2.2.1) forbid them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm

from .certificate import Certificate

NOT_GIVEN = "no CRL of its issuer was given"
SHA1_ENDED = datetime(2026, 9, 15, tzinfo=UTC)  # BR section 1.2.2, ballot SC097
_ALL_REASONS = frozenset(x509.ReasonFlags) - {
    x509.ReasonFlags.unspecified,
    x509.ReasonFlags.remove_from_crl,
}
Crl = x509.CertificateRevocationList


@dataclass(frozen=True, slots=True)
class RevocationVerdict:
    """`state` is good, revoked or unknown; `reason` why unknown, or since when revoked.

    `rejected`: evidence was given and proves nothing, which RFC 5280 makes a failure of the path.
    """

    state: str
    reason: str = ""
    rejected: bool = False


def read_crl(data: bytes) -> Crl | None:
    """PEM or DER; None when it is no CRL."""
    load = x509.load_pem_x509_crl if b"-----BEGIN" in data else x509.load_der_x509_crl
    try:
        return load(data)
    except (ValueError, TypeError, UnsupportedAlgorithm, x509.InvalidVersion):
        return None


def check_crls(
    cert: Certificate, issuer: Certificate, crls: Sequence[Crl], at: datetime
) -> RevocationVerdict:
    """What the CRLs given say of `cert` at `at`."""
    if cert.x509 is None or issuer.x509 is None:
        return RevocationVerdict("unknown", "a certificate cannot be read")
    if cert.serial < 0:
        return RevocationVerdict("unknown", "its serial number is negative, which no CRL can list")
    why, rejected, reasons, hold = NOT_GIVEN, False, frozenset[x509.ReasonFlags](), ""
    lifted = False
    for crl in crls:
        if not _same_issuer(crl, issuer):
            continue
        if crl.next_update_utc is None:
            why = "the CRL does not say when the next one comes (RFC 5280 section 5.1.2.5)"
            continue
        scope, flaw = _scope(crl, cert, issuer, at)
        if flaw:
            why, rejected = flaw, True
            continue
        entry = crl.get_revoked_certificate_by_serial_number(cert.serial)
        if entry is not None and _reason(entry) is x509.ReasonFlags.remove_from_crl:
            lifted = True
        elif entry is not None and _reason(entry) is x509.ReasonFlags.certificate_hold:
            hold = f"since {entry.revocation_date_utc:%Y-%m-%d} (on hold)"
        elif entry is not None:
            return RevocationVerdict("revoked", f"since {entry.revocation_date_utc:%Y-%m-%d}")
        reasons |= scope
    if hold and not lifted:
        return RevocationVerdict("revoked", hold)
    if reasons >= _ALL_REASONS:
        return RevocationVerdict("good")
    if reasons:
        why, rejected = "the CRLs given cover only some reasons", True
    return RevocationVerdict("unknown", why, rejected)


def _same_issuer(crl: Crl, issuer: Certificate) -> bool:
    assert issuer.x509 is not None
    try:
        return crl.issuer == issuer.x509.subject
    except ValueError:
        return False


def _reason(entry: x509.RevokedCertificate) -> x509.ReasonFlags | None:
    try:
        return entry.extensions.get_extension_for_class(x509.CRLReason).value.reason
    except (ValueError, x509.ExtensionNotFound, x509.DuplicateExtension):
        return None


def _scope(
    crl: Crl, cert: Certificate, issuer: Certificate, at: datetime
) -> tuple[frozenset[x509.ReasonFlags], str]:
    """The reasons that the CRL covers for `cert`, and why it proves nothing (then empty)."""
    try:
        flaw = _trust_flaw(crl, issuer) or _time_flaw(crl, at) or _entries_flaw(crl)
        if flaw:
            return frozenset(), flaw
        return _covered(crl, cert)
    except (ValueError, TypeError, UnsupportedAlgorithm, x509.DuplicateExtension) as error:
        return frozenset(), f"the CRL cannot be read: {error}"[:160]


def _trust_flaw(crl: Crl, issuer: Certificate) -> str:
    assert issuer.x509 is not None
    if not crl.is_signature_valid(issuer.x509.public_key()):  # type: ignore[arg-type]
        return "the CRL's signature is not its issuer's"
    usage = issuer.extensions.key_usage
    if usage is not None and "crl_sign" not in usage:
        return "the issuer may not sign CRLs (key usage)"
    digest = crl.signature_hash_algorithm
    if digest is not None and (
        digest.name == "md5" or (digest.name == "sha1" and crl.last_update_utc >= SHA1_ENDED)
    ):
        return f"the CRL is signed with {digest.name.upper()}"
    return ""


def _time_flaw(crl: Crl, at: datetime) -> str:
    if at.astimezone(UTC) < crl.last_update_utc:
        return "the CRL is of the future"
    if crl.next_update_utc is not None and at.astimezone(UTC) > crl.next_update_utc:
        return "the CRL is out of date"
    return ""


def _entries_flaw(crl: Crl) -> str:
    numbers = [e for e in crl.extensions if isinstance(e.value, x509.CRLNumber)]
    if not numbers or numbers[0].critical:
        return "the CRL has no CRL number, or a critical one (RFC 5280 section 5.2.3)"
    known = (x509.IssuingDistributionPoint, x509.DeltaCRLIndicator)
    unknown = [e for e in crl.extensions if e.critical and not isinstance(e.value, known)]
    if unknown:
        return f"the CRL has the critical extension {unknown[0].oid.dotted_string}"
    serials = [entry.serial_number for entry in crl] if len(crl) <= 50_000 else []
    return "the CRL lists a serial number twice" if len(set(serials)) < len(serials) else ""


def _covered(crl: Crl, cert: Certificate) -> tuple[frozenset[x509.ReasonFlags], str]:
    """RFC 5280 section 6.3.3 (b) to (d): the issuing distribution point's scope."""
    if any(isinstance(e.value, x509.DeltaCRLIndicator) for e in crl.extensions):
        return frozenset(), ""  # a delta adds to a complete CRL and proves nothing alone
    points = [e.value for e in crl.extensions if isinstance(e.value, x509.IssuingDistributionPoint)]
    if not points:
        return _ALL_REASONS, ""
    point = points[0]
    flaw = _kind_flaw(point, cert) or _point_flaw(point, cert)
    some = point.only_some_reasons
    return (frozenset(), flaw) if flaw else (_ALL_REASONS if some is None else some, "")


def _kind_flaw(point: x509.IssuingDistributionPoint, cert: Certificate) -> str:
    if point.indirect_crl:
        return "the CRL is indirect"
    if point.only_contains_attribute_certs:
        return "the CRL is for attribute certificates"
    if point.only_contains_user_certs and cert.is_ca:
        return "the CRL is not for CA certificates"
    if point.only_contains_ca_certs and not cert.is_ca:
        return "the CRL is for CA certificates only"
    return ""


def _point_flaw(point: x509.IssuingDistributionPoint, cert: Certificate) -> str:
    """BR section 7.2.2.1: URIs only, byte for byte one of the certificate's."""
    if point.relative_name is not None:
        return "the CRL names its distribution point relative to its issuer"
    if point.full_name is None:
        return ""
    if not all(isinstance(name, x509.UniformResourceIdentifier) for name in point.full_name):
        return "the CRL's distribution point has a name that is no URI"
    if cert.extensions.crl_odd_names:
        return "the certificate's distribution points hold a name that is no URI"
    if not {name.value for name in point.full_name} & set(cert.extensions.crl_urls):
        return "the CRL is of another distribution point than the certificate's"
    return ""
