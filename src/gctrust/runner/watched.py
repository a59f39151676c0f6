"""A performer whose outcomes are also kept as figures."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from ..adapters.store.samples import Samples
from ..errors import Problem
from ..pipelines.effects import Effect
from ..ports import Performer
from .samples import samples_of

_LOG = logging.getLogger(__name__)


class Watched:
    """The Performer of the ports. A figure that cannot be kept never fails the effect."""

    def __init__(self, performer: Performer, samples: Samples) -> None:
        self._performer, self._samples = performer, samples

    async def __call__(self, effect: Effect[Any]) -> object:
        outcome = await self._performer(effect)
        told = samples_of(effect, outcome)
        if told:
            try:
                await asyncio.to_thread(self._samples.keep, told)
            except Problem as problem:
                _LOG.warning("%s: figures of %s are lost", problem.code, type(effect).__name__)
        return outcome
