"""Does a path fit the profile of mail certificates (S/MIME Baseline Requirements, 7.1.2)?"""

from __future__ import annotations

from collections.abc import Iterator

from ..findings import Finding
from . import extensions as ext
from .certificate import Certificate
from .path import ANY_EKU, SERVER_AUTH, Roots
from .rules import found

EMAIL_PROTECTION = "1.3.6.1.5.5.7.3.4"
_FOREIGN = {
    SERVER_AUTH: "serverAuth",
    "1.3.6.1.5.5.7.3.3": "codeSigning",
    "1.3.6.1.5.5.7.3.8": "timeStamping",
    ANY_EKU: "anyExtendedKeyUsage",
}


def judge_mail(chain: tuple[Certificate, ...], roots: Roots) -> Iterator[Finding]:
    """LINT on every certificate of the path, leaf first."""
    for cert in chain:
        if cert.der in roots.members:
            flaws = ["a root has no extended key usage"] if cert.extensions.eku is not None else []
        else:
            flaws = [*_uses(cert), *(_leaf(cert) if cert is chain[0] else _issuer(cert))]
        if flaws:
            yield found("cert.mail-profile", cert.label, detail=", ".join(flaws))


def _uses(cert: Certificate) -> Iterator[str]:
    foreign = [_FOREIGN[oid] for oid in cert.extensions.eku or () if oid in _FOREIGN]
    if foreign:
        yield f"its extended key usage holds {' and '.join(foreign)}"


def _leaf(cert: Certificate) -> Iterator[str]:
    usage = cert.extensions.key_usage
    if cert.extensions.eku is None:
        yield "it has no extended key usage"
    if usage is None:
        yield "it has no key usage"
    elif usage & {"key_cert_sign", "crl_sign"}:
        yield "its key usage is that of a CA"
    if ext.SUBJECT_ALT_NAME in cert.critical and cert.subject != b"0\x00":
        yield "its subjectAltName is critical beside a subject"


def _issuer(cert: Certificate) -> Iterator[str]:
    usage = cert.extensions.key_usage
    if usage is None or "crl_sign" not in usage:
        yield "its key usage leaves out cRLSign"
