"""The performers of the journeys that only the published API has, made when an effect asks."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from functools import cached_property
from typing import Any

from ..adapters.credentials.sealed import SealedKeys
from ..adapters.files import Opened
from ..adapters.genesys.client import GenesysClient
from ..pipelines import gateway_effects as gx
from ..pipelines import secret_effects as sx
from ..pipelines import trust_effects as tx
from ..ports import Clock
from .perform_client_secret import ClientSecrets
from .perform_data_actions import DataActionsPerformer
from .perform_platform_trust import PlatformTrust


class PlatformPerformers:
    """Each part is made when it is first used: `genesys` and `sealed` need settings."""

    def __init__(
        self,
        genesys: Callable[[], GenesysClient],
        clock: Clock,
        sealed: Callable[[], SealedKeys],
        opened: Opened,
    ) -> None:
        self._genesys, self._clock, self._sealed, self._opened = genesys, clock, sealed, opened

    @cached_property
    def trust(self) -> PlatformTrust:
        return PlatformTrust(self._genesys(), self._clock, self._opened)

    @cached_property
    def secrets(self) -> ClientSecrets:
        return ClientSecrets(self._genesys(), self._clock, self._sealed())

    @cached_property
    def gateway(self) -> DataActionsPerformer:
        return DataActionsPerformer(self._genesys, self._clock)

    def by_effect(self) -> Mapping[type, Callable[[Any], Awaitable[object]]]:
        return {
            tx.ReadTrust: lambda effect: self.trust.read(effect),
            tx.ReadNewCertificate: lambda effect: self.trust.read_new(effect),
            tx.ChangeTrust: lambda effect: self.trust.change(effect),
            gx.LookAtShown: lambda effect: self.gateway.look(effect),
            gx.WriteGateway: lambda effect: self.gateway.write(effect),
            gx.ProbeGateway: lambda effect: self.gateway.probe(effect),
            sx.ReadClient: lambda effect: self.secrets.read(effect),
            sx.MakeSuccessor: lambda effect: self.secrets.make(effect),
            sx.ProveSecret: lambda effect: self.secrets.prove(effect),
            sx.SwitchConsumer: lambda effect: self.secrets.switch(effect),
            sx.SetClientState: lambda effect: self.secrets.set_state(effect),
            sx.RemoveClient: lambda effect: self.secrets.remove(effect),
        }
