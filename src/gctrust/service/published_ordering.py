"""Orders of the runs that only the published API has, from what a request asks for."""

from __future__ import annotations

from collections.abc import Callable

from ..adapters.credentials.named_places import NamedPlaces
from ..adapters.genesys.dialects import DIALECTS
from ..app import App
from ..pipelines.effects import CertificateFiles
from ..pipelines.platform_orders import GatewayOrder, SecretOrder, TrustOrder
from .order_bodies import (
    Certificate,
    ClientSecretBody,
    DataActionsBody,
    Named,
    PlatformTrustBody,
    PublishedBody,
)

DAY = 86_400.0
Files = Callable[[Certificate | Named, str], CertificateFiles]


def published_order(
    body: PublishedBody, app: App, files: Files
) -> SecretOrder | TrustOrder | GatewayOrder:
    """Raises Problem genesys.not-in-dialect, order.*."""
    places, dialect = NamedPlaces(app.settings.home / "handed-in"), DIALECTS[app.settled.dialect]
    match body:
        case ClientSecretBody():
            dialect.route("client.create")
            return _client_secret(body, places)
        case PlatformTrustBody():
            dialect.route("provider.put")
            return _platform_trust(body, files)
        case DataActionsBody():
            dialect.route("action-certificate.list")
            return _data_actions(body, places)


def _client_secret(body: ClientSecretBody, places: NamedPlaces) -> SecretOrder:
    told = places.consumer(body.consumer.name)
    horizon = body.soak + body.keep + 7 * DAY
    return SecretOrder(body.client_id, told.file, told.reload, body.soak, body.keep, horizon)


def _platform_trust(body: PlatformTrustBody, files: Files) -> TrustOrder:
    certificate = files(body.certificate, "certificate").certificate
    gone = tuple(one.lower() for one in body.replaces)
    horizon = body.overlap + 30 * DAY
    return TrustOrder(body.holder, certificate, gone, body.overlap, body.name, horizon)


def _data_actions(body: DataActionsBody, places: NamedPlaces) -> GatewayOrder:
    told = places.gateway(body.gateway.name)
    return GatewayOrder(
        bundle=told.bundle,
        pins=told.pins,
        root=told.root,
        nginx=told.nginx,
        endpoint=told.gateway,
        reload=told.reload,
        every=body.every,
        looks=body.looks,
    )
