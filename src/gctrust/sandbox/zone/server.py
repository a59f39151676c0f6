"""The sandbox's name servers: real DNS over UDP and TCP, each server with its own view in time.

Every server is authoritative for all zones put here and sees a change after its own delay by the
virtual clock. The first also answers recursive questions (RD=1) as users meet them (zone_answer).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

import dns.edns
import dns.exception
import dns.flags
import dns.message
import dns.rdataclass
import dns.rrset
from dns.flags import Flag
from dns.opcode import Opcode
from dns.rcode import Rcode
from dns.rdatatype import RdataType
from publicsuffixlist import PublicSuffixList

from ..arrivals import Arrivals, VirtualClock
from .answer import Answer, RecursiveView, authoritative
from .data import (
    Key,
    Record,
    ZoneTree,
    apex_records,
    key_of,
    owner,
    record_type,
    rrsets,
    soa,
)
from .wire import Listener

_SERVER_UDP_SIZE = 1232  # DNS flag day 2020
_MAX_KEPT = 20_000


class Trouble(StrEnum):
    """What a server does instead of answering."""

    TIMEOUT = "timeout"
    SERVFAIL = "servfail"
    REFUSED = "refused"
    TRUNCATED = "truncated"  # empty and TC over UDP, whole over TCP


@dataclass(frozen=True, slots=True)
class ServerCount:
    """Questions one server received."""

    udp: int
    tcp: int


class ZoneServers:
    """Puts and removals may be made before `start`; `addresses` are known after it."""

    def __init__(
        self,
        clock: VirtualClock,
        count: int = 2,
        *,
        ports: Iterable[int] = (),
        negative_ttl: int = 300,
    ) -> None:
        self._clock = clock
        self._negative_ttl = negative_ttl
        self._suffixes = PublicSuffixList()
        self._serials: dict[Key, int] = {}
        fixed = [*ports, *([0] * count)]
        self._servers = [
            NameServer(clock, port, recursive=index == 0)
            for index, port in enumerate(fixed[:count])
        ]

    async def start(self) -> None:
        for server in self._servers:
            await server.listener.start()

    async def stop(self) -> None:
        for server in self._servers:
            await server.listener.stop()

    @property
    def addresses(self) -> list[str]:
        return [f"127.0.0.1#{server.listener.port}" for server in self._servers]

    def counters(self) -> list[ServerCount]:
        return [ServerCount(s.listener.udp, s.listener.tcp) for s in self._servers]

    def put_records(
        self,
        records: Iterable[Record | Mapping[str, object]],
        delays: Mapping[int, float] | None = None,
    ) -> None:
        """Replace the RRsets named here; server `index` sees it `delays[index]` seconds later.

        Raises BadRecord, and then nothing has changed.
        """
        rows = [r if isinstance(r, Record) else Record.parse(r) for r in records]
        sets = rrsets(rows)
        own_soa = {put.key for put in sets if put.type is RdataType.SOA}
        self._serials.update((key, -1) for key in own_soa)  # the user's SOA is left alone
        zones = {self._zone(put.key) for put in sets}
        for zone in zones:
            self._open(zone)
        for put in sets:
            self._send(put.key, put.type, put.rrset, delays)
        for zone in zones:
            self._advance_serial(zone, delays)

    def remove(self, name: str, type: str, delays: Mapping[int, float] | None = None) -> None:
        """Take one RRset away, there or not. Raises BadRecord for a bad name or type."""
        key = key_of(owner(name))
        zone = self._zone(key)
        self._send(key, record_type(type.upper()), None, delays)
        if zone in self._serials:
            self._advance_serial(zone, delays)

    def set_trouble(
        self, name: str, kind: str | None, type: str | None = None, server: int | None = None
    ) -> None:
        """Script trouble for a name (all types, or one; all servers, or one); None ends it."""
        trouble = None if kind is None else Trouble(kind)
        only = None if type is None else record_type(type.upper())
        for target in self._servers if server is None else [self._servers[server]]:
            target.set_trouble(key_of(owner(name)), only, trouble)

    def clear(self) -> None:
        """Forget all zones, pending changes, caches and trouble."""
        self._serials.clear()
        for server in self._servers:
            server.clear()

    # -- zones

    def _zone(self, key: Key) -> Key:
        """The zone a name belongs to: a known one above it, else its registrable domain's."""
        for depth in range(len(key)):
            if key[depth:] in self._serials:
                return key[depth:]
        if key[-2:] == (b"in-addr", b"arpa"):
            return key[-5:]  # a /24 (RFC 1035 section 3.5)
        if key[-2:] == (b"ip6", b"arpa"):
            return key[-18:]  # a /64 (RFC 3596 section 2.5)
        text = ".".join(label.decode("ascii", "replace") for label in key)
        private = self._suffixes.privatesuffix(text)
        return key[-(private.count(".") + 1) :] if private else key

    def _open(self, zone: Key) -> None:
        """A new zone is there on all servers at once; only its content is late."""
        if zone in self._serials:
            return
        self._serials[zone] = 0
        for put in (
            soa(zone, 0, 3600, self._negative_ttl),
            *apex_records(zone, len(self._servers), 3600),
        ):
            self._send(put.key, put.type, put.rrset, None)

    def _advance_serial(self, zone: Key, delays: Mapping[int, float] | None) -> None:
        if self._serials[zone] < 0:
            return
        self._serials[zone] += 1
        start = soa(zone, self._serials[zone], 3600, self._negative_ttl)
        self._send(start.key, start.type, start.rrset, delays)

    def _send(
        self,
        key: Key,
        kind: RdataType,
        rrset: dns.rrset.RRset | None,
        delays: Mapping[int, float] | None,
    ) -> None:
        now = self._clock.now()
        for index, server in enumerate(self._servers):
            delay = (delays or {}).get(index, 0.0)
            server.arrivals.send((key, kind), rrset, now + delay)


