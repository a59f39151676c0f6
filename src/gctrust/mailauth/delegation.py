"""Judges the name servers of a domain's zone: does each answer, and do all say the same?

Only what could be asked is judged. A network that lets nobody through to authoritative servers
gives no finding: the rows are named as not judged.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ..findings import Finding, Report, Rule, finding
from ..names import DomainName
from . import delegation_rules as rules
from .addresses import is_address, server_address
from .dmarc_discovery import OrganisationalDomain
from .looks import DNS_ONLY, Reach
from .propagation import NameServer, name_servers
from .questions import Answer, Judge, Question, Status, ask, ask_all
from .record_text import presented

MAX_SERVERS = 26  # addresses asked; the root itself has thirteen names
LONG_NEGATIVE_TTL = 10_800  # RFC 2308 section 5: "one to three hours have been found to work well"
ROWS = "NS-01 to NS-06, MX-10, DMARC-23"
_CASELESS = ("MX", "CNAME", "NS")


@dataclass(frozen=True, slots=True)
class DelegationReport:
    """`zone` holds the domain, "" when none was found; `serials` by server, as (server, serial)."""

    report: Report
    zone: str = ""
    servers: tuple[NameServer, ...] = ()
    serials: tuple[tuple[str, int], ...] = ()
    negative_ttl: int | None = None


@dataclass(frozen=True, slots=True)
class _Seen:
    """The answers of the servers to one question, server by server."""

    name: str
    type: str
    answers: tuple[tuple[NameServer, Answer], ...]
    owned: tuple[tuple[NameServer, Answer], ...]
    """What was told with authority."""


def assess_delegation(
    domain: DomainName,
    *,
    servers: tuple[str, ...] = (),
    checked: Iterable[tuple[str, str]] = (),
    by_list: OrganisationalDomain | None = None,
    reach: Reach = DNS_ONLY,
) -> Judge[DelegationReport]:
    """Judge the zone that holds `domain`.

    `servers` are its authoritative servers ("192.0.2.1#5353"); without any they are looked up.
    `checked` are the (owner name, type) that every server must answer alike.
    """
    judge = _Judge(domain.text, by_list, reach)
    return (yield from judge.run(servers, tuple(dict.fromkeys(checked))))


class _Judge:
    def __init__(self, domain: str, by_list: OrganisationalDomain | None, reach: Reach) -> None:
        self.domain, self.by_list, self.reach = domain, by_list, reach
        self.zone = ""
        self.findings: list[Finding] = []
        self.not_judged: list[str] = []

    def run(
        self, given: tuple[str, ...], checked: tuple[tuple[str, str], ...]
    ) -> Judge[DelegationReport]:
        if not self.reach.name_servers:
            self._unable("they were not to be asked")
            return DelegationReport(Report(self.domain, (), tuple(self.not_judged)))
        servers = tuple(NameServer(address) for address in given)
        if not servers:
            servers = _reachable((yield from name_servers(self.domain)))
        if len(servers) > MAX_SERVERS:
            self.not_judged.append(f"name servers after the first {MAX_SERVERS} addresses")
        starts = yield from self._find_zone(servers[:MAX_SERVERS])
        if starts is None:
            return DelegationReport(Report(self.domain, (), tuple(self.not_judged)))
        good = tuple((server, answer) for server, answer in starts.owned if _serial(answer) >= 0)
        self._health(starts, {_family(server) for server, _ in good})
        negative = self._versions(good)
        asked = tuple(server for server, _ in good)
        yield from self._contents(asked, checked, discovered=not given)
        yield from self._transports(asked)
        report = Report(self.zone, tuple(self.findings), tuple(dict.fromkeys(self.not_judged)))
        serials = tuple((_label(s), _serial(answer)) for s, answer in good)
        return DelegationReport(report, self.zone, servers, serials, negative)

    def _say(self, rule: Rule, **facts: str | int) -> None:
        self.findings.append(finding(rule, self.zone, **facts))  # type: ignore[arg-type]

    def _unable(self, reason: str) -> None:
        self.not_judged.append(f"name servers of {self.domain} ({ROWS}): {reason}")

    def _find_zone(self, servers: tuple[NameServer, ...]) -> Judge[_Seen | None]:
        """The SOA, from each server, of the closest zone above the domain that one of them has."""
        if not servers:
            self._unable("none could be found and asked from here")
            return None
        labels = self.domain.split(".")
        names = [".".join(labels[at:]) for at in range(max(len(labels) - 1, 1))]
        asked = yield from _ask_each(servers, [(name, "SOA") for name in names])
        for seen in asked:
            if any(_serial(answer) >= 0 for _, answer in seen.owned):
                if self.by_list is not None and not self.by_list(seen.name):
                    self._unable(f"it has no zone of its own below {seen.name}")
                    return None
                self.zone = seen.name
                return seen
        self._unable("none answered with authority from here")
        return None

    def _health(self, starts: _Seen, families: set[int]) -> None:
        for server, answer in starts.answers:
            if _is_owned(answer) and _serial(answer) >= 0:
                continue
            label = _label(server)
            if answer.status is Status.TIMEOUT:
                # a family of which nobody answers is this network's lack, not the servers'
                if _family(server) in families:
                    self._say(rules.SILENT, server=label)
                else:
                    self.not_judged.append(f"{label} ({ROWS}): not reachable from here")
            elif answer.status in (Status.SERVFAIL, Status.MALFORMED):
                self._say(rules.FAILING, server=label, answered=answer.status.value)
            else:
                told = answer.status.value
                told += "" if answer.authoritative else ", without authority"
                self._say(rules.LAME, server=label, answered=told)

    def _versions(self, good: tuple[tuple[NameServer, Answer], ...]) -> int:
        """Compares the serials; returns the longest time an absence is remembered."""
        if len({_serial(answer) for _, answer in good}) > 1:
            serials = {_label(server): str(_serial(answer)) for server, answer in good}
            self._say(rules.SERIALS, seen=_grouped(serials))
        # RFC 2308 section 5: the lesser of the SOA's own TTL and its MINIMUM field
        negative = max(min(answer.ttl, _minimum(answer)) for _, answer in good)
        if negative > LONG_NEGATIVE_TTL:
            self._say(rules.NEGATIVE_TTL, seconds=negative)
        return negative

    def _contents(
        self,
        servers: tuple[NameServer, ...],
        checked: tuple[tuple[str, str], ...],
        *,
        discovered: bool,
    ) -> Judge[None]:
        policy = f"_dmarc.{self.domain}"
        within = DomainName(self.zone)
        own = [pair for pair in checked if DomainName(pair[0]).is_within(within)]
        own = [pair for pair in own if pair != (policy, "TXT")]
        wanted = [(self.zone, "NS"), (policy, "CNAME"), (policy, "TXT"), *own]
        lists, alias, text, *rest = yield from _ask_each(servers, wanted)
        if (policy, "TXT") in checked:
            rest.append(text)
        for seen in rest:
            self._compare(seen)
        yield from self._second_round(servers, alias, text, rest)
        yield from self._hosts(lists, discovered=discovered)

    def _compare(self, seen: _Seen) -> None:
        told_alike = {(answer.records, answer.chain[:1]) for _, answer in seen.owned}
        values = {}
        if len(told_alike) > 1:  # in one order and spelling they are surely equal
            values = {_label(server): _value(seen.type, answer) for server, answer in seen.owned}
        if len(set(values.values())) > 1:
            told = _grouped(values)
            self._say(rules.RRSET_DIFFERS, type=seen.type, name=seen.name, seen=told)
        if len(seen.owned) < len(seen.answers):
            left = [_label(s) for s, answer in seen.answers if not _is_owned(answer)]
            self.not_judged.append(
                f"{seen.type} {seen.name} at {', '.join(left)} (NS-05): no answer with authority"
            )

    def _second_round(
        self, servers: tuple[NameServer, ...], alias: _Seen, text: _Seen, rest: list[_Seen]
    ) -> Judge[None]:
        """A name in upper case, and a second look at a CNAME beside a TXT record.

        In a round of its own: a name asked twice at once, in two spellings, is asked once.
        """
        found = [seen for seen in rest if any(a.status is Status.FOUND for _, a in seen.owned)]
        known = sorted(found, key=lambda seen: seen.type != "MX")[:1]
        doubtful = [alias, text] if _beside(alias, text) else []
        wanted = [(seen.name, seen.type) for seen in doubtful]
        wanted += [(seen.name.upper(), seen.type) for seen in known]
        again = yield from _ask_each(servers, wanted)
        for lower in known:
            self._case(lower, again.pop())
        for server, target in _beside(*again)[:1] if doubtful else ():
            said = finding(rules.CNAME_BESIDE, alias.name, target=target, server=server)
            self.findings.append(said)

    def _case(self, known: _Seen, upper: _Seen) -> None:
        for (server, lower), (_, answer) in zip(known.answers, upper.answers, strict=True):
            there = _is_owned(lower) and lower.status is Status.FOUND
            if there and answer.authoritative and answer.status.is_void:
                self._say(
                    rules.CASE_SENSITIVE, server=_label(server), type=known.type, name=known.name
                )

    def _hosts(self, lists: _Seen, *, discovered: bool) -> Judge[None]:
        sets = {
            _label(server): _value("NS", answer)
            for server, answer in lists.owned
            if answer.status is Status.FOUND
        }
        if not sets:
            self.not_judged.append(f"NS records of {self.zone} (NS-01): no server gives any")
            return
        if len(set(sets.values())) > 1:
            self._say(rules.SET_DIFFERS, seen=_grouped(sets))
        hosts = sorted({host for value in sets.values() for host in value.split(", ")})
        if len(hosts) == 1:
            self._say(rules.SINGLE, server=hosts[0])
        yield from self._parent(set(sets.values()) if discovered else set())
        addresses = yield from self._addresses(hosts[:MAX_SERVERS])
        if discovered and len(hosts) > 1 and addresses is not None and len(addresses) == 1:
            self._say(rules.ONE_ADDRESS, servers=", ".join(hosts), address=addresses.pop())

    def _parent(self, sets: set[str]) -> Judge[None]:
        """NS-02: whether a server of the parent zone refers to a set that the zone itself gives."""
        answers: tuple[Answer, ...] = ()
        if sets:
            servers = yield from _parent_servers(self.zone)
            answers = yield from ask_all(
                Question(self.zone, "NS", server=server.address, fresh=True) for server in servers
            )
        named = next((names for names in map(_delegated, answers) if names), None)
        if named is None:
            self.not_judged.append(f"NS records of {self.zone} at its parent (NS-02): not seen")
        elif (parent := ", ".join(sorted(named))) not in sets:
            self._say(rules.PARENT_DIFFERS, parent=parent, child=" or ".join(sorted(sets)))

    def _transports(self, servers: tuple[NameServer, ...]) -> Judge[None]:
        """NS-03, of servers that did answer over UDP."""
        ways = (("tcp", "over TCP", rules.NO_TCP), ("edns", "with EDNS", rules.NO_EDNS))
        for over, words, rule in ways:
            answers: tuple[Answer, ...] = ()
            if self.reach.transports:
                answers = yield from ask_all(
                    Question(self.zone, "SOA", server=server.address, fresh=True, over=over)
                    for server in servers
                )
            failed = [answer.status.is_temporary for answer in answers if answer.over == over]
            silent = all(answer.status is Status.TIMEOUT for answer in answers)
            if not failed or silent:  # when all are silent it may be this network
                self.not_judged.append(f"name servers of {self.zone} {words} (NS-03): not asked")
                continue
            for server, answer in zip(servers, answers, strict=True):
                if answer.over == over and answer.status.is_temporary:
                    self._say(rule, server=_label(server), answered=answer.status.value)

    def _addresses(self, hosts: list[str]) -> Judge[set[str] | None]:
        """All addresses of the hosts; None when one of them has none, or was not to be had."""
        pairs = [Question(host, kind) for host in hosts for kind in ("A", "AAAA")]
        answers = yield from ask_all(pairs)
        complete = True
        for at, host in enumerate(hosts):
            both = answers[2 * at : 2 * at + 2]
            target = next((answer.chain[0] for answer in both if answer.chain), "")
            if target:
                self._say(rules.ALIAS, server=host, target=target)
            if any(answer.status.is_temporary for answer in both):
                complete = False
                self.not_judged.append(f"all addresses of {host} (NS-01): a look-up failed")
            elif all(answer.status.is_void for answer in both):
                complete = False
                self._say(rules.UNRESOLVED, server=host)
        addresses = {str(record) for answer in answers for record in answer.records}
        return addresses if complete else None


def _ask_each(
    servers: tuple[NameServer, ...], wanted: Iterable[tuple[str, str]]
) -> Judge[list[_Seen]]:
    """Each question at each server, all at once."""
    pairs = list(wanted)
    answers = yield from ask_all(
        Question(name, kind, server=server.address, fresh=True)
        for name, kind in pairs
        for server in servers
    )
    size = len(servers)
    seen = []
    for at, pair in enumerate(pairs):
        each = tuple(zip(servers, answers[at * size : (at + 1) * size], strict=True))
        seen.append(_Seen(*pair, each, tuple([one for one in each if _is_owned(one[1])])))
    return seen


def _parent_servers(zone: str) -> Judge[tuple[NameServer, ...]]:
    """Two addresses of servers of the closest zone above."""
    above = zone.partition(".")[2]
    while above:
        answer = yield from ask(Question(above, "NS"))
        if answer.status is Status.FOUND and not answer.chain:
            break
        above = above.partition(".")[2]
    else:
        return ()
    hosts = sorted(str(record).lower() for record in answer.records)[:2]
    found = yield from ask_all(Question(host, "A") for host in hosts)
    return _reachable(
        tuple(
            NameServer(str(answer.records[0]), host)
            for host, answer in zip(hosts, found, strict=True)
            if answer.records and is_address(str(answer.records[0]))
        )
    )


def _delegated(answer: Answer) -> set[str]:
    """The names of a referral; or the records, from a server that holds the zone as well."""
    if answer.referral:
        return set(answer.referral)
    own = answer.authoritative and answer.status is Status.FOUND and not answer.chain
    return {str(record).lower() for record in answer.records} if own else set()


def _beside(alias: _Seen, text: _Seen) -> list[tuple[str, str]]:
    """(server, target) where one server gives both a CNAME and, not through it, a TXT record."""
    return [
        (_label(server), str(one.records[0]))
        for (server, one), (_, other) in zip(alias.answers, text.answers, strict=True)
        if one.status is Status.FOUND and other.status is Status.FOUND
        if one.authoritative and other.authoritative and not one.chain and not other.chain
    ]


def _reachable(servers: tuple[NameServer, ...]) -> tuple[NameServer, ...]:
    """Loopback addresses found in DNS mean another machine's loopback: not to be asked here."""
    return tuple(s for s in servers if not server_address(s.address).is_loopback)


