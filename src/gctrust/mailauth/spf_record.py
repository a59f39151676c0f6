"""The SPF record: its terms as frozen data, and the one parser that finds every fault in it.

The parser never stops at the first fault and never raises: evaluation makes a permerror of any
fault (RFC 7208 section 4.6), the lint rules say what each one is.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple

from .addresses import ip4_number
from .spf_macros import MacroText, is_domain_spec, macro_fault, parse_macros


class Qualifier(StrEnum):
    PASS = "+"  # noqa: S105 - a sign, no secret
    FAIL = "-"
    SOFTFAIL = "~"
    NEUTRAL = "?"


class FaultKind(StrEnum):
    """Why a term does not fit the grammar of RFC 7208 section 12."""

    SYNTAX = "syntax"
    UNKNOWN_MECHANISM = "unknown-mechanism"
    MODIFIER = "modifier"
    REPEATED = "repeated"
    NETWORK = "network"
    PREFIX = "prefix"
    DOMAIN = "domain"
    MACRO = "macro"
    CHARACTER = "character"


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault: the term as written, and why it is wrong in words fit for a user."""

    kind: FaultKind
    term: str
    reason: str


class Mechanism(
    NamedTuple
):  # thousands are made in bulk: a frozen dataclass takes three times as long
    """`name` is lower case; `target` the domain-spec, None where the current domain is meant.

    For a, mx: `prefix4` and `prefix6` are the lengths. For ip4, ip6: `network` is the masked
    address as a number, `mask` the mask, `has_host_bits` whether bits below the prefix were set.
    """

    qualifier: Qualifier
    name: str
    text: str
    target: MacroText | None = None
    prefix4: int = 32
    prefix6: int = 128
    network: int = 0
    mask: int = 0
    has_host_bits: bool = False

    @property
    def queries(self) -> bool:
        """Counts towards the limit of ten (RFC 7208 section 4.6.4)."""
        return self.name in QUERYING


@dataclass(frozen=True, slots=True)
class Modifier:
    name: str
    value: str
    text: str
    target: MacroText | None = None


@dataclass(frozen=True, slots=True)
class SpfRecord:
    """A parsed record. It may be evaluated only when `faults` is empty.

    `terms` keeps mechanisms and modifiers in the order written; `mechanisms` ends with the first
    "all", since nothing after it is ever reached (RFC 7208 section 5.1).
    """

    text: str
    terms: tuple[Mechanism | Modifier, ...]
    mechanisms: tuple[Mechanism, ...]
    redirect: Modifier | None
    exp: Modifier | None
    faults: tuple[Fault, ...]
    querying: tuple[Mechanism | Modifier, ...] = ()
    """The terms that count towards the limit of ten, as far as they can be reached."""

    @property
    def all(self) -> Mechanism | None:
        last = self.mechanisms[-1] if self.mechanisms else None
        return last if last is not None and last.name == "all" else None

    @property
    def modifiers(self) -> tuple[Modifier, ...]:
        return tuple(term for term in self.terms if isinstance(term, Modifier))


QUERYING = frozenset({"include", "a", "mx", "ptr", "exists"})
KNOWN_MECHANISMS = QUERYING | {"all", "ip4", "ip6"}

_VERSIONS = (b"v=spf1 ", b"v=spf1")  # the version, then a space or the end (§4.5)
_TERM = re.compile(r"([+\-?~]?)([A-Za-z][A-Za-z0-9._-]*)([:/=].*)?\Z")
_DUAL_CIDR = re.compile(r"(?::(.*?))?(?:/([0-9]+))?(?://([0-9]+))?\Z")
_OUTSIDE = re.compile(r"[^\x21-\x7e]")
_FULL4, _FULL6 = (1 << 32) - 1, (1 << 128) - 1
_LENGTHS = {str(length): length for length in range(129)}  # no leading zeros, no foreign digits


def is_spf(data: bytes) -> bool:
    """Whether a TXT record is an SPF record (§4.5)."""
    return data[:7].lower() in _VERSIONS


