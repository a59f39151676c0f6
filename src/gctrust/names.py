"""DomainName and HostName: parsed once (IDNA, dot, case), right for ever after."""

from __future__ import annotations

import re
from dataclasses import dataclass

import idna

_OWNER_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\Z")
_HOST_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\Z")


class BadName(ValueError):
    """The text is no name; `reason` says why in words fit for a user."""

    def __init__(self, text: str, reason: str) -> None:
        super().__init__(f"{text[:80]!r} is not a domain name: {reason}")
        self.text, self.reason = text, reason


def _labels(text: str, label: re.Pattern[str]) -> str:
    name = text.strip().rstrip(".").lower()
    if not name:
        raise BadName(text, "it is empty")
    if not name.isascii():
        try:
            name = idna.encode(name, uts46=True).decode("ascii")
        except (idna.IDNAError, UnicodeError) as error:
            raise BadName(text, f"IDNA refuses it ({error})") from None
    if len(name) > 253:
        raise BadName(text, f"it has {len(name)} octets, 253 are allowed (RFC 1035 section 2.3.4)")
    for part in name.split("."):
        if not label.match(part):
            raise BadName(text, f"the label {part[:64]!r} is not allowed (RFC 1035 section 2.3.1)")
    return name


@dataclass(frozen=True, slots=True, order=True)
class DomainName:
    """A DNS name in A-label form: lower case, no trailing dot. Underscore labels are allowed."""

    text: str

    @classmethod
    def parse(cls, text: str) -> DomainName:
        """Raises BadName."""
        return cls(_labels(text, _OWNER_LABEL))

    @property
    def parent(self) -> DomainName | None:
        _, dot, rest = self.text.partition(".")
        return DomainName(rest) if dot else None

    def child(self, label: str) -> DomainName:
        return DomainName.parse(f"{label}.{self.text}")

    def is_within(self, other: DomainName) -> bool:
        return self.text == other.text or self.text.endswith("." + other.text)

    @property
    def unicode(self) -> str:
        """For display only; the A-label form when a label is not valid IDNA."""
        try:
            return idna.decode(self.text)
        except (idna.IDNAError, UnicodeError):
            return self.text

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True, order=True)
class HostName:
    """A host name: letters, digits, hyphens only (RFC 1123 section 2.1), A-label form."""

    text: str

    @classmethod
    def parse(cls, text: str) -> HostName:
        """Raises BadName. An all-numeric last label is refused: it would be an address."""
        name = _labels(text, _HOST_LABEL)
        if name.rpartition(".")[2].isdigit():
            raise BadName(text, "its last label is a number")
        return cls(name)

    def __str__(self) -> str:
        return self.text
