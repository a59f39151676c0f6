"""The networks an SPF record lets send: how wide they are, which lie within others."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator

from gctrust.findings import Finding, finding

from .spf_record import Mechanism, Qualifier, SpfRecord
from .spf_rules import SPF_RULE

WIDE = 1 << 24  # one /8
HALF = 1 << 31  # half of all IPv4 addresses is as good as all of them


def network_findings(domain: str, record: SpfRecord) -> Iterator[Finding]:
    """SPF-09 (host bits), SPF-22 and SPF-29 of one record."""
    networks = [term for term in record.mechanisms if term.name in ("ip4", "ip6")]
    for term in networks:
        if term.has_host_bits:
            meant = network_text(term)
            yield finding(SPF_RULE["spf.host-bits"], domain, term=term.text, network=meant)
    yield from _width(domain, record, networks)
    for narrow, wide in _covered(networks):
        yield finding(SPF_RULE["spf.covered-network"], domain, term=narrow.text, by=wide.text)


def network_text(term: Mechanism) -> str:
    """The network of an ip4 or ip6 term in its canonical form, such as "192.0.2.0/24"."""
    if term.name == "ip4":
        return f"{ipaddress.IPv4Address(term.network)}/{term.mask.bit_count()}"
    return f"{ipaddress.IPv6Address(term.network)}/{term.mask.bit_count()}"


def lets_all_pass(record: SpfRecord) -> bool:
    """Whether spf.pass-all may apply: a quick look at records that are drawn in."""
    addresses = 0
    for term in record.mechanisms:
        if term.qualifier is Qualifier.PASS:
            if _is_open(term):
                return True
            if term.name == "ip4":
                addresses += (~term.mask & 0xFFFFFFFF) + 1
    return addresses >= HALF


def _width(domain: str, record: SpfRecord, networks: Iterable[Mechanism]) -> Iterator[Finding]:
    passing = [term for term in networks if term.qualifier is Qualifier.PASS]
    open_terms = [term for term in record.mechanisms if _is_open(term)]
    for term in open_terms:
        yield finding(SPF_RULE["spf.pass-all"], domain, term=term.text)
    addresses = union_size(term for term in passing if term.name == "ip4")
    if addresses >= HALF and not open_terms:
        named = ", ".join(term.text for term in passing if term.name == "ip4")[:200]
        yield finding(SPF_RULE["spf.pass-all"], domain, term=named)
    elif WIDE < addresses < HALF:
        yield finding(SPF_RULE["spf.wide-networks"], domain, addresses=addresses)


def _is_open(term: Mechanism) -> bool:
    if term.qualifier is not Qualifier.PASS:
        return False
    if term.name in ("a", "mx"):
        return term.prefix4 == 0 or term.prefix6 == 0
    return term.name == "all" or (term.name in ("ip4", "ip6") and term.mask == 0)


def union_size(networks: Iterable[Mechanism]) -> int:
    """How many addresses IPv4 networks hold together, each counted once."""
    total = end = 0
    spans = sorted((term.network, term.network | ~term.mask & 0xFFFFFFFF) for term in networks)
    for first, last in spans:
        if last >= end:
            total += last - max(first, end) + 1
            end = last + 1
    return total


def _covered(networks: Iterable[Mechanism]) -> Iterator[tuple[Mechanism, Mechanism]]:
    """Pairs (narrow, wide) with the same qualifier. One pass for each length in use."""
    seen: dict[tuple[str, Qualifier, int, int], Mechanism] = {}
    for term in networks:
        seen.setdefault((term.name, term.qualifier, term.mask, term.network), term)
    masks = {(name, mask) for name, _, mask, _ in seen}
    for term in seen.values():
        for name, mask in sorted(masks):
            wide = seen.get((term.name, term.qualifier, mask, term.network & mask))
            if name == term.name and mask < term.mask and wide is not None:
                yield term, wide
                break