def spf_texts(records: Iterable[object]) -> tuple[bytes, ...]:
    """The SPF records among TXT data, their strings joined without a blank (§3.3)."""
    joined = [b"".join(strings) for strings in records if isinstance(strings, tuple)]
    return tuple([data for data in joined if data[:7].lower() in _VERSIONS])


def parse_spf(data: bytes) -> SpfRecord:
    """Parse a record that `is_spf` (other text is one more fault). Never raises."""
    # Hostile 64 KB records must not fill the cache.
    return _parsed_once(data) if len(data) <= 2048 else _parsed(data)


def _parsed(data: bytes) -> SpfRecord:
    text = data.decode("latin-1")  # keeps each octet visible; faults name the non-ASCII ones
    faults: list[Fault] = []
    if not is_spf(data):
        faults.append(Fault(FaultKind.SYNTAX, text[:40], 'it does not begin with "v=spf1 "'))
    terms: list[Mechanism | Modifier] = []
    for word in text[6:].split(" "):
        if not word:
            continue
        # Few domains send by themselves: "include:spf.provider.example" stands in thousands.
        term = _term_once(word) if len(word) <= 100 else _term(word)
        if isinstance(term, Fault):
            faults.append(term)
        else:
            terms.append(term)
    return _assembled(text, terms, faults)


_parsed_once = lru_cache(maxsize=4096)(_parsed)


def _assembled(text: str, terms: list[Mechanism | Modifier], faults: list[Fault]) -> SpfRecord:
    mechanisms: list[Mechanism] = []
    once: dict[str, Modifier] = {}
    reached = True
    for term in terms:
        if isinstance(term, Mechanism):
            if reached:
                mechanisms.append(term)
                reached = term.name != "all"
        elif term.name in ("redirect", "exp"):
            if term.name in once:
                reason = f"{term.name}= may appear once only"
                faults.append(Fault(FaultKind.REPEATED, term.text, reason))
            once.setdefault(term.name, term)
    redirect = once.get("redirect") if reached else None
    asking: list[Mechanism | Modifier] = [term for term in mechanisms if term.queries]
    asking += [redirect] if redirect is not None else []
    return SpfRecord(
        text, tuple(terms), tuple(mechanisms), redirect, once.get("exp"), tuple(faults),
        tuple(asking),
    )  # fmt: skip


def _term(word: str) -> Mechanism | Modifier | Fault:
    if bad := _OUTSIDE.search(word):
        reason = f"octet 0x{ord(bad[0]):02X} is not allowed: US-ASCII without controls only"
        return Fault(FaultKind.CHARACTER, word, reason)
    found = _TERM.match(word)
    if not found:
        return Fault(FaultKind.SYNTAX, word, "it is neither a mechanism nor a modifier")
    sign, name, rest = found[1], found[2].lower(), found[3] or ""
    if rest[:1] != "=":
        return _mechanism(_SIGNS[sign], name, word, rest)
    if sign:
        return Fault(FaultKind.SYNTAX, word, "a modifier takes no qualifier")
    return _modifier(name, word, rest[1:])


_term_once = lru_cache(maxsize=8192)(_term)
_SIGNS = {"": Qualifier.PASS} | {str(sign): sign for sign in Qualifier}


def _modifier(name: str, word: str, value: str) -> Modifier | Fault:
    if name in ("redirect", "exp"):
        target = _domain_spec(word, value)
        return target if isinstance(target, Fault) else Modifier(name, value, word, target)
    if reason := macro_fault(value, explanation=True):
        return Fault(FaultKind.MODIFIER, word, reason)
    return Modifier(name, value, word)


def _mechanism(qualifier: Qualifier, name: str, word: str, rest: str) -> Mechanism | Fault:
    if name in ("ip4", "ip6"):
        return _network(qualifier, name, word, rest)
    if name in ("include", "exists", "ptr"):
        return _with_domain(qualifier, name, word, rest)
    if name in ("a", "mx"):
        return _with_cidr(qualifier, name, word, rest)
    if name != "all":
        return Fault(FaultKind.UNKNOWN_MECHANISM, word, _unknown(name))
    if rest:
        return Fault(FaultKind.SYNTAX, word, "all takes no argument")
    return Mechanism(qualifier, name, word)


