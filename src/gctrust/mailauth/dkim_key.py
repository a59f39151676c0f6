"""Judges the DKIM keys of a domain: `assess_dkim` looks at each selector and reports.

Selectors come from the caller and from the platform's expectations; without any, well-known ones
are tried and only those that exist are judged.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from gctrust.findings import Finding, Report, Severity, finding

from .dkim_record import DkimKey, parse_dkim_key
from .dkim_rules import DKIM_RULE
from .dkim_soundness import known_test_key, unsoundness
from .questions import NOBODY, Answer, Judge, Question, Rdata, Status, ask_all
from .tag_list import parse_tag_list

WELL_KNOWN_SELECTORS = (
    "default", "dkim", "google", "k1", "k2", "k3", "mail", "mxvault", "s1", "s2", "selector1",
    "selector2", "smtp", "mandrill", "zoho", "fm1", "fm2", "fm3", "pm", "protonmail",
)  # fmt: skip
PROBE = "gctrust-no-such-selector"  # a wildcard answers for it, a true zone does not


@dataclass(frozen=True, slots=True)
class DkimExpectation:
    """What the platform wants at a selector: a record or bare p= value, a CNAME target, or both."""

    selector: str
    key: str = ""
    cname: str = ""


@dataclass(frozen=True, slots=True)
class SelectorReport:
    """`texts` are the TXT records at `name`, `chain` the CNAMEs followed; `key` the first one.
    `server` is who was asked.
    """

    selector: str
    name: str
    status: Status
    chain: tuple[str, ...] = ()
    texts: tuple[bytes, ...] = ()
    key: DkimKey | None = None
    server: str = NOBODY


@dataclass(frozen=True, slots=True)
class DkimReport:
    """`unknown` says which well-known selectors could not be looked up."""

    domain: str
    selectors: tuple[SelectorReport, ...] = ()
    findings: tuple[Finding, ...] = ()
    unknown: tuple[str, ...] = ()

    @property
    def report(self) -> Report:
        failed = tuple(f"{s.name}: {s.status}" for s in self.selectors if s.status.is_temporary)
        return Report(self.domain, self.findings, failed + self.unknown)


def assess_dkim(
    domain: str,
    selectors: Iterable[str] = (),
    expected: Iterable[DkimExpectation] | None = None,
) -> Judge[DkimReport]:
    """Look at the DKIM keys of `domain`."""
    wanted = {one.selector: one for one in expected or ()}
    named = tuple(dict.fromkeys((*selectors, *wanted)))
    names = named or WELL_KNOWN_SELECTORS
    parent = f"_domainkey.{domain}"
    answers = yield from ask_all(
        (
            *(Question(f"{selector}.{parent}", "TXT") for selector in names),
            Question(f"{PROBE}.{parent}", "TXT"),
            Question(parent, "TXT"),
        )
    )
    wild, above = answers[-2], answers[-1]
    seen = [
        _seen(selector, f"{selector}.{parent}", _without_wildcard(answer, wild))
        for selector, answer in zip(names, answers, strict=False)
        if named or _exists(answer, wild)
    ]
    findings: list[Finding] = []
    for one in seen:
        findings += _judge_selector(one, wanted.get(one.selector))
        if one.status.is_void:
            findings += yield from _misplaced(one, domain)
    silent = [] if named else [one for one in answers[: len(names)] if one.status.is_temporary]
    if silent:  # no key was seen at them, and none was seen to be missing
        findings.append(_failed(parent, silent[0].status, silent[0].asked))
    elif not seen:
        findings.append(finding(DKIM_RULE["dkim.none-found"], domain, count=len(names)))
    findings += _judge_domain(domain, seen, wild, above)
    line = f"{len(silent)} of {len(names)} well-known DKIM selectors: a look-up failed"
    return DkimReport(domain, tuple(seen), tuple(findings), (line,) if silent else ())


def _exists(answer: Answer, wild: Answer) -> bool:
    return bool(answer.records) and answer.records != wild.records


def _without_wildcard(answer: Answer, wild: Answer) -> Answer:
    """A wildcard's text that is no key record is no record of this selector."""
    if not wild.records or answer.records != wild.records:
        return answer
    if any("p" in parse_tag_list(text) for text in joined_texts(answer.records)):
        return answer
    return replace(answer, status=Status.NO_DATA, records=())


def _seen(selector: str, name: str, answer: Answer) -> SelectorReport:
    texts = joined_texts(answer.records)
    key = parse_dkim_key(_first_key(texts)) if texts else None
    return SelectorReport(selector, name, answer.status, answer.chain, texts, key, answer.asked)


