"""`gctrust check host`: what a server really presents, with handshakes counted and timed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .exit_codes import ExitCode
from .findings_shown import bad_argument
from .output import Block, Heading, Table
from .session import Options, with_app

if TYPE_CHECKING:
    from .. import app as composition
    from ..adapters.tls_sample import HandshakeSample


@dataclass(frozen=True, slots=True)
class EdgeShown:
    """One address of a host. Latencies are milliseconds of the successful handshakes."""

    address: str
    tried: int
    succeeded: int
    p50_ms: float
    p95_ms: float
    p99_ms: float
    leaves: tuple[str, ...]
    causes: dict[str, int]


@dataclass(frozen=True, slots=True)
class HostChecked:
    host: str
    edges: tuple[EdgeShown, ...]
    versions: tuple[str, ...]
    stapled: int
    legacy_accepted: tuple[str, ...]


def host(
    address: str,
    /,
    *,
    count: int = 10,
    options: Options = Options(),  # noqa: B008 - frozen
) -> ExitCode:
    """What a server really presents: chain, versions, staple, pins, handshake latency.

    Parameters
    ----------
    address
        HOST or HOST:PORT.
    count
        Full handshakes to do.
    """
    name, _, port = address.partition(":")
    if port and not (port.isdigit() and 0 < int(port) < 65536):
        raise bad_argument("HOST:PORT", address, "The port is a number from 1 to 65535.")

    async def body(app: composition.App) -> ExitCode:
        with options.out.progress(f"shaking hands with {address}"):
            samples = await app.probe.samples(name, count, int(port) if port else None)
            seen = await app.probe.host(name, 1, int(port) if port else None)
        shown = HostChecked(
            address,
            tuple(_edge(edge, sample) for edge, sample in samples),
            seen.versions,
            seen.stapled,
            seen.legacy_accepted,
        )
        options.out.answer("check.host", shown, _host_blocks(shown))
        whole = all(edge.succeeded == edge.tried for edge in shown.edges)
        return ExitCode.FINE if whole and not shown.legacy_accepted else ExitCode.FINDINGS

    return with_app(options, body)


def _edge(edge: str, sample: HandshakeSample) -> EdgeShown:
    from hashlib import sha256

    return EdgeShown(
        edge,
        sample.count,
        sample.succeeded,
        round(sample.p50 * 1000, 2),
        round(sample.p95 * 1000, 2),
        round(sample.p99 * 1000, 2),
        tuple(sha256(leaf).hexdigest() for leaf, _ in sample.leaves),
        dict(sample.causes),
    )


def _host_blocks(shown: HostChecked) -> Iterator[Block]:
    rows = tuple(
        (e.address, f"{e.succeeded}/{e.tried}", f"{e.p50_ms} / {e.p95_ms} / {e.p99_ms}",
         ", ".join(leaf[:16] for leaf in e.leaves))
        for e in shown.edges
    )  # fmt: skip
    yield Heading(shown.host)
    yield Table(("address", "handshakes", "p50 / p95 / p99 ms", "leaf sha256"), rows)
    yield f"versions {', '.join(shown.versions) or 'none'}; stapled {shown.stapled}"
    for edge in shown.edges:
        yield from (f"  {edge.address}: {cause}: {n}" for cause, n in edge.causes.items())
    for version in shown.legacy_accepted:
        yield f"  accepts {version}, which is no longer safe (RFC 8996)"
