"""Orders of the journeys that only the published API has, and what a watch of a gateway learns."""

from __future__ import annotations

from dataclasses import dataclass

from .platform_rotation import Radar, Shown, Watch

DAY = 86_400.0


@dataclass(frozen=True, slots=True)
class TrustOrder:
    """`holder` is "provider/ID" or "edges". `replaces` are SHA-256s of held certificates; for a
    provider none means all. Both are held for `overlap` seconds."""

    holder: str
    certificate: str
    replaces: tuple[str, ...] = ()
    overlap: float = 7 * DAY
    name: str = ""  # of a new edge authority
    horizon: float = 90 * DAY

    @property
    def identity(self) -> str:
        return f"platform-trust:{self.holder}"


@dataclass(frozen=True, slots=True)
class GatewayOrder:
    """The files of a gateway that data actions call, kept right through one switch.

    `endpoint` is the gateway, "host:port"; `every` are the seconds from look to look, `looks` how
    many have to agree on the new certificate before the old one goes.
    """

    bundle: str
    pins: str
    root: str = ""
    nginx: str = ""
    endpoint: str = ""
    reload: tuple[str, ...] = ()
    every: float = DAY
    looks: int = 3
    horizon: float = 500 * DAY

    @property
    def identity(self) -> str:
        return f"data-actions:{self.pins}"


@dataclass(frozen=True, slots=True)
class GatewayState:
    """`known` are the certificates that are held; `proved`: the gateway trusts as it is told."""

    started: float
    watch: Watch
    known: tuple[Shown, ...] = ()
    radar: Radar | None = None
    proved: bool = False
    first: str = ""  # the certificate that was in use when this began
    since: float = 0.0  # when Current was first seen to be what it is
    released: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SecretOrder:
    """A client's secret replaced through a second client. `file` is where its consumer reads id and
    secret; `soak` seconds both clients live, `keep` seconds the old one can be brought back."""

    client_id: str
    file: str
    reload: tuple[str, ...] = ()
    soak: float = 600.0
    keep: float = DAY
    horizon: float = 30 * DAY

    @property
    def identity(self) -> str:
        return f"client-secret:{self.client_id}"
