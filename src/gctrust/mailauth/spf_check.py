"""check_host of RFC 7208: the evaluation a receiver does, with a trace of every term tried.

A generator over `questions`: it asks for DNS answers and returns an `SpfResult`. It never raises
for anything that DNS or a sender may hold.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Generator
from functools import lru_cache
from typing import TypeVar

from .addresses import ip4_number
from .questions import Answer, Asks, Judge, Question, Status
from .spf_macros import MacroText, expand, fit_name, is_query_name, parse_explanation
from .spf_record import QUERYING, Mechanism, Qualifier, SpfRecord, parse_spf, spf_texts
from .spf_result import STANDARD, Limits, SpfResult, SpfVerdict, Tried

T = TypeVar("T")
_Part = Generator[Asks, tuple[Answer, ...], T]  # a part of the one evaluation


class _Stop(Exception):
    """Ends the evaluation with a temperror or a permerror, from any depth."""

    def __init__(self, verdict: SpfVerdict, cause: str) -> None:
        super().__init__(cause)
        self.verdict, self.cause = verdict, cause


_BY_SIGN = {
    Qualifier.PASS: SpfVerdict.PASS,
    Qualifier.FAIL: SpfVerdict.FAIL,
    Qualifier.SOFTFAIL: SpfVerdict.SOFTFAIL,
    Qualifier.NEUTRAL: SpfVerdict.NEUTRAL,
}


class _Check:
    """What one evaluation knows and has spent."""

    __slots__ = (
        "client", "depth", "domain_of_sender", "fault", "helo", "limits", "local", "lookups", "now",
        "number", "receiver", "sender", "tried", "v6", "validated", "voids",
    )  # fmt: skip

    def __init__(
        self, ip: str, mail_from: str, helo: str, receiver: str, now: int, limits: Limits
    ) -> None:
        self.client, self.number, self.v6 = _address(ip)
        sender = mail_from or helo
        local, at, domain = sender.rpartition("@")
        self.local = local if at and local else "postmaster"  # §4.3
        self.domain_of_sender = domain
        self.sender = f"{self.local}@{domain}"
        self.helo, self.receiver, self.now, self.limits = helo, receiver, now, limits
        self.lookups = self.voids = self.depth = 0
        self.tried: list[Tried] = []
        self.validated: tuple[str, ...] | None = None
        self.fault = ""

    def spend(self, term: str, domain: str) -> None:
        self.lookups += 1
        if self.lookups > self.limits.lookups:
            cause = f"{term!r} of {domain} is look-up {self.lookups}, {self.limits.lookups} allowed"
            raise _Stop(SpfVerdict.PERMERROR, cause)

    def void(self, term: str, domain: str) -> None:
        self.voids += 1
        if self.voids > self.limits.voids:
            cause = (
                f"{term!r} of {domain} is void look-up {self.voids}, {self.limits.voids} allowed"
            )
            raise _Stop(SpfVerdict.PERMERROR, cause)

    def note(
        self, domain: str, term: str, outcome: str, resolved: tuple[str, ...], voids: int = 0
    ) -> None:
        """Keep for the trace a term that cost a look-up."""
        self.tried.append((self.depth, domain, term, outcome, resolved, 1, voids))

    def values(self, domain: str, letters: frozenset[str], validated: str) -> dict[str, str]:
        """What each macro letter stands for (RFC 7208 section 7.2)."""
        values = {
            "s": self.sender, "l": self.local, "o": self.domain_of_sender, "d": domain,
            "h": self.helo, "v": "ip6" if self.v6 else "in-addr", "p": validated,
            "r": self.receiver or "unknown", "t": str(self.now), "c": self.client,
        }  # fmt: skip
        if "i" in letters:
            values["i"] = ".".join(f"{self.number:032X}") if self.v6 else self.client
        return values


def check_host(
    ip: str,
    mail_from: str,
    helo: str,
    domain: str | None = None,
    *,
    receiver: str = "unknown",
    now: int = 0,
    limits: Limits = STANDARD,
) -> Judge[SpfResult]:
    """Evaluate the SPF policy of `domain` for a client at `ip`.

    `domain` is the domain of `mail_from` when None, the HELO name when that is empty too.
    `receiver` and `now` (Unix seconds) only fill the macros r and t. Raises ValueError when `ip` is
    no address.
    """
    check = _Check(ip, mail_from, helo, receiver, now, limits)
    where = (check.domain_of_sender if domain is None else domain).removesuffix(".")
    explanation = ""
    try:
        verdict, record, at = yield from _evaluate(check, where)
        cause = check.fault
        if verdict is SpfVerdict.FAIL and record is not None and record.exp is not None:
            explanation = yield from _explanation(check, record, at)
    except _Stop as stop:
        verdict, cause = stop.verdict, stop.cause
    return SpfResult(
        verdict, where, explanation, cause, tuple(check.tried), check.lookups, check.voids
    )


_Outcome = tuple[SpfVerdict, SpfRecord | None, str]


def _evaluate(check: _Check, domain: str) -> _Part[_Outcome]:
    """check_host() for one domain: the verdict, and the record and domain that it came from."""
    if not is_query_name(domain) or "." not in domain:  # §4.3: none without any look-up
        check.fault = f"{domain[:80]!r} is not a fully qualified domain name"
        return SpfVerdict.NONE, None, domain
    (answer,) = yield _policy_of(domain)
    record = _record(check, domain, answer)
    if record is None:
        return SpfVerdict.NONE, None, domain
    own = "ip6" if check.v6 else "ip4"
    number, depth, tried = check.number, check.depth, check.tried
    for term in record.mechanisms:
        qualifier, name, text, _, _, _, network, mask, _ = term  # at once: faster than by name
        if name in QUERYING:
            hit = yield from _queried(check, term, domain)
        else:  # most terms are these: all, ip4, ip6, which ask for nothing
            hit = (name == own and number & mask == network) or name == "all"
            tried.append((depth, domain, text, "match" if hit else "no match", (), 0, 0))
        if hit:
            check.fault = f"{text!r} of {domain} matches"
            return _BY_SIGN[qualifier], record, domain
    if record.redirect is not None:
        return (yield from _redirected(check, record, domain))
    check.fault = f"no term of {domain} matches"  # §4.7
    return SpfVerdict.NEUTRAL, record, domain


@lru_cache(maxsize=16384)
def _policy_of(domain: str) -> Asks:
    """The same providers' policies are asked for again and again."""
    return Asks((Question(domain, "TXT"),))


