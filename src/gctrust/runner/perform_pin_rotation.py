"""Performs the effects of journey 3: the pins of an OAuth client, handshakes, clients' files."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from ..adapters.credentials.client_switch import switch
from ..adapters.credentials.rotation_files import RotationFiles, expect, leaf_of
from ..adapters.files import Opened, pem_of, read_files
from ..adapters.genesys.client import GenesysClient
from ..adapters.genesys.problems import ANSWER_LOST, CHANGED_MEANWHILE
from ..adapters.genesys.wire import OAuthClient, PinUpdate
from ..adapters.tls.edge_probe import EdgeProbe
from ..adapters.tls.pin_use import PinUseSources
from ..certs.chain import sort_bundle
from ..errors import Fact, Problem
from ..pipelines.effects import CertificateFiles
from ..pipelines.pin_effects import (
    ClientPins,
    ComputePins,
    PinProbe,
    PinsOfFiles,
    PinUse,
    ProbePins,
    ReadPins,
    ReadPinUse,
    SwitchClient,
    Switched,
    WritePins,
)
from ..ports import Clock

READ_BACKS = 5  # a platform may answer a read with what stood before the write
READ_BACK_PAUSE = 1.0


class PinRotationPerformer:
    """Every write is compare-and-set, then read back until the platform shows it."""

    def __init__(
        self,
        genesys: GenesysClient,
        probe: EdgeProbe,
        clock: Clock,
        files: RotationFiles,
        use: PinUseSources,
    ) -> None:
        self._genesys, self._probe, self._clock = genesys, probe, clock
        self._files, self._use = files, use

    async def read(self, effect: ReadPins) -> ClientPins:
        await self._genesys.require("oauth-client.get", "oauth-client.patch")
        return _seen(await self._genesys.get_oauth_client(effect.client_id))

    async def compute(self, effect: ComputePins) -> PinsOfFiles:
        self._probe.check_client(effect.new)  # before anything is published
        return await asyncio.to_thread(self._files.read, effect, self._clock.now())

    async def write(self, effect: WritePins) -> ClientPins:
        began = self._clock.now()
        live = await self._looked(effect)
        if not _equal(live, effect):
            await self._patch(effect, live)
        shown = await self._read_back(effect)
        return replace(_seen(shown), latency=self._clock.now() - began)

    async def _looked(self, effect: WritePins) -> OAuthClient:
        """The state to write over: the one that was decided on, or what is wanted already.

        A read may show an older state for a moment, so a strange one is looked at again.
        """
        for look in range(READ_BACKS):
            if look:
                await self._clock.sleep_until(self._clock.now() + READ_BACK_PAUSE)
            live = await self._genesys.get_oauth_client(effect.client_id)
            if _equal(live, effect) or live.etag == effect.etag or not effect.etag:
                return live
        facts: dict[str, Fact] = {"client": effect.client_id, "expected": effect.etag}
        raise Problem(CHANGED_MEANWHILE, {**facts, "seen": live.etag})

    async def _patch(self, effect: WritePins, live: OAuthClient) -> None:
        update = PinUpdate(
            service_id=effect.service_id,
            primary_pin=effect.primary,
            fallback_pin=effect.fallback,
            backup_pin=effect.backup,
            certificate_chain=_chain(effect, self._files.opened),
            pin_kind=effect.kind,
            max_pin_count=live.max_pin_count,  # its owner's to change, not a rotation's
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
        leaf = await asyncio.to_thread(leaf_of, effect.files, self._files.opened)
        expect(effect.files.certificate, leaf, effect.pin, effect.kind)
        return await self._probe.client(effect.files, effect.count)

    async def switch(self, effect: SwitchClient) -> Switched:
        return await switch(effect)

    async def use(self, effect: ReadPinUse) -> PinUse:
        return await asyncio.to_thread(self._use.read, effect)


def _chain(effect: WritePins, opened: Opened) -> str:
    """The certificate and its chain, leaf first, as ordered. Raises Problem file.*."""
    files = CertificateFiles(effect.chain)
    leaf = leaf_of(files, opened)
    expect(effect.chain, leaf, effect.chain_pin, effect.kind)
    placed = sort_bundle(read_files((effect.chain, effect.issuers), opened), leaf)
    return pem_of((leaf, *placed.others))


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
        limit=live.max_pin_count,
    )
