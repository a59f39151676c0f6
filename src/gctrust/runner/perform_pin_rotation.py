"""Performs the effects of journey 3: the pins of an OAuth client, and mTLS handshakes."""

from __future__ import annotations

from dataclasses import replace

from ..adapters.edge_probe import EdgeProbe
from ..adapters.files import UNREADABLE, pem_of, read_files
from ..adapters.genesys.client import GenesysClient
from ..adapters.genesys.problems import ANSWER_LOST, CHANGED_MEANWHILE
from ..adapters.genesys.wire import OAuthClient, PinUpdate
from ..certs.certificate import Certificate
from ..certs.chain import sort_bundle
from ..errors import Problem
from ..pins.spki import Pin, PinKind
from ..pipelines.effects import CertificateFiles
from ..pipelines.pin_effects import (
    ClientPins,
    ComputePins,
    PinProbe,
    PinsOfFiles,
    ProbePins,
    ReadPins,
    WritePins,
)
from ..ports import Clock

READ_BACKS = 5  # a platform may answer a read with what stood before the write
READ_BACK_PAUSE = 1.0


class PinRotationPerformer:
    """Every write is compare-and-set, then read back until the platform shows it."""

    def __init__(self, genesys: GenesysClient, probe: EdgeProbe, clock: Clock) -> None:
        self._genesys, self._probe, self._clock = genesys, probe, clock

    async def read(self, effect: ReadPins) -> ClientPins:
        await self._genesys.require("oauth-client.get", "oauth-client.patch")
        return _seen(await self._genesys.get_oauth_client(effect.client_id))

    async def compute(self, effect: ComputePins) -> PinsOfFiles:
        self._probe.check_client(effect.new)  # before anything is published
        kind = PinKind(effect.kind)
        new, old = _leaf(effect.new), _leaf(effect.old)
        backup = _leaf(CertificateFiles(effect.backup)) if effect.backup else None
        return PinsOfFiles(
            new=_pin(new, kind).base64,
            old=_pin(old, kind).base64,
            backup=_pin(backup, kind).base64 if backup else "",
            kind=kind.value,
            new_not_before=_instant(new.not_before),
            new_not_after=_instant(new.not_after),
            old_not_before=_instant(old.not_before),
            old_not_after=_instant(old.not_after),
            same_key=new.spki == old.spki,
        )

    async def write(self, effect: WritePins) -> ClientPins:
        began = self._clock.now()
        live = await self._genesys.get_oauth_client(effect.client_id)
        if not _equal(live, effect):
            if effect.etag and live.etag != effect.etag:
                raise Problem(
                    CHANGED_MEANWHILE,
                    {"client": effect.client_id, "expected": effect.etag, "seen": live.etag},
                )
            await self._patch(effect, live)
        shown = await self._read_back(effect)
        return replace(_seen(shown), latency=self._clock.now() - began)

    async def _patch(self, effect: WritePins, live: OAuthClient) -> None:
        chain = pem_of(read_files((effect.chain,)).certificates)
        update = PinUpdate(
            service_id=effect.service_id,
            primary_pin=effect.primary,
            fallback_pin=effect.fallback,
            backup_pin=effect.backup,
            certificate_chain=chain,
            pin_kind=effect.kind,
        )
        try:
            await self._genesys.update_pins(effect.client_id, update, live.etag)
        except Problem as problem:
            # A write whose answer was lost may have taken effect, and a stale look before this one
            # may have hidden that: the read-back tells.
            if problem.type is CHANGED_MEANWHILE and not await self._is_shown(effect):
                raise
            if problem.type not in (ANSWER_LOST, CHANGED_MEANWHILE):
                raise

    async def _is_shown(self, effect: WritePins) -> bool:
        return _equal(await self._genesys.get_oauth_client(effect.client_id), effect)

    async def _read_back(self, effect: WritePins) -> OAuthClient:
        for _ in range(READ_BACKS):
            shown = await self._genesys.get_oauth_client(effect.client_id)
            if _equal(shown, effect):
                return shown
            await self._clock.sleep_until(self._clock.now() + READ_BACK_PAUSE)
        raise Problem(ANSWER_LOST, {"operation": "oauth-client.patch", "client": effect.client_id})

    async def probe(self, effect: ProbePins) -> PinProbe:
        return await self._probe.client(effect.files, effect.count)


def _equal(live: OAuthClient, effect: WritePins) -> bool:
    shown = (live.primary_pin, live.fallback_pin, live.backup_pin, live.pin_kind)
    return shown == (effect.primary, effect.fallback, effect.backup, effect.kind)


def _seen(live: OAuthClient) -> ClientPins:
    return ClientPins(
        client_id=live.id,
        etag=live.etag,
        mtls_required=live.mtls_required,
        kind=live.pin_kind,
        primary=live.primary_pin,
        fallback=live.fallback_pin,
        backup=live.backup_pin,
        service_id=live.service_id,
    )


def _leaf(files: CertificateFiles) -> Certificate:
    leaf = sort_bundle(read_files((files.certificate, files.key))).leaf
    if leaf is None:
        raise Problem(UNREADABLE, {"path": files.certificate, "seen": "no certificate in it"})
    return leaf


def _pin(leaf: Certificate, kind: PinKind) -> Pin:
    return Pin.of_spki(leaf.spki) if kind is PinKind.SPKI else Pin.of_certificate(leaf.der)


def _instant(when: object) -> float:
    stamp = getattr(when, "timestamp", None)
    return float(stamp()) if stamp else 0.0
