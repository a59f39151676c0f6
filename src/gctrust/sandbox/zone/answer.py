"""From a question to its answer: the algorithm of RFC 1034 section 4.3.2 over one server's tree.

`authoritative` tells the truth of this server at this moment. `RecursiveView` answers as a resolver
would for its users: it owns the whole tree from the root (a name of no zone does not exist) and it
remembers negative answers for the SOA's time (RFC 2308), by the virtual clock.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import dns.rcode
import dns.rdataclass
import dns.rrset
from dns.flags import Flag
from dns.rcode import Rcode
from dns.rdatatype import RdataType

from .data import Key, ZoneTree, key_of, name_of, soa

_NO_FLAGS = Flag(0)
_MAX_CHAIN = 16  # CNAMEs followed before a resolver gives up
_MAX_REMEMBERED = 20_000


@dataclass(frozen=True, slots=True)
class Answer:
    """The sections of a response. `cacheable`: the same until the tree changes."""

    rcode: Rcode = Rcode.NOERROR
    flags: Flag = _NO_FLAGS
    answer: tuple[dns.rrset.RRset, ...] = ()
    authority: tuple[dns.rrset.RRset, ...] = ()
    additional: tuple[dns.rrset.RRset, ...] = ()
    cacheable: bool = True
    looped: bool = False


def authoritative(tree: ZoneTree, key: Key, kind: RdataType) -> Answer:
    """REFUSED outside every zone, a referral below a cut, else an authoritative answer."""
    chain: list[dns.rrset.RRset] = []
    seen: set[Key] = set()
    while key not in seen and len(seen) <= _MAX_CHAIN:
        seen.add(key)
        apex = tree.apex(key)
        if apex is None:
            # The chain left what this server holds: it answers with what it has.
            return _positive(chain) if chain else Answer(Rcode.REFUSED)
        cut = tree.delegation(key, apex)
        if cut is not None and not (key == key_of(cut.name) and kind is RdataType.DS):
            return Answer(
                flags=Flag.AA if chain else _NO_FLAGS, answer=tuple(chain), authority=(cut,)
            )
        found, target = _lookup(tree, key, kind)
        if found is None:
            return _negative(tree, apex, key, chain)
        chain.extend(found)
        if target is None:
            return _positive(chain, tree, kind)
        key = target
    return replace(_positive(chain), looped=True)


def _lookup(
    tree: ZoneTree, key: Key, kind: RdataType
) -> tuple[tuple[dns.rrset.RRset, ...] | None, Key | None]:
    """The sets found at `key` or its wildcard (None: no data), and where a CNAME leads."""
    source = key if tree.exists(key) else tree.wildcard(key)
    node = tree.node(source)
    if kind is RdataType.ANY and node:
        return tuple(_owned(rrset, key) for rrset in node.values()), None
    if kind in node:
        return (_owned(node[kind], key),), None
    if RdataType.CNAME in node:
        cname = _owned(node[RdataType.CNAME], key)
        return (cname,), key_of(cname[0].target)
    return None, None


def _owned(rrset: dns.rrset.RRset, key: Key) -> dns.rrset.RRset:
    """A set synthesised from a wildcard takes the name asked for (RFC 4592 section 2.1.3)."""
    if key_of(rrset.name) == key:
        return rrset
    return dns.rrset.from_rdata_list(name_of(key), rrset.ttl, list(rrset))


def _positive(
    chain: list[dns.rrset.RRset], tree: ZoneTree | None = None, kind: RdataType = RdataType.ANY
) -> Answer:
    extra: list[dns.rrset.RRset] = []
    if tree is not None and kind in (RdataType.MX, RdataType.NS, RdataType.SRV):
        for rdata in chain[-1]:
            target = rdata.target if kind in (RdataType.NS, RdataType.SRV) else rdata.exchange
            node = tree.node(key_of(target))
            extra.extend(node[t] for t in (RdataType.A, RdataType.AAAA) if t in node)
    return Answer(flags=Flag.AA, answer=tuple(chain), additional=tuple(extra))


def _negative(tree: ZoneTree, apex: Key, key: Key, chain: list[dns.rrset.RRset]) -> Answer:
    """NXDOMAIN or NODATA with the SOA at its negative TTL (RFC 2308 sections 3 and 5)."""
    start = tree.node(apex)[RdataType.SOA]
    ttl = min(start.ttl, start[0].minimum)
    proof = dns.rrset.from_rdata_list(start.name, ttl, list(start))
    there = tree.exists(key) or tree.exists(tree.wildcard(key))
    rcode = Rcode.NOERROR if there else Rcode.NXDOMAIN
    return Answer(rcode, Flag.AA, tuple(chain), (proof,))


@dataclass(frozen=True, slots=True)
class _Remembered:
    answer: Answer
    since: float
    until: float


class RecursiveView:
    """What a user's resolver says of the same tree."""

    def __init__(self, tree: ZoneTree, root_negative_ttl: int = 300) -> None:
        self._tree = tree
        self._root = soa((), 1, 86400, root_negative_ttl).rrset
        self._memory: dict[tuple[Key, RdataType | None], _Remembered] = {}

    def answer(self, key: Key, kind: RdataType, now: float) -> Answer:
        remembered = self._recall(key, kind, now)
        if remembered is not None:
            return remembered
        told = authoritative(self._tree, key, kind)
        if told.rcode is Rcode.REFUSED:
            told = self._from_root(key)
        elif told.looped or not told.flags & Flag.AA:
            return Answer(Rcode.SERVFAIL, Flag.RA, cacheable=False)
        negative = bool(told.authority)
        told = replace(told, flags=Flag.RA, cacheable=not negative)
        if negative:
            self._remember(key, kind, told, now)
        return told

    def _from_root(self, key: Key) -> Answer:
        ttl = min(self._root.ttl, self._root[0].minimum)
        proof = dns.rrset.from_rdata_list(self._root.name, ttl, list(self._root))
        there = self._tree.exists(key) or not key
        return Answer(Rcode.NOERROR if there else Rcode.NXDOMAIN, authority=(proof,))

    def _remember(self, key: Key, kind: RdataType, told: Answer, now: float) -> None:
        if len(self._memory) >= _MAX_REMEMBERED:
            self._memory.clear()
        # NXDOMAIN denies the name, NODATA one type of it (RFC 2308 section 5). With a CNAME before
        # it, the denial is of the target, so what is remembered is this question only.
        denied = None if told.rcode is Rcode.NXDOMAIN and not told.answer else kind
        until = now + min(rrset.ttl for rrset in (*told.authority, *told.answer))
        self._memory[key, denied] = _Remembered(told, now, until)

    def _recall(self, key: Key, kind: RdataType, now: float) -> Answer | None:
        for slot in ((key, None), (key, kind)):
            kept = self._memory.get(slot)
            if kept is None:
                continue
            if not kept.since <= now < kept.until:
                del self._memory[slot]
                continue
            age = int(now - kept.since)
            return replace(
                kept.answer,
                answer=tuple(_aged(rrset, age) for rrset in kept.answer.answer),
                authority=tuple(_aged(rrset, age) for rrset in kept.answer.authority),
            )
        return None

    def clear(self) -> None:
        self._memory.clear()


def _aged(rrset: dns.rrset.RRset, age: int) -> dns.rrset.RRset:
    return dns.rrset.from_rdata_list(rrset.name, max(0, rrset.ttl - age), list(rrset))