def _unknown(name: str) -> str:
    near = {
        "ip": "ip4 or ip6",
        "ipv4": "ip4",
        "ipv6": "ip6",
        "redirect": "redirect=",
        "exp": "exp=",
    }
    meant = near.get(name, "include" if name.startswith("incl") else "")
    return f"there is no mechanism {name!r}" + (f"; {meant} is meant" if meant else "")


def _with_domain(qualifier: Qualifier, name: str, word: str, rest: str) -> Mechanism | Fault:
    if not rest and name == "ptr":
        return Mechanism(qualifier, name, word)
    if rest.startswith("/"):
        return Fault(FaultKind.PREFIX, word, f"{name} takes no prefix length")
    if len(rest) < 2:
        return Fault(FaultKind.SYNTAX, word, f"{name} wants a domain after the colon")
    if name != "exists" and re.search(r"[^/]/\d+\Z", rest):
        return Fault(FaultKind.PREFIX, word, f"{name} takes no prefix length")
    target = _domain_spec(word, rest[1:])
    return target if isinstance(target, Fault) else Mechanism(qualifier, name, word, target)


def _with_cidr(qualifier: Qualifier, name: str, word: str, rest: str) -> Mechanism | Fault:
    found = _DUAL_CIDR.match(rest)
    if not found:
        return Fault(FaultKind.PREFIX, word, "the prefix length is not a number")
    four, six = _prefix(found[2], 32), _prefix(found[3], 128)
    if four is None or six is None:
        return Fault(FaultKind.PREFIX, word, "prefix lengths are 0-32 and //0-128, no leading zero")
    if found[1] is None:
        return Mechanism(qualifier, name, word, None, four, six)
    target = _domain_spec(word, found[1])
    if isinstance(target, Fault):
        return target
    return Mechanism(qualifier, name, word, target, four, six)


def _prefix(digits: str | None, longest: int) -> int | None:
    if digits is None:
        return longest
    length = _LENGTHS.get(digits)
    return length if length is not None and length <= longest else None


def _network(qualifier: Qualifier, name: str, word: str, rest: str) -> Mechanism | Fault:
    if not rest.startswith(":"):
        return Fault(FaultKind.NETWORK, word, f"{name} wants an address after a colon")
    literal, slash, digits = rest[1:].partition("/")
    is_ip4 = name == "ip4"
    longest, full = (32, _FULL4) if is_ip4 else (128, _FULL6)
    address = ip4_number(literal) if is_ip4 else _ip6_number(literal)
    if address is None:
        return Fault(FaultKind.NETWORK, word, _bad_address(name, literal))
    length = _prefix(digits, longest) if slash else longest
    if length is None:
        reason = f"the prefix length is 0-{longest}, without a leading zero"
        return Fault(FaultKind.NETWORK, word, reason)
    mask = full ^ (full >> length)
    return Mechanism(
        qualifier, name, word, None, 32, 128, address & mask, mask, address & mask != address
    )


def _bad_address(name: str, literal: str) -> str:
    other = _ip6_number(literal) if name == "ip4" else ip4_number(literal)
    if other is not None:
        return f"{literal} belongs in {'ip6' if name == 'ip4' else 'ip4'}:"
    return f"{literal[:60]!r} is not an {'IPv4' if name == 'ip4' else 'IPv6'} address"


def _ip6_number(text: str) -> int | None:
    if "%" in text:
        return None
    try:
        return int(ipaddress.IPv6Address(text))
    except ValueError:
        return None


def _domain_spec(word: str, text: str) -> MacroText | Fault:
    if reason := macro_fault(text, explanation=False):
        return Fault(FaultKind.MACRO if "%" in text else FaultKind.DOMAIN, word, reason)
    if not is_domain_spec(text):
        reason = "a domain ends in a top label of letters and digits after a dot, or in a macro"
        return Fault(FaultKind.DOMAIN, word, reason)
    return parse_macros(text)