def joined_texts(records: Iterable[Rdata]) -> tuple[bytes, ...]:
    """Each TXT record as one text, its strings joined without a blank (§3.6.2.2)."""
    return tuple(
        b"".join(part for part in strings if isinstance(part, bytes))
        for strings in records
        if isinstance(strings, tuple)
    )


def _first_key(texts: tuple[bytes, ...]) -> bytes:
    return next((text for text in texts if b"p=" in text), texts[0])


def _judge_selector(seen: SelectorReport, wanted: DkimExpectation | None) -> Iterator[Finding]:
    name = seen.name
    if seen.status.is_temporary:
        yield _failed(name, seen.status, seen.server)
        return
    if wanted is not None and wanted.cname:
        yield from _judge_target(seen, wanted.cname)
    if seen.key is None:
        rule = "dkim.cname-dangling" if seen.chain else "dkim.missing"
        target = seen.chain[-1] if seen.chain else ""
        fix = _publish(name, wanted)
        yield finding(DKIM_RULE[rule], name, status=str(seen.status), target=target, fix=fix)
        return
    if len(seen.texts) > 1:
        yield finding(DKIM_RULE["dkim.multiple-records"], name, count=len(seen.texts))
    yield from record_findings(name, seen.key)
    if wanted is not None and wanted.key:
        yield from _judge_expected(name, seen.key, wanted.key)


def _failed(name: str, status: Status, server: str) -> Finding:
    return finding(DKIM_RULE["dkim.lookup-failed"], name, status=str(status), server=server)


def _publish(name: str, wanted: DkimExpectation | None) -> str:
    if wanted is None or not (wanted.cname or wanted.key):
        return ""
    if wanted.cname:
        return f"Publish: {name}. CNAME {wanted.cname.removesuffix('.')}."
    return f'Publish: {name}. TXT "{wanted.key}"'


def _judge_target(seen: SelectorReport, wanted: str) -> Iterator[Finding]:
    wanted = wanted.removesuffix(".").lower()
    chain = [target.removesuffix(".").lower() for target in seen.chain]
    if wanted not in chain and (chain or seen.texts):
        yield finding(
            DKIM_RULE["dkim.cname-target"], seen.name, wanted=wanted,
            found=chain[0] if chain else "a TXT record of its own",
            fix=f"Publish: {seen.name}. CNAME {wanted}.",
        )  # fmt: skip


def record_findings(name: str, key: DkimKey) -> Iterator[Finding]:
    """What a key record shows by itself."""
    damage = _damage(key)
    if damage:
        yield finding(DKIM_RULE["dkim.damaged-text"], name, reason=damage)
    yield from _judge_tags(name, key)
    yield from _judge_key(name, key)
    if key.hashes and "sha256" not in key.hashes:
        yield finding(DKIM_RULE["dkim.no-sha256"], name, hashes=", ".join(key.hashes))
    if key.services and not {"*", "email"} & set(key.services):
        yield finding(DKIM_RULE["dkim.wrong-service"], name, services=", ".join(key.services))
    if "y" in key.flags:
        yield finding(DKIM_RULE["dkim.testing"], name)
    if "s" in key.flags:
        yield finding(DKIM_RULE["dkim.strict-identity"], name)


_NOTES = re.compile(r"(?:^|;)\s*n\s*=[^;]*")  # n= is for people: quotes do no harm there


def _damage(key: DkimKey) -> str:
    """How a panel spoilt the text. A key that reads well is never called damaged for its length."""
    text = _NOTES.sub("", key.text)
    if "\\" in text:
        return "it holds backslashes"
    if '"' in text or "'" in text:
        return "it holds quotes"
    if "\xe2\x80" in text:
        return "it holds typographic quotes or dashes"
    if key.key is None and key.key_fault:
        if len(key.text) in (254, 255, 256):
            return f"it was cut at {len(key.text)} octets"
        starts = [at for at in (text.find("v=DKIM1"), text.find("k=rsa")) if at > 0]
        if starts and parse_dkim_key(_turned(text, min(starts))).key is not None:
            return "its strings stand in the wrong order"
    return ""


def _turned(text: str, at: int) -> bytes:
    return (text[at:] + text[:at]).encode("latin-1")


