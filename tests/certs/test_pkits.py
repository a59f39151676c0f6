"""NIST's PKITS through the explorer, where `cryptography_vectors` is installed.

The package brings all of the certificates and few of the CRLs, so the sections about CRLs are left
out; every other verdict is compared, policies, mappings and constraints included.
"""

from __future__ import annotations

import datetime as dt
import importlib.util
import re
from pathlib import Path

import pytest

from gctrust.certs.assess import assess_certificate
from gctrust.certs.bundle import Bundle, read_bundle
from gctrust.certs.certificate import Certificate
from gctrust.certs.distinguished_name import name_key
from gctrust.certs.path import Roots

_SPEC = importlib.util.find_spec("cryptography_vectors")
_HOME = Path(_SPEC.origin).parent if _SPEC and _SPEC.origin else Path("absent")
CERTS = _HOME / "x509" / "PKITS_data" / "certs"
AT = dt.datetime(2026, 11, 1, tzinfo=dt.UTC)
needs_suite = pytest.mark.skipif(not CERTS.is_dir(), reason="cryptography_vectors is not installed")

# Verdicts that come of CRLs which the package does not hold.
_BY_CRL = re.compile(
    r"CRL|cRL|Revoked|NegativeSerial|distributionPoint|onlyContains|onlySomeReasons|IDP|nextUpdate"
    r"|LongSerialNumberTest18|BasicSelfIssued\w+NewTest2|BasicSelfIssuedNewWithOldTest5"
)
_REFUSED = re.compile(r"ValidDSA")  # on purpose: no client takes DSA


def held() -> dict[str, Certificate]:
    files = sorted(CERTS.glob("*.crt"))
    return {f.stem: read_bundle(f.read_bytes()).certificates[0] for f in files}


def issuers(leaf: Certificate, pool: list[Certificate]) -> list[Certificate]:
    """The CAs that can stand above the leaf, by name."""
    names, found = {name_key(leaf.issuer)}, list[Certificate]()
    for _ in range(8):
        for cert in pool:
            if name_key(cert.subject) in names and cert not in found:
                found.append(cert)
                names.add(name_key(cert.issuer))
    return found


@needs_suite
def test_every_verdict_but_those_of_crls() -> None:
    certs = held()
    root = certs["TrustAnchorRootCertificate"]
    pool = [c for c in certs.values() if c.is_ca and c != root]
    seen, wrong = 0, []
    for name, leaf in certs.items():
        if not re.match(r"Valid|Invalid", name) or _BY_CRL.search(name):
            continue
        bundle = Bundle((leaf, *issuers(leaf, pool)))
        report = assess_certificate(
            bundle, host=None, at=AT, roots=Roots([root]), profile="private", leaf=leaf
        )
        wanted = name.startswith("Valid") and not _REFUSED.search(name)
        seen += 1
        if report.path.accepted != wanted:
            wrong.append(name)
    assert seen > 120
    assert wrong == []
