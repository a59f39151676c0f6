"""Many handshakes with one address: how many went well, how long they took, why the rest failed."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from dataclasses import dataclass

from .probe import ClientIdentity, Handshake, handshake

SILENT = 8  # time-outs and nothing else: more of them would tell nothing new


@dataclass(frozen=True, slots=True)
class HandshakeSample:
    """`count` handshakes. Seconds are of the successful ones, 0 when there is none.

    `first` is the first that went well: what the server presents when all goes well.
    """

    count: int
    succeeded: int
    p50: float
    p95: float
    p99: float
    causes: tuple[tuple[str, int], ...]
    latencies: tuple[float, ...]
    leaves: tuple[tuple[bytes, int], ...]
    seconds: float
    first: Handshake | None = None

    @property
    def success_rate(self) -> float:
        return self.succeeded / self.count if self.count else 0.0


async def sample(
    address: str,
    port: int,
    server_name: str | None,
    *,
    n: int,
    concurrency: int = 8,
    client: ClientIdentity | None = None,
    timeout: float = 10.0,  # noqa: ASYNC109 -- part of one result, not of the caller's scope
    min_version: str = "TLSv1.2",
    max_version: str = "TLSv1.3",
    staple: bool = True,
    alpn: tuple[str, ...] = (),
) -> HandshakeSample:
    """`n` handshakes, at most `concurrency` at once; fewer when the address never answers."""
    tally = _Tally()
    turns = iter(range(n))

    async def worker() -> None:
        for _ in turns:
            if tally.silent:
                return
            made = await handshake(
                address,
                port,
                server_name,
                client=client,
                timeout=timeout,
                min_version=min_version,
                max_version=max_version,
                staple=staple,
                alpn=alpn,
            )
            tally.add(made)

    start = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for _ in range(max(1, min(concurrency, n))):
            group.create_task(worker())
    return tally.summary(time.perf_counter() - start)


class _Tally:
    """Counts as they come: a hundred thousand chains are not kept."""

    def __init__(self) -> None:
        self.first: Handshake | None = None
        self.times: list[float] = []
        self.causes: Counter[str] = Counter()
        self.leaves: Counter[bytes] = Counter()

    def add(self, made: Handshake) -> None:
        if made.ok:
            self.first = self.first or made
            self.times.append(made.seconds)
        else:
            self.causes[made.cause] += 1
        if made.leaf is not None:
            self.leaves[made.leaf] += 1

    @property
    def silent(self) -> bool:
        return not self.times and self.causes["timeout"] == self.causes.total() >= SILENT

    def summary(self, seconds: float) -> HandshakeSample:
        """Percentiles by the nearest rank: the smallest value that at least p do not exceed."""
        times = sorted(self.times)

        def rank(share: float) -> float:
            return times[max(0, -(-int(share * 1000) * len(times) // 1000) - 1)] if times else 0.0

        return HandshakeSample(
            count=len(times) + self.causes.total(),
            succeeded=len(times),
            p50=rank(0.50),
            p95=rank(0.95),
            p99=rank(0.99),
            causes=tuple(self.causes.most_common()),
            latencies=tuple(times),
            leaves=tuple(self.leaves.most_common()),
            seconds=seconds,
            first=self.first,
        )
