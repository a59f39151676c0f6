"""Distinguished names: their attributes, and how RFC 5280 section 7.1 compares them."""

from __future__ import annotations

from functools import lru_cache

from .der import Node, Unreadable, children, dotted, node

_TEXT = {12: "utf-8", 19: "ascii", 20: "latin-1", 22: "ascii", 28: "utf-32-be", 30: "utf-16-be"}
NameKey = tuple[frozenset[tuple[bytes, object]], ...]


def _text(value: Node) -> str | None:
    encoding = _TEXT.get(value.tag)
    return None if encoding is None else value.content.decode(encoding, "replace")


@lru_cache(maxsize=512)
def attributes(der: bytes) -> tuple[tuple[str, str], ...]:
    """(dotted id, text) of each attribute; what is no text comes as hexadecimal.

    A name is read by several judges, and an issuer's with every certificate. What cannot be read
    ends it.
    """
    found: list[tuple[str, str]] = []
    try:
        for part in children(node(der)[0].content):
            for pair in children(part.content):
                kind, value = children(pair.content)
                text = _text(value)
                found.append((dotted(kind.content), value.content.hex() if text is None else text))
    except (Unreadable, ValueError):
        pass
    return tuple(found)


@lru_cache(maxsize=512)
def name_key(der: bytes) -> NameKey:
    """Equal for names that are equal: case and spaces fold, the string type does not count.

    A name that cannot be read equals only itself.
    """
    try:
        name, _ = node(der)
        if name.cls == 2:  # [4] directoryName of a GeneralName
            name, _ = node(name.content)
        return tuple(
            frozenset(_pair_key(pair) for pair in children(part.content))
            for part in children(name.content)
        )
    except (Unreadable, ValueError):
        return (frozenset({(b"", der)}),)


def _pair_key(pair: Node) -> tuple[bytes, object]:
    kind, value = children(pair.content)
    text = _text(value)
    return kind.content, value.der if text is None else " ".join(text.casefold().split())
