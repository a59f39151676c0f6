"""PATH: would clients accept this certificate? `cryptography`'s verifier, and our path explorer.

The verifier gives the verdict for public certificates. The explorer names every candidate path,
where it ends and why it fails, and judges private chains by RFC 5280 section 6 alone: the web's
profile (no Ed25519, AKI everywhere) is not asked of them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.x509 import verification

from . import extensions as ext
from .certificate import Certificate
from .distinguished_name import NameKey, name_key
from .hostname import Target, holds_name, matches_target
from .name_constraints import violations
from .policies import policy_flaw
from .signatures import signed_by as signed_by
from .signatures import weak_signature

MAX_PATHS, MAX_STEPS, MAX_DEPTH = 32, 400, 8
SERVER_AUTH, CLIENT_AUTH = "1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2"
ANY_EKU = "2.5.29.37.0"


class Roots:
    """Trust anchors, indexed once and used for many verdicts."""

    def __init__(self, certificates: Iterable[Certificate]) -> None:
        self.certificates = tuple(dict.fromkeys(certificates))
        self.members = frozenset(c.der for c in self.certificates)
        self.by_subject: dict[bytes, list[Certificate]] = {}
        for cert in self.certificates:
            self.by_subject.setdefault(cert.subject, []).append(cert)

    @cached_property
    def by_name(self) -> dict[NameKey, list[Certificate]]:
        """By names as RFC 5280 section 7.1 compares them."""
        return _by_name(self.certificates)

    @cached_property
    def by_x509(self) -> dict[int, Certificate]:
        return {id(c.x509): c for c in self.certificates}

    @cached_property
    def policy(self) -> verification.PolicyBuilder | None:
        """A verifier's settings with these roots; None without any that it takes."""
        usable = [c.x509 for c in self.certificates if c.x509 is not None]
        store = verification.Store(usable) if usable else None
        return verification.PolicyBuilder().store(store) if store else None


def _by_name(certificates: Iterable[Certificate]) -> dict[NameKey, list[Certificate]]:
    named: dict[NameKey, list[Certificate]] = {}
    for cert in certificates:
        named.setdefault(name_key(cert.subject), []).append(cert)
    return named


@dataclass(frozen=True, slots=True)
class Flaw:
    """`kind` is a word ("expired", "signature" ...), `where` a certificate's subject."""

    kind: str
    where: str
    detail: str


@dataclass(frozen=True, slots=True)
class CandidatePath:
    """Leaf first. `ends` says where it stops; a path with no flaws is good."""

    certificates: tuple[Certificate, ...]
    ends: str
    flaws: tuple[Flaw, ...]
    trusted: bool

    @property
    def good(self) -> bool:
        return self.trusted and not self.flaws

    def __str__(self) -> str:
        names = " -> ".join(c.label for c in self.certificates)
        why = "; ".join(f"{f.where}: {f.detail}" for f in self.flaws) or "good"
        return f"{names} [{self.ends}]: {why}"


@dataclass(frozen=True, slots=True)
class PathVerdict:
    """`reason` is why it was refused; `chain` the accepted path, the anchor last."""

    accepted: bool
    reason: str = ""
    chain: tuple[Certificate, ...] = ()
    tried: tuple[CandidatePath, ...] = ()
    truncated: bool = False

    @property
    def paths(self) -> tuple[str, ...]:
        return tuple(str(path) for path in self.tried)


@dataclass(frozen=True, slots=True)
class PathQuestion:
    """`at` is aware; `target` None asks for no name; `depth` counts intermediates.

    `use` is the extended key usage wanted when it is neither the server's nor the client's, `names`
    what a client certificate must hold: mailboxes, hosts or addresses.
    """

    leaf: Certificate
    intermediates: tuple[Certificate, ...]
    roots: Roots
    at: datetime
    target: Target | None = None
    client: bool = False
    depth: int | None = None
    web: bool = True
    use: str = ""
    names: tuple[str, ...] = ()

    @property
    def wanted_use(self) -> str:
        return self.use or (CLIENT_AUTH if self.client else SERVER_AUTH)

    @property
    def missing_name(self) -> str:
        return next((n for n in self.names if not holds_name(n, self.leaf)), "")


def judge_path(question: PathQuestion, *, explore: bool = False) -> PathVerdict:
    """The verdict; the candidate paths are told when it is a refusal, or when `explore` asks."""
    chain, reason = _verifier_says(question)
    if chain and not explore:
        return PathVerdict(True, chain=chain)
    tried, truncated = explore_paths(question)
    if chain:
        return PathVerdict(True, "", chain, tried, truncated)
    good = next((path for path in tried if path.good), None)
    if good is not None and _explorer_decides(question, reason):
        return PathVerdict(True, "", good.certificates, tried, truncated)
    return PathVerdict(False, reason, (), tried, truncated)


