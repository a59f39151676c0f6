"""Judges the CAA records that apply to a domain: can an issuer read them at all (RFC 8659)?"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from ..findings import Finding, Report, finding
from ..names import DomainName
from . import transport_rules as rules
from .questions import Answer, Judge, Question, Status, ask_all

CRITICAL = 128
KNOWN_TAGS = frozenset(
    ("issue", "issuewild", "iodef", "issuemail", "issuevmc", "contactemail", "contactphone")
)
"""IANA's registry of CAA property tags: RFC 8659, RFC 9495, the CA/Browser Forum's and BIMI's."""

_LABEL = r"[A-Za-z0-9](?:-*[A-Za-z0-9])*"
_PARAMETER = rf"{_LABEL}[ \t]*=[ \t]*[\x21-\x3a\x3c-\x7e]*"
_ISSUE = re.compile(
    rf"[ \t]*(?P<issuer>{_LABEL}(?:\.{_LABEL})*)?[ \t]*"
    rf"(?:;[ \t]*(?:{_PARAMETER}[ \t]*(?:;[ \t]*{_PARAMETER}[ \t]*)*)?)?\Z"
)
MAX_RECORDS = 100  # that are read
_LONGEST = 2000  # octets of one value that are read; an issuer's name and parameters take 200
_ISSUES = ("issue", "issuewild", "issuemail", "issuevmc")


@dataclass(frozen=True, slots=True)
class CaaRecord:
    """One property. `issuer` is "" when an issue property names none, None for another tag."""

    flags: int
    tag: str
    value: str
    issuer: str | None = None
    valid: bool = True


@dataclass(frozen=True, slots=True)
class CaaReport:
    """`records` apply to the domain and stand at `owner`; none: every issuer may issue."""

    report: Report
    owner: str = ""
    records: tuple[CaaRecord, ...] = ()

    def issuers(self, tag: str = "issue") -> tuple[str, ...] | None:
        """The domains of issuers that are allowed by `tag`; None when it restricts nobody."""
        named = [record.issuer for record in self.records if record.tag == tag]
        return tuple(name for name in named if name) if named else None


def assess_caa(domain: DomainName, *, fresh: bool = False) -> Judge[CaaReport]:
    """Find the relevant RRset by climbing the tree (RFC 8659 section 3) and judge its form."""
    labels = domain.text.split(".")
    names = [".".join(labels[at:]) for at in range(len(labels))]
    answers = yield from ask_all(Question(name, "CAA", fresh=fresh) for name in names)
    for name, answer in zip(names, answers, strict=True):
        if answer.status.is_temporary:
            line = f"CAA records of {name} (DNS-01): the look-up failed ({answer.failure})"
            return CaaReport(Report(domain.text, (), (line,)))
        if answer.status is Status.FOUND:
            records = _records(answer)
            found = tuple(said for record in records for said in _judged(name, record))
            return CaaReport(Report(domain.text, found), name, records)
    return CaaReport(Report(domain.text))


def parse_caa(flags: int, tag: str, value: bytes) -> CaaRecord:
    """Never raises; a value outside the grammar gives a record that is not valid."""
    name, text = tag.lower(), value.decode("latin-1")
    if name not in _ISSUES:
        return CaaRecord(flags, name, text)
    match = _ISSUE.match(text) if len(text) <= _LONGEST else None
    if match is None:
        return CaaRecord(flags, name, text, "", valid=False)
    return CaaRecord(flags, name, text, (match["issuer"] or "").lower())


def _records(answer: Answer) -> tuple[CaaRecord, ...]:
    records = []
    for record in answer.records[:MAX_RECORDS]:
        if isinstance(record, tuple) and len(record) == 3:
            flags, tag, value = record
            if isinstance(flags, int) and isinstance(value, str | bytes):
                data = value.encode() if isinstance(value, str) else value
                records.append(parse_caa(flags, str(tag), data))
    return tuple(records)


def _judged(name: str, record: CaaRecord) -> Iterator[Finding]:
    if not record.valid:
        yield finding(rules.CAA_MALFORMED, name, tag=record.tag, value=record.value[:120])
    if record.flags & CRITICAL and record.tag not in KNOWN_TAGS:
        yield finding(rules.CAA_CRITICAL, name, tag=record.tag)
