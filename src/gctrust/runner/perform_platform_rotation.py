"""Reads the platform's data-action client certificates until two reads in a row agree."""

from __future__ import annotations

from typing import Final

from ..adapters.genesys.client import GenesysClient
from ..adapters.genesys.published import Published
from ..pipelines.platform_rotation import Radar, Shown, agree, read_shown
from ..ports import Clock

READS: Final = 4
PAUSE: Final = 5.0  # seconds between two reads: the platform answers from caches around a switch


class RotationRadar:
    """Reads only. `root_pem` is the platform's regional root, "" when nobody gave it."""

    def __init__(self, genesys: GenesysClient, clock: Clock, root_pem: str = "") -> None:
        self._api, self._clock, self._root = Published(genesys), clock, root_pem

    async def look(self) -> Radar:
        """Not agreed when no two reads in a row were: look again later, and change nothing.

        Raises Problem genesys.*.
        """
        before = await self._read()
        for _ in range(READS - 1):
            await self._clock.sleep_until(self._clock.now() + PAUSE)
            seen = await self._read()
            if agree(before, seen):
                return Radar(seen)
            before = seen
        return Radar((), agreed=False)

    async def _read(self) -> tuple[Shown, ...]:
        listed = await self._api.action_certificates()
        return read_shown(((one.status.value, one.pem) for one in listed), self._root)
