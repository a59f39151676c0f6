"""Recognises typical slips of publishing a record: what DNS panels and copying do to it."""

from __future__ import annotations

from dataclasses import dataclass

from .questions import Rdata
from .record_text import RequiredRecord, canonical, presented

_SMART = "\u201c\u201d\u201e\u2018\u2019\u00ab\u00bb"


@dataclass(frozen=True, slots=True)
class Slip:
    """`reason` as a clause fit for a sentence, and the values it was seen in."""

    reason: str
    found: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Probe:
    """A place where a mistyped record would be, and what it would mean to find it there."""

    name: str
    type: str
    reason: str

    def fits(self, record: RequiredRecord, value: Rdata) -> bool:
        seen = presented(self.type, value).strip().rstrip(".").lower()
        wanted = record.text.rstrip(".").lower()
        if record.type == self.type:
            return canonical(record, value) == canonical(record, record.value)
        return seen == wanted or (self.type == "CNAME" and seen.startswith(_head(wanted)))


def _head(text: str) -> str:
    """The beginning of a text that survives as a host name."""
    return text.partition(" ")[0][:40] or "\0"


def slip_probes(record: RequiredRecord, domain: str) -> tuple[Probe, ...]:
    """Where to look when the record is not at its place."""
    probes = []
    zone = domain.rstrip(".").lower()
    if zone:
        doubled = f"{record.owner}.{zone}"
        probes.append(Probe(doubled, record.type, f"it stands at {doubled}, the domain twice"))
    if record.type == "TXT":
        probes.append(Probe(record.owner, "CNAME", "the text was published as a CNAME"))
    if record.type == "CNAME":
        probes.append(Probe(record.owner, "TXT", "the target was published as a TXT record"))
    if record.is_dkim and zone:
        selector = record.owner.partition("._domainkey.")[0]
        bare = f"{selector}.{zone}"
        probes.append(Probe(bare, "TXT", f"it stands at {bare}, without ._domainkey"))
    return tuple(probes)


def slip_in(record: RequiredRecord, values: tuple[Rdata, ...], domain: str) -> Slip | None:
    """The slip visible in what stands at the right place."""
    for value in values:
        text = presented(record.type, value)
        reason = (
            _text_slip(record, text) if record.type == "TXT" else _name_slip(record, text, domain)
        )
        if reason:
            return Slip(reason, (text,))
    return None


def _text_slip(record: RequiredRecord, text: str) -> str:
    wanted = canonical(record, record.value)
    if any(quote in text for quote in _SMART):
        plain = text.strip("".join((_SMART, ' "')))
        if canonical(record, (plain.encode(),)) == wanted:
            return "it is wrapped in typographic quotes"
    plain = text.replace('\\"', '"').strip().strip("\"'")
    if plain != text and canonical(record, (plain.encode(),)) == wanted:
        return "it is wrapped in quotes that became part of it"
    joined = text.replace('" "', "").replace('"', "").replace(" ", "")
    spaceless = RequiredRecord(record.type, record.name, record.text.replace(" ", ""))
    if canonical(record, (joined.encode(),)) == canonical(record, spaceless.value):
        return "blanks or quotes were put between its parts"
    return ""


def _name_slip(record: RequiredRecord, text: str, domain: str) -> str:
    wanted, seen = canonical(record, record.value), canonical(record, text)
    zone = domain.rstrip(".").lower()
    if zone and seen == f"{wanted}.{zone}":
        return "its target lacks the trailing dot, so the domain was appended"
    return ""