class NameServer:
    """One server: what has arrived, what it answers."""

    def __init__(self, clock: VirtualClock, port: int, *, recursive: bool) -> None:
        self._clock = clock
        self.arrivals: Arrivals[tuple[Key, RdataType], dns.rrset.RRset | None] = Arrivals()
        self.listener = Listener(self.respond, port)
        self._tree = ZoneTree()
        self._view = RecursiveView(self._tree) if recursive else None
        self._trouble: dict[tuple[Key, RdataType | None], Trouble] = {}
        self._kept: dict[tuple[bool, bytes], bytes] = {}
        self._kept_version = -1

    def set_trouble(self, key: Key, kind: RdataType | None, trouble: Trouble | None) -> None:
        self._kept.clear()
        if trouble is None:
            self._trouble.pop((key, kind), None)
        else:
            self._trouble[key, kind] = trouble

    def clear(self) -> None:
        self.arrivals.clear()
        self._tree.clear()
        self._trouble.clear()
        if self._view is not None:
            self._view.clear()

    def respond(self, wire: bytes, *, udp: bool) -> bytes | None:
        """The response to a message, None for silence. Equal questions are encoded once."""
        for (key, kind), rrset in self.arrivals.due(self._clock.now()):
            self._tree.put(key, kind, rrset)
        if self._kept_version != self._tree.version or len(self._kept) > _MAX_KEPT:
            self._kept.clear()
            self._kept_version = self._tree.version
        kept = self._kept.get((udp, wire[2:]))
        if kept is not None:
            return wire[:2] + kept
        try:
            query = dns.message.from_wire(wire)
        except dns.exception.DNSException:
            return _format_error(wire)
        if query.flags & dns.flags.QR:
            return None
        return self._respond(query, wire, udp)

    def _respond(self, query: dns.message.Message, wire: bytes, udp: bool) -> bytes | None:
        told, trouble = _objection(query), None
        if told is None:
            question = query.question[0]
            key, kind = key_of(question.name), question.rdtype
            trouble = self._trouble.get((key, kind)) or self._trouble.get((key, None))
            if trouble is Trouble.TIMEOUT:
                return None
            told = self._answer(key, kind, recursive=bool(query.flags & dns.flags.RD))
            told = _troubled(told, trouble, udp)
        response = _encode(query, told, udp)
        if told.cacheable and trouble is None:
            self._kept[udp, wire[2:]] = response[2:]
        return response

    def _answer(self, key: Key, kind: RdataType, *, recursive: bool) -> Answer:
        if recursive and self._view is not None:
            return self._view.answer(key, kind, self._clock.now())
        return authoritative(self._tree, key, kind)


def _objection(query: dns.message.Message) -> Answer | None:
    if query.opcode() != Opcode.QUERY:
        return Answer(Rcode.NOTIMP)
    if len(query.question) != 1:
        return Answer(Rcode.FORMERR)
    if query.edns > 0:
        return Answer(Rcode.BADVERS)  # RFC 6891 section 6.1.3
    question = query.question[0]
    transfer = question.rdtype in (RdataType.AXFR, RdataType.IXFR)
    if question.rdclass != dns.rdataclass.IN or transfer:
        return Answer(Rcode.REFUSED)
    return None


def _troubled(told: Answer, trouble: Trouble | None, udp: bool) -> Answer:
    if trouble is Trouble.SERVFAIL:
        return Answer(Rcode.SERVFAIL)
    if trouble is Trouble.REFUSED:
        return Answer(Rcode.REFUSED)
    if trouble is Trouble.TRUNCATED and udp:
        return Answer(flags=told.flags | Flag.TC)
    return told


def _encode(query: dns.message.Message, told: Answer, udp: bool) -> bytes:
    response = dns.message.make_response(
        query, recursion_available=bool(told.flags & Flag.RA), our_payload=_SERVER_UDP_SIZE
    )
    response.flags |= told.flags
    response.set_rcode(told.rcode)
    response.answer.extend(told.answer)
    response.authority.extend(told.authority)
    response.additional.extend(told.additional)
    limit = 65535
    if udp:  # RFC 6891 section 6.2.3; without EDNS 512 octets (RFC 1035 section 4.2.1)
        limit = min(max(query.payload, 512), _SERVER_UDP_SIZE) if query.edns >= 0 else 512
    return response.to_wire(max_size=limit, prefer_truncation=True)


def _format_error(wire: bytes) -> bytes | None:
    """FORMERR with no question; silence to what is no query, so two servers never argue."""
    if len(wire) < 12 or wire[2] & 0x80:
        return None
    return wire[:2] + bytes([0x80 | (wire[2] & 0x79), Rcode.FORMERR]) + bytes(8)
