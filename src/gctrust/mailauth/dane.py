"""Judges TLSA records at a domain's exchanges (RFC 7672): form, DNSSEC, match with certificates."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from ..findings import Finding, Report, finding
from ..names import DomainName
from . import transport_rules as rules
from .questions import Answer, Judge, Question, Rdata, Status, ask_all

_DIGESTS = {1: ("SHA-256", 32), 2: ("SHA-512", 64)}
MAX_RECORDS = 50  # at one name; two or three are usual
_HASHES = {1: hashlib.sha256, 2: hashlib.sha512}


@dataclass(frozen=True, slots=True)
class Tlsa:
    """One record of a form that SMTP uses."""

    usage: int
    selector: int
    matching: int
    data: bytes


@dataclass(frozen=True, slots=True)
class DaneReport:
    """`usable` are the exchanges with at least one record of a form that SMTP uses, and those."""

    report: Report
    records: tuple[tuple[str, tuple[Tlsa, ...]], ...] = ()

    @property
    def usable(self) -> tuple[str, ...]:
        return tuple(host for host, _ in self.records)


def assess_dane(
    domain: DomainName, exchanges: Iterable[str], *, fresh: bool = False
) -> Judge[DaneReport]:
    """Judge the TLSA records of port 25 at each exchange. None at all is no finding."""
    hosts = tuple(dict.fromkeys(exchanges))
    names = [f"_25._tcp.{host}" for host in hosts]
    answers = yield from ask_all(Question(name, "TLSA", fresh=fresh) for name in names)
    found: list[Finding] = []
    open_rows: list[str] = []
    usable: dict[str, tuple[Tlsa, ...]] = {}
    secured: dict[str, Answer] = {}
    for host, name, answer in zip(hosts, names, answers, strict=True):
        if answer.status.is_temporary:
            open_rows.append(
                f"TLSA records at {name} (DANE-02): the look-up failed ({answer.failure})"
            )
        said = [(_judged(name, record), record) for record in answer.records[:MAX_RECORDS]]
        found += [one for one, _ in said if one is not None]
        good = tuple(_tlsa(record) for one, record in said if one is None)
        if good:
            usable[host], secured[host] = good, answer
    report = DaneReport(Report(domain.text, tuple(found), tuple(open_rows)), tuple(usable.items()))
    if not usable:
        return report
    said_of, left = yield from _security(domain, secured, fresh)
    found += said_of
    return replace(report, report=Report(domain.text, tuple(found), (*open_rows, *left)))


def _security(
    domain: DomainName, tlsa: Mapping[str, Answer], fresh: bool
) -> Judge[tuple[list[Finding], list[str]]]:
    """DANE-01. The AD bit tells only when a validating resolver was asked, as the root shows."""
    questions = [Question(".", "SOA"), Question(domain.text, "MX", fresh=fresh)]
    questions += [Question(h, kind, fresh=fresh) for h in tlsa for kind in ("A", "AAAA")]
    root, mx, *addresses = yield from ask_all(questions)
    line = "DNSSEC of TLSA records (DANE-01)"
    if not root.authentic:
        return [], [f"{line}: the resolver does not validate"]
    found, left = [], []
    for at, (host, records) in enumerate(tlsa.items()):
        both = [answer for answer in addresses[2 * at : 2 * at + 2] if answer.records]
        parts = [("the MX is", mx), ("the TLSA record is", records)]
        parts += [("the exchange's address is", answer) for answer in both]
        # what an authoritative server says itself carries no AD bit
        if any(answer.status is not Status.FOUND or answer.authoritative for _, answer in parts):
            left.append(f"{line}: {host} was not looked up through the resolver")
            continue
        open_parts = dict.fromkeys(what for what, answer in parts if not answer.authentic)
        if open_parts:
            name = f"_25._tcp.{host}"
            found.append(finding(rules.DANE_INSECURE, name, reason=" and ".join(open_parts)))
    return found, left


def match_findings(
    host: str, records: tuple[Tlsa, ...], chain: tuple[bytes, ...]
) -> tuple[Finding, ...]:
    """DANE-03 for a chain of certificates (DER, leaf first) that the exchange presented."""
    if not chain:
        return ()
    name = f"_25._tcp.{host}"
    if not any(matches(record, chain) for record in records):
        key = hashlib.sha256(_selected(chain[0], 1)).hexdigest()
        fix = f"{name}. TLSA 3 1 1 {key}"
        return (finding(rules.DANE_MISMATCH, name, fix=fix),)
    return (finding(rules.DANE_NO_NEXT, name),) if len(records) == 1 else ()


def matches(record: Tlsa, chain: tuple[bytes, ...]) -> bool:
    """Usage 3 names the server's own certificate, usage 2 one of those that issued it."""
    candidates = chain[:1] if record.usage == 3 else chain[1:]
    for certificate in candidates:
        data = _selected(certificate, record.selector)
        digest = _HASHES.get(record.matching)
        if record.data == (digest(data).digest() if digest else data):
            return True
    return False


def _selected(certificate: bytes, selector: int) -> bytes:
    """The certificate, or its SubjectPublicKeyInfo, as it stands there; b"" when unreadable."""
    if selector == 0:
        return certificate
    from asn1crypto import x509

    try:
        key: bytes = x509.Certificate.load(certificate).public_key.dump()
    except (ValueError, TypeError):
        return b""
    return key


def _tlsa(record: Rdata) -> Tlsa:
    usage, selector, matching, data = tuple(record)
    assert isinstance(usage, int)
    assert isinstance(selector, int)
    assert isinstance(matching, int)
    assert isinstance(data, bytes)
    return Tlsa(usage, selector, matching, data)


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
    else:
        reason = "it has no data"
    return finding(rules.DANE_MALFORMED, name, reason=reason) if reason else None


def _length_fault(matching: int, length: int) -> str:
    if matching not in _DIGESTS:
        return "" if length else "its data is empty"
    algorithm, right = _DIGESTS[matching]
    return "" if length == right else f"{length} octets are no {algorithm} digest ({right} octets)"
