"""The certificate judge as one plain function over octets: no files, no network, no clock."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from ..secret import Secret
from .assess import assess_certificate
from .bundle import Bundle, read_bundle
from .crl import Crl, read_crl
from .evidence import Evidence
from .path import Roots
from .profile import Profile
from .report import CertificateReport
from .transparency import LogList, shipped_logs

Octets = bytes | str


def check_certificate(
    certificate: Octets,
    *,
    at: datetime,
    roots: Octets | Roots,
    host: str | None = None,
    chain: Octets = b"",
    key: Octets = b"",
    passphrase: Secret | None = None,
    profile: str = "public",
    go_live: datetime | None = None,
    crls: Iterable[Octets] = (),
    extra: Octets = b"",
    logs: LogList | None = None,
    evidence: Evidence | None = None,
) -> CertificateReport:
    """Everything gctrust says of a certificate and its chain at an instant.

    `certificate`, `chain`, `key` and `extra` (intermediates found elsewhere) are PEM, DER, PKCS#12
    or PKCS#7, several in one if need be; `roots` the trust anchors, as PEM or as Roots kept from
    call to call. `profile` is public, private or client. `evidence` holds OCSP answers, CAA, TLSA
    and the like. Raises ValueError for an instant without a time zone, an unknown profile, roots
    that are none and a CRL that is none; whatever is wrong with a certificate is a finding.
    """
    if at.tzinfo is None or (go_live is not None and go_live.tzinfo is None):
        raise ValueError("the instant has no time zone")
    bundle = Bundle()
    for name, data in (("certificate", certificate), ("chain", chain), ("key", key)):
        if data:
            bundle = bundle.plus(read_bundle(_octets(data), name=name, passphrase=passphrase))
    return assess_certificate(
        bundle,
        host=host,
        at=at,
        roots=_roots(roots),
        profile=Profile(profile),
        go_live=go_live,
        crls=[_crl(one) for one in crls],
        extra=read_bundle(_octets(extra)).certificates if extra else (),
        logs=shipped_logs() if logs is None else logs,
        evidence=evidence or Evidence(),
    )


def _octets(data: Octets) -> bytes:
    return data.encode("utf-8") if isinstance(data, str) else data


def _roots(given: Octets | Roots) -> Roots:
    if isinstance(given, Roots):
        return given
    made = Roots(read_bundle(_octets(given), name="roots").certificates)
    if not made.certificates:
        raise ValueError("the roots hold no certificate")
    return made


def _crl(data: Octets) -> Crl:
    crl = read_crl(_octets(data))
    if crl is None:
        raise ValueError("a CRL given is none")
    return crl
