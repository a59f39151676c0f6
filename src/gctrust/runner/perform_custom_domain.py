"""Performs the effects of journey 2: certificate files, custom domains, handshakes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace

from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from ..adapters.credentials.own_front import OwnFront
from ..adapters.credentials.sealed import SealedKeys
from ..adapters.files import CHANGED, pem_of
from ..adapters.genesys.client import GenesysClient
from ..adapters.genesys.problems import ANSWER_LOST, CHANGED_MEANWHILE, CONFLICT
from ..adapters.genesys.wire import CertificateUpload, CustomDomain
from ..adapters.tls.certificate_check import CertificateCheck, Question
from ..adapters.tls.edge_probe import EdgeProbe
from ..certs.assess import CertificateReport
from ..certs.bundle import Bundle, PrivateKey, read_bundle
from ..certs.certificate import Certificate
from ..certs.chain import sort_bundle
from ..certs.key import same_key
from ..errors import Fact, Problem
from ..pipelines.effects import (
    AssessFiles,
    AuditEntry,
    AuditSeen,
    CertificateAssessment,
    CertificateFiles,
    CertificateHeld,
    CustomDomainSeen,
    ForgetKeys,
    HandshakesSeen,
    KeepKey,
    KeysKept,
    ProbeEdges,
    ReadAudit,
    ReadCertificate,
    UploadCertificate,
)
from ..ports import Clock
from ..secret import Secret


class CustomDomainPerformer:
    """The private key is read inside the one effect that sends it, and compared before.

    `genesys` takes the certificate: the platform, or one's own front where the platform takes none.
    `passphrase` opens an encrypted key; it is asked for at each reading, and kept nowhere.
    """

    def __init__(
        self,
        genesys: GenesysClient | OwnFront,
        check: CertificateCheck,
        probe: EdgeProbe,
        clock: Clock,
        sealed: SealedKeys,
        passphrase: Callable[[], Secret | None] = lambda: None,
    ) -> None:
        self._genesys, self._check, self._probe, self._clock = genesys, check, probe, clock
        self._sealed, self._passphrase = sealed, passphrase

    async def assess(self, effect: AssessFiles) -> CertificateAssessment:
        """Missing intermediates are fetched here, so that an upload can send the whole chain; CRLs
        and OCSP are asked once, so that no revoked certificate goes up."""
        report = await self._judged(effect.files, effect.host, effect.profile, revocation=True)
        leaf = report.leaf
        return CertificateAssessment(
            findings=report.findings,
            not_judged=report.not_judged,
            accepted=report.path.accepted,
            subject=leaf.subject if leaf else "",
            not_before=leaf.not_before.timestamp() if leaf and leaf.not_before else 0.0,
            not_after=leaf.not_after.timestamp() if leaf and leaf.not_after else 0.0,
            leaf_sha256=leaf.sha256 if leaf else "",
            spki_sha256=leaf.spki_sha256 if leaf else "",
            chain_sha256=_digests(report),
            certificate=pem_of(_sent(report)[:1]),
            with_key=await asyncio.to_thread(self._with_key, effect.files, report),
        )

    def _with_key(self, files: CertificateFiles, report: CertificateReport) -> bool:
        return _key_of(self._check.read(files, self._passphrase())[0], report) is not None

    async def _judged(
        self, files: CertificateFiles, host: str, profile: str = "", *, revocation: bool = False
    ) -> CertificateReport:
        question = Question(
            files,
            host,
            profile,
            passphrase=self._passphrase(),
            complete=True,
            revocation=revocation,
        )
        return (await self._check.look(question)).report

    async def read(self, effect: ReadCertificate) -> CertificateHeld:
        held = await self._held(effect.domain)
        if held is None:
            return CertificateHeld("")
        seen, leaf = _seen(held), sort_bundle(_read(held.certificate)).leaf
        kept = await asyncio.to_thread(self._sealed.opens, effect.domain, seen.leaf_sha256)
        kept = kept or await asyncio.to_thread(self._pair, effect.domain) is not None
        return replace(seen, certificate=pem_of([leaf] if leaf else []), kept=kept)

    async def keep(self, effect: KeepKey) -> KeysKept:
        report = await self._judged(effect.files, effect.domain)
        await self._seal(effect.domain, effect.files, effect.leaf_sha256, report)
        return KeysKept(len(await asyncio.to_thread(self._sealed.kept, effect.domain)))

    async def forget(self, effect: ForgetKeys) -> KeysKept:
        await asyncio.to_thread(self._sealed.forget, effect.domain, effect.but)
        return KeysKept(len(await asyncio.to_thread(self._sealed.kept, effect.domain)))

    async def _seal(
        self, domain: str, files: CertificateFiles, leaf: str, report: CertificateReport
    ) -> CertificateUpload:
        """Before it is sent, so that what serves can always be restored later."""
        if report.leaf is None or report.leaf.sha256 != leaf:
            raise Problem(CHANGED, {"path": files.certificate})
        bundle, _ = await asyncio.to_thread(self._check.read, files, self._passphrase())
        upload, public = _upload(bundle, report), pem_of(_sent(report))
        await asyncio.to_thread(self._sealed.keep, domain, leaf, public, upload.private_key)
        return upload

    async def upload(self, effect: UploadCertificate) -> CustomDomainSeen:
        # The audit log is read after the write: a scope it lacks has to be told before.
        await self._genesys.require("custom-domain.create", "custom-domain.replace", "audit.page")
        began = self._clock.now()
        report = await self._judged(effect.files, effect.domain)
        held = await self._held(effect.domain)
        if not _landed(held, effect.leaf_sha256, report):
            held = await self._send(effect, report, await self._as_planned(effect, held))
        assert held is not None
        own = self._genesys if isinstance(self._genesys, OwnFront) else None
        if own:  # also where an earlier try wrote the files and went no further
            await own.reload(effect.domain)
        taken = self._clock.now() - began
        told = (held.id, held.domain, held.status, effect.leaf_sha256, taken)
        return CustomDomainSeen(*told, audited=own is None)

    def _pair(self, domain: str) -> CertificateUpload | None:
        """One's own front shows its key: what serves there can always be restored."""
        return self._genesys.pair(domain) if isinstance(self._genesys, OwnFront) else None

    def _keep_held(self, domain: str) -> None:
        pair = self._pair(domain)
        if pair is not None:
            leaf = sort_bundle(_read(pair.certificate)).leaf
            public = pair.certificate + pair.chain
            self._sealed.keep(domain, leaf.sha256 if leaf else "", public, pair.private_key)

    async def _as_planned(
        self, effect: UploadCertificate, held: CustomDomain | None
    ) -> CustomDomain | None:
        """What is held, when it is what the plan was made for; a look may be stale once.

        Raises Problem genesys.changed-meanwhile.
        """
        for again in (False, True):
            held = await self._held(effect.domain) if again else held
            if (_seen(held).leaf_sha256 if held else "") == effect.over:
                return held
        seen = _seen(held).leaf_sha256 if held else "no such domain"
        facts: dict[str, Fact] = {
            "domain": effect.domain,
            "planned_over": effect.over,
            "seen": seen,
        }
        raise Problem(CHANGED_MEANWHILE, facts)

    async def _send(
        self, effect: UploadCertificate, report: CertificateReport, held: CustomDomain | None
    ) -> CustomDomain:
        await asyncio.to_thread(self._keep_held, effect.domain)
        upload = await self._seal(effect.domain, effect.files, effect.leaf_sha256, report)
        try:
            if held is None:
                return await self._genesys.create_custom_domain(effect.domain, upload)
            return await self._genesys.replace_custom_domain(held.id, upload, held.etag)
        except Problem as problem:
            if problem.type not in (ANSWER_LOST, CHANGED_MEANWHILE, CONFLICT):
                raise
            now = await self._held(effect.domain)
            if now is None or not _landed(now, effect.leaf_sha256, report):
                raise
            return now

    async def _held(self, domain: str) -> CustomDomain | None:
        """With certificate and ETag, which a listing may not carry."""
        found = await self._genesys.find_custom_domain(domain)
        return await self._genesys.get_custom_domain(found.id) if found else None

    async def audit(self, effect: ReadAudit) -> AuditSeen:
        entries: list[AuditEntry] = []
        pages = 0
        async for page in self._genesys.audit_pages():
            pages += 1
            entries += [
                AuditEntry(e.id, e.event_id, e.timestamp, e.target_id, e.status)
                for e in page.entries
                if e.target_id == effect.target
                and e.timestamp is not None
                and e.timestamp >= effect.since
            ]
        return AuditSeen(tuple(entries), pages)

    async def probe(self, effect: ProbeEdges) -> HandshakesSeen:
        return await self._probe.host(effect.host, effect.count)