def _explorer_decides(question: PathQuestion, reason: str) -> bool:
    """Where the verifier asks too much (private chains) or does not know what browsers do."""
    other_use = question.wanted_use not in (SERVER_AUTH, CLIENT_AUTH)
    return not question.web or other_use or "directoryName constraint" in reason


def _verifier_says(question: PathQuestion) -> tuple[tuple[Certificate, ...], str]:
    if question.leaf.x509 is None:
        return (), f"the certificate cannot be read: {question.leaf.refusal}"
    if question.missing_name:
        return (), f"the certificate does not hold the name {question.missing_name}"
    if question.wanted_use not in (SERVER_AUTH, CLIENT_AUTH):
        return (), f"it is not good for the use {question.use}"
    builder = question.roots.policy
    if builder is None:
        return (), "there are no roots to trust"
    builder = builder.time(question.at.astimezone(UTC).replace(tzinfo=None))
    if question.depth is not None:
        builder = builder.max_chain_depth(question.depth)
    helpers = [c.x509 for c in question.intermediates if c.x509 is not None]
    try:
        if question.client:
            chain = builder.build_client_verifier().verify(question.leaf.x509, helpers).chain
        else:
            subject = _subject(question)
            if subject is None:
                return (), "the certificate holds no name to verify it for"
            chain = builder.build_server_verifier(subject).verify(question.leaf.x509, helpers)
    except (verification.VerificationError, ValueError, TypeError, OverflowError) as error:
        return (), str(error).removeprefix("validation failed: ").partition(" (encountered")[0]
    except UnsupportedAlgorithm as error:
        return (), str(error)
    # the verifier gives back the very objects it was given
    given = {id(c.x509): c for c in (question.leaf, *question.intermediates)}
    anchors = question.roots.by_x509
    return tuple(given.get(id(c)) or anchors[id(c)] for c in chain), ""


def _subject(question: PathQuestion) -> verification.Subject | None:
    target = question.target
    if target is not None:
        return x509.IPAddress(target.address) if target.address else x509.DNSName(target.name)
    facts = question.leaf.extensions
    if facts.dns_names:
        return x509.DNSName(facts.dns_names[0].replace("*", "any", 1))
    return x509.IPAddress(facts.addresses[0]) if facts.addresses else None


@dataclass(slots=True)
class _Explorer:
    """Depth-first over issuers by name; bounded in paths, signature checks and depth."""

    question: PathQuestion
    pool: dict[NameKey, list[Certificate]]
    found: list[CandidatePath]
    steps: int = 0

    @property
    def exhausted(self) -> bool:
        return self.steps >= MAX_STEPS or len(self.found) >= MAX_PATHS

    def walk(self, path: tuple[Certificate, ...], flaws: tuple[Flaw, ...]) -> None:
        last = path[-1]
        if self.exhausted:
            return
        if last.der in self.question.roots.members:
            said = policy_flaw(path)
            if said:
                flaws = (*flaws, Flaw("policy", path[0].label, said))
            self.found.append(CandidatePath(path, f"root {last.label}", flaws, True))
            return
        # the depth counts intermediates: leaf and anchor are not among them
        limit = MAX_DEPTH if self.question.depth is None else self.question.depth
        if len(path) - 1 > limit:
            flaw = Flaw("depth", last.label, f"the path is longer than {limit} intermediates")
            self.found.append(CandidatePath(path, "depth limit", (*flaws, flaw), False))
            return
        issuers = self._issuers(last, path)
        if not issuers:
            self.found.append(_dead_end(path, flaws))
        for issuer in issuers:
            self.steps += 1
            step = _link(issuer, last, path, self.question)
            if any(f.kind == "signature" for f in step):
                whole = (*path, issuer)
                self.found.append(CandidatePath(whole, "wrong issuer", (*flaws, *step), False))
            else:
                self.walk((*path, issuer), (*flaws, *step))
            if self.exhausted:
                return

    def _issuers(self, cert: Certificate, path: tuple[Certificate, ...]) -> list[Certificate]:
        """Same key and name twice is a loop (RFC 4158 section 2.4.2)."""
        seen = {(c.subject, c.spki) for c in path}
        name = name_key(cert.issuer)
        roots = self.question.roots.by_name.get(name, [])
        others = [c for c in self.pool.get(name, []) if c not in roots]
        return [c for c in (*roots, *others) if (c.subject, c.spki) not in seen]


