"""Effects and outcomes of keeping a gateway right for the platform's data-action certificates."""

from __future__ import annotations

from dataclasses import dataclass

from .effect import Effect
from .platform_rotation import Radar, Shown


@dataclass(frozen=True, slots=True)
class LookAtShown(Effect[Radar]):
    """Two reads in a row that agree, or none."""

    outcome = Radar
    root: str  # path of the platform's regional root, "" when nobody gave it

    @property
    def key(self) -> str:
        return self.root


@dataclass(frozen=True, slots=True)
class Written:
    """Whether a file had to change."""

    changed: bool


@dataclass(frozen=True, slots=True)
class WriteGateway(Effect[Written]):
    """Look first; write trust store, pins and directives; reload."""

    outcome = Written
    outward = True
    bundle: str
    pins: str
    nginx: str
    root: str
    reload: tuple[str, ...]
    held: tuple[Shown, ...]

    @property
    def key(self) -> str:
        return f"{self.pins} {len(self.held)} held"


@dataclass(frozen=True, slots=True)
class GatewaySeen:
    """`asks` for a client certificate; `names` a CA of those it should trust; `open` to a stranger.
    `cause` is why the handshakes proved nothing, else empty."""

    asks: bool = False
    names: bool = False
    open: bool = False
    cause: str = ""

    @property
    def trusts(self) -> bool:
        return self.asks and self.names and not self.open and not self.cause


@dataclass(frozen=True, slots=True)
class ProbeGateway(Effect[GatewaySeen]):
    """Handshakes with the gateway: without a certificate, and with a stranger's."""

    outcome = GatewaySeen
    endpoint: str
    bundle: str

    @property
    def key(self) -> str:
        return self.endpoint
