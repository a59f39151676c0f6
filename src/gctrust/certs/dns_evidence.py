"""DNS-01 and DNS-02: may this CA issue for the domain, and does TLSA agree with the new chain?"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from ..errors import Fact
from ..findings import Finding
from .certificate import Certificate
from .evidence import CaaAnswer, TlsaAnswer
from .hostname import Target
from .rules import found

# What CAs say in their practice statements that they look for in CAA (RFC 8659 section 4.2).
# Each word is looked for in the issuer's name.
_CAA_DOMAINS = {
    "let's encrypt": ("letsencrypt.org",),
    "digicert": ("digicert.com", "geotrust.com", "rapidssl.com", "thawte.com", "symantec.com"),
    "sectigo": ("sectigo.com", "comodoca.com", "comodo.com", "usertrust.com", "trust-provider.com"),
    "zerossl": ("sectigo.com", "zerossl.com"),
    "google trust services": ("pki.goog",),
    "amazon": ("amazon.com", "amazontrust.com", "awstrust.com", "amazonaws.com"),
    "globalsign": ("globalsign.com",),
    "entrust": ("entrust.net", "affirmtrust.com"),
    "godaddy": ("godaddy.com", "starfieldtech.com"),
    "starfield": ("godaddy.com", "starfieldtech.com"),
    "ssl corp": ("ssl.com",),
    "identrust": ("identrust.com",),
    "actalis": ("actalis.it",),
    "buypass": ("buypass.com", "buypass.no"),
    "asseco": ("certum.pl", "certum.eu"),
    "harica": ("harica.gr",),
    "hellenic academic": ("harica.gr",),
    "microsoft corporation": ("microsoft.com",),
    "swisssign": ("swisssign.com",),
    "quovadis": ("quovadisglobal.com", "digicert.com"),
    "telia": ("telia.com",),
    "d-trust": ("d-trust.net",),
    "certsign": ("certsign.ro",),
    "trustasia": ("trustasia.com",),
}
_CRITICAL_FLAG = 128
_KNOWN_TAGS = ("issue", "issuewild", "iodef", "issuemail", "issuevmc", "contactemail")


def judge_caa(
    leaf: Certificate, target: Target | None, answers: tuple[CaaAnswer, ...]
) -> Iterator[Finding]:
    """RFC 8659 section 3: the first name on the climb that has CAA records decides."""
    failed = next((a for a in answers if a.failed), None)
    relevant = next((a for a in answers if a.records), None)
    if failed is not None and (relevant is None or answers.index(failed) < answers.index(relevant)):
        yield found("cert.caa-unknown", leaf.label, name=failed.name, reason=failed.failed)
        return
    if relevant is None:
        return
    tags = {tag.lower() for _, tag, _ in relevant.records}
    odd = {t.lower() for flags, t, _ in relevant.records if flags & _CRITICAL_FLAG} - {*_KNOWN_TAGS}
    if odd:
        yield found("cert.caa-critical", leaf.label, name=relevant.name, tags=sorted(odd))
    wild = any(name.startswith("*.") for name in leaf.extensions.dns_names)
    tag = "issuewild" if wild and "issuewild" in tags else "issue"
    if tag not in tags:
        return
    allowed = {_issuer_domain(value) for _, t, value in relevant.records if t.lower() == tag}
    mine = _issuer_domains(leaf)
    facts: dict[str, Fact] = {"name": relevant.name, "tag": tag, "issuer": leaf.issuer_text[:120]}
    facts["allowed"] = sorted(allowed - {""}) or ["nobody"]
    if mine is None and allowed - {""}:
        yield found("cert.caa-unproved", leaf.label, **facts)
    elif mine is None or not allowed & mine:
        yield found("cert.caa-forbids", leaf.label, **facts)


def _issuer_domain(value: str) -> str:
    return value.partition(";")[0].strip().lower().rstrip(".")


def _issuer_domains(leaf: Certificate) -> set[str] | None:
    text = leaf.issuer_text.lower()
    known = [domains for word, domains in _CAA_DOMAINS.items() if word in text]
    return {d for domains in known for d in domains} if known else None


def judge_tlsa(
    chain: tuple[Certificate, ...], previous: Certificate | None, answer: TlsaAnswer
) -> Iterator[Finding]:
    """RFC 7671 section 8.1: the records must match the new chain before it serves."""
    leaf = chain[0]
    if answer.failed:
        yield found("cert.tlsa-unknown", leaf.label, name=answer.name, reason=answer.failed)
        return
    usable = [r for r in answer.records if r[0] <= 3 and r[1] <= 1 and r[2] <= 2]
    if not usable or answer.secure is False:  # without DNSSEC clients pass TLSA by (section 2.1)
        return
    if any(_matches(record, chain) for record in usable):
        return
    old = previous is not None and any(_matches(r, (previous,)) for r in usable)
    state = "they match the certificate that serves now" if old else "they match neither chain"
    record = f"3 1 1 {hashlib.sha256(leaf.spki).hexdigest()}"
    yield found(
        "cert.tlsa-mismatch",
        leaf.label,
        name=answer.name,
        state=state,
        record=record,
        wait=2 * answer.ttl,
    )


def _matches(record: tuple[int, int, int, bytes], chain: tuple[Certificate, ...]) -> bool:
    usage, selector, matching, data = record
    candidates = chain[:1] if usage in (1, 3) else chain[1:]
    for cert in candidates:
        octets = cert.spki if selector else cert.der
        digest = {1: hashlib.sha256, 2: hashlib.sha512}.get(matching)
        if (digest(octets).digest() if digest else octets) == data:
            return True
    return False
