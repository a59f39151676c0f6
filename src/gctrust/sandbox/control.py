"""The control port: what the sandbox's owner may do that no client of a platform could.

Only the demo, rehearsals and tests speak to it. A request that cannot be read gets 400.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any, cast

from uvicorn._types import ASGIReceiveCallable, ASGISendCallable, Scope

from .answer import Answer, JsonObject, MalformedError, Refusal
from .asgi import read_request, send_answer
from .clock import LATEST, check_instant
from .faults import parse_rules
from .journal import Wanted
from .seed import MOST_SERVERS, parse_client, parse_records

if TYPE_CHECKING:
    from .world import World

Handle = Callable[["World", Any, tuple[str, ...]], Answer]

_PROFILES = ("server", "client")
_KEYS = ("ec", "rsa")
_MOST_DAYS = 36_500


class Control:
    """The ASGI application of the control port."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def __call__(
        self, scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable
    ) -> None:
        if scope["type"] != "http":
            return
        try:
            request = await read_request(scope, receive)
            answer = self._answer(request.method, request.path, request.body)
        except ConnectionError:
            return
        except Refusal as refusal:
            answer = refusal.answer("")
        except (ValueError, RecursionError) as error:
            answer = Answer(400, {"message": str(error)})
        await send_answer(send, answer)

    def _answer(self, method: str, path: str, raw: bytes) -> Answer:
        allowed: list[str] = []
        for wanted, pattern, handle in ROUTES:
            found = re.fullmatch(pattern, path)
            if wanted == method and found:
                return handle(self._world, json.loads(raw) if raw else {}, found.groups())
            allowed += [wanted] if found else []
        if allowed:
            headers = (("Allow", ", ".join(sorted(allowed))),)
            return Answer(405, {"message": f"{method} is not allowed here"}, headers)
        return Answer(404, {"message": f"no control at {path}"})


def _clock(world: World) -> Answer:
    clock = world.clock
    return Answer(200, {"now": clock.now(), "frozen": clock.frozen, "rate": clock.rate})


def _get_clock(world: World, body: Any, parts: tuple[str, ...]) -> Answer:
    return _clock(world)


def _post_clock(world: World, body: Any, parts: tuple[str, ...]) -> Answer:
    """Several may come together: rate, then freeze, then the jump."""
    order = _object(body, "rate", "freeze", "to", "advance")
    if "rate" in order:
        world.clock.set_rate(_number(order, "rate"))
    if "freeze" in order:
        if not isinstance(order["freeze"], bool):
            raise MalformedError("freeze must be true or false")
        world.clock.freeze(order["freeze"])
    if "to" in order:
        world.clock.to(_number(order, "to"))
    if "advance" in order:
        world.clock.advance(_number(order, "advance"))
    return _clock(world)


def _put_zones(world: World, body: Any, parts: tuple[str, ...]) -> Answer:
    order = _object(body, "records", "delay")
    records = parse_records(order.get("records", []))
    delays = _delays(order.get("delay", {}), world.seed.servers.nameservers)
    world.servers.zones.put_records(records, delays)
    return Answer(200, {"records": len(records)})


def _delete_zone(world: World, body: Any, parts: tuple[str, ...]) -> Answer:
    order = _object(body, "delay")
    delays = _delays(order.get("delay", {}), world.seed.servers.nameservers)
    world.servers.zones.remove(parts[0], parts[1], delays)
    return Answer(204)


def _put_trouble(world: World, body: Any, parts: tuple[str, ...]) -> Answer:
    order = _object(body, "name", "kind", "type", "server")
    server = order.get("server")
    if server is not None:
        _index(server, world.seed.servers.nameservers)
    world.servers.zones.set_trouble(
        _text(order, "name"), _text_or_none(order, "kind"), _text_or_none(order, "type"), server
    )
    return Answer(204)


def _get_journal(world: World, body: Any, parts: tuple[str, ...]) -> Answer:
    return Answer(200, world.journal.json())


def _delete_journal(world: World, body: Any, parts: tuple[str, ...]) -> Answer:
    world.journal.clear()
    return Answer(204)


def _assert_journal(world: World, body: Any, parts: tuple[str, ...]) -> Answer:
    """200 when as many entries match as expected (at least one without `count`), else 409."""
    order = _object(body, "count", *Wanted.__slots__)
    expected = order.pop("count", None)
    matching = world.journal.matching(Wanted.parse(order))
    if expected is not None and type(expected) is not int:
        raise MalformedError("count must be a whole number")
    holds = bool(matching) if expected is None else len(matching) == expected
    told: JsonObject = {
        "ok": holds,
        "expected": expected,
        "found": len(matching),
        "entries": [asdict(entry) for entry in matching],
    }
    return Answer(200 if holds else 409, told)


def _put_faults(world: World, body: Any, parts: tuple[str, ...]) -> Answer:
    world.faults.replace(parse_rules(body))
    return _get_faults(world, body, parts)


def _get_faults(world: World, body: Any, parts: tuple[str, ...]) -> Answer:
    return Answer(200, {"rules": world.faults.counts()})


def _delete_faults(world: World, body: Any, parts: tuple[str, ...]) -> Answer:
    world.faults.replace([])
    return Answer(204)


def _reset(world: World, body: Any, parts: tuple[str, ...]) -> Answer:
    world.reset()
    return Answer(204)


def _put_clients(world: World, body: Any, parts: tuple[str, ...]) -> Answer:
    """Create or replace; the answer has the secret, which the owner may need to be told."""
    client = parse_client(body)
    old = world.state.now.clients.get(client.id)
    if old is not None:
        client = replace(client, version=old.version + 1)
    world.state.put_client(client)
    world.set_pins(client)
    return Answer(200, {"id": client.id, "secret": client.secret, "etag": client.etag})


