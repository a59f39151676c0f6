"""SRV-01 to SRV-06: what a probe saw on the edges of a host, judged."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from ..findings import Finding
from .bundle import from_ders
from .certificate import Certificate
from .evidence import OcspAnswer
from .hostname import Target, matches_target
from .ocsp import judge_ocsp
from .path import PathQuestion, Roots, judge_path
from .profile import Profile
from .rules import found

LEGACY = ("SSLv3", "TLSv1", "TLSv1.1")
MODERN = ("TLSv1.2", "TLSv1.3")
HYBRID = "X25519MLKEM768"
_WEAK = ("RC4", "3DES", "DES-", "NULL", "EXPORT", "MD5", "aNULL", "ANON")
HSTS_LEAST = 15_552_000  # half a year


@dataclass(frozen=True, slots=True)
class Served:
    """One handshake; `chain` is DER, leaf first, empty when it failed for `cause`."""

    edge: str
    sni: bool
    chain: tuple[bytes, ...] = ()
    staple: bytes = b""
    version: str = ""
    cipher: str = ""
    group: str = ""
    alpn: str = ""
    cause: str = ""


@dataclass(frozen=True, slots=True)
class Web:
    """One HTTP answer of an edge, without following redirects; `hsts` is the header's value."""

    edge: str
    status: int
    location: str = ""
    hsts: str = ""
    scheme: str = "https"


@dataclass(frozen=True, slots=True)
class ProbeFacts:
    """Versions are OpenSSL's words (TLSv1.3); latencies are of whole handshakes."""

    host: str
    served: tuple[Served, ...] = ()
    accepted: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()
    weak_ciphers: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    tried: int = 0
    succeeded: int = 0
    latencies_ms: tuple[float, ...] = ()
    causes: tuple[tuple[str, int], ...] = ()
    web: tuple[Web, ...] = ()


def judge_served(
    facts: ProbeFacts,
    *,
    at: datetime,
    roots: Roots,
    expected: Certificate | None = None,
    profile: Profile | str = Profile.PUBLIC,
    known: Iterable[Certificate] = (),
) -> tuple[Finding, ...]:
    """`expected` is the certificate uploaded; `known` intermediates that clients do not have."""
    target = Target.parse(facts.host)
    findings = [*_identity(facts, expected), *_protocol(facts), *_samples(facts), *_web(facts)]
    # A default certificate is shown with and without SNI; only the look with SNI judges the name.
    alike = {(s.edge, s.chain, s.staple, s.sni): s for s in facts.served if s.chain}
    for one in alike.values():
        findings += _chain(facts.host, one, target, at, roots, Profile(profile), tuple(known))
    return tuple({(f.rule, f.message): f for f in findings}.values())


def _identity(facts: ProbeFacts, expected: Certificate | None) -> Iterator[Finding]:
    """SRV-01: every edge, with and without SNI, shows the certificate that was uploaded."""
    edges = dict.fromkeys(s.edge for s in facts.served)
    for edge in edges:
        seen = [s for s in facts.served if s.edge == edge]
        if not any(s.chain for s in seen if s.sni):
            cause = next((s.cause for s in seen if s.cause), "no handshake succeeded")
            yield found("served.unreachable", facts.host, edge=edge, cause=cause)
    leaves = Counter(s.chain[0] for s in facts.served if s.chain and s.sni)
    if expected is None:
        if len(leaves) > 1:
            yield found("served.mixed", facts.host, count=len(leaves))
        return
    for one in facts.served:
        if one.chain and one.chain[0] != expected.der:
            rule = "served.other-certificate" if one.sni else "served.other-without-sni"
            yield found(rule, facts.host, edge=one.edge)


