"""A whole look at a host: every address, with and without SNI, each version alone, weak suites.

The facts go to the judge (certs/served.py). What this machine's OpenSSL cannot say is told as
untested, never as refused.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from ...certs.served import ProbeFacts, Served, Web
from .edge_probe import ALPN, EdgeProbe, address_of, endpoint, server_name
from .http_answer import read_answer
from .probe import Handshake, can_offer, handshake
from .sample import HandshakeSample

VERSIONS = ("TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3")
# RFC 9325 section 4.1, in OpenSSL's words
WEAK = ("eNULL", "aNULL", "EXPORT", "RC4", "3DES", "DES", "IDEA", "SEED", "MD5", "kRSA")
_MOST_WEAK = 8
_TIMEOUT = 5.0


@dataclass(frozen=True, slots=True)
class HostLook:
    """`samples` by edge; `untested` says what could not be tried, and why."""

    facts: ProbeFacts
    samples: tuple[tuple[str, HandshakeSample], ...]
    untested: tuple[str, ...] = ()


@dataclass(slots=True)
class _Edge:
    """What single handshakes with one edge told."""

    edge: str
    without_name: Handshake | None = None
    accepted: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    unsure: list[str] = field(default_factory=list)
    weak: list[str] = field(default_factory=list)
    web: list[Web] = field(default_factory=list)


async def look(
    probe: EdgeProbe, host: str, count: int, port: int | None = None, *, web: bool = True
) -> HostLook:
    """`count` handshakes with every address of `host`, then one for each question.

    Raises Problem tls.no-address.
    """
    samples = await probe.samples(host, count, port)
    alive = [edge for edge, made in samples if made.succeeded]
    edges = await asyncio.gather(*(_edge(edge, host, web=web) for edge in alive))
    return HostLook(_facts(host, samples, edges), samples, tuple(_untested(edges)))


async def _edge(edge: str, host: str, *, web: bool) -> _Edge:
    seen = _Edge(edge)
    if server_name(host) is not None:
        seen.without_name = await handshake(*address_of(edge), None, timeout=_TIMEOUT, alpn=ALPN)
    for version in VERSIONS:
        if can_offer(version):
            await _try_version(seen, host, version)
    await _try_weak(seen, host)
    if web:
        seen.web += await _try_web(edge, host)
    return seen


# A version is refused by an alert, or by an end; a connection that never came about says nothing.
_SAYS_NOTHING = ("refused", "timeout", "unreachable")


async def _try_version(seen: _Edge, host: str, version: str) -> None:
    made = await handshake(
        *address_of(seen.edge),
        server_name(host),
        min_version=version,
        max_version=version,
        timeout=_TIMEOUT,
    )
    if made.ok:
        seen.accepted.append(version)
    elif made.cause.startswith(_SAYS_NOTHING):
        seen.unsure.append(f"{version} at {seen.edge}: {made.cause}")
    else:
        seen.refused.append(version)


def _offered() -> list[str]:
    return [word for word in WEAK if can_offer("TLSv1.2", f"{word}:@SECLEVEL=0")]


async def _try_weak(seen: _Edge, host: str) -> None:
    """Offer only weak suites of TLS 1.2, each time without those the server took before."""
    words = _offered()
    while len(seen.weak) < _MOST_WEAK:
        ciphers = ":".join([*words, *(f"!{name}" for name in seen.weak), "@SECLEVEL=0"])
        if not can_offer("TLSv1.2", ciphers):
            return
        made = await handshake(
            *address_of(seen.edge),
            server_name(host),
            min_version="TLSv1.2",
            max_version="TLSv1.2",
            ciphers=ciphers,
            timeout=_TIMEOUT,
        )
        if not made.ok or made.cipher in seen.weak:
            return
        seen.weak.append(made.cipher)


async def _try_web(edge: str, host: str) -> list[Web]:
    """What https answers, and port 80 when https is at its own port."""
    address, port = address_of(edge)
    made = await handshake(
        address,
        port,
        server_name(host),
        ask=True,
        alpn=("http/1.1",),
        timeout=_TIMEOUT,
        whole_head=True,
    )
    answers = [read_answer(made.read, edge, "https")]
    if port == 443:
        plain = await _plain(address, host)
        answers.append(read_answer(plain, endpoint(address, 80), "http"))
    return [answer for answer in answers if answer is not None]


async def _plain(address: str, host: str) -> bytes:
    name = f"[{host}]" if ":" in host else host
    request = f"GET / HTTP/1.1\r\nHost: {name}\r\nConnection: close\r\n\r\n"
    try:
        async with asyncio.timeout(_TIMEOUT):
            reader, writer = await asyncio.open_connection(address, 80)
            try:
                writer.write(request.encode("ascii", "replace"))
                return await reader.readuntil(b"\r\n\r\n")
            finally:
                writer.close()
    except asyncio.IncompleteReadError as ended:
        return ended.partial
    except (OSError, TimeoutError, asyncio.LimitOverrunError):
        return b""


def _facts(
    host: str, samples: Sequence[tuple[str, HandshakeSample]], edges: Sequence[_Edge]
) -> ProbeFacts:
    causes: Counter[str] = Counter()
    for _, made in samples:
        causes.update(dict(made.causes))
    firsts = [made.first for _, made in samples if made.first is not None]
    return ProbeFacts(
        host=host,
        served=(
            *(one for edge, made in samples for one in _served(edge, made)),
            *(_one(e.edge, e.without_name, sni=False) for e in edges if e.without_name),
        ),
        accepted=_in_order(e.accepted for e in edges),
        refused=_in_order(e.refused for e in edges),
        weak_ciphers=tuple(dict.fromkeys(name for e in edges for name in e.weak)),
        groups=tuple(dict.fromkeys(first.group for first in firsts if first.group)),
        tried=sum(made.count for _, made in samples),
        succeeded=sum(made.succeeded for _, made in samples),
        latencies_ms=tuple(1000 * x for _, made in samples for x in made.latencies),
        causes=tuple(causes.most_common()),
        web=tuple(answer for e in edges for answer in e.web),
    )


def _in_order(lists: Iterable[list[str]]) -> tuple[str, ...]:
    found = {version for versions in lists for version in versions}
    return tuple(version for version in VERSIONS if version in found)


def _served(edge: str, made: HandshakeSample) -> list[Served]:
    """The first good handshake, and one for each other leaf that the edge showed."""
    if made.first is None:
        return [Served(edge, sni=True, cause=made.causes[0][0] if made.causes else "")]
    others = [leaf for leaf, _ in made.leaves if leaf != made.first.leaf]
    return [
        _one(edge, made.first, sni=True),
        *(Served(edge, sni=True, chain=(leaf,), alpn=made.first.alpn) for leaf in others),
    ]


def _one(edge: str, made: Handshake, *, sni: bool) -> Served:
    return Served(
        edge,
        sni,
        made.chain if made.ok else (),
        made.staple,
        made.version,
        made.cipher,
        made.group,
        made.alpn,
        made.cause,
    )


def _untested(edges: Sequence[_Edge]) -> list[str]:
    here = [f"{v}: this machine's OpenSSL cannot offer it" for v in VERSIONS if not can_offer(v)]
    lacking = [word for word in WEAK if word not in _offered()]
    if lacking:
        here.append(f"suites {', '.join(lacking)}: this machine's OpenSSL has none")
    return here + [text for edge in edges for text in edge.unsure]
