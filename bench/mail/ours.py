"""Runs gctrust in a fresh process: `ours.py WHAT PORT COUNT`. Prints {"seconds": ...}."""

from __future__ import annotations

import asyncio
import gc
import json
import sys
import time
from collections.abc import Iterable

import world

from gctrust.adapters.dns.driver import drive
from gctrust.adapters.dns.resolver import Resolver
from gctrust.adapters.system import SystemClock
from gctrust.mailauth.questions import Question
from gctrust.mailauth.spf_check import check_host
from gctrust.mailauth.zone import DictZone, run

_IN_FLIGHT = 200
_BATCH = 10


def dns(port: int, count: int) -> float:
    return asyncio.run(_dns(port, count))


def dns_uvloop(port: int, count: int) -> float:
    import uvloop

    return uvloop.run(_dns(port, count))


async def _dns(port: int, count: int) -> float:
    names = world.make(count).domains
    asked = [Question(name, kind) for name in names for kind in ("TXT", "MX", "A")]
    asked += [Question(f"_dmarc.{name}", "TXT") for name in names]
    batches = [asked[at : at + _BATCH] for at in range(0, len(asked), _BATCH)]
    async with Resolver([f"127.0.0.1#{port}"], SystemClock()) as resolver:
        # as judges ask: several at once
        return await _side_by_side(batches, resolver.resolve_all, _IN_FLIGHT // _BATCH)


async def _side_by_side(asked: Iterable[object], work: object, at_once: int = _IN_FLIGHT) -> float:
    left = iter(asked)

    async def one() -> None:
        for item in left:
            await work(item)  # type: ignore[operator]

    started = time.perf_counter()
    await asyncio.gather(*(one() for _ in range(at_once)))
    return time.perf_counter() - started


def spf_network(port: int, count: int) -> float:
    """With the cache of answers that a running gctrust has."""
    return asyncio.run(_spf(port, count, 64 << 20))


def spf_network_uncached(port: int, count: int) -> float:
    """Every evaluation asks all its questions, as the peers do."""
    return asyncio.run(_spf(port, count, 0))


async def _spf(port: int, count: int, cache: int) -> float:
    senders = world.make(count).senders
    server = [f"127.0.0.1#{port}"]
    async with Resolver(server, SystemClock(), cache_octets=cache) as resolver:

        async def one(sender: world.Sender) -> None:
            await drive(check_host(sender.ip, sender.mail_from, sender.helo), resolver)

        return await _side_by_side(senders, one)


def spf_memory_cold(_: int, count: int) -> float:
    """Each domain's policy is met once."""
    return _spf_memory(count, 1)


def spf_memory(_: int, count: int) -> float:
    """Ten messages for each domain, as a receiver sees them."""
    return _spf_memory(count, 10)


def _spf_memory(count: int, times: int) -> float:
    made = world.make(count)
    names: dict[str, dict[str, list[object]]] = {}
    for owner, _ttl, kind, value in made.records:
        if kind == "TXT":
            data: object = "".join(value.strip('"').split('" "'))
        else:
            data = value
        names.setdefault(owner, {}).setdefault(kind, []).append(data)
    zone = DictZone(names)
    started = time.perf_counter()
    for one in made.senders * times:
        run(check_host(one.ip, one.mail_from, one.helo), zone)
    return time.perf_counter() - started


if __name__ == "__main__":
    gc.set_threshold(50_000)  # as the bulk command does; the peers have it too
    what, port, count = sys.argv[1:]
    print(json.dumps({"seconds": globals()[what](int(port), int(count))}))
