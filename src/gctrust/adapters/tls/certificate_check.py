"""Runs the certificate judge over files: brings it octets, roots, the log list and the time.

What the world has to say (issuers by AIA, CRLs, OCSP) is asked only when the caller says so.
"""

from __future__ import annotations

import asyncio
import os
import stat
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from ...certs.assess import CertificateReport, assess_certificate
from ...certs.blocklist import Blocklist, read_blocklist
from ...certs.bundle import Bundle, from_ders, read_bundle, read_bundles
from ...certs.certificate import Certificate
from ...certs.chain import sort_bundle
from ...certs.evidence import CaaAnswer, Evidence, KeyFile, TlsaAnswer
from ...certs.path import Roots
from ...certs.transparency import LogList
from ...errors import Problem, ProblemKind, ProblemType
from ...ports import Clock
from ...secret import Secret
from ..fetch.issuer_cache import IssuerCache, from_cache
from ..fetch.log_list import LogLists
from ..files import SEALED, read_file, read_files
from .root_stores import certifi_roots, file_roots, system_roots

if TYPE_CHECKING:
    from ...certs.served import ProbeFacts
    from ...findings import Finding
    from ..dns.resolver import Resolver
    from ..fetch.guarded_fetch import GuardedFetch
    from ..fetch.issuer_fetch import Issuers
    from ..fetch.revocation_fetch import Revocation

NO_CERTIFICATE = ProblemType(
    "file.no-certificate",
    "The file holds no certificate.",
    "Without one there is nothing to compare with.",
    "Give a PEM or DER certificate.",
    kind=ProblemKind.USAGE,
    source="RFC 7468 section 5",
)
PROBLEMS = (NO_CERTIFICATE,)

MOST_WEAK = 64 << 20  # octets; all of Debian's lists together have some 10 MB


