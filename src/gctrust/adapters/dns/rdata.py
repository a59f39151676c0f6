"""What is inside a DNS message: names, which point into it, and the data of each record type.

Every read is bounds-checked; what is out of bounds raises Malformed, IndexError or struct.error.
"""

from __future__ import annotations

import re
import socket
import struct
from collections.abc import Callable

from ...mailauth.questions import Rdata

U16 = struct.Struct("!H")
_U32X5 = struct.Struct("!5I")
_DS = struct.Struct("!HBB")
_TLSA = struct.Struct("!BBB")
_PLAIN_NAME = re.compile(rb"[A-Za-z0-9_*/+=.-]+\Z")
_QUOTED = b'"().;\\@$'


class Malformed(Exception):
    """The octets are no DNS message."""


class Names:
    """The names of one message, each read once."""

    __slots__ = ("_known", "message")

    def __init__(self, message: bytes) -> None:
        self.message = message
        self._known: dict[int, tuple[str, int, int]] = {}

    def at(self, at: int) -> tuple[str, int]:
        """Its text, and where it ends."""
        return self._read(at)[:2]

    def only(self, start: int, end: int) -> str:
        """A name that fills the data of a record."""
        name, stop, _ = self._read(start)
        if stop != end:
            raise Malformed
        return name

    def _read(self, at: int) -> tuple[str, int, int]:
        """Text, where it ends, and its wire length. A pointer must point backwards: no loops."""
        known = self._known.get(at)
        if known is not None:
            return known
        message, start, lowest = self.message, at, at
        size, end = 1, -1
        labels: list[bytes] = []
        rest = ""
        while length := message[at]:
            if length < 64:
                labels.append(message[at + 1 : at + 1 + length])
                at += length + 1
                size += length + 1
            elif length >= 0xC0:
                target = U16.unpack_from(message, at)[0] & 0x3FFF
                if target >= lowest:
                    raise Malformed
                end = at + 2 if end < 0 else end
                known = self._known.get(target)
                if known is not None:  # mostly the question's own name
                    rest = known[0] if known[2] > 1 else ""
                    size += known[2] - 1
                    break
                at = lowest = target
            else:
                raise Malformed
            if size > 255 or at > len(message):
                raise Malformed
        if size > 255:
            raise Malformed
        known = (_joined(labels, rest), at + 1 if end < 0 else end, size)
        self._known[start] = known
        return known


def _address(names: Names, start: int, end: int) -> Rdata:
    return socket.inet_ntoa(names.message[start:end])


def _address6(names: Names, start: int, end: int) -> Rdata:
    data = names.message[start:end]
    if len(data) != 16:
        raise Malformed
    return socket.inet_ntop(socket.AF_INET6, data)


def _strings(names: Names, start: int, end: int) -> Rdata:
    message = names.message
    if start < end and start + 1 + message[start] == end:
        return (message[start + 1 : end],)
    strings = []
    while start < end:
        stop = start + 1 + message[start]
        if stop > end:
            raise Malformed
        strings.append(message[start + 1 : stop])
        start = stop
    if not strings:
        raise Malformed
    return tuple(strings)


def _name(names: Names, start: int, end: int) -> Rdata:
    return names.only(start, end)


def _mx(names: Names, start: int, end: int) -> Rdata:
    if end - start < 3:
        raise Malformed
    return (U16.unpack_from(names.message, start)[0], names.only(start + 2, end))


def _soa(names: Names, start: int, end: int) -> Rdata:
    mname, at = names.at(start)
    rname, at = names.at(at)
    if end - at != 20:
        raise Malformed
    return (mname, rname, *_U32X5.unpack_from(names.message, at))


def _numbers(layout: struct.Struct) -> Callable[[Names, int, int], Rdata]:
    def read(names: Names, start: int, end: int) -> Rdata:
        data = start + layout.size
        if data > end:
            raise Malformed
        return (*layout.unpack_from(names.message, start), names.message[data:end])

    return read


def _caa(names: Names, start: int, end: int) -> Rdata:
    if end - start < 2:
        raise Malformed
    flags, length = names.message[start], names.message[start + 1]
    value = start + 2 + length
    if not length or value > end:
        raise Malformed
    return (flags, _escaped(names.message[start + 2 : value]), names.message[value:end])


def _joined(labels: list[bytes], rest: str) -> str:
    """The presentation form of labels, before a name that has it already."""
    name = b".".join(labels)
    if _PLAIN_NAME.match(name) and name.count(b".") == len(labels) - 1:
        text = name.decode()
    else:
        text = ".".join(map(_escaped, labels))
    return f"{text}.{rest}" if text and rest else text or rest or "."


def _escaped(label: bytes) -> str:
    return "".join(map(_octet, label))


def _octet(octet: int) -> str:
    if octet in _QUOTED:
        return f"\\{chr(octet)}"
    return chr(octet) if 32 < octet < 127 else f"\\{octet:03d}"


READERS: dict[int, Callable[[Names, int, int], Rdata]] = {
    1: _address,
    2: _name,
    5: _name,
    6: _soa,
    12: _name,
    15: _mx,
    16: _strings,
    28: _address6,
    43: _numbers(_DS),
    48: _numbers(_DS),
    52: _numbers(_TLSA),
    99: _strings,
    257: _caa,
}
"""By type number; a type not listed is kept as the octets it has."""
