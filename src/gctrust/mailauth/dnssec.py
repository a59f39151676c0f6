"""Judges the DNSSEC of the zone that holds a domain, from facts that an adapter validated."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ..findings import Finding, Report, finding
from ..names import DomainName
from . import dnssec_rules as rules
from .looks import DNS_ONLY, DNSSEC, Reach, Signature, SignedZone
from .questions import Judge, Question, ask

ROWS = "DNSSEC (SEC-01 to SEC-03)"
WEAK = {1: "RSAMD5", 3: "DSA", 5: "RSASHA1", 6: "DSA-NSEC3-SHA1", 7: "RSASHA1-NSEC3-SHA1",
        12: "GOST R 34.10-2001"}  # fmt: skip
"""Algorithms that RFC 9904's table and RFC 9905 forbid to sign with."""
WEAK_DIGESTS = {1: "DS records by SHA-1", 3: "DS records by GOST R 34.11-94"}
NEAR = 3 * 86_400  # seconds; only a signature that used up nine tenths of its life is called near


@dataclass(frozen=True, slots=True)
class DnssecReport:
    """`zone` is None when it was not looked at."""

    report: Report
    zone: SignedZone | None = None


def assess_dnssec(
    domain: DomainName, *, reach: Reach = DNS_ONLY, fresh: bool = False
) -> Judge[DnssecReport]:
    """Judge the zone of `domain`. An unsigned zone is no finding."""
    if not reach.dnssec:
        return DnssecReport(Report(domain.text, (), (ROWS,)))
    answer = yield from ask(Question(domain.text, DNSSEC, fresh=fresh))
    zone = next((one for one in answer.records if isinstance(one, SignedZone)), None)
    if zone is None:
        return DnssecReport(Report(domain.text, (), (f"{ROWS}: {answer.failure}",)))
    left = () if zone.validating or not zone.ds else (f"{ROWS}: the resolver does not validate",)
    return DnssecReport(Report(domain.text, tuple(_judged(zone)), left), zone)


def _judged(zone: SignedZone) -> Iterator[Finding]:
    if not zone.ds and not zone.algorithms:
        return
    broken = _break(zone)
    if broken:
        yield finding(rules.BROKEN, zone.zone, reason=broken)
    if not zone.ds:
        yield finding(rules.NO_DS, zone.zone)
    for signature in zone.signatures:
        yield from _signature(signature)
    for record in zone.unsigned if zone.ds else ():
        yield finding(rules.UNSIGNED, zone.zone, record=record)
    weak = [WEAK[number] for number in zone.algorithms if number in WEAK]
    digests = {ds.digest_type for ds in zone.ds}
    if digests <= WEAK_DIGESTS.keys():
        weak += [WEAK_DIGESTS[number] for number in digests]
    for name in dict.fromkeys(weak):
        yield finding(rules.WEAK_ALGORITHM, zone.zone, algorithm=name)
    if zone.iterations:
        yield finding(rules.ITERATIONS, zone.zone, iterations=zone.iterations)


def _break(zone: SignedZone) -> str:
    """RFC 4035 section 5: one DS has to lead to a key, and the keys to the data."""
    if not zone.ds:
        return ""
    if not zone.algorithms:
        return "the parent has a DS record, the zone no DNSKEY"
    if not any(ds.matches for ds in zone.ds):
        tags = ", ".join(str(ds.key_tag) for ds in zone.ds)
        return f"no DNSKEY matches the DS records at the parent (key tags {tags})"
    return "resolvers answer SERVFAIL unless told not to validate" if zone.bogus else ""


def _signature(one: Signature) -> Iterator[Finding]:
    subject = one.name
    if one.fault:
        yield finding(rules.BAD_SIGNATURE, subject, type=one.type, name=one.name, reason=one.fault)
    elif one.left < min(NEAR, one.life / 10):
        hours = max(one.left // 3600, 0)
        yield finding(rules.EXPIRING, subject, type=one.type, name=one.name, hours=hours)
