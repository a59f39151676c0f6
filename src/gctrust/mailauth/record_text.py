"""A record the platform requires, its canonical value for comparing, and its zone-file line."""

from __future__ import annotations

from dataclasses import dataclass

from .questions import Rdata

TTL = 300  # for what is published anew: short, so that a slip is soon forgotten


@dataclass(frozen=True, slots=True)
class RequiredRecord:
    """As the platform gives it: `value` of an MX is "10 host", of a TXT the text."""

    type: str
    name: str
    value: str

    @property
    def owner(self) -> str:
        return self.name.rstrip(".").lower()

    @property
    def text(self) -> str:
        """The value without the quotes some interfaces wrap it in."""
        value = self.value.strip()
        return value[1:-1] if len(value) > 1 and value[0] == value[-1] == '"' else value

    @property
    def is_spf(self) -> bool:
        return self.type == "TXT" and bool(spf_terms(self.text))

    @property
    def is_dkim(self) -> bool:
        return self.type == "TXT" and "._domainkey." in self.owner

    @property
    def is_dmarc(self) -> bool:
        return self.type == "TXT" and self.owner.startswith("_dmarc.")


def spf_terms(text: str) -> tuple[str, ...]:
    """The terms of an SPF record in lower case, "v=spf1" first; empty when it is none."""
    terms = text.split(" ")
    if terms[0].lower() != "v=spf1":
        return ()
    return tuple(term.lower().removeprefix("+") for term in terms if term)


def presented(kind: str, value: Rdata) -> str:
    """One record's data as a person writes it."""
    if isinstance(value, str):
        return value
    if kind in ("TXT", "SPF"):
        joined = b"".join(part for part in value if isinstance(part, bytes))
        return joined.decode("utf-8", "backslashreplace")
    return " ".join(part.hex() if isinstance(part, bytes) else str(part) for part in value)


def canonical(record: RequiredRecord, value: Rdata) -> str:
    """What two spellings of one value have in common."""
    text = presented(record.type, value)
    if record.type == "TXT":
        if isinstance(value, str):  # a platform's value; what DNS holds comes as octets
            text = RequiredRecord("TXT", record.name, value).text
        return _tags(text) if record.is_dkim or record.is_dmarc else text
    if record.type == "MX":
        text = text.split()[-1] if text.split() else text  # the preference is the domain's affair
    return text.strip().rstrip(".").lower()


def _tags(text: str) -> str:
    """A tag list without white space and final semicolon; k=rsa is the default (RFC 6376 3.6.1)."""
    tags = ["".join(tag.split()) for tag in text.split(";")]
    return ";".join(tag for tag in tags if tag and tag != "k=rsa")


def zone_line(record: RequiredRecord) -> str:
    """The record as a zone-file line, complete with trailing dots."""
    return f"{record.owner}. {TTL} IN {record.type} {zone_data(record)}"


def zone_data(record: RequiredRecord) -> str:
    """The data part: TXT quoted and cut at 255 octets (RFC 1035 section 3.3.14)."""
    if record.type == "TXT":
        return " ".join(f'"{_quoted(part)}"' for part in pieces(record.text))
    if record.type == "MX":
        preference, _, host = record.value.strip().rpartition(" ")
        return f"{preference.strip() or '10'} {host.rstrip('.')}."
    if record.type in ("CNAME", "NS", "PTR"):
        return record.value.strip().rstrip(".") + "."
    return record.value.strip()


def pieces(text: str) -> tuple[bytes, ...]:
    """Character-strings of at most 255 octets."""
    data = text.encode()
    return tuple(data[at : at + 255] for at in range(0, len(data), 255)) or (b"",)


def _quoted(data: bytes) -> str:
    return "".join(_octet(octet) for octet in data)


def _octet(octet: int) -> str:
    if octet in b'"\\':
        return f"\\{chr(octet)}"
    return chr(octet) if 32 <= octet < 127 else f"\\{octet:03d}"
