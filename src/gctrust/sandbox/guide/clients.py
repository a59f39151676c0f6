"""OAuth clients of the guide dialect: read one, and change its chain and pins in one atomic PATCH.

The pin fields, ETag and If-Match are our additions: the guide itself never sends its pins.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ..answer import Answer, Detail, Headers, JsonObject, Refusal, invalid, not_found
from ..fields import Field, read_object
from ..platform import Platform
from ..seed import MOST_PINS, PIN_KINDS, is_pin
from ..state import OAuthClient
from ..upload import read_chain
from ..wire import Call
from .custom import check_match

_PATCH = (
    Field("certificateChain"),
    Field("mtlsRequired", "boolean"),
    Field("serviceId", nullable=True),
    Field("primaryPin", nullable=True),
    Field("fallbackPin", nullable=True),
    Field("backupPin", nullable=True),
    Field("maxPinCount", "integer"),
    Field("pinKind", choices=PIN_KINDS),
)
_SLOTS = {
    "certificateChain": "chain",
    "mtlsRequired": "mtls_required",
    "serviceId": "service_id",
    "primaryPin": "primary_pin",
    "fallbackPin": "fallback_pin",
    "backupPin": "backup_pin",
    "maxPinCount": "max_pin_count",
    "pinKind": "pin_kind",
}
_PIN_FIELDS = ("primaryPin", "fallbackPin", "backupPin")


async def read(platform: Platform, call: Call) -> Answer:
    found = _find(call)
    return Answer(200, _json(found), _etag(found))


async def patch(platform: Platform, call: Call) -> Answer:
    """Fields left out keep their value; a pin given as null is retired."""
    found = _find(call)
    body = read_object(call.request.body, _PATCH, platform.strict)
    check_match(call, found.etag)
    for name in _PIN_FIELDS:
        _check_pin(name, body.get(name))
    if body.get("certificateChain"):
        body["certificateChain"] = read_chain(str(body["certificateChain"]), "certificateChain")
    values: dict[str, Any] = {_SLOTS[name]: value for name, value in body.items()}
    changed = replace(found, **values, version=found.version + 1)
    _check_pins(changed)
    call.change().put_client(changed)
    platform.set_pins(changed)
    return Answer(200, _json(changed), _etag(changed))


def _check_pin(name: str, pin: object) -> None:
    if pin is not None and not is_pin(str(pin)):
        raise invalid(name, f"{name} is not base64 of a SHA-256 digest", "pin.malformed")


def _check_pins(client: OAuthClient) -> None:
    if not 1 <= client.max_pin_count <= MOST_PINS:
        raise invalid("maxPinCount", f"maxPinCount must be 1 to {MOST_PINS}", "pin.count")
    if len(client.pins) > client.max_pin_count:
        raise Refusal(
            400,
            f"{len(client.pins)} active pins are more than the {client.max_pin_count} allowed",
            "pin.count",
            (Detail("pin.count", "maxPinCount"),),
            limit={
                "key": "pins.per.client",
                "namespace": "oauth.clients",
                "value": client.max_pin_count,
            },
        )
    if client.mtls_required and client.pins and client.primary_pin is None:
        raise invalid("primaryPin", "a client with pins needs a primaryPin", "missing.field")


def _find(call: Call) -> OAuthClient:
    found = call.view.clients.get(call.params["id"])
    if found is None:
        raise not_found("OAuth client", call.params["id"])
    return found


def _etag(client: OAuthClient) -> Headers:
    return (("ETag", client.etag),)


def _json(client: OAuthClient) -> JsonObject:
    return {
        "id": client.id,
        "name": client.name,
        "certificateChain": client.chain,
        "mtlsRequired": client.mtls_required,
        "scopes": list(client.scopes),
        "serviceId": client.service_id,
        "primaryPin": client.primary_pin,
        "fallbackPin": client.fallback_pin,
        "backupPin": client.backup_pin,
        "maxPinCount": client.max_pin_count,
        "pinKind": client.pin_kind,
        "selfUri": f"/api/v2/oauth/clients/{client.id}",
    }
