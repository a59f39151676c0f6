"""What is ordered over HTTP, as frozen shapes: one for each journey, and one for many orders.

A private key is in a type that does not print; what is refused is told by its place, not its text.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, SecretStr

from ..pipelines.windows import BadWindow, Freeze, Window
from .bodies import Body, Host, Selector

Pem = Annotated[str, Field(min_length=1, max_length=32_768)]
PemKey = Annotated[SecretStr, Field(min_length=1, max_length=16_384)]
Id = Annotated[str, Field(pattern=r"^[!-.0-~]{1,200}$")]
Seconds = Annotated[float, Field(ge=0, le=30 * 86400)]
Horizon = Annotated[float, Field(gt=0, le=30 * 86400)]
Handshakes = Annotated[int, Field(ge=1, le=100_000)]
Hazards = Annotated[tuple[Annotated[str, Field(max_length=80)], ...], Field(max_length=20)]


class Named(Body):
    """A certificate, its key and its chain that whoever runs the service put there by this name."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]


class Certificate(Body):
    """A certificate alone, PEM."""

    certificate: Pem
    chain: Annotated[str, Field(max_length=65_536)] = ""


class Pair(Certificate):
    """With its key, PEM and not encrypted. The key is sealed at once and never shown again."""

    private_key: PemKey


class EmailDomainBody(Body):
    """Register and verify an email domain. What is left out is as the service is set."""

    journey: Literal["email-domain"]
    domain: Host
    selectors: Annotated[tuple[Selector, ...], Field(max_length=10)] = ()
    horizon: Horizon | None = None


class CustomDomainBody(Body):
    """Deploy a certificate, and prove with handshakes that every edge serves it. `allow` names
    hazards."""

    journey: Literal["custom-domain"]
    domain: Host
    pair: Pair | Named
    profile: Literal["public", "private"] | None = None
    handshakes: Handshakes = 50
    allow: Hazards = ()
    horizon: Horizon = 3600.0


class PinRotationBody(Body):
    """Rotate the pins of an OAuth client from `current` to `next`. Seconds; the clients are
    switched by their operator, who says so with `advance`, or observed."""

    journey: Literal["pin-rotation"]
    client_id: Id
    service_id: Id
    next: Pair | Named
    current: Pair | Certificate | Named
    backup: Certificate | Named | None = None
    kind: Literal["certificate", "spki"] = "certificate"
    switch: Literal["operator", "observed"] = "operator"
    soak: Seconds = 120.0
    drain: Seconds = 600.0
    confirm: Seconds = 60.0
    horizon: Horizon = 24 * 3600.0
    target_rate: Annotated[float, Field(gt=0, lt=1)] = 0.997
    handshakes: Annotated[int, Field(ge=1, le=1_000_000)] = 1002
    compromised: bool = False
    allow: Hazards = ()


class ClientSecretBody(Body):
    """Replace an OAuth client's secret through a second client. `consumer` names who uses it, as
    whoever runs the service described it. Seconds."""

    journey: Literal["client-secret"]
    client_id: Id
    consumer: Named
    soak: Seconds = 600.0
    keep: Seconds = 86_400.0


class PlatformTrustBody(Body):
    """Replace a certificate that the platform trusts, with an overlap: `holder` is an identity
    provider, or all edges, of which those to go are named in `replaces`."""

    journey: Literal["platform-trust"]
    holder: Annotated[str, Field(pattern=r"^(edges|provider/[A-Za-z0-9][A-Za-z0-9._-]{0,99})$")]
    certificate: Certificate | Named
    replaces: Annotated[
        tuple[Annotated[str, Field(pattern=r"^[0-9a-fA-F]{64}$")], ...], Field(max_length=20)
    ] = ()
    overlap: Seconds = 7 * 86_400.0
    name: Annotated[str, Field(max_length=100, description="Of a new authority of edges.")] = ""


class DataActionsBody(Body):
    """Keep a gateway right through the platform's switch of its data-action certificates. `gateway`
    names its files, as whoever runs the service described them."""

    journey: Literal["data-actions"]
    gateway: Named
    every: Annotated[float, Field(ge=1, le=30 * 86400)] = 86_400.0
    looks: Annotated[int, Field(ge=1, le=1000)] = 3


OneBody = Annotated[
    EmailDomainBody | CustomDomainBody | PinRotationBody, Field(discriminator="journey")
]


def _window(text: str) -> str:
    try:
        Window.parse(text)
    except BadWindow as error:
        raise ValueError(str(error)) from None
    return text


def _freeze(text: str) -> str:
    try:
        Freeze.parse(text)
    except BadWindow as error:
        raise ValueError(str(error)) from None
    return text


class ManyBody(Body):
    """Many orders in waves: the first `canary` alone; none begins once more than the share
    `stop_at` failed, outside `windows`, or in `freezes` (both in UTC)."""

    journey: Literal["many"]
    orders: Annotated[tuple[OneBody, ...], Field(min_length=1, max_length=1000)]
    wave: Annotated[int, Field(ge=1, le=1000)] = 10
    canary: Annotated[int, Field(ge=0, le=1000)] = 1
    stop_at: Annotated[float, Field(ge=0, le=1)] = 0.1
    windows: Annotated[
        tuple[Annotated[str, Field(max_length=80), AfterValidator(_window)], ...],
        Field(max_length=20, examples=[["mon-fri 22:00-04:00"]]),
    ] = ()
    freezes: Annotated[
        tuple[Annotated[str, Field(max_length=40), AfterValidator(_freeze)], ...],
        Field(max_length=50, examples=[["2026-12-20..2027-01-04"]]),
    ] = ()


PublishedBody = ClientSecretBody | PlatformTrustBody | DataActionsBody
OrderBody = Annotated[
    EmailDomainBody | CustomDomainBody | PinRotationBody | PublishedBody | ManyBody,
    Field(discriminator="journey"),
]
