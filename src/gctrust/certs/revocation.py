"""REV: is a certificate of the path revoked? CRLs and OCSP answers together; unknown is never good.

A proof that it is revoked, from whichever source, wins over one that it is good.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from datetime import datetime

from ..findings import Finding
from .certificate import Certificate
from .crl import NOT_GIVEN, Crl, RevocationVerdict, check_crls, read_crl
from .evidence import Evidence
from .ocsp import judge_ocsp
from .rules import found

__all__ = ["RevocationVerdict", "check_crls", "judge_revocation", "read_crl"]


def judge_revocation(
    chain: tuple[Certificate, ...],
    crls: tuple[Crl, ...],
    at: datetime,
    evidence: Evidence = Evidence(),  # noqa: B008 -- frozen
) -> Iterator[Finding]:
    """Every certificate under the anchor. Without proof the leaf is said to be unknown."""
    leaf = chain[0]
    if len(chain) == 1:
        reasons = ["its issuer is not known", *_unfetched(evidence)]
        yield found("cert.revocation-unknown", leaf.label, reason="; ".join(reasons))
    for cert, issuer in itertools.pairwise(chain):
        listed = check_crls(cert, issuer, crls, at)
        if listed.rejected:
            yield found("cert.crl-unusable", cert.label, reason=listed.reason)
        asked = [judge_ocsp(a, cert, issuer, at=at) for a in evidence.ocsp] if cert is leaf else []
        for verdict, answer in zip(asked, evidence.ocsp, strict=False):
            if verdict.rejected:
                rule = "cert.staple-unusable" if answer.stapled else "cert.ocsp-unusable"
                yield found(rule, cert.label, reason=verdict.reason)
        yield from _together(cert, (listed, *asked), evidence, leaf=cert is leaf)


def _together(
    cert: Certificate, verdicts: tuple[RevocationVerdict, ...], evidence: Evidence, *, leaf: bool
) -> Iterator[Finding]:
    revoked = next((v for v in verdicts if v.state == "revoked"), None)
    if revoked is not None:
        yield found("cert.revoked", cert.label, detail=revoked.reason)
    elif leaf and not any(v.state == "good" for v in verdicts):
        said = [v.reason for v in verdicts if v.reason != NOT_GIVEN] or [NOT_GIVEN]
        said += _unfetched(evidence)
        yield found("cert.revocation-unknown", cert.label, reason="; ".join(dict.fromkeys(said)))


def _unfetched(evidence: Evidence) -> list[str]:
    """REV-06: the addresses that could not be asked, and why."""
    return [f"{one.url}: {one.reason}" for one in evidence.unfetched[:4]]
