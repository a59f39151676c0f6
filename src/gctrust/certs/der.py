"""DER elements: the outline of a certificate, read tolerantly and fast.

Definite lengths are read here; what is BER (indefinite lengths, long tags) asn1crypto reads.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from asn1crypto import parser as asn1_parser

MOST_ELEMENTS = 50_000


class Unreadable(ValueError):
    """The bytes are no certificate; the text says why."""


class Node(NamedTuple):
    """One element: its class and tag number, its content and its whole encoding."""

    cls: int
    tag: int
    content: bytes
    der: bytes


_make = tuple.__new__  # a Node without the named tuple's own constructor


def node(data: bytes) -> tuple[Node, bytes]:
    """The first element of `data` and the rest. Raises Unreadable."""
    made, end = _at(data, 0)
    return made, data[end:]


def children(content: bytes, limit: int = MOST_ELEMENTS) -> list[Node]:
    """Every element of a constructed value. Raises Unreadable.

    Short elements, nearly all there are, are taken here without a call each.
    """
    nodes: list[Node] = []
    place, size = 0, len(content)
    while place < size:
        head, length = content[place], content[place + 1] if place + 1 < size else 0x80
        end = place + 2 + length
        if length < 0x80 and head & 31 != 31 and end <= size:
            parts = (head >> 6, head & 31, content[place + 2 : end], content[place:end])
            nodes.append(_make(Node, parts))
            place = end
        else:
            child, place = _at(content, place)
            nodes.append(child)
        if len(nodes) > limit:
            raise Unreadable(f"more than {limit} elements")
    return nodes


def _at(data: bytes, start: int) -> tuple[Node, int]:
    """The element that starts at `start`, and where it ends (X.690 section 8.1)."""
    try:
        head, length = data[start], data[start + 1]
    except IndexError:
        raise Unreadable("not DER: it ends within an element") from None
    if head & 31 == 31 or length == 0x80:
        return _loosely(data, start)
    body = start + 2
    if length & 0x80:
        body += length & 0x7F
        length = int.from_bytes(data[start + 2 : body], "big")
    end = body + length
    if end > len(data):
        raise Unreadable(f"not DER: an element of {length} octets is cut short")
    return Node(head >> 6, head & 31, data[body:end], data[start:end]), end


def _loosely(data: bytes, start: int) -> tuple[Node, int]:
    try:
        cls, _, tag, header, content, trailer = asn1_parser.parse(data[start:], strict=False)
    except (ValueError, IndexError, TypeError, RecursionError) as error:
        raise Unreadable(f"not DER: {error}") from None
    end = start + len(header) + len(content) + len(trailer)
    return Node(cls, tag, content, data[start:end]), end


@lru_cache(maxsize=512)
def dotted(content: bytes) -> str:
    """An object identifier's content as text (X.690 section 8.19). Raises Unreadable."""
    if not content or content[-1] & 0x80 or len(content) > 64:
        raise Unreadable("not an object identifier")
    arcs, value = [], 0
    for octet in content:
        value = value << 7 | octet & 0x7F
        if not octet & 0x80:
            arcs.append(value)
            value = 0
    first = min(arcs[0] // 40, 2)
    return ".".join(map(str, (first, arcs[0] - 40 * first, *arcs[1:])))
