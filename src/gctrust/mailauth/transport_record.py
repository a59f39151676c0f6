"""The "v=...; name=value" text that MTA-STS and TLS reporting share (RFC 8460 and 8461 section 3).

Both discard texts of another kind first, and use none when several remain.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from .dmarc_record import text_of
from .questions import Rdata

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,31}\Z")
_VALUE = re.compile(r"[\x21-\x3a\x3c\x3e-\x7e]+\Z")  # sts-ext-value; a URI has rules of its own
_BLANKS = " \t"


@dataclass(frozen=True, slots=True)
class TransportTexts:
    """`own` begin with the version; `near` would if they were spelt right."""

    own: tuple[str, ...]
    near: tuple[str, ...]


def sort_texts(version: str, records: Iterable[Rdata]) -> TransportTexts:
    """Tell the records of `version` ("v=STSv1") from everything else at the name."""
    texts = [text_of(record) for record in records]
    own = tuple(text for text in texts if _begins(version, text))
    loose = version.lower()
    near = tuple(
        text
        for text in texts
        if text not in own and "".join(text.split()).strip('"').lower().startswith(loose)
    )
    return TransportTexts(own, near)


def _begins(version: str, text: str) -> bool:
    """RFC 8461 section 3.1: *WSP may stand before the semicolon, nothing before the version."""
    rest = text[len(version) :].lstrip(_BLANKS)
    return text.startswith(version) and rest.startswith(";")


def fields(text: str) -> tuple[tuple[tuple[str, str], ...], str]:
    """(name, value) in order, after the version; and what is wrong with the form, or ""."""
    parts = [part.strip(_BLANKS) for part in text.split(";")[1:]]
    if parts and not parts[-1]:
        parts.pop()  # one delimiter may end the record
    found: list[tuple[str, str]] = []
    for part in parts:
        name, equals, value = part.partition("=")
        if not part:
            return tuple(found), "there is nothing between two semicolons"
        if not equals or not value:
            return tuple(found), f"{part[:60]!r} is no name=value"
        if not _NAME.match(name):
            return tuple(found), f"{name[:60]!r} is no field name"
        if name != "rua" and not _VALUE.match(value):
            return tuple(found), f"the value of {name} holds characters that are not allowed"
        found.append((name, value))
    return tuple(found), ""


def first(pairs: tuple[tuple[str, str], ...], name: str) -> str | None:
    """Field names are compared with case (RFC 8461 section 3.1, RFC 7405)."""
    return next((value for key, value in pairs if key == name), None)
