"""Judges the BIMI record: its form, and whether DMARC is strict enough for it.

The logo and the mark certificate behind it are not fetched.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from ..findings import Finding, Report, finding
from ..names import DomainName
from . import bimi_rules as rules
from .dmarc import DmarcReport
from .dmarc_record import Policy, text_of
from .questions import Judge, Question, Rdata, ask_all
from .tag_list import parse_tag_list

UNSEEN = "the logo and the mark certificate of BIMI (BIMI-03)"

# a name without a suffix is let through: what it holds is then seen only by fetching it
_SVG = re.compile(r"(?:\.svgz?|/[^./?#]*)(?:[?#].*)?\Z", re.I)


@dataclass(frozen=True, slots=True)
class BimiRecord:
    """`logo` and `certificate` are URIs, "" where there is none; `faults` are (tag, reason), the
    tag being "" for the record as a whole."""

    logo: str
    certificate: str
    faults: tuple[tuple[str, str], ...] = ()

    @property
    def declines(self) -> bool:
        return not self.logo and not self.certificate and not self.faults


@dataclass(frozen=True, slots=True)
class BimiReport:
    """`record_at` is the name whose record applies, "" without one."""

    report: Report
    record: BimiRecord | None = None
    record_at: str = ""


def is_bimi(text: str) -> bool:
    version, _, _ = text.partition(";")
    name, _, value = version.partition("=")
    return name.strip(" \t") == "v" and value.strip(" \t") == "BIMI1"


def parse_bimi(text: str) -> BimiRecord:
    """Parse the text of one TXT record. Never raises: what is wrong is in `faults`."""
    if not is_bimi(text):
        return BimiRecord("", "", (("", f"it begins {text[:20]!r}, not 'v=BIMI1;'"),))
    tags = parse_tag_list(text.encode("utf-8", "surrogateescape"))
    faults = [("", f"{part[:60]!r}: {reason}") for part, reason in tags.faults]
    faults += [("", f"{name}= is given twice") for name in tags.duplicates]
    if "l" not in tags:
        faults.append(("", "it has no l="))
    logo, certificate = tags.get("l") or "", tags.get("a") or ""
    # a=self is what older drafts called "no certificate"
    certificate = "" if certificate == "self" else certificate
    for tag, uri in (("l", logo), ("a", certificate)):
        if uri and (reason := _unfit(uri)):
            faults.append((tag, reason))
    if certificate and not logo and "l" in tags:
        faults.append(("l", "it is empty beside a certificate"))
    if logo and not _SVG.search(logo):
        faults.append(("l", f"{logo[:60]!r} is no SVG by its name"))
    return BimiRecord(logo, certificate, tuple(faults))


def _unfit(uri: str) -> str:
    try:
        parts = urlsplit(uri)
        host = parts.hostname
    except ValueError:
        return "it is no URI"
    if parts.scheme.lower() != "https":
        return f"{uri[:60]!r} is not https"
    return "" if host and "," not in uri else f"{uri[:60]!r} is not one URI with a host"


def find_bimi(domain: DomainName, organisation: str, *, fresh: bool = False) -> Judge[BimiReport]:
    """The record of the default selector, at the domain or else at its organisation's; judged by
    itself. No record is no finding."""
    names = dict.fromkeys(f"default._bimi.{one}" for one in (domain.text, organisation) if one)
    answers = yield from ask_all(Question(name, "TXT", fresh=fresh) for name in names)
    for name, answer in zip(names, answers, strict=True):
        if answer.status.is_temporary:
            line = f"the BIMI record {name} (BIMI-01): the look-up failed ({answer.failure})"
            return BimiReport(Report(domain.text, (), (line,)))
        texts = _meant(answer.records)
        if len(texts) > 1:
            said = finding(rules.SEVERAL, name, count=len(texts))
            return BimiReport(Report(domain.text, (said,)), None, name)
        if texts:
            record = parse_bimi(texts[0])
            left = () if record.declines else (UNSEEN,)
            return BimiReport(
                Report(domain.text, tuple(record_findings(name, record)), left), record, name
            )
    return BimiReport(Report(domain.text))


def _meant(records: Iterable[Rdata]) -> list[str]:
    """The BIMI records; without any, what would be one if it were spelt right."""
    texts = [text_of(record) for record in records]
    near = [t for t in texts if "".join(t.split()).strip("\"'").lower().startswith("v=bimi")]
    return [text for text in texts if is_bimi(text)] or near[:1]


def record_findings(name: str, record: BimiRecord) -> Iterator[Finding]:
    for tag, reason in record.faults[:10]:
        if tag:
            yield finding(rules.LOCATION, name, tag=tag, reason=reason)
        else:
            yield finding(rules.MALFORMED, name, reason=reason)
    if record.declines:
        yield finding(rules.DECLINED, name)


def dmarc_findings(bimi: BimiReport, dmarc: DmarcReport) -> Iterator[Finding]:
    """BIMI-02. A DMARC policy that could not be looked up says nothing."""
    if bimi.record is None or bimi.record.declines or dmarc.walk.failed:
        return
    reason = _weakness(dmarc)
    if reason:
        yield finding(rules.WEAK_DMARC, dmarc.report.subject, reason=reason)


def _weakness(dmarc: DmarcReport) -> str:
    if dmarc.effective is None or dmarc.record is None:
        return "there is none"
    if dmarc.record.testing:
        return "t=y asks receivers not to apply it"
    if dmarc.effective.domain is Policy.NONE:
        return "it is none"
    if dmarc.effective.subdomains is Policy.NONE:
        return "it is none for sub-domains"
    return ""
