"""assess_certificate: every check on one bundle, PATH and LINT kept apart.

Pure: the instant, the roots, the CRLs and the log list are arguments.
"""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from cryptography import x509

from ..findings import Finding
from ..names import BadName
from .blocklist import Blocklist
from .bundle import MAX_BYTES, Bundle, PrivateKey
from .certificate import Certificate
from .chain import sort_bundle
from .distrust import DISTRUSTED, judge_distrust
from .dns_evidence import judge_caa, judge_tlsa
from .evidence import Evidence
from .hostname import Target, judge_hosts, judge_names, judge_target
from .key import (
    judge_key_file,
    judge_pair,
    judge_public_key,
    judge_reuse,
    judge_shared_primes,
)
from .lifetime import judge_time
from .mail import EMAIL_PROTECTION, judge_mail
from .path import Flaw, PathQuestion, PathVerdict, Roots, judge_path
from .profile import Profile, judge_form, judge_issuer, judge_profile, judge_serial, judge_signature
from .repair import RepairedChain, repair_chain
from .report import CertificateReport, LeafFacts, leaf_facts
from .revocation import judge_revocation
from .rules import STRICT, found
from .transparency import LogList, judge_transparency, sct_times

__all__ = ["CertificateReport", "LeafFacts", "assess_certificate"]

MAX_NAMES = 1000


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
    compromised: Blocklist
    evidence: Evidence
    use: str
    names: tuple[str, ...]

    @property
    def public(self) -> bool:
        return self.profile is Profile.PUBLIC


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
    compromised: Blocklist | frozenset[bytes] = frozenset(),
    public_roots: Roots | None = None,
    leaf: Certificate | None = None,
    strict: bool = False,
    evidence: Evidence = Evidence(),  # noqa: B008 -- frozen
    use: str = "",
    names: Iterable[str] = (),
) -> CertificateReport:
    """Judge a bundle for `host` at the aware instants `at` and `go_live`.

    `extra` are intermediates from AIA or a cache, `public_roots` those of the public web (only to
    tell a client certificate of a public CA), `compromised` a list or SPKI SHA-256 digests, `leaf`
    the certificate to judge when it is known, `strict` asks the web's PATH rules of every profile.
    `evidence` is what was gathered elsewhere; `use` (an extended key usage) and `names` are what a
    client certificate must be good for and must hold.
    """
    if not isinstance(compromised, Blocklist):
        compromised = Blocklist(spki_sha256=compromised)
    if key is not None and key not in bundle.keys:
        bundle = bundle.plus(Bundle(keys=(key,)))
    placed = sort_bundle(bundle, leaf)
    findings = [*bundle.findings, *placed.findings]
    if placed.leaf is None:
        return _no_certificate(findings)
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
        compromised,
        evidence,
        use,
        tuple(names),
    )
    with warnings.catch_warnings():  # what the library will refuse one day is judged here today
        warnings.simplefilter("ignore")
        return _assess(case, bundle, tuple(extra), [*findings, *named])


def _no_certificate(findings: list[Finding]) -> CertificateReport:
    if not any(f.rule in ("cert.unreadable", "cert.empty") for f in findings):
        findings = [*findings, found("cert.none", "bundle")]
    verdict = PathVerdict(False, "there is no certificate to judge")
    return CertificateReport(verdict, tuple(findings), ("everything: no certificate",))


def _target(host: str | None, leaf: Certificate) -> tuple[Target | None, list[Finding]]:
    if host is None:
        return None, []
    try:
        return Target.parse(host), []
    except BadName as error:
        return None, [found("cert.host-unusable", leaf.label, host=host[:120], reason=error.reason)]


