"""SPF macros (RFC 7208 section 7): parsed once to pieces, expanded for one check."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import quote


@dataclass(frozen=True, slots=True)
class Macro:
    """`letter` in lower case; `keep` right-hand parts (0: all); `escape`: it was upper case."""

    letter: str
    keep: int
    reverse: bool
    delimiters: str
    escape: bool


@dataclass(frozen=True, slots=True)
class MacroText:
    """Text with macros. `is_plain` text expands to itself; `name` is the name it stands for."""

    text: str
    pieces: tuple[str | Macro, ...]
    letters: frozenset[str]
    name: str = ""

    @property
    def is_plain(self) -> bool:
        return not self.letters


_EXPAND = r"%\{[slodiphvcrtSLODIPHVCRT][0-9]*[rR]?[.\-+,/_=]*\}|%[%_-]"
_PIECE = re.compile(r"%\{([A-Za-z])([0-9]*)([rR]?)([.\-+,/_=]*)\}|%([%_-])|([^%]+)")
_MACRO_STRING = re.compile(rf"(?:{_EXPAND}|[\x21-\x24\x26-\x7e])*\Z")
_EXPLAIN_STRING = re.compile(rf"(?:{_EXPAND}|[\x20-\x24\x26-\x7e])*\Z")
_TOP_LABEL = re.compile(
    r"\.(?:[A-Za-z0-9]*[A-Za-z][A-Za-z0-9]*|[A-Za-z0-9]+-[A-Za-z0-9-]*[A-Za-z0-9])\.?\Z"
)
_ENDS_IN_MACRO = re.compile(rf"(?:{_EXPAND})\Z")
_ZERO_DIGITS = re.compile(r"%\{[A-Za-z]0+[rR]?[.\-+,/_=]*\}")
_EXPLAIN_ONLY = re.compile(r"%\{[crtCRT]")
_LITERAL = {"%": "%", "_": " ", "-": "%20"}


def macro_fault(text: str, *, explanation: bool) -> str:
    """Why `text` is no macro-string, empty when it is one.

    `explanation` allows the letters c, r and t (RFC 7208 section 7.2).
    """
    if not _MACRO_STRING.match(text):
        return (
            "a % must begin %{letter...}, %%, %_ or %-"
            if "%" in text
            else "a character is not allowed"
        )
    if _ZERO_DIGITS.search(text):
        return "the number of parts in a macro must not be zero"
    if not explanation and _EXPLAIN_ONLY.search(text):
        return "the macro letters c, r and t are for explanation texts only"
    return ""


def is_domain_spec(text: str) -> bool:
    """Whether a macro-string ends as a domain-spec must (RFC 7208 section 12, domain-end)."""
    return bool(_TOP_LABEL.search(text) or _ENDS_IN_MACRO.search(text))


def parse_explanation(data: bytes) -> MacroText | None:
    """An explain-string (RFC 7208 section 6.2), None when it is not one or not US-ASCII."""
    text = data.decode("latin-1")
    if not text.isascii() or not _EXPLAIN_STRING.match(text) or _ZERO_DIGITS.search(text):
        return None
    return parse_macros(text)


def parse_macros(text: str) -> MacroText:
    """Split text that has no `macro_fault`."""
    pieces: list[str | Macro] = []
    for letter, digits, reverse, delimiters, sign, plain in _PIECE.findall(text):
        if letter:
            # 128 labels are more than a name can have: longer numbers keep everything too
            keep = min(int(digits[:9]), 1000) if digits else 0
            pieces.append(
                Macro(letter.lower(), keep, bool(reverse), delimiters or ".", letter.isupper())
            )
        else:
            pieces.append(_LITERAL[sign] if sign else plain)
    letters = frozenset(piece.letter for piece in pieces if isinstance(piece, Macro))
    if letters:
        return MacroText(text, tuple(pieces), letters)
    plain = "".join([piece for piece in pieces if isinstance(piece, str)])
    return MacroText(text, (plain,), letters, fit_name(plain))


def expand(text: MacroText, values: Mapping[str, str]) -> str:
    """Replace each macro by its value; `values` has every letter that `text.letters` names."""
    return "".join(
        piece if isinstance(piece, str) else _value(piece, values[piece.letter])
        for piece in text.pieces
    )


def _value(macro: Macro, value: str) -> str:
    if macro.keep or macro.reverse or macro.delimiters != ".":
        parts = re.split(f"[{re.escape(macro.delimiters)}]", value)
        if macro.reverse:
            parts.reverse()
        value = ".".join(parts[-macro.keep :] if macro.keep else parts)
    # §7.3: unreserved characters of RFC 3986 stay, all others are escaped
    return quote(value, safe="-._~") if macro.escape else value


_LABELS = re.compile(r"[^.]{1,63}(?:\.[^.]{1,63})*\Z")


def fit_name(name: str) -> str:
    """Drop left-hand labels until 253 octets are left (RFC 7208 section 7.3)."""
    name = name.removesuffix(".")
    while len(name) > 253:
        _, dot, rest = name.partition(".")
        if not dot:
            return name
        name = rest
    return name


@lru_cache(maxsize=16384)
def is_query_name(name: str) -> bool:
    """Whether a query can be made of it: no empty label, none over 63 octets, 253 in all."""
    name = name.removesuffix(".")
    size = len(name) if name.isascii() else len(name.encode("utf-8", "replace"))
    if not name or size > 253 or name.startswith("[") or "\x00" in name:
        return False
    return _LABELS.match(name) is not None