def _judge_tags(name: str, key: DkimKey) -> Iterator[Finding]:
    for tag, reason in key.tags.faults[:10]:
        shown = repr(tag if len(tag) <= 60 else tag[:57] + "...")
        yield finding(DKIM_RULE["dkim.tag-syntax"], name, tag=shown, reason=reason)
    for tag in key.tags.duplicates:
        yield finding(DKIM_RULE["dkim.duplicate-tag"], name, tag=tag)
    version = key.tags.get("v")
    if version is not None and version != "DKIM1":
        reason = f"v={version[:40]} is not v=DKIM1"
        yield finding(DKIM_RULE["dkim.bad-version"], name, reason=reason)
    elif version is not None and key.tags.tags[0].name != "v":
        yield finding(DKIM_RULE["dkim.bad-version"], name, reason="v= is not the first tag")
    group = key.tags.get("g")
    if group is not None:
        yield finding(DKIM_RULE["dkim.obsolete-tag"], name, value=group[:60])
    unknown = [t.name for t in key.tags if t.name not in ("v", "g", "h", "k", "n", "p", "s", "t")]
    if unknown:
        yield finding(DKIM_RULE["dkim.unknown-tag"], name, tags=", ".join(unknown)[:200])


def _judge_key(name: str, key: DkimKey) -> Iterator[Finding]:
    if "p" not in key.tags:
        yield finding(DKIM_RULE["dkim.no-key"], name)
    elif key.is_revoked:
        yield finding(DKIM_RULE["dkim.revoked"], name)
    elif key.key_fault:
        yield finding(DKIM_RULE["dkim.bad-key"], name, reason=key.key_fault)
    elif key.key_type not in ("rsa", "ed25519"):
        yield finding(DKIM_RULE["dkim.unknown-key-type"], name, type=f"k={key.key_type[:40]}")
    elif key.mismatch:
        said = f"k={key.key_type}" if "k" in key.tags else "rsa (no k=)"
        yield finding(DKIM_RULE["dkim.key-type-mismatch"], name, type=said, reason=key.mismatch)
    if key.key is None:
        return
    if key.key.kind == "rsa":
        yield from _judge_rsa(name, key)
    document = known_test_key(key.key)
    if document:
        yield finding(DKIM_RULE["dkim.test-key"], name, severity=Severity.ERROR, document=document)


def _judge_rsa(name: str, key: DkimKey) -> Iterator[Finding]:
    assert key.key is not None
    bits = key.key.bits
    for rule, applies in (
        ("dkim.short-key", bits < 1024),
        ("dkim.weak-key", 1024 <= bits < 2048),
        ("dkim.long-key", bits > 4096),
    ):
        if applies:
            yield finding(DKIM_RULE[rule], name, bits=bits)
    reason = unsoundness(key.key)
    if reason:
        yield finding(DKIM_RULE["dkim.unsound-rsa"], name, reason=reason)


def _judge_expected(name: str, key: DkimKey, wanted: str) -> Iterator[Finding]:
    """DKIM-18: the keys are compared as keys, so blanks, tag order and wrapping do not matter."""
    text = wanted if "p=" in wanted else f"k={key.key_type}; p={wanted}"
    expected = parse_dkim_key(text.encode("latin-1", "replace"))
    fix = f'Publish: {name}. TXT "{wanted}"'
    if expected.key is not None and key.key is not None:
        if expected.key.spki_sha256 != key.key.spki_sha256:
            reason = f"it is {key.key}, wanted is {expected.key} with other digits"
            yield finding(DKIM_RULE["dkim.key-differs"], name, reason=reason, fix=fix)
    elif "".join((expected.tags.get("p") or "").split()) != "".join(
        (key.tags.get("p") or "").split()
    ):
        yield finding(DKIM_RULE["dkim.key-differs"], name, reason="p= differs", fix=fix)


def _misplaced(seen: SelectorReport, domain: str) -> Judge[list[Finding]]:
    """DKIM-22: look where slips put the record."""
    slips = (
        f"{seen.name}.{domain}",
        f"{seen.selector}.{domain}",
        f"{seen.selector}.domainkey.{domain}",
        f"{seen.selector}._domainkey._domainkey.{domain}",
    )
    answers = yield from ask_all(Question(name, "TXT") for name in slips)
    return [
        finding(DKIM_RULE["dkim.misplaced"], seen.name, found=name)
        for name, answer in zip(slips, answers, strict=True)
        if any("p" in parse_tag_list(text) for text in joined_texts(answer.records))
    ]


def _judge_domain(
    domain: str, seen: list[SelectorReport], wild: Answer, above: Answer
) -> Iterator[Finding]:
    parent = f"_domainkey.{domain}"
    found = [one for one in seen if one.texts]
    if wild.records:
        first = next(itertools.chain(joined_texts(wild.records), (b"",)))
        shown = repr(first[:80].decode("latin-1"))
        yield finding(DKIM_RULE["dkim.wildcard"], parent, text=shown)
    if found and above.status is Status.NX_DOMAIN:
        yield finding(DKIM_RULE["dkim.broken-non-terminal"], parent)
    kinds = {one.key.key.kind for one in found if one.key is not None and one.key.key is not None}
    if kinds == {"ed25519"}:
        yield finding(DKIM_RULE["dkim.ed25519-only"], domain)