def explore_paths(question: PathQuestion) -> tuple[tuple[CandidatePath, ...], bool]:
    """Every candidate path, best first (fewest flaws), and whether the bound cut the search."""
    explorer = _Explorer(question, _by_name(dict.fromkeys(question.intermediates)), [])
    explorer.walk((question.leaf,), tuple(_leaf_flaws(question)))
    ranked = sorted(explorer.found, key=lambda p: (not p.trusted, len(p.flaws)))
    return tuple(ranked), explorer.exhausted


def _dead_end(path: tuple[Certificate, ...], flaws: tuple[Flaw, ...]) -> CandidatePath:
    last = path[-1]
    if last.self_issued:
        flaw = Flaw("untrusted", last.label, "it is self-signed and not among the roots")
        return CandidatePath(path, "untrusted root", (*flaws, flaw), False)
    detail = f"no certificate of its issuer ({last.issuer_text}) is given or trusted"
    return CandidatePath(
        path, "missing issuer", (*flaws, Flaw("issuer", last.label, detail)), False
    )


def _time_flaws(cert: Certificate, at: datetime) -> list[Flaw]:
    if cert.not_before is None or cert.not_after is None:
        return [Flaw("time", cert.label, "its validity cannot be read")]
    if at > cert.not_after:
        return [Flaw("expired", cert.label, f"it expired {cert.not_after:%Y-%m-%d %H:%M:%S}Z")]
    if at < cert.not_before:
        return [Flaw("not-yet", cert.label, f"it starts {cert.not_before:%Y-%m-%d %H:%M:%S}Z")]
    return []


def _common_flaws(cert: Certificate, question: PathQuestion) -> list[Flaw]:
    flaws = _time_flaws(cert, question.at)
    flaws += [
        Flaw("critical", cert.label, f"it has the critical extension {e.oid}, unknown to clients")
        for e in cert.raw_extensions
        if e.critical and e.oid not in ext.KNOWN
    ]
    flaws += [Flaw("extension", cert.label, f"{oid}: {why}") for oid, why in cert.extensions.bad]
    if cert.x509 is None:
        flaws.append(Flaw("unreadable", cert.label, cert.refusal))
    wanted, eku = question.wanted_use, cert.extensions.eku
    if eku is not None and wanted not in eku and ANY_EKU not in eku:
        use = {SERVER_AUTH: "serverAuth", CLIENT_AUTH: "clientAuth"}.get(wanted, wanted)
        flaws.append(Flaw("eku", cert.label, f"its extended key usage leaves out {use}"))
    return flaws


def _leaf_flaws(question: PathQuestion) -> list[Flaw]:
    leaf = question.leaf
    flaws = _common_flaws(leaf, question)
    usage = leaf.extensions.key_usage
    if usage is not None and not usage & {"digital_signature", "key_encipherment", "key_agreement"}:
        flaws.append(Flaw("usage", leaf.label, "its key usage allows no TLS handshake"))
    target = question.target
    if target is not None and not question.client and not matches_target(target, leaf):
        flaws.append(Flaw("name", leaf.label, f"it does not hold the name {target}"))
    if question.missing_name:
        detail = f"it does not hold the name {question.missing_name}"
        flaws.append(Flaw("name", leaf.label, detail))
    return flaws


def _link(
    issuer: Certificate, cert: Certificate, path: tuple[Certificate, ...], question: PathQuestion
) -> list[Flaw]:
    """Why `issuer` may not have issued `cert`, the last of `path`."""
    if not signed_by(cert, issuer):
        detail = f"the key of {issuer.label} did not sign it"
        return [Flaw("signature", cert.label, detail)]
    flaws: list[Flaw] = []
    name = weak_signature(cert)
    if name:
        flaws.append(Flaw("weak-signature", cert.label, f"it is signed with {name}"))
    anchor = issuer.der in question.roots.members
    facts = issuer.extensions
    if not facts.ca and not (anchor and issuer.version < 3):
        flaws.append(Flaw("not-ca", issuer.label, "it is no CA (basicConstraints)"))
    if facts.key_usage is not None and "key_cert_sign" not in facts.key_usage:
        flaws.append(Flaw("usage", issuer.label, "its key usage leaves out keyCertSign"))
    below = sum(1 for c in path[1:] if not c.self_issued)
    if facts.path_length is not None and below > facts.path_length:
        detail = f"pathLen {facts.path_length}, but {below} CAs follow it"
        flaws.append(Flaw("pathlen", issuer.label, detail))
    for position, below_it in enumerate(path):
        refused = violations(issuer, below_it, leaf=position == 0)
        flaws += [Flaw("constraint", below_it.label, text) for text in refused]
    return flaws + _common_flaws(issuer, question)
