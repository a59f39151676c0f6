"""Credentials of integrations: their fields go in and never come out."""

from __future__ import annotations

from urllib.parse import urlencode

from ..answer import Answer, JsonObject
from ..platform import Platform
from ..platform_records import Kept
from ..platform_refusals import constraint, invalid_value
from ..wire import Call
from .changes import Shelf
from .models import read_body
from .paging import (
    MOST_PER_PAGE,
    PAGE_SIZE,
    cursor_at,
    listing,
    number,
    offset_of,
    query_of,
)

CREDENTIALS = Shelf("credentials", ("Integrations", "Credential"))
TYPES = {  # name: its required fields
    "basicAuth": ("userName", "password"),
    "pureCloudOAuthClient": ("clientId", "clientSecret"),
    "userDefined": (),
}


async def types(platform: Platform, call: Call) -> Answer:
    query_of(call, platform.strict)
    return Answer(200, [_type(name) for name in TYPES])


async def list_all(platform: Platform, call: Call) -> Answer:
    query = query_of(call, platform.strict, "pageSize", "pageNumber")
    held = CREDENTIALS.listed(platform, call)
    return Answer(200, listing(call, query, held, lambda one: _info(platform, one)))


async def list_by_cursor(platform: Platform, call: Call) -> Answer:
    query = query_of(call, platform.strict, "before", "after", "pageSize")
    size = number(query, "pageSize", PAGE_SIZE, MOST_PER_PAGE)
    held = CREDENTIALS.listed(platform, call)
    start = offset_of(query["after"], "after") if query.get("after") else 0
    if query.get("before"):
        start = max(0, offset_of(query["before"], "before") - size)
    shown = held[start : start + size]

    def uri(**told: str) -> str:
        return f"{call.request.path}?{urlencode({'pageSize': size, **told})}"

    body: JsonObject = {"entities": [_info(platform, one) for one in shown], "selfUri": uri()}
    if start:
        body["previousUri"] = uri(before=cursor_at(start))
    if start + size < len(held):
        body["nextUri"] = uri(after=cursor_at(start + size))
    return Answer(200, body)


async def create(platform: Platform, call: Call) -> Answer:
    return Answer(200, _info(platform, CREDENTIALS.add(platform, call, _read(platform, call))))


async def read(platform: Platform, call: Call) -> Answer:
    held = CREDENTIALS.read(platform, call, call.params["credentialId"])
    return Answer(200, _json(held))


async def replace_one(platform: Platform, call: Call) -> Answer:
    found = CREDENTIALS.live(platform, call, call.params["credentialId"])
    changed = CREDENTIALS.change(platform, call, found, _read(platform, call))
    return Answer(200, _info(platform, changed))


async def delete(platform: Platform, call: Call) -> Answer:
    CREDENTIALS.end(platform, call, CREDENTIALS.live(platform, call, call.params["credentialId"]))
    return Answer(204)


def _read(platform: Platform, call: Call) -> JsonObject:
    """Name and type; the secrets are looked at and let go."""
    body = read_body(call.request.body, "Credential", platform.strict)
    told = body["type"]
    name = str(told["name"]) if isinstance(told, dict) else ""
    if name not in TYPES:
        raise invalid_value(name, "type", list(TYPES))
    secrets = body.get("credentialFields")
    given = secrets if isinstance(secrets, dict) else {}
    for field in TYPES[name]:
        if not given.get(field):
            raise constraint(f"credentialFields.{field}", "may not be null")
    return {"name": body.get("name", name), "type": {"id": name, "name": name}}


def _json(kept: Kept) -> JsonObject:
    uri = f"/api/v2/integrations/credentials/{kept.id}"
    return {**kept.body, "id": kept.id, "selfUri": uri}


def _info(platform: Platform, kept: Kept) -> JsonObject:
    dates: JsonObject = {
        "createdDate": platform.instant(kept.created),
        "modifiedDate": platform.instant(kept.modified),
    }
    return _json(kept) | dates


def _type(name: str) -> JsonObject:
    fields = TYPES[name]
    return {
        "id": name,
        "name": name,
        "properties": {field: {"type": "string"} for field in fields},
        "displayOrder": list(fields),
        "required": list(fields),
    }
