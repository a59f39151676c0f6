"""Looks at the DNSSEC of the zone that holds a domain: DS, DNSKEY, signatures, NSEC3 parameters.

It asks the configured resolver with CD=1, so that broken data is seen too, and validates with
dnspython; whether the resolver itself validates is seen by asking without CD.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Protocol

import dns.asyncquery
import dns.dnssec
import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset
from dns.rdtypes.ANY.DNSKEY import DNSKEY
from dns.rdtypes.ANY.DS import DS
from dns.rdtypes.ANY.RRSIG import RRSIG

from ...mailauth.looks import Ds, Signature, SignedZone
from ...mailauth.questions import Answer, Status

_MOST = 4  # keys of one tag, signatures of one RRset: more is no zone but an attack (KeyTrap)
_PAYLOAD = 1232  # the DNS flag day 2020 size
_POLICY = dns.dnssec.allow_all_policy  # what is weak is the judge's to say


class Now(Protocol):
    def now(self) -> float: ...


@dataclass(frozen=True, slots=True)
class _Reply:
    """The RRsets of one answer; None in `message` when none came."""

    message: dns.message.Message | None

    def rrset(self, name: dns.name.Name, kind: str) -> dns.rrset.RRset | None:
        return self._get(name, dns.rdatatype.from_text(kind), dns.rdatatype.NONE)

    def signatures(self, name: dns.name.Name, kind: str) -> dns.rrset.RRset | None:
        return self._get(name, dns.rdatatype.RRSIG, dns.rdatatype.from_text(kind))

    def _get(
        self, name: dns.name.Name, kind: dns.rdatatype.RdataType, covers: dns.rdatatype.RdataType
    ) -> dns.rrset.RRset | None:
        if self.message is None:
            return None
        section = self.message.answer
        return self.message.get_rrset(section, name, dns.rdataclass.IN, kind, covers)

    @property
    def rcode(self) -> dns.rcode.Rcode | None:
        return None if self.message is None else self.message.rcode()


class DnssecFacts:
    """`server` is "192.0.2.1" or "192.0.2.1#5353", a resolver; `seconds` for one question."""

    def __init__(self, server: str, clock: Now, *, seconds: float = 4.0) -> None:
        self._address, _, port = server.partition("#")
        self._port = int(port or 53)
        self._clock, self._seconds = clock, seconds

    async def look(self, domain: str) -> Answer:
        try:
            name = dns.name.from_text(domain)
        except dns.exception.DNSException:
            return Answer(Status.NX_DOMAIN)
        checked, plain, root = await asyncio.gather(
            self._ask(name, "SOA"), self._ask(name, "SOA", cd=False), self._ask_root()
        )
        zone = _zone_of(checked)
        if zone is None or checked.rcode not in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN):
            return Answer(Status.TIMEOUT if checked.message is None else Status.SERVFAIL)
        wanted = _wanted(name, zone)
        ds, keys, nsec3, *replies = await asyncio.gather(
            self._ask(zone, "DS"),
            self._ask(zone, "DNSKEY"),
            self._ask(zone, "NSEC3PARAM"),
            *(self._ask(owner, kind) for owner, kind in wanted),
        )
        if ds.message is None or keys.message is None:
            return Answer(Status.TIMEOUT)
        dnskey = keys.rrset(zone, "DNSKEY")
        signatures, unsigned = self._signatures(zone, dnskey, [*wanted, (zone, "DNSKEY")],
                                                [*replies, keys])  # fmt: skip
        facts = SignedZone(
            zone=_text(zone),
            ds=tuple(_ds(one, zone, dnskey) for one in list(ds.rrset(zone, "DS") or ())[:20]),
            algorithms=tuple(sorted({int(key.algorithm) for key in dnskey or ()})),
            signatures=signatures,
            unsigned=unsigned,
            iterations=_iterations(nsec3.rrset(zone, "NSEC3PARAM")),
            validating=root,
            bogus=plain.rcode == dns.rcode.SERVFAIL,
        )
        return Answer(Status.FOUND, (facts,), server=self._address)

    async def _ask(self, name: dns.name.Name, kind: str, *, cd: bool = True) -> _Reply:
        query = dns.message.make_query(name, kind, use_edns=0, want_dnssec=True, payload=_PAYLOAD)
        query.flags |= dns.flags.AD | (dns.flags.CD if cd else 0)
        for _ in range(2):
            try:
                message, _tcp = await dns.asyncquery.udp_with_fallback(
                    query, self._address, timeout=self._seconds, port=self._port
                )
                return _Reply(message)
            except (dns.exception.DNSException, OSError, EOFError):
                continue
        return _Reply(None)

    async def _ask_root(self) -> bool:
        """Whether the resolver validates: the root is signed, and its answers then carry AD."""
        reply = await self._ask(dns.name.root, "SOA", cd=False)
        return reply.message is not None and bool(reply.message.flags & dns.flags.AD)

    def _signatures(
        self,
        zone: dns.name.Name,
        dnskey: dns.rrset.RRset | None,
        wanted: list[tuple[dns.name.Name, str]],
        replies: list[_Reply],
    ) -> tuple[tuple[Signature, ...], tuple[str, ...]]:
        # a resolver that drops signatures drops that of the keys as well, and shows nothing
        if dnskey is None or replies[-1].signatures(zone, "DNSKEY") is None:
            return (), ()
        seen, unsigned = [], []
        for (owner, kind), reply in zip(wanted, replies, strict=True):
            rrset = reply.rrset(owner, kind)
            if rrset is None:
                continue
            signed = reply.signatures(owner, kind)
            if signed is None:
                unsigned.append(f"{kind} {_text(owner)}")
                continue
            made = [self._signature(zone, dnskey, rrset, one) for one in list(signed)[:_MOST]]
            # one good signature is enough (RFC 4035 section 5.3.3)
            seen.append(max(made, key=lambda one: (not one.fault, one.left)))
        return tuple(seen), tuple(unsigned)

    def _signature(
        self, zone: dns.name.Name, keys: dns.rrset.RRset, rrset: dns.rrset.RRset, one: object
    ) -> Signature:
        assert isinstance(one, RRSIG)
        now = self._clock.now()
        fault = ""
        fitting = dns.rrset.from_rdata_list(zone, keys.ttl, _with_tag(keys, one.key_tag))
        try:
            dns.dnssec.validate_rrsig(rrset, one, {zone: fitting}, None, now, _POLICY)
        except (dns.exception.DNSException, ValueError) as error:
            fault = str(error)[:120] or type(error).__name__
        kind = dns.rdatatype.to_text(rrset.rdtype)
        life = one.expiration - one.inception
        return Signature(_text(rrset.name), kind, int(one.expiration - now), life, fault)


def _with_tag(keys: dns.rrset.RRset | None, tag: int) -> list[DNSKEY]:
    """Keys of that tag. A hostile zone has hundreds, so that every signature is tried with each."""
    return [key for key in keys or () if dns.dnssec.key_id(key) == tag][:_MOST]


def _zone_of(reply: _Reply) -> dns.name.Name | None:
    """The owner of the SOA, which stands in the authority section of a void answer."""
    if reply.message is None:
        return None
    sections = (*reply.message.answer, *reply.message.authority)
    return next((rr.name for rr in sections if rr.rdtype == dns.rdatatype.SOA), None)


def _wanted(name: dns.name.Name, zone: dns.name.Name) -> list[tuple[dns.name.Name, str]]:
    policy = dns.name.from_text("_dmarc", name)
    return [(zone, "SOA"), (zone, "NS"), (name, "MX"), (name, "TXT"), (policy, "TXT")]


def _ds(record: object, zone: dns.name.Name, keys: dns.rrset.RRset | None) -> Ds:
    assert isinstance(record, DS)
    matches = any(_is_digest(record, zone, key) for key in _with_tag(keys, record.key_tag))
    return Ds(record.key_tag, int(record.algorithm), int(record.digest_type), matches)


def _is_digest(record: DS, zone: dns.name.Name, key: DNSKEY) -> bool:
    if key.algorithm != record.algorithm:
        return False
    try:
        made = dns.dnssec.make_ds(zone, key, record.digest_type, policy=_POLICY, validating=True)
    except (dns.exception.DNSException, ValueError):
        return False
    return bool(made.digest == record.digest)


def _iterations(rrset: dns.rrset.RRset | None) -> int | None:
    return None if rrset is None else max(int(one.iterations) for one in rrset)


def _text(name: dns.name.Name) -> str:
    return name.to_text(omit_final_dot=True).lower()