class Named(Protocol):
    """Three file names, "" for none: those of an order (CertificateFiles) or of a command line."""

    @property
    def certificate(self) -> str: ...
    @property
    def key(self) -> str: ...
    @property
    def chain(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Files:
    certificate: str = ""
    key: str = ""
    chain: str = ""


@dataclass(frozen=True, slots=True)
class Question:
    """What to judge, and as what. `roots` is "system", "certifi" or "" for those of the settings.

    `complete` and `revocation` allow the network; `allowed` names hosts that may be fetched from
    though they are not public. `previous` is the certificate that serves now, `caa` and `tlsa` what
    DNS was asked, `weak_keys` files that list compromised keys.
    """

    files: Named
    host: str = ""
    profile: str = ""
    at: datetime | None = None
    roots: str = ""
    passphrase: Secret | None = field(default=None, repr=False)
    complete: bool = False
    revocation: bool = False
    allowed: frozenset[str] = frozenset()
    previous: Certificate | None = None
    caa: tuple[CaaAnswer, ...] = ()
    tlsa: TlsaAnswer | None = None
    weak_keys: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Looked:
    """`gathered` says, a line each, what was brought beside the files and from where."""

    report: CertificateReport
    gathered: tuple[str, ...]


class CertificateCheck:
    """Roots are those of `roots_file`, or certifi's without one; read once.

    `issuer_file` holds the CAs that may issue client certificates: anchors for those alone.
    `home` holds the cache of issuers and the log lists. `resolver` finds the names to fetch from
    (None: this machine's own), `private_fetch` allows every address (a sandbox on this machine).
    `sealed` opens what a reference "sealed:..." names in a file's place.
    """

    def __init__(
        self,
        clock: Clock,
        roots_file: Path | None = None,
        issuer_file: Path | None = None,
        *,
        home: Path | None = None,
        resolver: Callable[[], Resolver] | None = None,
        private_fetch: bool = False,
        sealed: Callable[[str], bytes] | None = None,
    ) -> None:
        self._clock, self._roots_file, self._issuer_file = clock, roots_file, issuer_file
        self._home, self._resolver, self._private_fetch = home, resolver, private_fetch
        self._sealed = sealed

    @property
    def profile(self) -> str:
        """Given roots are a private CA's: the public web's own rules do not bind it."""
        return "private" if self._roots_file else "public"

    @cached_property
    def roots(self) -> Roots:
        """Raises Problem file.unreadable."""
        return file_roots(self._roots_file) if self._roots_file else self.public_roots

    @cached_property
    def client_roots(self) -> Roots:
        """Raises Problem file.unreadable."""
        if not self._issuer_file:
            return self.roots
        given = self.roots.certificates if self._roots_file else ()
        return Roots((*file_roots(self._issuer_file).certificates, *given))

    @cached_property
    def public_roots(self) -> Roots:
        return certifi_roots()

    @cached_property
    def logs(self) -> LogList:
        """The log list in force."""
        return LogLists(self._home).in_force().logs

    def files(
        self, files: Named, host: str, profile: str = "", at: datetime | None = None
    ) -> CertificateReport:
        """Judge the files for `host` ("" for none) at `at` (now). Raises Problem file.*."""
        return self.judge(Question(files, host, profile, at))

    def judge(self, question: Question) -> CertificateReport:
        """Judge without the network. Raises Problem file.*, roots.*."""
        return _Case(self, question).report()

    async def look(self, question: Question) -> Looked:
        """Judge, with what the question allows to be asked for. Raises Problem file.*, roots.*."""
        case = await asyncio.to_thread(_Case, self, question)
        if question.complete:
            await case.complete(self.fetching(question.allowed))
        if question.revocation:
            await case.revocation(self.fetching(question.allowed))
        report = await asyncio.to_thread(case.report)
        return Looked(report, tuple(case.gathered()))

    def fetching(self, allowed: Iterable[str] = ()) -> GuardedFetch:
        """The way to fetch what certificates point at."""
        from ..fetch.address_guard import AddressGuard, plain_host, resolver_lookup, system_lookup
        from ..fetch.guarded_fetch import GuardedFetch

        hosts = frozenset(plain_host(host) for host in allowed)
        lookup = resolver_lookup(self._resolver()) if self._resolver else system_lookup
        roots = str(self._roots_file) if self._roots_file else None
        return GuardedFetch(AddressGuard(hosts, self._private_fetch, lookup), roots=roots)

    def read(self, files: Named, passphrase: Secret | None = None) -> tuple[Bundle, KeyFile | None]:
        """Every certificate and key of the files, and the file the key was in. Raises Problem
        file.*, sealed.*."""
        return _read(files, passphrase, self._sealed)

    def leaf_of(self, path: str) -> Certificate:
        """The leaf that a file holds. Raises Problem file.*, file.no-certificate."""
        placed = sort_bundle(read_files((path,)))
        if placed.leaf is None:
            raise Problem(NO_CERTIFICATE, {"path": path})
        return placed.leaf

    def served(
        self,
        facts: ProbeFacts,
        *,
        profile: str = "",
        roots: str = "",
        expected: Certificate | None = None,
    ) -> tuple[Finding, ...]:
        """Judge what a probe saw; intermediates at hand only tell what clients lack."""
        from ...certs.served import judge_served

        question = Question(Files(), facts.host, profile, roots=roots)
        anchors = self.named_roots(question)
        return judge_served(
            facts,
            at=self.moment(question),
            roots=anchors,
            expected=expected,
            profile=self.profile_of(question),
            known=self._known(facts, anchors),
        )

    def _known(self, facts: ProbeFacts, roots: Roots) -> tuple[Certificate, ...]:
        chains = {one.chain for one in facts.served if one.chain}
        sent = [from_ders(chain).certificates for chain in chains]
        found = (from_cache(c[0], c[1:], roots, self.cache) for c in sent if c)
        return tuple(dict.fromkeys(one for some in found for one in some))

    @property
    def cache(self) -> IssuerCache:
        return IssuerCache(self._home)

    def named_roots(self, question: Question) -> Roots:
        if question.roots == "certifi":
            return self.public_roots
        if question.roots == "system":
            return system_roots()
        return self.client_roots if question.profile == "client" else self.roots

    def profile_of(self, question: Question) -> str:
        return question.profile or ("public" if question.roots else self.profile)

    def moment(self, question: Question) -> datetime:
        return question.at or datetime.fromtimestamp(self._clock.now(), UTC)


class _Case:
    """One question under way: the octets read, and what was found out since."""

    def __init__(self, check: CertificateCheck, question: Question) -> None:
        self._check, self._question = check, question
        self._bundle, self._key_file = check.read(question.files, question.passphrase)
        self._blocklist = _blocklist(question.weak_keys)
        self._roots = check.named_roots(question)
        placed = sort_bundle(self._bundle)
        self._leaf, self._others = placed.leaf, placed.others
        self._issuers: Issuers | None = None
        self._revocation: Revocation | None = None

    async def complete(self, fetch: GuardedFetch) -> None:
        from ..fetch.issuer_fetch import complete

        if self._leaf is not None:
            cache = self._check.cache
            self._issuers = await complete(self._leaf, self._others, self._roots, cache, fetch)

    async def revocation(self, fetch: GuardedFetch) -> None:
        from ..fetch.revocation_fetch import fetch_revocation

        report = self.report()
        repaired = report.repaired_chain.certificates if report.repaired_chain else ()
        tried = (one.certificates for one in report.path.tried)
        best = report.path.chain or max((repaired, *tried), key=len)
        self._revocation = await fetch_revocation(fetch, best)

    def report(self) -> CertificateReport:
        question, check = self._question, self._check
        return assess_certificate(
            self._bundle,
            host=question.host or None,
            at=check.moment(question),
            roots=self._roots,
            profile=check.profile_of(question),
            logs=check.logs,
            extra=self._extra(),
            crls=self._revocation.crls if self._revocation else (),
            evidence=self._evidence(),
            compromised=self._blocklist,
        )

    def gathered(self) -> Iterator[str]:
        for one in self._issuers.fetched if self._issuers else ():
            yield f"fetched the intermediate {one.label}"
        for one in self._cached():
            yield f"the intermediate {one.label} was in the local cache"
        for crl in self._revocation.crls if self._revocation else ():
            until = crl.next_update_utc
            ends = f", until {until:%Y-%m-%d %H:%M}Z" if until else ""
            yield f"fetched the CRL of {crl.issuer.rfc4514_string()[:120]}{ends}"
        for answer in self._revocation.ocsp if self._revocation else ():
            yield f"asked the OCSP responder {answer.url}"

    def _cached(self) -> tuple[Certificate, ...]:
        return self._issuers.cached if self._issuers else self._extra()

    def _extra(self) -> tuple[Certificate, ...]:
        if self._issuers is not None:
            return self._issuers.certificates
        if self._leaf is None:
            return ()
        return from_cache(self._leaf, self._others, self._roots, self._check.cache)

    def _evidence(self) -> Evidence:
        found = self._revocation
        unfetched = self._issuers.unfetched if self._issuers else ()
        return Evidence(
            ocsp=found.ocsp if found else (),
            key_file=self._key_file,
            previous=self._question.previous,
            caa=self._question.caa,
            tlsa=self._question.tlsa,
            unfetched=unfetched + (found.unfetched if found else ()),
        )


def _read(
    files: Named, passphrase: Secret | None, sealed: Callable[[str], bytes] | None
) -> tuple[Bundle, KeyFile | None]:
    """Every certificate and key of the files, each file once, and the file the key was in."""
    paths = [path for path in dict.fromkeys((files.certificate, files.key, files.chain)) if path]
    named = [(path, _octets(path, sealed)) for path in paths]
    whole = read_bundles(named, passphrase=passphrase)
    on_disk = [(path, octets) for path, octets in named if not path.startswith(SEALED)]
    keyed = (p for p, octets in on_disk if read_bundle(octets, passphrase=passphrase).keys)
    path = next(keyed, None) if whole.keys else None
    return whole, _key_file(path) if path else None


def _octets(path: str, sealed: Callable[[str], bytes] | None) -> bytes:
    return sealed(path) if sealed and path.startswith(SEALED) else read_file(path)


def _blocklist(paths: Iterable[str]) -> Blocklist:
    """Raises Problem file.*."""
    whole = Blocklist()
    for path in paths:
        whole = whole.plus(read_blocklist(read_file(path, MOST_WEAK)))
    return whole


def _key_file(path: str) -> KeyFile | None:
    """Who may read it; None where files have no such permissions."""
    if os.name != "posix":
        return None
    status = Path(path).expanduser().stat()
    return KeyFile(path, stat.S_IMODE(status.st_mode) & 0o777, status.st_uid, os.geteuid())
