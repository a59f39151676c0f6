"""Performs the effects of keeping a gateway right for the platform's data-action certificates."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from ..adapters.credentials.gateway_files import reload_gateway, write_files
from ..adapters.files import read_file
from ..adapters.genesys.client import GenesysClient
from ..adapters.tls.gateway_probe import probe_gateway
from ..pipelines.gateway_effects import (
    GatewaySeen,
    LookAtShown,
    ProbeGateway,
    WriteGateway,
    Written,
)
from ..pipelines.platform_rotation import Radar
from ..ports import Clock
from .perform_platform_rotation import RotationRadar


class DataActionsPerformer:
    """`genesys` is made when it is first asked for: in the other dialect nothing asks."""

    def __init__(self, genesys: Callable[[], GenesysClient], clock: Clock) -> None:
        self._genesys, self._clock = genesys, clock

    async def look(self, effect: LookAtShown) -> Radar:
        """Raises Problem genesys.*, file.*."""
        root = await asyncio.to_thread(read_file, effect.root) if effect.root else b""
        radar = RotationRadar(self._genesys(), self._clock, root.decode("utf-8", "replace"))
        return await radar.look()

    async def write(self, effect: WriteGateway) -> Written:
        """Reloads also when the files were right already: a try before may have ended between."""
        changed = await asyncio.to_thread(write_files, effect)
        await reload_gateway(effect.reload)
        return Written(changed)

    async def probe(self, effect: ProbeGateway) -> GatewaySeen:
        return await probe_gateway(effect.endpoint, effect.bundle, self._clock.now())