def _record(check: _Check, domain: str, answer: Answer) -> SpfRecord | None:
    if answer.status is not Status.FOUND:
        if answer.status.is_temporary:  # §4.4
            raise _Stop(SpfVerdict.TEMPERROR, f"TXT of {domain}: {answer.failure}")
        check.fault = f"{domain} publishes no TXT record ({answer.status})"
        return None
    texts = spf_texts(answer.records)
    if not texts:
        check.fault = f"{domain} publishes no SPF record"
        return None
    if len(texts) > 1:  # §4.5
        raise _Stop(SpfVerdict.PERMERROR, f"{domain} publishes {len(texts)} SPF records")
    record = parse_spf(texts[0])
    if record.faults:  # §4.6: also when the fault stands behind a term that would match
        fault = record.faults[0]
        raise _Stop(SpfVerdict.PERMERROR, f"{fault.term!r} of {domain}: {fault.reason}")
    return record


def _redirected(check: _Check, record: SpfRecord, domain: str) -> _Part[_Outcome]:
    redirect = record.redirect
    assert redirect is not None
    assert redirect.target is not None
    check.spend(redirect.text, domain)
    target = yield from _target(check, redirect.target, domain)
    check.note(domain, redirect.text, "redirect", (target,))
    verdict, found, at = yield from _evaluate(check, target)
    if verdict is SpfVerdict.NONE:  # §6.1
        raise _Stop(SpfVerdict.PERMERROR, f"{redirect.text!r} of {domain}: {check.fault}")
    return verdict, found, at


