"""Judges reverse DNS: does a PTR name of an address resolve back to it (FCrDNS, RFC 8601 2.7.3)?"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from ..findings import Finding, Severity, finding
from . import mx_rules as rules
from .addresses import canonical, digits, ip4_number, reverse_name
from .questions import Answer, Judge, Question, Status, ask, ask_all

MAX_NAMES = 10  # PTR names tried, as in RFC 7208 section 5.5


class ReverseState(StrEnum):
    CONFIRMED = "confirmed"
    NOT_CONFIRMED = "not-confirmed"
    MISSING = "missing"
    UNKNOWN = "unknown"  # a look-up failed, which says nothing


@dataclass(frozen=True, slots=True)
class Reverse:
    """`names` are the PTR names, `confirmed` those that resolve back to the address."""

    address: str
    state: ReverseState
    names: tuple[str, ...]
    confirmed: tuple[str, ...]
    findings: tuple[Finding, ...]


def assess_address(
    address: str, *, sends: bool = True, ehlo: str = "", fresh: bool = False
) -> Judge[Reverse]:
    """Judge one address; for one that sends mail a fault is an error, else a warning.

    Raises ValueError when `address` is none.
    """
    shown = canonical(address)
    answer = yield from ask(Question(reverse_name(address), "PTR", fresh=fresh))
    names = tuple(dict.fromkeys(str(name).lower() for name in answer.records))
    severity = Severity.ERROR if sends else Severity.WARN
    if answer.status is not Status.FOUND:
        return _unnamed(shown, answer, severity)
    kind = "AAAA" if ":" in shown else "A"
    tried = names[:MAX_NAMES]
    forward = yield from ask_all(Question(name, kind, fresh=fresh) for name in tried)
    pairs = zip(tried, forward, strict=True)
    confirmed = tuple([name for name, found in pairs if shown in found.records])
    failed = [found for found in forward if found.status.is_temporary]
    state = ReverseState.UNKNOWN if failed else ReverseState.NOT_CONFIRMED
    if confirmed:
        state = ReverseState.CONFIRMED
    said = tuple(_say(shown, state, names, ehlo, severity))
    if state is ReverseState.UNKNOWN:
        said = (_failed(shown, failed[0]), *said)
    return Reverse(shown, state, names, confirmed, said)


def _unnamed(address: str, answer: Answer, severity: Severity) -> Reverse:
    if answer.status.is_temporary:
        said = _failed(address, answer)
        return Reverse(address, ReverseState.UNKNOWN, (), (), (said,))
    if answer.chain:
        said = finding(rules.BROKEN_CHAIN, address, severity=severity, target=answer.chain[-1])
    else:
        fix = f"{reverse_name(address)}. PTR <host name>."
        said = finding(rules.NO_PTR, address, severity=severity, fix=fix)
    return Reverse(address, ReverseState.MISSING, (), (), (said,))


def _failed(address: str, answer: Answer) -> Finding:
    status, server = answer.status.value, answer.asked
    return finding(rules.RDNS_FAILED, address, status=status, server=server)


def _say(
    address: str, state: ReverseState, names: tuple[str, ...], ehlo: str, severity: Severity
) -> Iterator[Finding]:
    shown = ", ".join(names[:MAX_NAMES])
    if state is ReverseState.NOT_CONFIRMED:
        kind = "AAAA" if ":" in address else "A"
        fix = f"{names[0]}. {kind} {address}"
        yield finding(rules.NOT_CONFIRMED, address, severity=severity, names=shown, fix=fix)
    for name in names[:MAX_NAMES]:
        if is_generic(name, address):
            yield finding(rules.GENERIC, address, name=name)
    if ehlo and ehlo.rstrip(".").lower() not in names:
        yield finding(rules.NOT_EHLO, address, names=shown, ehlo=ehlo)


@lru_cache(maxsize=65_536)
def is_generic(name: str, address: str) -> bool:
    """Whether an IPv4 address stands in the name, forwards or backwards, in decimal or hex."""
    number = ip4_number(address)
    if number is None:
        return digits(address) in re.sub(r"[.-]", "", name)
    octets = address.split(".")
    numbers = re.findall(r"\d+", name)
    runs = [[n.lstrip("0") or "0" for n in numbers[i : i + 4]] for i in range(len(numbers) - 3)]
    return octets in runs or octets[::-1] in runs or f"{number:08x}" in name
