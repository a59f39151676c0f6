"""Judges MTA-STS (RFC 8461): the record in DNS, and the policy file where it can be fetched."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from ..findings import Finding, Report, finding
from ..names import DomainName
from . import transport_rules as rules
from .looks import DNS_ONLY, POLICY, PolicyFile, Reach
from .mta_sts_policy import StsPolicy, StsSeen, digest_of, parse_sts_policy, policy_findings
from .questions import Answer, Judge, Question, Rdata, ask
from .transport_record import fields, first, sort_texts

_VERSION = "v=STSv1"
_ID = re.compile(r"[A-Za-z0-9]{1,32}\Z")
_UNSEEN = "the policy file of MTA-STS (STS-02 to STS-05)"


@dataclass(frozen=True, slots=True)
class StsRecord:
    """`id` names the policy's version; "" when senders would use no record, as `fault` says."""

    id: str = ""
    fault: str = ""
    count: int = 0


@dataclass(frozen=True, slots=True)
class MtaStsReport:
    """`id` as in StsRecord; `policy` when a file was read; `seen` to hand to a later look."""

    report: Report
    id: str = ""
    policy: StsPolicy | None = None
    seen: StsSeen | None = None

    @property
    def enforced(self) -> bool:
        return self.policy is not None and not self.policy.faults and self.policy.mode == "enforce"


def parse_sts_record(text: str) -> StsRecord:
    """Parse the text of one TXT record. Never raises; `count` is 0 when it is of another kind."""
    return read_sts_records(((text.encode("utf-8", "surrogateescape"),),))


def read_sts_records(records: Iterable[Rdata]) -> StsRecord:
    """What senders make of the TXT records at _mta-sts (section 3.1)."""
    texts = sort_texts(_VERSION, records)
    if len(texts.own) > 1:
        return StsRecord(count=len(texts.own))
    if texts.own:
        fault, policy = _read(texts.own[0])
        return StsRecord(policy, fault, 1)
    if texts.near:
        return StsRecord(fault=f"it begins {texts.near[0][:20]!r}, not {_VERSION + ';'!r}")
    return StsRecord()


def assess_mta_sts(
    domain: DomainName,
    exchanges: Iterable[str] = (),
    *,
    reach: Reach = DNS_ONLY,
    before: StsSeen | None = None,
    fresh: bool = False,
) -> Judge[MtaStsReport]:
    """Judge record and policy. Without a record the domain has no MTA-STS: no finding.

    `exchanges` are the hosts of its MX, `before` what an earlier look saw.
    """
    name = f"_mta-sts.{domain.text}"
    answer = yield from ask(Question(name, "TXT", fresh=fresh))
    if answer.status.is_temporary:
        line = f"the MTA-STS record {name} (STS-01): the look-up failed ({answer.failure})"
        return MtaStsReport(Report(domain.text, (), (line,)))
    record = read_sts_records(answer.records)
    if record.count > 1:
        return _said(domain, finding(rules.STS_SEVERAL, name, count=record.count))
    if record.fault:
        return _said(domain, finding(rules.STS_MALFORMED, name, reason=record.fault))
    if not record.id:
        return MtaStsReport(Report(domain.text))
    if not reach.policy_files:
        return MtaStsReport(Report(domain.text, (), (_UNSEEN,)), record.id)
    host = f"mta-sts.{domain.text}"
    fetched = yield from ask(Question(host, POLICY, fresh=fresh))
    return _judged(domain, host, record.id, fetched, tuple(exchanges), before)


def _judged(
    domain: DomainName,
    host: str,
    version: str,
    fetched: Answer,
    exchanges: tuple[str, ...],
    before: StsSeen | None,
) -> MtaStsReport:
    if fetched.status.is_temporary:
        line = f"{_UNSEEN}: {host}: {fetched.failure}"
        return MtaStsReport(Report(domain.text, (), (line,)), version)
    file = next((one for one in fetched.records if isinstance(one, PolicyFile)), None)
    reason = f"{host} has no address" if file is None else _unavailable(file)
    if file is None or reason:
        said = finding(rules.STS_UNAVAILABLE, host, reason=reason)
        return MtaStsReport(Report(domain.text, (said,)), version)
    policy = parse_sts_policy(file.body)
    seen = StsSeen(version, digest_of(policy))
    found = list(policy_findings(host, policy, file, exchanges))
    if before is not None and before.id == version and before.digest != seen.digest:
        found.append(finding(rules.STS_SAME_ID, host, id=version))
    return MtaStsReport(Report(domain.text, tuple(found)), version, policy, seen)


def _unavailable(file: PolicyFile) -> str:
    if file.fault:
        return file.fault
    if 300 <= file.code < 400:
        return f"it redirects (status {file.code}), which senders do not follow"
    return "" if file.code == 200 else f"status {file.code}"


def _said(domain: DomainName, said: Finding) -> MtaStsReport:
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