def _queried(check: _Check, term: Mechanism, domain: str) -> _Part[bool]:
    """Whether a mechanism matches that counts as a look-up."""
    check.spend(term.text, domain)
    target = domain
    if term.target is not None:
        target = term.target.name or (yield from _target(check, term.target, domain))
    name = term.name
    if name == "include":
        return (yield from _include(check, term, domain, target))
    if name == "ptr":
        return (yield from _ptr(check, term, domain, target))
    if not is_query_name(target):  # §4.8: no query can be made of it, so nothing matches
        check.note(domain, term.text, "no match: not a domain name", (target,))
        return False
    if name == "mx":
        return (yield from _mx(check, term, domain, target))
    kind = "AAAA" if check.v6 and name == "a" else "A"  # §5.7: exists asks for A always
    (answer,) = yield Asks((Question(target, kind),))
    hit = bool(answer.records) and (
        name == "exists" or any(_covers(check, term, text) for text in answer.records)
    )
    return _concluded(check, term, domain, answer, _texts(answer), hit)


def _concluded(
    check: _Check, term: Mechanism, domain: str, answer: Answer, seen: tuple[str, ...], hit: bool
) -> bool:
    """Note the end of a term that hangs on `answer`, and count it when that was void."""
    status = answer.status
    if status is Status.FOUND:
        check.note(domain, term.text, "match" if hit else "no match", seen)
        return hit
    if status.is_temporary:  # §5
        check.note(domain, term.text, f"temperror: {status}", ())
        raise _Stop(SpfVerdict.TEMPERROR, f"{term.text!r} of {domain}: {answer.failure}")
    check.note(domain, term.text, f"void: {status}", (), 1)
    check.void(term.text, domain)
    return False


def _include(check: _Check, term: Mechanism, domain: str, target: str) -> _Part[bool]:
    """§5.2: only a pass of the included policy matches; its none is our permerror."""
    place = len(check.tried)
    check.note(domain, term.text, "include", (target,))
    check.depth += 1
    verdict, _, _ = yield from _evaluate(check, target)
    check.depth -= 1
    if verdict is SpfVerdict.NONE:
        raise _Stop(SpfVerdict.PERMERROR, f"{term.text!r} of {domain}: {check.fault}")
    hit = verdict is SpfVerdict.PASS
    outcome = "match" if hit else _NOT_PASSED[verdict]
    check.tried[place] = (check.depth, domain, term.text, outcome, (target,), 1, 0)
    return hit


_NOT_PASSED = {verdict: f"no match: {verdict}" for verdict in SpfVerdict}


def _mx(check: _Check, term: Mechanism, domain: str, target: str) -> _Part[bool]:
    (answer,) = yield Asks((Question(target, "MX"),))
    hosts = [str(record[1]) for record in answer.records if isinstance(record, tuple)]
    if len(hosts) > check.limits.names:  # §4.6.4
        check.note(domain, term.text, "permerror", tuple(hosts))
        cause = f"{term.text!r} of {domain}: {len(hosts)} MX names, {check.limits.names} allowed"
        raise _Stop(SpfVerdict.PERMERROR, cause)
    hit = False
    kind = "AAAA" if check.v6 else "A"
    names = [host for host in hosts if is_query_name(host)]
    if names:
        # One after the other would save queries on an early match; at once saves round trips.
        found = yield Asks(tuple([Question(host, kind) for host in names]))
        for host, addresses in zip(names, found, strict=True):
            if any(_covers(check, term, text) for text in addresses.records):
                hit = True
                break
            if addresses.status.is_temporary:
                check.note(domain, term.text, f"temperror: {addresses.status}", (host,))
                cause = f"{term.text!r} of {domain}: {kind} of {host}: {addresses.failure}"
                raise _Stop(SpfVerdict.TEMPERROR, cause)
    return _concluded(check, term, domain, answer, tuple(hosts), hit)


