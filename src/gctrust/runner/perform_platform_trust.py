"""Performs the effects of rotating what the published API holds of our certificates."""

from __future__ import annotations

import asyncio
import base64
import binascii

from ..adapters.files import CHANGED, UNREADABLE, Opened, pem_of, read_file, read_files
from ..adapters.genesys.client import GenesysClient
from ..adapters.genesys.problems import (
    ANSWER_LOST,
    CHANGED_MEANWHILE,
    NOT_FOUND,
    NOT_SHOWN_YET,
)
from ..adapters.genesys.published import Published
from ..adapters.genesys.wire_trust import EdgeAuthority, Provider
from ..certs.bundle import read_bundle
from ..certs.certificate import Certificate
from ..errors import Fact, Problem
from ..findings import Finding, finding
from ..pipelines.platform_trust import SECOND_OPINION
from ..pipelines.trust_effects import (
    EDGES,
    PROVIDER,
    ChangeTrust,
    NewCertificate,
    ReadNewCertificate,
    ReadTrust,
    TrustedOne,
    TrustHeld,
)
from ..ports import Clock

LOOKS, PAUSE = 4, 5.0  # until the platform shows what was written
SLACK = 1.0  # seconds by which two readings of one instant may differ


class PlatformTrust:
    """One method for each effect."""

    def __init__(self, genesys: GenesysClient, clock: Clock, opened: Opened = read_file) -> None:
        self._api, self._clock, self._opened = Published(genesys), clock, opened

    async def all(self) -> tuple[TrustHeld, ...]:
        """Every provider, and the edges together."""
        providers, edges = await asyncio.gather(self._api.providers(), self._api.edge_authorities())
        return (*(_of_provider(one) for one in providers), _of_edges(edges))

    async def read(self, effect: ReadTrust) -> TrustHeld:
        """Raises Problem genesys.not-found for a provider that is not there."""
        held = await self._held(effect.holder)
        if not held.known:
            raise Problem(NOT_FOUND, {"holder": effect.holder})
        return held

    async def read_new(self, effect: ReadNewCertificate) -> NewCertificate:
        one = await asyncio.to_thread(_of_file, effect.path, self._opened)
        details = await self._api.certificate_details(pem_of((one,)))
        seen = "it finds none"
        if details:
            told, now = details[0], self._clock.now()
            seen = differs(one, told.expires, expired=told.expired, now=now)
        return NewCertificate(_told(one), one.is_ca, _second(one, seen))

    async def change(self, effect: ChangeTrust) -> TrustHeld:
        """Raises Problem genesys.changed-meanwhile where it is not as planned."""
        held = await self._held(effect.holder)
        if not _stands(held, effect):
            await self._as_planned(effect, held)
            await self._sent(effect)
        return await self._shown(effect)

    async def _as_planned(self, effect: ChangeTrust, held: TrustHeld) -> None:
        """Raises Problem genesys.changed-meanwhile; a look may be stale once."""
        for again in (False, True):
            if again:
                await self._clock.sleep_until(self._clock.now() + PAUSE)
                held = await self._held(effect.holder)
            if not set(held.digests) - set(effect.over) - {effect.added}:
                return
        facts: dict[str, Fact] = {"holder": effect.holder, "seen": list(held.digests)}
        raise Problem(CHANGED_MEANWHILE, facts)

    async def _sent(self, effect: ChangeTrust) -> None:
        new = await asyncio.to_thread(_of_file, effect.path, self._opened)
        if effect.added and new.sha256 != effect.added:
            raise Problem(CHANGED, {"path": effect.path})
        try:
            if effect.holder == EDGES:
                await self._edges(effect, pem_of((new,)))
            else:
                await self._provider(effect, pem_of((new,)))
        except Problem as problem:
            if problem.type is not ANSWER_LOST:  # reading tells what became of it
                raise

    async def _edges(self, effect: ChangeTrust, pem: str) -> None:
        """The new one first: between the two calls both are trusted."""
        held = await self._api.edge_authorities()
        if effect.added and effect.added not in {_sha256(one.certificate) for one in held}:
            await self._api.create_edge_authority(effect.name or effect.added[:16], pem)
        for one in held:
            if _sha256(one.certificate) in effect.removed:
                await self._api.delete_edge_authority(one.id)

    async def _provider(self, effect: ChangeTrust, pem: str) -> None:
        held = await self._api.provider(effect.holder.removeprefix(PROVIDER))
        if held is None:
            raise Problem(NOT_FOUND, {"holder": effect.holder})
        kept = [text for text in held.certificates if _sha256(text) not in effect.removed]
        if effect.added and effect.added not in map(_sha256, kept):
            kept.append(pem)
        await self._api.put_provider(held, tuple(kept))

    async def _shown(self, effect: ChangeTrust) -> TrustHeld:
        for look in range(LOOKS):
            if look:
                await self._clock.sleep_until(self._clock.now() + PAUSE)
            held = await self._held(effect.holder)
            if _stands(held, effect):
                return held
        later = self._clock.now() + effect.settles
        raise Problem(NOT_SHOWN_YET, {"holder": effect.holder}, retry_at=later)

    async def _held(self, holder: str) -> TrustHeld:
        if holder == EDGES:
            return _of_edges(await self._api.edge_authorities())
        found = await self._api.provider(holder.removeprefix(PROVIDER))
        return _of_provider(found) if found else TrustHeld(holder, known=False)