def _get_inbox(world: World, body: Any, parts: tuple[str, ...]) -> Answer:
    return Answer(200, [asdict(delivery) for delivery in world.servers.inbox.deliveries()])


def _put_inbox_script(world: World, body: Any, parts: tuple[str, ...]) -> Answer:
    if not isinstance(body, list) or not all(type(status) is int for status in body):
        raise MalformedError("the script must be a list of statuses")
    world.servers.inbox.script(cast(list[int], body))
    return Answer(204)


def _put_inbox_secret(world: World, body: Any, parts: tuple[str, ...]) -> Answer:
    """The webhook secret to verify deliveries with; null forgets it."""
    world.servers.inbox.set_secret(_text_or_none(_object(body, "secret"), "secret"))
    return Answer(204)


def _get_edges(world: World, body: Any, parts: tuple[str, ...]) -> Answer:
    servers = world.servers
    return Answer(
        200,
        {
            "tls": [asdict(count) for count in servers.edges.counters()],
            "mtls": [asdict(count) for count in servers.mtls.counters()],
        },
    )


def _put_edge_delays(world: World, body: Any, parts: tuple[str, ...]) -> Answer:
    delays = _delays(body, MOST_SERVERS)
    world.servers.edges.set_delays(delays)
    world.servers.mtls.set_delays(delays)
    return Answer(204)


def _data_actions(world: World, body: Any, parts: tuple[str, ...]) -> Answer:
    """What the platform would show a customer's server, with the keys to show it."""
    held = world.platform.data_actions.credentials()
    return Answer(
        200,
        [{"status": s, "certificate": pem, "privateKey": key} for s, pem, key in held],
    )


def _issue(world: World, body: Any, parts: tuple[str, ...]) -> Answer:
    order = _object(body, "names", "profile", "days", "key", "notBefore")
    profile, key = order.get("profile", "server"), order.get("key", "ec")
    if profile not in _PROFILES or key not in _KEYS:
        raise MalformedError(f"profile is one of {_PROFILES}, key one of {_KEYS}")
    names, days = order.get("names"), _number(order, "days") if "days" in order else 90.0
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise MalformedError("names must be a list of texts")
    if not 0 < days <= _MOST_DAYS:
        raise MalformedError(f"days must be greater than 0, at most {_MOST_DAYS}")
    start = check_instant(_number(order, "notBefore")) if "notBefore" in order else None
    issued = world.servers.authority.issue(names, profile, days, key, start)
    told = {
        "certificate": issued.certificate_pem,
        "chain": issued.chain_pem,
        "privateKey": issued.private_key_pem,
        "serial": f"{issued.serial:x}",
    }
    return Answer(200, told)


def _revoke(world: World, body: Any, parts: tuple[str, ...]) -> Answer:
    serial = _text(_object(body, "serial"), "serial")
    try:
        world.servers.authority.revoke(int(serial, 16))
    except KeyError as error:
        raise MalformedError(str(error.args[0])) from None
    return Answer(204)


ROUTES: tuple[tuple[str, str, Handle], ...] = (
    ("GET", "/clock", _get_clock),
    ("POST", "/clock", _post_clock),
    ("PUT", "/zones", _put_zones),
    ("PUT", "/zones/trouble", _put_trouble),
    ("DELETE", "/zones/([^/]+)/([^/]+)", _delete_zone),
    ("GET", "/journal", _get_journal),
    ("DELETE", "/journal", _delete_journal),
    ("POST", "/journal/assert", _assert_journal),
    ("GET", "/faults", _get_faults),
    ("PUT", "/faults", _put_faults),
    ("DELETE", "/faults", _delete_faults),
    ("POST", "/reset", _reset),
    ("PUT", "/clients", _put_clients),
    ("GET", "/inbox", _get_inbox),
    ("PUT", "/inbox/script", _put_inbox_script),
    ("PUT", "/inbox/secret", _put_inbox_secret),
    ("GET", "/edges", _get_edges),
    ("PUT", "/edges/delays", _put_edge_delays),
    ("GET", "/data-actions", _data_actions),
    ("POST", "/ca/issue", _issue),
    ("POST", "/ca/revoke", _revoke),
)


def _object(body: object, *names: str) -> dict[str, Any]:
    if not isinstance(body, dict):
        raise MalformedError("the body must be a JSON object")
    unknown = sorted(set(body) - set(names))
    if unknown:
        raise MalformedError(f"unknown field {unknown[0]}")
    return body


def _text(order: dict[str, Any], name: str) -> str:
    value = _text_or_none(order, name)
    if value is None:
        raise MalformedError(f"{name} must be a text")
    return value


def _text_or_none(order: dict[str, Any], name: str) -> str | None:
    value = order.get(name)
    if value is not None and not isinstance(value, str):
        raise MalformedError(f"{name} must be a text or null")
    return value


def _number(order: dict[str, Any], name: str) -> float:
    value = order[name]
    if isinstance(value, bool) or not isinstance(value, int | float) or abs(value) > LATEST:
        raise MalformedError(f"{name} must be a number, at most {LATEST:.0f}")
    return float(value)


def _index(value: object, servers: int) -> int:
    if type(value) is not int or not 0 <= value < servers:
        raise MalformedError(f"a server's index is a whole number from 0 to {servers - 1}")
    return value


def _delays(body: object, servers: int) -> dict[int, float]:
    if not isinstance(body, dict):
        raise MalformedError("delays must be an object of seconds by index")
    indices = [int(index) if index.isdigit() and len(index) < 4 else index for index in body]
    delays = {_index(n, servers): _number(body, key) for n, key in zip(indices, body, strict=True)}
    if not all(seconds >= 0 for seconds in delays.values()):
        raise MalformedError("a delay must not be negative")
    return delays
