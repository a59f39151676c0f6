"""Compares the records the platform requires with DNS, one by one, and says what to publish."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from ..findings import Finding, finding
from . import record_rules as rules
from .questions import Answer, Judge, Question, Rdata, Status, ask_all
from .record_slips import Slip, slip_in, slip_probes
from .record_text import RequiredRecord, canonical, presented, spf_terms, zone_line
from .spf_record import parse_spf, spf_texts
from .spf_tree import with_include


class RecordStatus(StrEnum):
    LIVE = "live"
    MISSING = "missing"
    WRONG = "wrong"
    CONFLICTING = "conflicting"
    UNKNOWN = "unknown"  # the look-up failed, which says nothing


@dataclass(frozen=True, slots=True)
class RecordState:
    """One required record: `found` are the values seen, `publish` the exact zone line, empty when
    nothing is to be published; `ttl` how long what was seen stays cached, in seconds."""

    required: RequiredRecord
    status: RecordStatus
    found: tuple[str, ...]
    publish: str
    ttl: int
    finding: Finding | None = None


def compare(
    required: Iterable[RequiredRecord], *, domain: str = "", fresh: bool = False
) -> Judge[tuple[RecordState, ...]]:
    """State of each record, in order. `domain` is what a panel would append to a host name."""
    records = tuple(required)
    answers = yield from ask_all(
        Question(record.owner, record.type, fresh=fresh) for record in records
    )
    states = []
    for record, answer in zip(records, answers, strict=True):
        status = status_of(record, answer)
        slip = None
        if status in (RecordStatus.MISSING, RecordStatus.WRONG):
            slip = yield from _slip(record, answer, domain, fresh)
        states.append(_state(record, answer, status, slip))
    return tuple(states)


def status_of(record: RequiredRecord, answer: Answer) -> RecordStatus:
    """What one answer says of one required record."""
    if answer.status.is_temporary:
        return RecordStatus.UNKNOWN
    if answer.status is not Status.FOUND:
        return RecordStatus.MISSING
    values = [canonical(record, value) for value in answer.records]
    wanted = canonical(record, record.value)
    if record.is_spf:
        return _spf_status(record, answer.records)
    if record.type == "MX":
        return _mx_status(wanted, values)
    if record.is_dkim or record.type == "CNAME":
        rivals = [value for value in values if value != wanted]
        if wanted in values:
            return RecordStatus.CONFLICTING if rivals else RecordStatus.LIVE
        return RecordStatus.WRONG
    if record.is_dmarc:
        return _dmarc_status(wanted, values)
    # other texts live beside each other: only the required one counts
    if wanted in values:
        return RecordStatus.LIVE
    return RecordStatus.MISSING if record.type == "TXT" else RecordStatus.WRONG


def _mx_status(wanted: str, values: list[str]) -> RecordStatus:
    if wanted not in values:
        return RecordStatus.WRONG
    return RecordStatus.LIVE if set(values) == {wanted} else RecordStatus.CONFLICTING


def _dmarc_status(wanted: str, values: list[str]) -> RecordStatus:
    policies = [value for value in values if value.startswith("v=DMARC1")]
    if len(policies) > 1:
        return RecordStatus.CONFLICTING
    if not policies:
        return RecordStatus.MISSING
    return RecordStatus.LIVE if policies[0] == wanted else RecordStatus.WRONG


def _spf_status(record: RequiredRecord, found: tuple[Rdata, ...]) -> RecordStatus:
    """The required terms have to stand in the one SPF record; a domain may have more of its own."""
    texts = spf_texts(found)
    if len(texts) != 1:
        return RecordStatus.CONFLICTING if texts else RecordStatus.MISSING
    if parse_spf(texts[0]).faults:
        return RecordStatus.WRONG  # a permerror authorises nobody (RFC 7208 section 4.6)
    policies = [spf_terms(texts[0].decode("latin-1"))]
    wanted = [term for term in spf_terms(record.text) if not term.endswith("all")]
    reached = [term for term in policies[0] if term not in ("v=spf1",)]
    stop = next((i for i, term in enumerate(reached) if term.lstrip("+-~?") == "all"), None)
    live = set(reached if stop is None else reached[:stop]) | {"v=spf1"}
    return RecordStatus.LIVE if set(wanted) <= live else RecordStatus.WRONG


def _slip(record: RequiredRecord, answer: Answer, domain: str, fresh: bool) -> Judge[Slip | None]:
    direct = slip_in(record, answer.records, domain)
    if direct is not None:
        return direct
    probes = slip_probes(record, domain)
    answers = yield from ask_all(Question(p.name, p.type, fresh=fresh) for p in probes)
    for probe, seen in zip(probes, answers, strict=True):
        if any(probe.fits(record, value) for value in seen.records):
            return Slip(probe.reason, tuple(presented(probe.type, v) for v in seen.records))
    return None


def _state(
    record: RequiredRecord, answer: Answer, status: RecordStatus, slip: Slip | None
) -> RecordState:
    found = tuple(presented(record.type, value) for value in answer.records)
    other_mail = record.type == "MX" and status is RecordStatus.WRONG and slip is None
    publish = "" if status is RecordStatus.LIVE or other_mail else _publish(record, answer)
    said = _say(record, status, found, slip, publish, answer, other_mail)
    return RecordState(record, status, found, publish, answer.ttl, said)


def _publish(record: RequiredRecord, answer: Answer) -> str:
    """The line to publish; an SPF record keeps the domain's own terms."""
    if not record.is_spf or answer.status is not Status.FOUND:
        return zone_line(record)
    texts = spf_texts(answer.records)
    if len(texts) != 1:
        return zone_line(record)
    parsed = parse_spf(texts[0])
    broken = {fault.term for fault in parsed.faults}
    text = " ".join(word for word in parsed.text.split(" ") if word and word not in broken)
    for term in spf_terms(record.text):
        if term.startswith("include:"):
            text = with_include(parse_spf(text.encode()), term.removeprefix("include:"))
    return zone_line(RequiredRecord(record.type, record.name, text))


def _say(
    record: RequiredRecord,
    status: RecordStatus,
    found: tuple[str, ...],
    slip: Slip | None,
    publish: str,
    answer: Answer,
    other_mail: bool,
) -> Finding | None:
    seen = ", ".join(found)[:500] or "nothing"
    name, kind = record.owner, record.type
    if status is RecordStatus.LIVE:
        return None
    if status is RecordStatus.UNKNOWN:
        how, server = answer.status.value, answer.asked
        return finding(rules.LOOKUP_FAILED, name, type=kind, status=how, server=server)
    if slip is not None:
        seen = ", ".join(slip.found)[:500]
        return finding(rules.SLIP, name, fix=publish, type=kind, slip=slip.reason, found=seen)
    if other_mail:
        return finding(rules.OTHER_MAIL, name, found=seen)
    if status is RecordStatus.MISSING:
        return finding(rules.MISSING, name, fix=publish, type=kind)
    rule = rules.WRONG if status is RecordStatus.WRONG else rules.CONFLICTING
    return finding(rule, name, fix=publish, type=kind, found=seen)
