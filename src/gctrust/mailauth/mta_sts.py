"""Judges the MTA-STS record in DNS (RFC 8461 section 3.1); the policy file is not fetched here."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ..findings import Finding, Report, finding
from ..names import DomainName
from . import transport_rules as rules
from .questions import Judge, Question, ask
from .transport_record import fields, first, sort_texts

_VERSION = "v=STSv1"
_ID = re.compile(r"[A-Za-z0-9]{1,32}\Z")


@dataclass(frozen=True, slots=True)
class MtaStsReport:
    """`id` names the policy's version; "" when there is no record that senders would use."""

    report: Report
    id: str = ""


def assess_mta_sts(domain: DomainName, *, fresh: bool = False) -> Judge[MtaStsReport]:
    """Judge the TXT record at _mta-sts. Without one the domain has no MTA-STS: no finding."""
    name = f"_mta-sts.{domain.text}"
    answer = yield from ask(Question(name, "TXT", fresh=fresh))
    if answer.status.is_temporary:
        line = f"the MTA-STS record {name} (STS-01): the look-up failed"
        return MtaStsReport(Report(domain.text, (), (line,)))
    texts = sort_texts(_VERSION, answer.records)
    if len(texts.own) > 1:
        return _found(domain, finding(rules.STS_SEVERAL, name, count=len(texts.own)))
    if not texts.own:
        if not texts.near:
            return MtaStsReport(Report(domain.text))
        reason = f"it begins {texts.near[0][:20]!r}, not {_VERSION + ';'!r}"
        return _found(domain, finding(rules.STS_MALFORMED, name, reason=reason))
    reason, policy = _read(texts.own[0])
    if reason:
        return _found(domain, finding(rules.STS_MALFORMED, name, reason=reason))
    return MtaStsReport(Report(domain.text), policy)


def _found(domain: DomainName, said: Finding) -> MtaStsReport:
    return MtaStsReport(Report(domain.text, (said,)))


def _read(text: str) -> tuple[str, str]:
    """What is wrong, or ""; and the id."""
    pairs, fault = fields(text)
    policy = first(pairs, "id")
    if fault:
        return fault, ""
    if policy is None:
        return "it has no id", ""
    if not _ID.match(policy):
        return f"the id {policy[:60]!r} is not 1 to 32 letters and digits", ""
    return "", policy