def _assess(
    case: _Case, bundle: Bundle, extra: tuple[Certificate, ...], findings: list[Finding]
) -> CertificateReport:
    leaf = case.leaf
    path = _judge_path(case, case.others)
    if any(f.rule == "cert.host-unusable" for f in findings):
        path = PathVerdict(False, "nobody can ask for the host", (), path.tried, path.truncated)
    helped = path
    if not path.accepted and extra:
        helped = _judge_path(case, case.others + extra)
        if helped.accepted:
            findings.append(found("cert.missing-intermediate", leaf.label))
    repaired = repair_chain(leaf, bundle.certificates, helped.chain, case.roots, fetched=extra)
    findings += _chain_findings(case, path, repaired)
    chain = helped.chain or next((p.certificates for p in path.tried if p.trusted), (leaf,))
    findings += judge_pair(leaf, bundle.keys)
    own = [*_leaf_findings(case, chain)]
    for cert in chain[1:]:
        own += _issuer_findings(case, cert)
    own += judge_revocation(chain, case.crls, case.at, case.evidence)
    if any(f.rule == "cert.revoked" for f in own):
        path = PathVerdict(False, "revoked", path.chain, path.tried, path.truncated)
    if not path.accepted:
        for cert in case.others:
            findings += _issuer_findings(case, cert)
    issuer = _issuer_key(case, chain)
    own += _logged(case, chain, issuer)
    own += _outside(case, chain)
    if case.use == EMAIL_PROTECTION:
        own += judge_mail(chain, case.roots)
    return CertificateReport(
        path,
        _unique([*findings, *own]),
        tuple(_not_judged(case, bundle, issuer)),
        leaf_facts(leaf),
        leaf,
        repaired,
        tuple(f for f in own if f.rule in STRICT),
    )


def _logged(case: _Case, chain: tuple[Certificate, ...], issuer: bytes | None) -> Iterator[Finding]:
    """CT, and what hangs on the time of logging."""
    leaf = case.leaf
    if case.logs is not None:
        yield from judge_transparency(leaf, issuer, at=case.at, logs=case.logs, public=case.public)
    if case.public and chain[-1].sha256 in DISTRUSTED:
        yield from judge_distrust(chain, sct_times(leaf))


def _outside(case: _Case, chain: tuple[Certificate, ...]) -> Iterator[Finding]:
    """What the evidence says: files, history, hosts, DNS."""
    evidence, leaf = case.evidence, case.leaf
    if evidence.key_file is not None:
        yield from judge_key_file(leaf, evidence.key_file)
    if evidence.previous is not None:
        yield from judge_reuse(leaf, evidence.previous)
    if case.profile is not Profile.CLIENT:
        yield from judge_hosts(leaf, case.target, evidence.hosts)
    yield from judge_caa(leaf, case.target, evidence.caa)
    if evidence.tlsa is not None:
        yield from judge_tlsa(chain, evidence.previous, evidence.tlsa)


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
        web=case.strict or case.public,
        use=case.use,
        names=case.names,
    )
    return judge_path(question, explore=_forks(case, intermediates))


def _forks(case: _Case, intermediates: tuple[Certificate, ...]) -> bool:
    """Whether some issuer has more than one certificate, so that paths may part."""
    names = {c.subject for c in (*intermediates, case.leaf)}
    anchors = sum(len(case.roots.by_subject.get(name, ())) for name in names)
    return bool(intermediates) and len(names) - 1 < len(set(intermediates)) + anchors


_FLAW_RULES = {"constraint": "cert.name-constraints", "signature": "cert.bad-signature"}
_FLAW_RULES |= {"not-ca": "cert.not-a-ca", "pathlen": "cert.path-length", "depth": "cert.depth"}


def _chain_findings(case: _Case, path: PathVerdict, repaired: RepairedChain) -> Iterator[Finding]:
    if path.truncated:
        yield found("cert.path-bounded", case.leaf.label, paths=len(path.tried))
    strangers = [c for c in case.others if c not in repaired.certificates]
    roots = [c.label for c in strangers if c.self_issued and c.is_ca]
    if roots:
        yield found("cert.root-included", case.leaf.label, roots=roots)
    # An anchor is not sent along, yet it is no stranger when it is a CA that a path ends at.
    known = [c for tried in path.tried if tried.good for c in tried.certificates]
    rest = [c.label for c in strangers if c.is_ca and not c.self_issued and c not in known]
    if rest:
        yield found("cert.unrelated", case.leaf.label, others=rest[:8])
    yield from _renamed_issuers(case, path)
    if path.accepted:
        good = [p for p in path.tried if p.good]
        if len(good) > 1:
            ends = list(dict.fromkeys(p.certificates[-1].label for p in good))
            yield found("cert.alternatives", case.leaf.label, count=len(good), roots=ends)
        return
    yield found("cert.no-path", case.leaf.label, reason=path.reason, paths=list(path.paths[:8]))
    best = path.tried[0] if path.tried else None
    for flaw in best.flaws if best else ():
        yield from _flaw_finding(flaw)


