"""What one SPF record shows by itself: faults, slips, terms that do nothing, a missing end."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from gctrust.findings import Finding, Severity, finding

from .questions import Rdata
from .spf_record import (
    KNOWN_MECHANISMS,
    FaultKind,
    Mechanism,
    Modifier,
    SpfRecord,
    parse_spf,
    spf_texts,
)
from .spf_rules import SPF_RULE


@dataclass(slots=True)
class SpfFindings:
    """Collects findings on one subject."""

    subject: str
    found: list[Finding] = field(default_factory=list)

    def add(
        self, rule: str, *, severity: Severity | None = None, fix: str = "",
        **facts: str | int | list[str],
    ) -> None:  # fmt: skip
        self.found.append(
            finding(SPF_RULE[rule], self.subject, severity=severity, fix=fix, **facts)
        )


_FAULT_RULE = {
    FaultKind.SYNTAX: "spf.syntax",
    FaultKind.UNKNOWN_MECHANISM: "spf.unknown-mechanism",
    FaultKind.MODIFIER: "spf.malformed-modifier",
    FaultKind.REPEATED: "spf.repeated-modifier",
    FaultKind.NETWORK: "spf.bad-network",
    FaultKind.PREFIX: "spf.bad-prefix-length",
    FaultKind.DOMAIN: "spf.bad-domain",
    FaultKind.MACRO: "spf.bad-macro",
    FaultKind.CHARACTER: "spf.bad-character",
}


def judge_faults(out: SpfFindings, record: SpfRecord) -> None:
    for fault in record.faults[:20]:  # a 64 KB record may hold thousands; twenty say enough
        out.add(_FAULT_RULE[fault.kind], term=cut(fault.term), reason=fault.reason)


def cut(text: str) -> str:
    return repr(text if len(text) <= 80 else text[:77] + "...")


def judge_terms(out: SpfFindings, record: SpfRecord) -> None:
    for modifier in record.modifiers:
        _judge_modifier(out, modifier)
    judge_discouraged(out, record)
    counts: dict[str, int] = {}
    for term in record.terms:
        if isinstance(term, Mechanism):
            counts[term.text.lower()] = counts.get(term.text.lower(), 0) + 1
    for text, count in counts.items():
        if count > 1:
            out.add("spf.repeated-term", term=cut(text), count=count)
    _judge_end(out, record)


def judge_discouraged(out: SpfFindings, record: SpfRecord) -> None:
    """SPF-12 and SPF-17: what costs every receiver time, wherever in the tree it stands."""
    for term in record.terms:
        if term.target is not None and "p" in term.target.letters:
            out.add("spf.p-macro", term=cut(term.text))
        if isinstance(term, Mechanism) and term.name == "ptr":
            out.add("spf.ptr", term=cut(term.text))


def _judge_modifier(out: SpfFindings, modifier: Modifier) -> None:
    if modifier.name in ("redirect", "exp"):
        return
    if modifier.name in KNOWN_MECHANISMS:
        out.add("spf.equals-for-colon", term=modifier.text, meant=f"{modifier.name}:")
    elif modifier.name in _REPORT_VALUE:
        pattern, reason = _REPORT_VALUE[modifier.name]
        if not pattern.match(modifier.value):
            out.add("spf.bad-report-modifier", term=cut(modifier.text), reason=reason)
    else:
        out.add("spf.unknown-modifier", term=cut(modifier.text))


# RFC 6652 section 3: ra is a local part, rp a percentage, rr a list of results to report.
_REPORT_VALUE = {
    "ra": (re.compile(r"[^@\s]+\Z"), "ra is the local part of an address"),
    "rp": (re.compile(r"(?:100|[0-9]{1,2})\Z"), "rp is a number from 0 to 100"),
    "rr": (re.compile(r"(?:all|[efsn])(?::(?:all|[efsn]))*\Z", re.I), "rr lists all, e, f, s, n"),
}


def _judge_end(out: SpfFindings, record: SpfRecord) -> None:
    end = record.all
    redirects = [m for m in record.modifiers if m.name == "redirect"]
    if end is None:
        if not redirects and not record.faults:
            out.add("spf.neutral-default", reason="it has neither all nor redirect=")
        return
    for redirect in redirects[:1]:
        out.add("spf.redirect-ignored", term=cut(redirect.text))
    later = record.terms[record.terms.index(end) + 1 :]
    unreached = [term.text for term in later if isinstance(term, Mechanism)]
    if unreached:
        out.add("spf.after-all", terms=", ".join(unreached)[:200], all=end.text)
    if end.qualifier == "?":
        out.add("spf.neutral-default", reason=f"{end.text} says so")
    elif end.qualifier == "-" and len(record.mechanisms) > 1:
        out.add("spf.hard-fail")


_TERM_START = re.compile(
    r"[+\-?~]?(?:all\Z|(?:include|exists|ip4|ip6|ptr|a|mx):|(?:redirect|exp)=)", re.I
)


def judge_split(out: SpfFindings, records: Iterable[Rdata]) -> None:
    """A term that begins right at a string boundary, behind a term without a blank between."""
    for strings in records:
        if not isinstance(strings, tuple) or not spf_texts((strings,)):
            continue
        pieces = [part for part in strings if isinstance(part, bytes)]
        for left, right in itertools.pairwise(pieces):
            before = left.decode("latin-1").rpartition(" ")[2]
            after = right.decode("latin-1").partition(" ")[0]
            if before and _TERM_START.match(after) and not _is_cut_open(before):
                out.add("spf.split-token", left=cut(before), right=cut(after))


def _is_cut_open(word: str) -> bool:
    """Whether a term plainly goes on behind the boundary, as "ip4:" or "include:spf." do."""
    return word[-1] in ":=./%{-+~?" or parse_spf(b"v=spf1 " + word.encode("latin-1")).faults != ()


def shown(data: bytes) -> str:
    text = data.decode("latin-1")
    return repr(text if len(text) <= 120 else text[:117] + "...")
