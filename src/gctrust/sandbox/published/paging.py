"""Query parameters and pages of the published API: entity lists by number, and by cursor."""

from __future__ import annotations

import base64
import binascii
import math
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar
from urllib.parse import urlencode

from ..answer import JsonObject, Refusal
from ..fields import read_query
from ..platform import Platform
from ..platform_refusals import invalid_parameter, refuse
from ..wire import Call

ThingT = TypeVar("ThingT")
PAGE_SIZE, MOST_PER_PAGE = 25, 100
MOST_PAGES = 100_000
PAGES = ("pageSize", "pageNumber")


def query_of(call: Call, strict: bool, *names: str) -> dict[str, str]:
    """Raises Refusal 400 on an unknown or a repeated parameter."""
    try:
        return read_query(call.request.query, names, strict)
    except Refusal as refusal:
        raise refuse(400, "bad.request", refusal.message, field=_first(refusal)) from None


def chosen(query: Mapping[str, str], name: str, *allowed: str) -> str:
    """A parameter out of a closed list, or ""."""
    value = query.get(name, "")
    if value and value not in allowed:
        raise invalid_parameter(value, name, ", ".join(allowed))
    return value


def number(query: Mapping[str, str], name: str, default: int, most: int) -> int:
    text = query.get(name, str(default))
    short = len(text) <= len(str(most))
    if not (short and text.isascii() and text.isdigit() and 1 <= int(text) <= most):
        raise invalid_parameter(text, name, f"1 to {most}")
    return int(text)


def listing(
    call: Call,
    query: Mapping[str, str],
    things: Sequence[ThingT],
    show: Callable[[ThingT], JsonObject],
) -> JsonObject:
    """One page of an entity listing, with the addresses of its neighbours."""
    size = number(query, "pageSize", PAGE_SIZE, MOST_PER_PAGE)
    page = number(query, "pageNumber", 1, MOST_PAGES)
    count = math.ceil(len(things) / size)
    start = (page - 1) * size

    def uri(at: int) -> str:
        told = dict(query) | {"pageSize": str(size), "pageNumber": str(at)}
        return f"{call.request.path}?{urlencode(told)}"

    body: JsonObject = {
        "entities": [show(thing) for thing in things[start : start + size]],
        "pageSize": size,
        "pageNumber": page,
        "total": len(things),
        "pageCount": count,
        "firstUri": uri(1),
        "lastUri": uri(max(1, count)),
        "selfUri": uri(page),
    }
    if page > 1:
        body["previousUri"] = uri(page - 1)
    if page < count:
        body["nextUri"] = uri(page + 1)
    return body


def undeclared(platform: Platform) -> tuple[str, ...]:
    """Parameters of a listing that declares none: those that its own `nextUri` asks for."""
    return PAGES if platform.seed.hostile.paged_listings else ()


def whole(
    platform: Platform,
    call: Call,
    query: Mapping[str, str],
    things: Sequence[ThingT],
    show: Callable[[ThingT], JsonObject],
) -> JsonObject:
    """A listing of an operation without page parameters: all of it, dressed as one page; in pages
    where the seed is as hostile as that."""
    if at_once := platform.seed.hostile.paged_listings:
        return listing(call, {"pageSize": str(at_once), **query}, things, show)
    size = max(PAGE_SIZE, len(things))
    return {
        "entities": [show(thing) for thing in things],
        "pageSize": size,
        "pageNumber": 1,
        "total": len(things),
        "pageCount": 1 if things else 0,
        "selfUri": call.request.path,
    }


def cursor_at(offset: int) -> str:
    return base64.urlsafe_b64encode(f"at:{offset}".encode()).rstrip(b"=").decode()


def offset_of(cursor: str, name: str = "cursor") -> int:
    """Raises Refusal 400 for a cursor that was not given out here."""
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode("ascii")
    except (binascii.Error, ValueError):
        text = ""
    mark, _, digits = text.partition(":")
    if mark != "at" or not (digits.isascii() and digits.isdigit() and len(digits) < 10):
        raise invalid_parameter(cursor, name, "what the last page gave")
    return int(digits)


def _first(refusal: Refusal) -> str:
    return refusal.details[0].field_name if refusal.details else "query"