def _stands(held: TrustHeld, effect: ChangeTrust) -> bool:
    there = not effect.added or effect.added in held.digests
    return there and not set(effect.removed) & set(held.digests)


def _of_provider(one: Provider) -> TrustHeld:
    read = tuple(_told(found) for text in one.certificates for found in _read(text))
    return TrustHeld(PROVIDER + one.id, True, read, one.signs, one.disabled, one.name)


def _of_edges(listed: tuple[EdgeAuthority, ...]) -> TrustHeld:
    read = tuple(
        _told(found, one.id, one.name) for one in listed for found in _read(one.certificate)[:1]
    )
    return TrustHeld(EDGES, True, read)


def _read(text: str) -> tuple[Certificate, ...]:
    """PEM, or base64 of DER; what is neither is passed over."""
    if "-----BEGIN" not in text:
        try:
            return read_bundle(base64.b64decode("".join(text.split()), validate=True)).certificates
        except (binascii.Error, ValueError):
            return ()
    return read_bundle(text.encode("utf-8", "replace")).certificates


def _sha256(text: str) -> str:
    found = _read(text)
    return found[0].sha256 if found else ""


def _of_file(path: str, opened: Opened) -> Certificate:
    """The first certificate of the file. Raises Problem file.*."""
    found = read_files((path,), opened).certificates
    if not found:
        raise Problem(UNREADABLE, {"path": path, "seen": "no certificate in it"})
    return found[0]


def _told(one: Certificate, id: str = "", name: str = "") -> TrustedOne:
    begins = one.not_before.timestamp() if one.not_before else 0.0
    ends = one.not_after.timestamp() if one.not_after else 0.0
    return TrustedOne(one.sha256, one.subject_text, begins, ends, id, name)


def differs(one: Certificate, expires: float | None, *, expired: bool, now: float) -> str:
    """How the platform's reading differs from ours; names are written in too many ways to tell."""
    ends = one.not_after.timestamp() if one.not_after else 0.0
    if expires is not None and abs(expires - ends) > SLACK:
        return "another last day"
    if expired != (ends < now):
        return "it has expired" if expired else "it has not expired"
    return ""


def _second(one: Certificate, seen: str) -> tuple[Finding, ...]:
    return (finding(SECOND_OPINION, one.subject_text, differs=seen),) if seen else ()