def _is_owned(answer: Answer) -> bool:
    return answer.authoritative and not answer.status.is_temporary


def _serial(answer: Answer) -> int:
    """The serial of the SOA at the name asked; -1 when there is none."""
    record = answer.records[0] if answer.records and not answer.chain else None
    if isinstance(record, tuple) and len(record) == 7 and isinstance(record[2], int):
        return record[2]
    return -1


def _minimum(answer: Answer) -> int:
    record = answer.records[0]
    least = record[6] if isinstance(record, tuple) else 0
    return least if isinstance(least, int) else 0


def _value(kind: str, answer: Answer) -> str:
    """What is compared: the first alias, or the data in a fixed order; "" for nothing there.

    What lies behind an alias may be another zone's and is left out.
    """
    if answer.chain:
        return f"CNAME {answer.chain[0].lower()}"
    texts = (presented(kind, record) for record in answer.records)
    return ", ".join(sorted(text.lower() if kind in _CASELESS else text for text in texts))


def _family(server: NameServer) -> int:
    return server_address(server.address).version


def _label(server: NameServer) -> str:
    return f"{server.name} ({server.address})" if server.name else server.address


def _grouped(values: dict[str, str]) -> str:
    """ "value at a, b; other at c"."""
    groups: dict[str, list[str]] = {}
    for server, value in values.items():
        groups.setdefault(value, []).append(server)
    return "; ".join(
        f"{value[:200] or 'nothing'} at {', '.join(servers)}" for value, servers in groups.items()
    )