def _renamed_issuers(case: _Case, path: PathVerdict) -> Iterator[Finding]:
    """CHAIN-07: an issuer that is there, but whose name is encoded in other bytes."""
    chains = [path.chain] if path.accepted else [p.certificates for p in path.tried]
    for chain in chains:
        for cert, issuer in itertools.pairwise(chain):
            if cert.issuer != issuer.subject:
                yield found("cert.issuer-name-bytes", cert.label, issuer=cert.issuer_text)


def _flaw_finding(flaw: Flaw) -> Iterator[Finding]:
    if flaw.kind in _FLAW_RULES:
        yield found(_FLAW_RULES[flaw.kind], flaw.where, detail=flaw.detail)
    elif flaw.kind in ("issuer", "untrusted"):
        yield found("cert.untrusted", flaw.where, detail=flaw.detail)


def _leaf_findings(case: _Case, chain: tuple[Certificate, ...]) -> Iterator[Finding]:
    leaf, public = case.leaf, case.public
    yield from judge_public_key(leaf, public=public, compromised=case.compromised)
    yield from judge_shared_primes(leaf, case.others)
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


def _issuer_findings(case: _Case, cert: Certificate) -> tuple[Finding, ...]:
    return _of_issuer(cert, cert.der in case.roots.members, case.public, case.compromised)


@lru_cache(maxsize=64)
def _of_issuer(
    cert: Certificate, root: bool, public: bool, compromised: Blocklist
) -> tuple[Finding, ...]:
    """Remembered for a while: neither the leaf nor the time has a part in it."""
    found_here: list[Finding] = []
    if not root:
        found_here += [*judge_form(cert), *judge_signature(cert)]
    if public:
        found_here += judge_issuer(cert, root=root)
    found_here += judge_public_key(cert, public=public, compromised=compromised, deep=False)
    return tuple(found_here)


def _issuer_key(case: _Case, chain: tuple[Certificate, ...]) -> bytes | None:
    if len(chain) > 1:
        return chain[1].spki
    pool = (*case.others, *case.roots.by_subject.get(case.leaf.issuer, ()))
    issuer = next((c for c in pool if c.subject == case.leaf.issuer), None)
    return issuer.spki if issuer else None


def _not_judged(case: _Case, bundle: Bundle, issuer: bytes | None) -> Iterator[str]:
    if not bundle.keys:
        yield "KEY-01, KEY-02: no private key was given"
    if case.target is None and case.profile is not Profile.CLIENT:
        yield "NAME-02: no host was given"
    if case.public and (case.logs is None or issuer is None):
        why = "no log list was given" if case.logs is None else "the issuer is not known"
        yield f"CT-01 to CT-06: {why}"
    if not case.compromised.debian:
        yield "KEY-11: no list of Debian's weak keys was given"
    yield from _not_gathered(case)
    yield "PROF-09: the full Baseline lint of pkilint is another tool's"


def _not_gathered(case: _Case) -> Iterator[str]:
    evidence = case.evidence
    if evidence.previous is None:
        yield "KEY-14: the certificate that serves now was not given"
    if evidence.key_file is None:
        yield "KEY-15: no key file was looked at"
    if not evidence.hosts and case.profile is not Profile.CLIENT:
        yield "NAME-10: the configured hosts were not given"
    if not evidence.caa and case.profile is not Profile.CLIENT:
        yield "DNS-01: CAA was not asked"
    if evidence.tlsa is None and case.profile is not Profile.CLIENT:
        yield "DNS-02: TLSA was not asked"
