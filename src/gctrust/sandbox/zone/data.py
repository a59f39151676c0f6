"""What one name server holds: RRsets by owner name, with every name's existence kept exact.

A name exists when it owns records or stands above a name that does (an empty non-terminal, RFC 8020
section 2). Zones are made for each registrable domain, with their SOA and NS.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import chain

import dns.exception
import dns.name
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.rrset
from dns.rdatatype import RdataType

Key = tuple[bytes, ...]  # the lower-cased labels of a name, without the root's

_MAX_TTL = 2**31 - 1  # RFC 2181 section 8


class BadRecord(ValueError):
    """The record cannot be served; the message says why."""


@dataclass(frozen=True, slots=True)
class Record:
    """One record as a zone file would have it; `name` and names in `value` are absolute.

    A TXT value without quotes is taken as it stands and cut into strings of 255 octets.
    """

    name: str
    type: str
    ttl: int
    value: str

    @classmethod
    def parse(cls, row: Mapping[str, object]) -> Record:
        """Raises BadRecord."""
        try:
            record = cls(
                str(row["name"]), str(row["type"]).upper(), int(str(row["ttl"])), str(row["value"])
            )
        except KeyError as error:
            raise BadRecord(f"a record needs {error.args[0]!r}") from None
        except ValueError:
            raise BadRecord(f"ttl {row['ttl']!r} is no number") from None
        if not 0 <= record.ttl <= _MAX_TTL:
            raise BadRecord(f"ttl {record.ttl} is out of range (RFC 2181 section 8)")
        return record


@dataclass(frozen=True, slots=True)
class OwnedSet:
    """An RRset under its key: what is put, sent to each server and served."""

    key: Key
    type: RdataType
    rrset: dns.rrset.RRset


def owner(text: str) -> dns.name.Name:
    """Raises BadRecord."""
    try:
        return dns.name.from_text(text)
    except dns.exception.DNSException as error:
        raise BadRecord(f"{text[:80]!r} is no DNS name: {error}") from None


def key_of(name: dns.name.Name) -> Key:
    return tuple(label.lower() for label in name.labels[:-1])


def name_of(key: Key) -> dns.name.Name:
    return dns.name.Name((*key, b""))


def record_type(text: str) -> RdataType:
    """Raises BadRecord."""
    try:
        return dns.rdatatype.from_text(text)
    except (dns.exception.DNSException, ValueError):
        raise BadRecord(f"{text[:20]!r} is no record type") from None


def rrsets(records: Iterable[Record]) -> list[OwnedSet]:
    """Group records by name and type; the lowest TTL of a set counts (RFC 2181 section 5.2)."""
    found: dict[tuple[Key, RdataType], dns.rrset.RRset] = {}
    for record in records:
        name, kind = owner(record.name), record_type(record.type)
        if dns.rdatatype.is_metatype(kind):
            raise BadRecord(f"{record.type} cannot be stored in a zone")
        empty = dns.rrset.RRset(name, dns.rdataclass.IN, kind)
        found.setdefault((key_of(name), kind), empty).add(_rdata(kind, record), record.ttl)
    return [OwnedSet(key, kind, rrset) for (key, kind), rrset in found.items()]


def _rdata(kind: RdataType, record: Record) -> dns.rdata.Rdata:
    value = record.value
    if kind is RdataType.TXT and not value.lstrip().startswith('"'):
        octets = value.encode()
        parts = [octets[i : i + 255] for i in range(0, len(octets), 255)] or [b""]
        value = " ".join(f'"{_escaped(part)}"' for part in parts)
    try:
        return dns.rdata.from_text(
            dns.rdataclass.IN, kind, value, origin=dns.name.root, relativize=False
        )
    except (dns.exception.DNSException, ValueError) as error:
        raise BadRecord(f"{record.name} {record.type} {record.value[:80]!r}: {error}") from None


def _escaped(octets: bytes) -> str:
    """Presentation form of a character-string (RFC 1035 section 5.1)."""
    return "".join(
        chr(octet) if 32 <= octet < 127 and octet not in b'"\\' else f"\\{octet:03d}"
        for octet in octets
    )


def soa(zone: Key, serial: int, ttl: int, negative_ttl: int) -> OwnedSet:
    text = name_of(zone).to_text()
    below = "" if not zone else text
    value = f"ns1.{below} hostmaster.{below} {serial} 3600 600 604800 {negative_ttl}"
    return rrsets([Record(text, "SOA", ttl, value)])[0]


def apex_records(zone: Key, servers: int, ttl: int) -> list[OwnedSet]:
    """NS of a made zone, and the addresses of the servers named there."""
    text = name_of(zone).to_text()
    hosts = [f"ns{number}.{text}" for number in range(1, servers + 1)]
    rows = [Record(text, "NS", ttl, host) for host in hosts]
    return rrsets(chain(rows, (Record(host, "A", ttl, "127.0.0.1") for host in hosts)))


class ZoneTree:
    """The names one server knows now. Changes cost the depth of the name, whatever the size."""

    def __init__(self) -> None:
        self._nodes: dict[Key, dict[RdataType, dns.rrset.RRset]] = {}
        self._below: dict[Key, int] = {}
        self.version = 0

    def put(self, key: Key, kind: RdataType, rrset: dns.rrset.RRset | None) -> None:
        """Replace one RRset; None removes it."""
        self.version += 1
        node = self._nodes.get(key)
        if rrset is not None:
            if node is None:
                node = self._nodes[key] = {}
                self._count(key, 1)
            node[kind] = rrset
        elif node is not None and node.pop(kind, None) is not None and not node:
            del self._nodes[key]
            self._count(key, -1)

    def _count(self, key: Key, step: int) -> None:
        for depth in range(1, len(key) + 1):
            above = key[depth:]
            left = self._below.get(above, 0) + step
            if left:
                self._below[above] = left
            else:
                del self._below[above]

    def node(self, key: Key) -> Mapping[RdataType, dns.rrset.RRset]:
        return self._nodes.get(key, {})

    def exists(self, key: Key) -> bool:
        return key in self._nodes or key in self._below

    def apex(self, key: Key) -> Key | None:
        """The closest zone that holds `key`, or None."""
        for depth in range(len(key) + 1):
            if RdataType.SOA in self._nodes.get(key[depth:], {}):
                return key[depth:]
        return None

    def delegation(self, key: Key, apex: Key) -> dns.rrset.RRset | None:
        """The NS set of the highest cut between the apex and `key` (RFC 1034 section 4.2.1)."""
        for length in range(len(apex) + 1, len(key) + 1):
            cut = self._nodes.get(key[len(key) - length :], {})
            if RdataType.NS in cut:
                return cut[RdataType.NS]
        return None

    def wildcard(self, key: Key) -> Key:
        """The source of synthesis for a name that does not exist (RFC 4592 section 3.3.1)."""
        encloser = key[1:]
        while encloser and not self.exists(encloser):
            encloser = encloser[1:]
        return (b"*", *encloser)

    def clear(self) -> None:
        self._nodes.clear()
        self._below.clear()
        self.version += 1
