"""Runs a peer in its own environment: `peers.py WHAT PORT COUNT [PROCESSES THREADS]`.

Prints one JSON object: how many were done, in how many seconds. Imports nothing of gctrust.
"""

from __future__ import annotations

import asyncio
import gc
import json
import multiprocessing
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import world

_IN_FLIGHT = 200


def checkdmarc(port: int, count: int, processes: int, threads: int) -> float:
    names = world.make(count).domains
    parts = [(port, names[n::processes], threads) for n in range(processes)]
    started = time.perf_counter()
    if processes == 1:
        _checkdmarc_part(parts[0])
    else:
        with multiprocessing.Pool(processes) as pool:
            pool.map(_checkdmarc_part, parts)
    return time.perf_counter() - started


def _checkdmarc_part(part: tuple[int, tuple[str, ...], int]) -> None:
    port, names, threads = part
    import dns.resolver
    from checkdmarc.dmarc import check_dmarc
    from checkdmarc.smtp import check_mx
    from checkdmarc.spf import check_spf

    resolver = dns.resolver.Resolver(configure=False)
    resolver.nameservers, resolver.port = ["127.0.0.1"], port

    def one(name: str) -> None:
        for check in (check_mx, check_spf, check_dmarc):
            json.dumps(check(name, resolver=resolver), default=str)

    if threads == 1:
        for name in names:
            one(name)
    else:
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(one, names))


def pyspf_network(port: int, count: int) -> float:
    import dns.resolver
    import spf

    resolver = dns.resolver.Resolver(configure=False)
    resolver.nameservers, resolver.port = ["127.0.0.1"], port
    dns.resolver.default_resolver = resolver
    return _pyspf(spf, count)


def pyspf_memory_cold(_: int, count: int) -> float:
    return _pyspf_memory(count, 1)


def pyspf_memory(_: int, count: int) -> float:
    return _pyspf_memory(count, 10)


def _pyspf_memory(count: int, times: int) -> float:
    import spf

    table: dict[tuple[str, str], list[object]] = {}
    for owner, _ttl, kind, value in world.make(count).records:
        table.setdefault((owner, kind), []).append(_pyspf_value(kind, value))

    def look(name: str, kind: str, strict: object = True, timeout: float = 20) -> list[object]:
        key = (name.lower().rstrip("."), kind)
        return [(key, value) for value in table.get(key, ())]

    spf.DNSLookup = look
    return _pyspf(spf, count, times)


def _pyspf_value(kind: str, value: str) -> object:
    if kind == "TXT":
        return tuple(part.encode() for part in value.strip('"').split('" "'))
    if kind == "MX":
        preference, host = value.split()
        return int(preference), host.rstrip(".")
    return value.rstrip(".")


def _pyspf(spf: object, count: int, times: int = 1) -> float:
    senders = world.make(count).senders * times
    started = time.perf_counter()
    for one in senders:
        spf.check2(one.ip, one.mail_from, one.helo)  # type: ignore[attr-defined]
    return time.perf_counter() - started


def questions(count: int) -> list[tuple[str, str]]:
    names = world.make(count).domains
    asked = [(name, kind) for name in names for kind in ("TXT", "MX", "A")]
    return asked + [(f"_dmarc.{name}", "TXT") for name in names]


def aiodns(port: int, count: int) -> float:
    return asyncio.run(_aiodns(port, count))


def aiodns_uvloop(port: int, count: int) -> float:
    import uvloop

    return uvloop.run(_aiodns(port, count))


async def _aiodns(port: int, count: int) -> float:
    import aiodns as library

    resolver = library.DNSResolver(nameservers=["127.0.0.1"], udp_port=port, tcp_port=port)

    async def ask(name: str, kind: str) -> None:
        try:
            await resolver.query_dns(name, kind)
        except library.error.DNSError as error:
            if error.args[0] not in (1, 4):  # no data, no such name
                raise

    return await _all(ask, questions(count))


def dnspython(port: int, count: int) -> float:
    import dns.asyncresolver
    import dns.resolver

    async def run() -> float:
        resolver = dns.asyncresolver.Resolver(configure=False)
        resolver.nameservers, resolver.port = ["127.0.0.1"], port

        async def ask(name: str, kind: str) -> None:
            with suppress(dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
                await resolver.resolve(name, kind)

        return await _all(ask, questions(count))

    return asyncio.run(run())


async def _all(ask: object, asked: list[tuple[str, str]]) -> float:
    left = iter(asked)

    async def work() -> None:
        for name, kind in left:
            await ask(name, kind)  # type: ignore[operator]

    started = time.perf_counter()
    await asyncio.gather(*(work() for _ in range(_IN_FLIGHT)))
    return time.perf_counter() - started


if __name__ == "__main__":
    gc.set_threshold(50_000)
    what, port, count, *modes = sys.argv[1:]
    seconds = globals()[what](int(port), int(count), *map(int, modes))
    print(json.dumps({"seconds": seconds}))
