"""Judges where a domain's mail goes: its MX records, their hosts, addresses and reverse DNS."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import lru_cache

from ..findings import Finding, Report, finding
from ..names import BadName, DomainName, HostName
from . import mx_rules as rules
from .addresses import is_address, is_global
from .dmarc_discovery import OrganisationalDomain
from .questions import Answer, Judge, Question, Status, ask, ask_all, together
from .rdns import Reverse, ReverseState, assess_address

MAX_EXCHANGES, MAX_ADDRESSES = 50, 100  # looked at; a domain with more is no real one


@dataclass(frozen=True, slots=True)
class Exchange:
    """One MX record: its host, and what that resolves to. `resolved` is False after a failure."""

    preference: int
    host: str
    addresses: tuple[str, ...] = ()
    alias_of: str = ""
    resolved: bool = True


@dataclass(frozen=True, slots=True)
class MxReport:
    """`change_is_safe` is False when this MX carries other mail and must not be advised away."""

    report: Report
    exchanges: tuple[Exchange, ...]
    reverse: tuple[Reverse, ...] = ()
    change_is_safe: bool = True


def assess_mx(
    domain: DomainName,
    *,
    expected_hosts: tuple[str, ...] = (),
    by_list: OrganisationalDomain | None = None,
    receives: bool = True,
    special_addresses: bool = False,
    fresh: bool = False,
) -> Judge[MxReport]:
    """Judge the MX of `domain`; `expected_hosts` are the platform's exchanges.

    `special_addresses` leaves out whether addresses are globally routable, for private networks
    and the sandbox; the report then says so.
    """
    judge = _Judge(domain.text, expected_hosts, by_list, fresh)
    return (yield from judge.run(receives, special_addresses))


class _Judge:
    def __init__(
        self,
        domain: str,
        expected: tuple[str, ...],
        by_list: OrganisationalDomain | None,
        fresh: bool,
    ) -> None:
        self.domain, self.by_list, self.fresh = domain, by_list, fresh
        self.expected = tuple(host.rstrip(".").lower() for host in expected)
        self.findings: list[Finding] = []
        self.not_judged: list[str] = []

    def run(self, receives: bool, special: bool) -> Judge[MxReport]:
        answer = yield from ask(Question(self.domain, "MX", fresh=self.fresh))
        if answer.status.is_temporary:
            self._failed(self.domain, "MX", answer)
            self.not_judged.append(
                f"MX records (MX-01 to MX-09): the look-up failed ({answer.failure})"
            )
            return self._report((), (), True)
        records = _records(answer)
        if not records:
            yield from self._no_mx(receives)
            self._compare((), True)
            return self._report((), (), True)
        self._null(records, receives)
        exchanges = yield from self._exchanges(records)
        safe = not self._other_provider(exchanges)
        self._compare(exchanges, safe)
        self._duplicates(exchanges)
        reverse = yield from self._addresses(exchanges, special)
        return self._report(exchanges, reverse, safe)

    def _report(
        self, exchanges: tuple[Exchange, ...], reverse: tuple[Reverse, ...], safe: bool
    ) -> MxReport:
        found = (*self.findings, *(said for one in reverse for said in one.findings))
        report = Report(self.domain, found, tuple(dict.fromkeys(self.not_judged)))
        return MxReport(report, exchanges, reverse, safe)

    def _failed(self, name: str, kind: str, answer: Answer) -> None:
        status, server = answer.status.value, answer.asked
        said = finding(rules.LOOKUP_FAILED, name, type=kind, status=status, server=server)
        self.findings.append(said)

    def _no_mx(self, receives: bool) -> Judge[None]:
        kinds = ("A", "AAAA")
        answers = yield from ask_all(Question(self.domain, k, fresh=self.fresh) for k in kinds)
        if any(answer.status is Status.FOUND for answer in answers):
            self.findings.append(finding(rules.IMPLICIT, self.domain))
        elif any(answer.status.is_temporary for answer in answers):
            self.not_judged.append("implicit MX by address (MX-01): a look-up failed")
        elif receives:
            host = self.expected[0] if self.expected else "<mail host>"
            fix = f"{self.domain}. MX 10 {host}."
            self.findings.append(finding(rules.MISSING, self.domain, fix=fix))

    def _null(self, records: tuple[tuple[int, str], ...], receives: bool) -> None:
        nulls = [preference for preference, host in records if not host]
        if not nulls:
            return
        if len(records) > len(nulls):
            conflict = "other exchanges stand beside it"
        elif nulls != [0]:
            conflict = f"its preference is {nulls[0]}, not 0"
        elif self.expected and receives:
            conflict = "the domain is meant to receive mail"
        else:
            self.findings.append(finding(rules.NULL, self.domain))
            return
        self.findings.append(finding(rules.NULL_CONFLICT, self.domain, conflict=conflict))

    def _exchanges(self, records: tuple[tuple[int, str], ...]) -> Judge[tuple[Exchange, ...]]:
        real = [(preference, host) for preference, host in records if host]
        if len(real) > MAX_EXCHANGES:
            self.not_judged.append(f"exchanges after the first {MAX_EXCHANGES} of {len(real)}")
        hosts = real[:MAX_EXCHANGES]
        return (yield from together([self._exchange(*record) for record in hosts]))

    def _exchange(self, preference: int, host: str) -> Judge[Exchange]:
        reason = _unusable(host)
        if reason:
            self.findings.append(
                finding(rules.BAD_EXCHANGE, self.domain, exchange=host[:200], reason=reason)
            )
            return Exchange(preference, host)
        kinds = ("A", "AAAA")
        answers = yield from ask_all(Question(host, kind, fresh=self.fresh) for kind in kinds)
        told = [str(record) for answer in answers for record in answer.records]
        addresses = tuple([text for text in told if is_address(text)])
        alias = next((answer.chain[-1] for answer in answers if answer.chain), "")
        if alias:
            fix = f"{self.domain}. MX {preference} {alias}."
            self.findings.append(
                finding(rules.ALIAS, self.domain, exchange=host, target=alias, fix=fix)
            )
        failed = [answer for answer in answers if answer.status.is_temporary]
        for answer in failed[:1]:
            self._failed(host, "address", answer)
            self.not_judged.append(
                f"all addresses of {host} (MX-05): a look-up failed ({answer.failure})"
            )
        if not addresses and not failed:
            self.findings.append(finding(rules.UNRESOLVED, self.domain, exchange=host))
            if all(answer.status is Status.NX_DOMAIN for answer in answers):
                yield from self._takeover(host)
        return Exchange(preference, host, addresses, alias, not failed)

    def _takeover(self, host: str) -> Judge[None]:
        if self.by_list is None:
            self.not_judged.append(f"whether the domain of {host} is registered (MX-09)")
            return
        registrable = self.by_list(host)
        if not registrable:
            return
        # RFC 8020: NXDOMAIN for the registrable name itself means nothing exists below it
        answer = yield from ask(Question(registrable, "NS", fresh=self.fresh))
        if answer.status is Status.NX_DOMAIN:
            self.findings.append(
                finding(rules.TAKEOVER, self.domain, exchange=host, registrable=registrable)
            )

    def _other_provider(self, exchanges: tuple[Exchange, ...]) -> bool:
        """Mail already lives here: none of the exchanges is one the platform expects."""
        hosts = {exchange.host for exchange in exchanges}
        return bool(self.expected and hosts and not hosts & set(self.expected))

    def _compare(self, exchanges: tuple[Exchange, ...], safe: bool) -> None:
        if not self.expected:
            self.not_judged.append("the platform's expected exchanges (MX-07): none given")
            return
        hosts = [exchange.host for exchange in exchanges]
        seen = ", ".join(hosts[:10]) or "none"
        if not safe:
            fix = "\n".join(f"mail.{self.domain}. MX 10 {host}." for host in self.expected)
            self.findings.append(finding(rules.CORPORATE, self.domain, seen=seen, fix=fix))
            return
        for host in self.expected:
            if host not in hosts:
                fix = f"{self.domain}. MX 10 {host}."
                self.findings.append(
                    finding(rules.UNEXPECTED, self.domain, expected=host, seen=seen, fix=fix)
                )
        for host in dict.fromkeys(hosts):
            if host not in self.expected:
                self.findings.append(finding(rules.BESIDE, self.domain, exchange=host))

    def _duplicates(self, exchanges: tuple[Exchange, ...]) -> None:
        counts = Counter(exchange.host for exchange in exchanges)
        for host, count in counts.items():
            if count > 1:
                self.findings.append(finding(rules.DUPLICATE, self.domain, exchange=host))
        if len(counts) == 1:
            self.findings.append(finding(rules.SINGLE, self.domain))

    def _addresses(
        self, exchanges: tuple[Exchange, ...], special: bool
    ) -> Judge[tuple[Reverse, ...]]:
        pairs = [
            (exchange.host, address) for exchange in exchanges for address in exchange.addresses
        ]
        if len(pairs) > MAX_ADDRESSES:
            self.not_judged.append(f"addresses of exchanges after the first {MAX_ADDRESSES}")
            pairs = pairs[:MAX_ADDRESSES]
        for host, address in pairs if not special else ():
            if not is_global(address):
                self.findings.append(_unroutable(self.domain, host, address))
        if special:
            self.not_judged.append("whether addresses are globally routable (MX-06)")
        addresses = dict.fromkeys(address for _, address in pairs)
        judges = [assess_address(a, sends=False, fresh=self.fresh) for a in addresses]
        reverse = yield from together(judges)
        for one in reverse:
            if one.state is ReverseState.UNKNOWN:
                self.not_judged.append(f"reverse DNS of {one.address} (RDNS-05)")
        return reverse


def _unroutable(domain: str, exchange: str, address: str) -> Finding:
    return finding(rules.NOT_ROUTABLE, domain, exchange=exchange, address=address)


def _records(answer: Answer) -> tuple[tuple[int, str], ...]:
    """(preference, host) in order of preference; the host of a null MX is ""."""
    return tuple(
        sorted(
            (record[0], str(record[1]).rstrip(".").lower())
            for record in answer.records
            if isinstance(record, tuple) and len(record) == 2 and isinstance(record[0], int)
        )
    )


@lru_cache(maxsize=65_536)
def _unusable(host: str) -> str:
    if is_address(host):
        return "it is an address"
    try:
        name = HostName.parse(host)
    except BadName as error:
        return error.reason
    if "." not in name.text:
        return "it is a single label"
    if name.text.endswith((".localhost", ".local", ".invalid", ".localdomain")):
        return "it means something on one machine only"
    return ""
