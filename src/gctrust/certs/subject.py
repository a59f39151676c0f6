"""PROF-08: the subject shows what the certificate's policy says the CA has verified."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from ..findings import Finding
from .certificate import Certificate
from .distinguished_name import attributes
from .rules import found

UNITS_ENDED = datetime(2022, 9, 1, tzinfo=UTC)  # BR section 1.2.2, ballot SC047
_CN, _SURNAME, _SERIAL, _COUNTRY = "2.5.4.3", "2.5.4.4", "2.5.4.5", "2.5.4.6"
_LOCALITY, _STATE, _ORGANIZATION, _UNIT = "2.5.4.7", "2.5.4.8", "2.5.4.10", "2.5.4.11"
_CATEGORY, _GIVEN = "2.5.4.15", "2.5.4.42"
_INCORPORATED = "1.3.6.1.4.1.311.60.2.1.3"
_WORDS = {
    _SURNAME: "surname",
    _SERIAL: "serialNumber",
    _COUNTRY: "countryName",
    _ORGANIZATION: "organizationName",
    _CATEGORY: "businessCategory",
    _GIVEN: "givenName",
    _INCORPORATED: "jurisdictionCountry",
}
# Policy -> its word and what the subject must hold (BR sections 7.1.2.7.2 to 7.1.2.7.5, EVG 7.1.4)
_POLICIES = {
    "2.23.140.1.2.1": ("DV", ()),
    "2.23.140.1.2.2": ("OV", (_ORGANIZATION, _COUNTRY)),
    "2.23.140.1.2.3": ("IV", (_SURNAME, _GIVEN, _COUNTRY)),
    "2.23.140.1.1": ("EV", (_ORGANIZATION, _COUNTRY, _CATEGORY, _SERIAL, _INCORPORATED)),
}
_DV_ALLOWED = {_CN, _COUNTRY}


def judge_subject(leaf: Certificate) -> Iterator[Finding]:
    """LINT on a public leaf's subject."""
    held = list(attributes(leaf.subject))
    kinds = [oid for oid, _ in held]
    units = [text for oid, text in held if oid == _UNIT]
    if units and leaf.not_before and leaf.not_before >= UNITS_ENDED:
        yield found("cert.subject-unit", leaf.label, unit=units[0][:80])
    claimed = [_POLICIES[p] for p in leaf.extensions.policies if p in _POLICIES]
    if len(claimed) != 1:
        return
    kind, wanted = claimed[0]
    details = [f"{_WORDS[oid]} is missing" for oid in wanted if oid not in kinds]
    if kind == "DV":
        more = [oid for oid in kinds if oid not in _DV_ALLOWED]
        details += [f"{_WORDS.get(oid, oid)} was not verified" for oid in dict.fromkeys(more)]
    elif kind != "EV" and not {_LOCALITY, _STATE} & set(kinds):
        details.append("neither locality nor state is given")
    if details:
        yield found("cert.subject-attributes", leaf.label, kind=kind, detail=", ".join(details))
