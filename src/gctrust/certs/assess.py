"""assess_certificate: every check on one bundle, PATH and LINT kept apart.

Pure: the instant, the roots, the CRLs and the log list are arguments.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509

from ..findings import Finding, Report, Severity
from ..names import BadName
from .bundle import MAX_BYTES, Bundle, PrivateKey
from .certificate import Certificate
from .chain import sort_bundle
from .hostname import Target, judge_names, judge_target
from .key import judge_pair, judge_public_key
from .lifetime import judge_time
from .path import Flaw, PathQuestion, PathVerdict, Roots, judge_path
from .profile import Profile, judge_form, judge_issuer, judge_profile, judge_serial, judge_signature
from .repair import RepairedChain, repair_chain
from .revocation import judge_revocation
from .rules import RULES, found
from .transparency import LogList, judge_transparency

MAX_NAMES = 1000


@dataclass(frozen=True, slots=True)
class LeafFacts:
    """What the leaf is, for display and for the ledger. Times are aware, digests hexadecimal."""

    subject: str
    issuer: str
    names: tuple[str, ...]
    not_before: datetime | None
    not_after: datetime | None
    serial: str
    sha256: str
    spki_sha256: str
    lifetime_seconds: int | None


@dataclass(frozen=True, slots=True)
class CertificateReport:
    """`findings` holds both verdicts; `path_findings` and `lint_findings` tell them apart."""

    path: PathVerdict
    findings: tuple[Finding, ...]
    not_judged: tuple[str, ...]
    leaf: LeafFacts | None = None
    certificate: Certificate | None = None
    repaired_chain: RepairedChain | None = None

    @property
    def path_findings(self) -> tuple[Finding, ...]:
        return tuple(f for f in self.findings if RULES[f.rule].verdict != "LINT")

    @property
    def lint_findings(self) -> tuple[Finding, ...]:
        return tuple(f for f in self.findings if RULES[f.rule].verdict == "LINT")

    @property
    def blocks(self) -> bool:
        """Whether an upload must stop."""
        return not self.path.accepted or any(f.severity >= Severity.CRITICAL for f in self.findings)

    def as_report(self) -> Report:
        return Report(self.leaf.subject if self.leaf else "bundle", self.findings, self.not_judged)


@dataclass(frozen=True, slots=True)
class _Case:
    leaf: Certificate
    others: tuple[Certificate, ...]
    target: Target | None
    at: datetime
    go_live: datetime | None
    roots: Roots
    profile: Profile
    crls: tuple[x509.CertificateRevocationList, ...]
    logs: LogList | None
    depth: int | None
    public_roots: Roots | None
    strict: bool


def assess_certificate(
    bundle: Bundle,
    *,
    host: str | None,
    at: datetime,
    roots: Roots,
    profile: Profile | str = Profile.PUBLIC,
    key: PrivateKey | None = None,
    go_live: datetime | None = None,
    extra: Iterable[Certificate] = (),
    crls: Iterable[x509.CertificateRevocationList] = (),
    logs: LogList | None = None,
    max_depth: int | None = None,
    compromised: frozenset[bytes] = frozenset(),
    public_roots: Roots | None = None,
    leaf: Certificate | None = None,
    strict: bool = False,
) -> CertificateReport:
    """Judge a bundle for `host` at the aware instants `at` and `go_live`.

    `extra` are intermediates from AIA or a cache, `public_roots` those of the public web (only to
    tell a client certificate of a public CA), `compromised` SPKI SHA-256 digests, `leaf` the
    certificate to judge when it is known, `strict` asks the web's PATH rules of every profile.
    """
    if key is not None and key not in bundle.keys:
        bundle = bundle.plus(Bundle(keys=(key,)))
    placed = sort_bundle(bundle, leaf)
    findings = [*bundle.findings, *placed.findings]
    if placed.leaf is None:
        if not any(f.rule in ("cert.unreadable", "cert.empty") for f in findings):
            findings.append(found("cert.none", "bundle"))
        verdict = PathVerdict(False, "there is no certificate to judge")
        return CertificateReport(verdict, tuple(findings), ("everything: no certificate",))
    target, named = _target(host, placed.leaf)
    case = _Case(
        placed.leaf,
        placed.others,
        target,
        at,
        go_live,
        roots,
        Profile(profile),
        tuple(crls),
        logs,
        max_depth,
        public_roots,
        strict,
    )
    return _assess(case, bundle, tuple(extra), [*findings, *named], compromised)


def _target(host: str | None, leaf: Certificate) -> tuple[Target | None, list[Finding]]:
    if host is None:
        return None, []
    try:
        return Target.parse(host), []
    except BadName as error:
        return None, [found("cert.host-unusable", leaf.label, host=host[:120], reason=error.reason)]


def _assess(
    case: _Case,
    bundle: Bundle,
    extra: tuple[Certificate, ...],
    findings: list[Finding],
    compromised: frozenset[bytes],
) -> CertificateReport:
    leaf, public = case.leaf, case.profile is Profile.PUBLIC
    path = _judge_path(case, case.others)
    helped = path
    if not path.accepted and extra:
        helped = _judge_path(case, case.others + extra)
        if helped.accepted:
            findings.append(found("cert.missing-intermediate", leaf.label))
    repaired = repair_chain(leaf, bundle.certificates, helped.chain, case.roots, fetched=extra)
    findings += _chain_findings(case, path, repaired)
    chain = helped.chain or next((p.certificates for p in path.tried if p.trusted), (leaf,))
    revoked = list(judge_revocation(chain, case.crls, case.at))
    findings += revoked
    if any(f.rule == "cert.revoked" for f in revoked):
        path = PathVerdict(False, "revoked", path.chain, path.tried, path.truncated)
    findings += judge_pair(leaf, bundle.keys)
    findings += judge_public_key(leaf, public=public, compromised=compromised)
    findings += _leaf_findings(case, chain)
    for cert in dict.fromkeys((*case.others, *chain[1:])):
        findings += _issuer_findings(case, cert)
    issuer = _issuer_key(case, chain)
    if case.logs is not None:
        findings += judge_transparency(leaf, issuer, at=case.at, logs=case.logs, public=public)
    return CertificateReport(
        path,
        _unique(findings),
        tuple(_not_judged(case, bundle, issuer)),
        _facts(leaf),
        leaf,
        repaired,
    )


def _hashable(item: Finding) -> tuple[str, str, str]:
    return item.rule, item.subject, item.message


def _unique(findings: list[Finding]) -> tuple[Finding, ...]:
    return tuple({_hashable(f): f for f in findings}.values())


def _judge_path(case: _Case, intermediates: tuple[Certificate, ...]) -> PathVerdict:
    question = PathQuestion(
        leaf=case.leaf,
        intermediates=intermediates,
        roots=case.roots,
        at=case.at,
        target=case.target,
        client=case.profile is Profile.CLIENT,
        depth=case.depth,
        web=case.strict or case.profile is Profile.PUBLIC,
    )
    return judge_path(question)


_FLAW_RULES = {"constraint": "cert.name-constraints", "signature": "cert.bad-signature"}
_FLAW_RULES |= {"not-ca": "cert.not-a-ca", "pathlen": "cert.path-length", "depth": "cert.depth"}


def _chain_findings(case: _Case, path: PathVerdict, repaired: RepairedChain) -> Iterator[Finding]:
    if path.truncated:
        yield found("cert.path-bounded", case.leaf.label, paths=len(path.tried))
    strangers = [c for c in case.others if c not in repaired.certificates]
    roots = [c.label for c in strangers if c.self_issued and c.is_ca]
    if roots:
        yield found("cert.root-included", case.leaf.label, roots=roots)
    rest = [c.label for c in strangers if c.is_ca and not c.self_issued]
    if rest:
        yield found("cert.unrelated", case.leaf.label, others=rest[:8])
    if path.accepted:
        return
    yield found("cert.no-path", case.leaf.label, reason=path.reason, paths=list(path.paths[:8]))
    best = path.tried[0] if path.tried else None
    for flaw in best.flaws if best else ():
        yield from _flaw_finding(flaw)


def _flaw_finding(flaw: Flaw) -> Iterator[Finding]:
    if flaw.kind in _FLAW_RULES:
        yield found(_FLAW_RULES[flaw.kind], flaw.where, detail=flaw.detail)
    elif flaw.kind in ("issuer", "untrusted"):
        yield found("cert.untrusted", flaw.where, detail=flaw.detail)


def _leaf_findings(case: _Case, chain: tuple[Certificate, ...]) -> Iterator[Finding]:
    leaf, public = case.leaf, case.profile is Profile.PUBLIC
    yield from judge_form(leaf)
    yield from judge_signature(leaf)
    if len(leaf.extensions.dns_names) > MAX_NAMES or len(leaf.der) > MAX_BYTES // 4:
        yield found("cert.too-many-names", leaf.label, count=len(leaf.extensions.dns_names))
    if case.profile is not Profile.CLIENT:
        yield from judge_target(leaf, case.target)
        yield from judge_names(leaf, public=public)
    yield from judge_time(leaf, chain[1:], at=case.at, go_live=case.go_live, public=public)
    known = case.public_roots is not None and chain[-1].der in case.public_roots.members
    yield from judge_profile(leaf, case.profile, at=case.at, public_root=known)
    yield from judge_serial(leaf)


def _issuer_findings(case: _Case, cert: Certificate) -> Iterator[Finding]:
    root = cert.der in case.roots.members
    if not root:
        yield from judge_form(cert)
        yield from judge_signature(cert)
    if case.profile is Profile.PUBLIC:
        yield from judge_issuer(cert, root=root)
    yield from judge_public_key(cert, public=case.profile is Profile.PUBLIC, deep=False)


def _issuer_key(case: _Case, chain: tuple[Certificate, ...]) -> bytes | None:
    if len(chain) > 1:
        return chain[1].spki
    pool = (*case.others, *case.roots.by_subject.get(case.leaf.issuer, ()))
    issuer = next((c for c in pool if c.subject == case.leaf.issuer), None)
    return issuer.spki if issuer else None


def _facts(leaf: Certificate) -> LeafFacts:
    facts = leaf.extensions
    return LeafFacts(
        subject=leaf.label,
        issuer=leaf.issuer_text,
        names=(*facts.dns_names, *(str(a) for a in facts.addresses)),
        not_before=leaf.not_before,
        not_after=leaf.not_after,
        serial=f"{leaf.serial:x}",
        sha256=leaf.sha256,
        spki_sha256=leaf.spki_sha256,
        lifetime_seconds=leaf.lifetime_seconds,
    )


def _not_judged(case: _Case, bundle: Bundle, issuer: bytes | None) -> Iterator[str]:
    if not bundle.keys:
        yield "KEY-01, KEY-02: no private key was given"
    if case.target is None and case.profile is not Profile.CLIENT:
        yield "NAME-02: no host was given"
    if case.profile is Profile.PUBLIC and (case.logs is None or issuer is None):
        why = "no log list was given" if case.logs is None else "the issuer is not known"
        yield f"CT-01 to CT-06: {why}"
    yield "KEY-11: the Debian list is not shipped; give its digests as known compromised keys"
    yield "KEY-14, KEY-15, NAME-10: they need the domain's history and files, not the certificate"
    yield "CHAIN-11, CHAIN-12: other clients' root stores and their cut-off dates are not known"
    yield "PROF-08, PROF-09: subject attributes by validation type, the full Baseline lint"
    yield "REV-02: partial and indirect CRLs; REV-03: OCSP answers; CAA, TLSA: not asked here"
