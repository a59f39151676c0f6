"""Judges the SPF policy of a domain: `assess_spf` looks, walks the include tree and reports.

Beside the evaluation for given senders (`spf_check`) it reports what no single evaluation shows:
the worst case of the tree, near misses, slips of a DNS panel, terms that do nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from gctrust.findings import Finding, Report, Severity

from .questions import Answer, Judge, Question, Rdata, Status, ask, ask_all, together
from .spf_branches import judge_tree
from .spf_check import check_host
from .spf_macros import is_query_name, parse_explanation
from .spf_networks import network_findings
from .spf_record import Mechanism, Modifier, SpfRecord, parse_spf, spf_texts
from .spf_result import SpfResult, SpfVerdict
from .spf_terms import SpfFindings, cut, judge_faults, judge_split, judge_terms, shown
from .spf_tree import (
    LOOKUP_LIMIT,
    IncludeNode,
    branch_target,
    fetch_tree,
    walk_tree,
    with_include,
)

VOID_LIMIT, NAME_LIMIT = 2, 10  # RFC 7208 section 4.6.4
MAX_PROBES = 40  # a, mx and exists targets asked for; above it the policy is broken anyway


@dataclass(frozen=True, slots=True)
class SpfSender:
    """A sending address to evaluate; without `mail_from` it sends as postmaster@domain."""

    ip: str
    mail_from: str = ""
    helo: str = ""

    @classmethod
    def of(cls, one: str | SpfSender) -> SpfSender:
        return cls(one) if isinstance(one, str) else one


@dataclass(frozen=True, slots=True)
class SpfReport:
    """`texts` are the SPF records found, `record` the one that counts, `tree` what it draws in.

    `voids_ip4` and `voids_ip6` are the terms whose look-ups are void for such senders; `results`
    the evaluations of the senders asked about, in their order.
    """

    domain: str
    status: Status
    texts: tuple[bytes, ...] = ()
    record: SpfRecord | None = None
    tree: IncludeNode | None = None
    worst_lookups: int = 0
    voids_ip4: tuple[str, ...] = ()
    voids_ip6: tuple[str, ...] = ()
    results: tuple[SpfResult, ...] = ()
    findings: tuple[Finding, ...] = ()

    @property
    def report(self) -> Report:
        unlooked = (f"SPF of {self.domain}: {self.status}",) if self.status.is_temporary else ()
        return Report(self.domain, self.findings, unlooked)


def assess_spf(
    domain: str,
    senders: Iterable[str | SpfSender] = (),
    required_include: str | None = None,
    *,
    sends_mail: bool = True,
    probe_targets: bool = True,
    ask_type_99: bool = False,
) -> Judge[SpfReport]:
    """Look at the SPF policy of `domain`.

    `senders` are addresses to evaluate; `required_include` is the domain that must be included;
    `probe_targets` asks for the names of a, mx and exists terms too. Raises ValueError when a
    sender is no address.
    """
    out = SpfFindings(domain)
    answer = yield from ask(Question(domain, "TXT"))
    if answer.status.is_temporary:
        out.add("spf.lookup-failed", domain=domain, status=str(answer.status), server=answer.asked)
        return SpfReport(domain, answer.status, findings=tuple(out.found))
    texts = spf_texts(answer.records)
    _judge_answer(out, answer, texts, sends_mail)
    yield from _judge_neighbours(out, domain, answer, ask_type_99)
    record = parse_spf(texts[0]) if len(texts) == 1 else None
    tree = yield from walk_tree(domain, answer)
    voids4: tuple[str, ...] = ()
    voids6: tuple[str, ...] = ()
    if record is not None:
        judge_faults(out, record)
        judge_terms(out, record)
        out.found.extend(network_findings(domain, record))
        judge_split(out, answer.records)
        judge_tree(out, tree)
        yield from _judge_explanation(out, domain, record)
        if probe_targets:
            voids4, voids6 = yield from _judge_probes(out, tree)
    if required_include is not None:
        _judge_required(out, tree, required_include)
    results = yield from _judge_senders(out, domain, senders)
    return SpfReport(
        domain, answer.status, texts, record, tree, tree.total, voids4, voids6, results,
        tuple(out.found),
    )  # fmt: skip


def _judge_answer(
    out: SpfFindings, answer: Answer, texts: tuple[bytes, ...], sends_mail: bool
) -> None:
    others = [data for data in _joined(answer.records) if data not in texts]
    for data in others:
        if data.lower().startswith(b"spf2.0/"):
            out.add("spf.sender-id-record", text=shown(data))
        elif _NEAR_MISS.match(data):
            severity = Severity.WARN if texts else None
            out.add("spf.near-miss", severity=severity, text=shown(data))
    if not sends_mail:
        if [b" ".join(data.lower().split()) for data in texts] != [b"v=spf1 -all"]:
            out.add("spf.no-mail-policy")
    elif not texts:
        out.add("spf.missing")
    if len(texts) > 1:
        out.add("spf.multiple-records", count=len(texts), records=[shown(t) for t in texts])
    octets = _answer_octets(out.subject, answer.records)
    if octets > 450:
        out.add("spf.large-answer", octets=octets)


_NEAR_MISS = re.compile(rb"[^A-Za-z0-9]*(?:v\s*[=:]?\s*spf\s*[0-9]|spf[0-9])", re.I)


def _joined(records: Iterable[Rdata]) -> list[bytes]:
    return [
        b"".join(part for part in strings if isinstance(part, bytes))
        for strings in records
        if isinstance(strings, tuple)
    ]


def _answer_octets(name: str, records: Iterable[Rdata]) -> int:
    """The size on the wire: header, question, and records whose owner is a pointer to it."""
    size = 12 + len(name) + 6
    for strings in records:
        if isinstance(strings, tuple):
            size += 12 + sum(len(part) + 1 for part in strings if isinstance(part, bytes))
    return size


def _judge_neighbours(
    out: SpfFindings, domain: str, answer: Answer, ask_type_99: bool
) -> Judge[None]:
    """What stands beside the TXT records: a CNAME beside other data, the withdrawn type."""
    if answer.chain:
        kinds = ("SOA", "NS", "MX")
        found = yield from ask_all(Question(domain, kind) for kind in kinds)
        beside = [k for k, a in zip(kinds, found, strict=True) if a.records and not a.chain]
        if beside:
            out.add("spf.cname-beside-data", target=answer.chain[0], kinds=", ".join(beside))
    if ask_type_99:
        leftover = yield from ask(Question(domain, "SPF"))
        if leftover.records:
            out.add("spf.type-99-record")


def _judge_explanation(out: SpfFindings, domain: str, record: SpfRecord) -> Judge[None]:
    if record.exp is None or (target := branch_target_of(record.exp, domain)) is None:
        return
    answer = yield from ask(Question(target, "TXT"))
    reason = ""
    texts = _joined(answer.records)
    if answer.status.is_void:
        reason = f"no TXT record at {target}"
    elif len(texts) > 1:
        reason = f"{len(texts)} TXT records at {target}"
    elif texts and parse_explanation(texts[0]) is None:
        reason = "its text is not US-ASCII or has a macro error"
    if reason:
        out.add("spf.bad-explanation", term=cut(record.exp.text), reason=reason)


def branch_target_of(term: Modifier, domain: str) -> str | None:
    """The name behind a modifier when a query can be made of it without knowing the sender."""
    target = branch_target(term, domain)
    return target if target is not None and is_query_name(target) else None


@dataclass(frozen=True, slots=True)
class _Probe:
    term: Mechanism
    name: str

    @property
    def questions(self) -> tuple[Question, ...]:
        kinds = {"a": ("A", "AAAA"), "mx": ("MX",), "exists": ("A",)}[self.term.name]
        return tuple(Question(self.name, kind) for kind in kinds)


def _probes(tree: IncludeNode) -> Iterator[_Probe]:
    for node in tree.walk():
        for term in node.record.querying if node.record else ():
            if isinstance(term, Modifier) or term.name not in ("a", "mx", "exists"):
                continue
            name = node.domain if term.target is None else branch_target(term, node.domain)
            if name is not None and is_query_name(name):
                yield _Probe(term, name)


def _judge_probes(
    out: SpfFindings, tree: IncludeNode
) -> Judge[tuple[tuple[str, ...], tuple[str, ...]]]:
    probes = list(_probes(tree))[:MAX_PROBES]
    questions = dict.fromkeys(question for probe in probes for question in probe.questions)
    answers = dict(zip(questions, (yield from ask_all(questions)), strict=True))
    void: dict[str, list[str]] = {"IPv4": [], "IPv6": []}
    for probe in probes:
        found = [answers[question] for question in probe.questions]
        if probe.term.name == "mx" and len(found[0].records) > NAME_LIMIT:
            count = len(found[0].records)
            out.add("spf.too-many-mx", term=cut(probe.term.text), count=count, limit=NAME_LIMIT)
        for family, answer in (("IPv4", found[0]), ("IPv6", found[-1])):
            if answer.status.is_void:
                void[family].append(f"{probe.term.text} ({probe.name})")
    _judge_voids(out, void["IPv4"], void["IPv6"])
    return tuple(void["IPv4"]), tuple(void["IPv6"])


def _judge_voids(out: SpfFindings, ip4: list[str], ip6: list[str]) -> None:
    families = [("IPv4 and IPv6", ip4)] if ip4 == ip6 else [("IPv4", ip4), ("IPv6", ip6)]
    for family, terms in families:
        if not terms:
            continue
        # An address name without AAAA is no slip by itself: it hurts IPv6 senders only.
        severity = Severity.INFO if family == "IPv6" and len(terms) <= VOID_LIMIT else None
        rule = "spf.too-many-voids" if len(terms) > VOID_LIMIT else "spf.void-lookup"
        out.add(
            rule, severity=severity, family=family, count=len(terms), limit=VOID_LIMIT,
            terms=", ".join(terms),
        )  # fmt: skip


def _judge_required(out: SpfFindings, tree: IncludeNode, required: str) -> None:
    required = required.removesuffix(".").lower()
    if tree.record is None:
        out.add(
            "spf.required-include-missing", required=required,
            fix=f"Publish: {with_include(None, required)}" if not tree.texts else "",
        )  # fmt: skip
        return
    position = _position(tree, required)
    fix = f"Publish: {with_include(tree.record, required)}"
    if position is None and any(
        isinstance(term, Mechanism) and term.text.lower().endswith(f"include:{required}")
        for term in tree.record.terms
    ):
        reason = "it stands after all"
        out.add("spf.required-include-unreached", required=required, reason=reason)
    elif position is None:
        out.add("spf.required-include-missing", required=required, fix=fix)
    elif position > LOOKUP_LIMIT:
        reason = f"it is look-up {position} of {LOOKUP_LIMIT}"
        out.add("spf.required-include-unreached", required=required, reason=reason)


def _position(tree: IncludeNode, required: str) -> int | None:
    """Which look-up the required include is when all terms before it are tried."""
    spent = 0
    for term in tree.record.querying if tree.record else ():
        spent += 1
        branch = next((child for child in tree.children if child.via == term.text), None)
        if branch is None:
            continue
        if branch.domain.lower() == required:
            return spent
        inside = _position(branch, required)
        if inside is not None:
            return spent + inside
        spent += branch.total
    return None


def _judge_senders(
    out: SpfFindings, domain: str, senders: Iterable[str | SpfSender]
) -> Judge[tuple[SpfResult, ...]]:
    wanted = [SpfSender.of(one) for one in senders]
    results = yield from together(
        check_host(one.ip, one.mail_from or f"postmaster@{domain}", one.helo or domain)
        for one in wanted
    )
    for one, result in zip(wanted, results, strict=True):
        over = result.lookups > LOOKUP_LIMIT or result.voids > VOID_LIMIT
        if result.verdict is SpfVerdict.PERMERROR and over:
            out.add("spf.sender-over-limit", ip=one.ip, cause=result.cause)
    for helo in dict.fromkeys(one.helo for one in wanted if one.helo and one.helo != domain):
        tree = yield from fetch_tree(helo)
        if not tree.texts and not tree.status.is_temporary:
            out.add("spf.helo-missing", helo=helo)
    return results
