"""Judges what each exchange does with STARTTLS: offered, version, certificate (TLS-01)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ..findings import Finding, Report, Severity, finding
from ..names import DomainName
from . import transport_rules as rules
from .looks import DNS_ONLY, STARTTLS, Reach, Starttls
from .questions import Judge, Question, ask_all

MAX_EXCHANGES = 10  # connected to; a domain with more has them in one place
_OLD = ("SSLv2", "SSLv3", "TLSv1", "TLSv1.1")


@dataclass(frozen=True, slots=True)
class StarttlsReport:
    """`seen` holds, by exchange, what a connection showed; who could not be reached is absent."""

    report: Report
    seen: tuple[tuple[str, Starttls], ...] = ()

    def of(self, exchange: str) -> Starttls | None:
        return next((seen for host, seen in self.seen if host == exchange), None)


def look_at_starttls(
    domain: DomainName, exchanges: Iterable[str], *, reach: Reach = DNS_ONLY, fresh: bool = False
) -> Judge[StarttlsReport]:
    """Connect to each exchange; `starttls_findings` judges what was seen."""
    hosts = tuple(dict.fromkeys(exchanges))
    if not hosts:
        return StarttlsReport(Report(domain.text))
    if not reach.starttls:
        return StarttlsReport(Report(domain.text, (), ("STARTTLS of the exchanges (TLS-01)",)))
    left = [f"STARTTLS of exchanges after the first {MAX_EXCHANGES} (TLS-01)"]
    left = left if len(hosts) > MAX_EXCHANGES else []
    hosts = hosts[:MAX_EXCHANGES]
    answers = yield from ask_all(Question(host, STARTTLS, fresh=fresh) for host in hosts)
    seen = []
    for host, answer in zip(hosts, answers, strict=True):
        facts = next((one for one in answer.records if isinstance(one, Starttls)), None)
        if facts is None:
            left.append(f"STARTTLS of {host} (TLS-01): {answer.status}, seen from here")
        else:
            seen.append((host, facts))
    return StarttlsReport(Report(domain.text, (), tuple(left)), tuple(seen))


def starttls_findings(
    domain: str, seen: Iterable[tuple[str, Starttls]], *, enforced: bool, by_dane: frozenset[str]
) -> Iterator[Finding]:
    """`enforced`: an MTA-STS policy makes a fault stop mail. `by_dane`: hosts whose TLSA match."""
    severity = Severity.ERROR if enforced else None
    for host, facts in seen:
        told = {"exchange": host}
        if not facts.offered:
            yield finding(rules.NO_STARTTLS, domain, severity=severity, **told)
        elif facts.fault:
            yield finding(rules.HANDSHAKE, domain, severity=severity, reason=facts.fault, **told)
        elif facts.version in _OLD:
            yield finding(rules.OLD_TLS, domain, severity=severity, version=facts.version, **told)
        # RFC 7672 section 3.1.1: a key that DANE vouches for needs neither CA nor name
        if facts.untrusted and not facts.fault and (enforced or host not in by_dane):
            yield finding(
                rules.UNTRUSTED, domain, severity=severity, reason=facts.untrusted, **told
            )