def _ptr(check: _Check, term: Mechanism, domain: str, target: str) -> _Part[bool]:
    """§5.5: a DNS error means that it does not match."""
    names = yield from _validated(check, term.text, domain)
    suffix = target.lower()
    hit = any(name == suffix or name.endswith("." + suffix) for name in map(str.lower, names))
    check.note(domain, term.text, "match" if hit else "no match", names)
    return hit


def _validated(check: _Check, term: str, domain: str) -> _Part[tuple[str, ...]]:
    """The names of the client address that resolve back to it; asked once per check."""
    if check.validated is not None:
        return check.validated
    reverse = ipaddress.ip_address(check.client).reverse_pointer
    (answer,) = yield Asks((Question(reverse, "PTR"),))
    if answer.status.is_void:
        check.void(term, domain)
    names = [str(name).removesuffix(".") for name in answer.records[: check.limits.names]]
    names = [name for name in names if is_query_name(name)]
    kind = "AAAA" if check.v6 else "A"
    confirmed: list[str] = []
    if names:
        found = yield Asks(tuple([Question(name, kind) for name in names]))
        for name, addresses in zip(names, found, strict=True):
            if any(_number(text) == check.number for text in addresses.records):
                confirmed.append(name)
    check.validated = tuple(confirmed)
    return check.validated


def _target(check: _Check, text: MacroText, domain: str) -> _Part[str]:
    if text.is_plain:
        return text.name
    return fit_name((yield from _expanded(check, text, domain)))


def _expanded(check: _Check, text: MacroText, domain: str) -> _Part[str]:
    validated = ""
    if "p" in text.letters:
        names = yield from _validated(check, text.text, domain)
        validated = _best_name(names, domain.lower())
    return expand(text, check.values(domain, text.letters, validated))


def _best_name(names: tuple[str, ...], domain: str) -> str:
    """§7.3: the domain itself, else a name below it, else any validated name, else "unknown"."""
    for name in names:
        if name.lower() == domain:
            return name
    for name in names:
        if name.lower().endswith("." + domain):
            return name
    return names[0] if names else "unknown"


def _explanation(check: _Check, record: SpfRecord, domain: str) -> _Part[str]:
    """§6.2: any fault on the way means that there is no explanation, never an error."""
    assert record.exp is not None
    assert record.exp.target is not None
    try:
        target = yield from _target(check, record.exp.target, domain)
        if not is_query_name(target):
            return ""
        (answer,) = yield Asks((Question(target, "TXT"),))
        if len(answer.records) != 1 or not isinstance(answer.records[0], tuple):
            return ""
        strings = [part for part in answer.records[0] if isinstance(part, bytes)]
        text = parse_explanation(b"".join(strings))
        if text is None:
            return ""
        return (yield from _expanded(check, text, domain))
    except _Stop:
        return ""


def _covers(check: _Check, term: Mechanism, text: object) -> bool:
    number = _number(text)
    if number is None:
        return False
    bits, length = (128, term.prefix6) if check.v6 else (32, term.prefix4)
    return (number ^ check.number) >> (bits - length) == 0


@lru_cache(maxsize=16384)
def _number(text: object) -> int | None:
    number = ip4_number(str(text))
    if number is not None:
        return number
    try:
        return int(ipaddress.ip_address(str(text)))
    except ValueError:
        return None


@lru_cache(maxsize=16384)
def _address(ip: str) -> tuple[str, int, bool]:
    """Canonical text, number, whether IPv6; an IPv4-mapped address is the IPv4 one (§5)."""
    number = ip4_number(ip)
    if number is not None:
        return ip, number, False
    address = ipaddress.ip_address(ip)
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is None:
            plain = ipaddress.IPv6Address(int(address))  # without a zone index
            return str(plain), int(plain), True
        address = address.ipv4_mapped
    return str(address), int(address), False


def _texts(answer: Answer) -> tuple[str, ...]:
    return tuple([str(record) for record in answer.records])