def _chain(
    host: str,
    one: Served,
    target: Target,
    at: datetime,
    roots: Roots,
    profile: Profile,
    known: tuple[Certificate, ...],
) -> Iterator[Finding]:
    """SRV-02 and SRV-04: the chain as sent suffices, and a demanded staple is there and good."""
    sent = from_ders(one.chain).certificates
    if not sent:
        yield found("served.unreadable", host, edge=one.edge)
        return
    leaf = sent[0]
    if one.sni and not matches_target(target, leaf):
        yield found("served.other-name", host, edge=one.edge, names=list(leaf.extensions.dns_names))

    def verdict(helpers: tuple[Certificate, ...]) -> tuple[bool, str, tuple[Certificate, ...]]:
        web = profile is Profile.PUBLIC
        path = judge_path(PathQuestion(leaf, helpers, roots, at, web=web))
        return path.accepted, path.reason, path.chain

    accepted, reason, chain = verdict(sent[1:])
    if not accepted:
        helped = bool(known) and verdict(sent[1:] + known)[0]
        rule = "served.incomplete" if helped else "served.no-path"
        yield found(rule, host, edge=one.edge, reason=reason)
    yield from _staple(host, one, leaf, chain[1] if len(chain) > 1 else None, at)


def _staple(
    host: str, one: Served, leaf: Certificate, issuer: Certificate | None, at: datetime
) -> Iterator[Finding]:
    if not one.staple:
        if leaf.extensions.must_staple and one.sni:
            yield found("served.no-staple", host, edge=one.edge)
        return
    if issuer is None:
        return
    verdict = judge_ocsp(OcspAnswer(one.staple, stapled=True), leaf, issuer, at=at)
    if verdict.state == "revoked":
        yield found("served.revoked", host, edge=one.edge, detail=verdict.reason)
    elif verdict.state == "unknown":
        yield found("served.bad-staple", host, edge=one.edge, reason=verdict.reason)


def _protocol(facts: ProbeFacts) -> Iterator[Finding]:
    """SRV-03; RFC 9325 sections 3.1 and 4.1, RFC 8996."""
    legacy = [v for v in facts.accepted if v in LEGACY]
    if legacy:
        yield found("served.legacy", facts.host, versions=legacy)
    missing = [v for v in MODERN if v in facts.refused and v not in facts.accepted]
    if missing:
        yield found("served.no-modern", facts.host, versions=missing)
    used = {s.cipher for s in facts.served if any(w in s.cipher.upper() for w in _WEAK)}
    weak = sorted({*facts.weak_ciphers, *used})
    if weak:
        yield found("served.weak-cipher", facts.host, ciphers=weak)
    if facts.groups and HYBRID not in facts.groups:
        yield found("served.no-hybrid", facts.host, groups=list(facts.groups))


def _samples(facts: ProbeFacts) -> Iterator[Finding]:
    """SRV-05: how often a handshake succeeds."""
    failed = facts.tried - facts.succeeded
    if facts.tried and failed:
        rate = round(100 * facts.succeeded / facts.tried, 2)
        causes = [f"{cause}: {n}" for cause, n in facts.causes]
        yield found("served.failures", facts.host, failed=failed, rate=rate, causes=causes)


def _web(facts: ProbeFacts) -> Iterator[Finding]:
    """SRV-06: ALPN, HSTS (RFC 6797), and a redirect that leads to https on the same host."""
    offered = {s.alpn for s in facts.served if s.chain and s.sni}
    if len(offered) > 1:
        yield found("served.alpn", facts.host, seen=sorted(a or "none" for a in offered))
    for answer in facts.web:
        if answer.scheme == "https":
            yield from _hsts(facts.host, answer)
            continue
        to = urlsplit(answer.location)
        if not (300 <= answer.status < 400 and to.scheme == "https"):
            seen = answer.location[:120] or f"status {answer.status}"
            yield found("served.no-redirect", facts.host, edge=answer.edge, seen=seen)


def _hsts(host: str, answer: Web) -> Iterator[Finding]:
    parts = [p.strip().lower() for p in answer.hsts.split(";")]
    ages = [p.partition("=")[2].strip('"') for p in parts if p.startswith("max-age=")]
    seconds = int(ages[0]) if ages and ages[0].isdecimal() and len(ages[0]) < 12 else 0
    if seconds < HSTS_LEAST:
        seen = answer.hsts[:120] or "no header"
        yield found("served.hsts", host, edge=answer.edge, seen=seen)
