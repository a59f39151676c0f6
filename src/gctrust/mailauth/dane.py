"""Judges the form of TLSA records at a domain's exchanges (RFC 7672 section 3.1).

Form only: whether DNSSEC secures them, and whether they match a certificate, is not seen here.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ..findings import Finding, Report, finding
from ..names import DomainName
from . import transport_rules as rules
from .questions import Judge, Question, Rdata, ask_all

_DIGESTS = {1: ("SHA-256", 32), 2: ("SHA-512", 64)}


@dataclass(frozen=True, slots=True)
class DaneReport:
    """`usable` are the exchanges with at least one record of a form that SMTP uses."""

    report: Report
    usable: tuple[str, ...] = ()


def assess_dane(
    domain: DomainName, exchanges: Iterable[str], *, fresh: bool = False
) -> Judge[DaneReport]:
    """Judge the TLSA records of port 25 at each exchange. None at all is no finding."""
    hosts = tuple(dict.fromkeys(exchanges))
    names = [f"_25._tcp.{host}" for host in hosts]
    answers = yield from ask_all(Question(name, "TLSA", fresh=fresh) for name in names)
    found: list[Finding] = []
    open_rows: list[str] = []
    usable: list[str] = []
    for host, name, answer in zip(hosts, names, answers, strict=True):
        if answer.status.is_temporary:
            open_rows.append(f"TLSA records at {name} (DANE-02): the look-up failed")
        said = [_judged(name, record) for record in answer.records]
        found += [one for one in said if one is not None]
        if None in said:
            usable.append(host)
    return DaneReport(Report(domain.text, tuple(found), tuple(open_rows)), tuple(usable))


def _judged(name: str, record: Rdata) -> Finding | None:
    """None when the record has a form that SMTP uses."""
    usage, selector, matching, data = (*record, *[None] * 4)[:4]
    if usage in (0, 1):
        return finding(rules.DANE_USAGE, name, usage=str(usage))
    reason = ""
    if usage not in (2, 3):
        reason = f"the usage {usage} is not defined"
    elif selector not in (0, 1):
        reason = f"the selector {selector} is not defined"
    elif matching not in (0, 1, 2):
        reason = f"the matching type {matching} is not defined"
    elif isinstance(data, bytes) and isinstance(matching, int):
        reason = _length_fault(matching, len(data))
    return finding(rules.DANE_MALFORMED, name, reason=reason) if reason else None


def _length_fault(matching: int, length: int) -> str:
    if matching not in _DIGESTS:
        return "" if length else "its data is empty"
    algorithm, right = _DIGESTS[matching]
    return "" if length == right else f"{length} octets are no {algorithm} digest ({right} octets)"