def _landed(held: CustomDomain | None, leaf: str, report: CertificateReport) -> bool:
    """The platform holds what would be sent: an earlier try got through."""
    if held is None:
        return False
    return _seen(held).serves(leaf, _digests(report))


def _seen(held: CustomDomain) -> CertificateHeld:
    """With the SHA-256 of the leaf ("" when it is none that can be read) and of its chain."""
    leaf = sort_bundle(_read(held.certificate)).leaf
    chain = None if held.chain is None else tuple(c.sha256 for c in _read(held.chain).certificates)
    return CertificateHeld(held.id, held.status, leaf.sha256 if leaf else "", chain)


def _read(pem: str) -> Bundle:
    """Whatever the platform gives: what is no certificate is passed over."""
    return read_bundle(pem.encode("utf-8", "replace"))


def _digests(report: CertificateReport) -> tuple[str, ...]:
    """Of the intermediates that an upload sends."""
    return tuple(c.sha256 for c in _sent(report)[1:])


def _sent(report: CertificateReport) -> tuple[Certificate, ...]:
    """The repaired chain goes up: leaf first, intermediates only, no root."""
    if report.repaired_chain:
        return report.repaired_chain.certificates
    return (report.certificate,) if report.certificate else ()


def _upload(bundle: Bundle, report: CertificateReport) -> CertificateUpload:
    given = _sent(report)
    return CertificateUpload(pem_of(given[:1]), _key_pem(bundle, report), pem_of(given[1:]))


def _key_of(bundle: Bundle, report: CertificateReport) -> PrivateKey | None:
    leaf = report.certificate
    return next((k for k in bundle.keys if leaf and same_key(leaf, k)), None)


def _key_pem(bundle: Bundle, report: CertificateReport) -> Secret:
    key = _key_of(bundle, report)
    if key is None:
        raise Problem(CHANGED, {"path": "the key file", "seen": "no key of this certificate"})
    octets = key.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return Secret(octets.decode("ascii"))
