"""Shakes hands with every edge of a host, or every mTLS endpoint, and sums up what was seen."""

from __future__ import annotations

import asyncio
import hashlib
import ipaddress
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from statistics import quantiles

from cryptography import x509

from ...certs.chain import sort_bundle
from ...certs.key import same_key
from ...errors import Problem, ProblemKind, ProblemType, Retry
from ...mailauth.questions import Question
from ...pipelines.effects import HANDSHAKE_BOUNDS, CertificateFiles, HandshakesSeen
from ...pipelines.pin_effects import PinProbe
from ..dns.resolver import Resolver
from ..files import CHANGED, Opened, read_file, read_files
from .probe import LEGACY, ClientIdentity, Handshake, handshake
from .sample import HandshakeSample, sample

NO_ADDRESS = ProblemType(
    "tls.no-address",
    "The host has no address to shake hands with.",
    "DNS has no A or AAAA record for it, or did not answer.",
    "Check the host's records: `gctrust check domain HOST`.",
    retry=Retry.LATER,
    source="RFC 2308 section 2.2",
)
NO_ENDPOINT = ProblemType(
    "tls.no-endpoint",
    "No mTLS endpoint is known to observe the pins at.",
    "Without handshakes at the endpoints that enforce the pins, a match rate cannot be measured.",
    "Name them: --endpoint HOST:PORT, or GCTRUST_MTLS_ENDPOINTS.",
    kind=ProblemKind.USAGE,
    source="docs/guides/pin-rotation.md",
)
UNREACHABLE = ProblemType(
    "tls.unreachable",
    "No endpoint completed one handshake.",
    "Every connection failed before a certificate was shown.",
    "Check the endpoint's address and that this machine may reach it.",
    retry=Retry.LATER,
    source="RFC 8446 section 2",
)
PROBLEMS = (NO_ADDRESS, NO_ENDPOINT, UNREACHABLE)

CONCURRENCY = 8
ALPN = ("h2", "http/1.1")


class EdgeProbe:
    """`edges` and `mtls_endpoints` as "address:port"; without edges DNS tells them. `opened` gives
    the octets of a client's file, or of a sealed reference in its place."""

    def __init__(
        self,
        resolver: Resolver,
        *,
        edges: tuple[str, ...] = (),
        mtls_endpoints: tuple[str, ...] = (),
        port: int = 443,
        opened: Opened = read_file,
    ) -> None:
        self._resolver, self._edges, self._port = resolver, edges, port
        self._opened = opened
        self._endpoints = mtls_endpoints

    async def addresses(self, host: str, port: int | None = None) -> tuple[tuple[str, int], ...]:
        """Where the host is served. Raises Problem tls.no-address."""
        if self._edges and port is None:
            return tuple(address_of(edge) for edge in self._edges)
        if is_address(host):
            return ((host, port or self._port),)
        if host == "localhost":  # RFC 6761 section 6.3: no name server is to be asked
            return (("127.0.0.1", port or self._port),)
        asked = (Question(host, kind, fresh=True) for kind in ("A", "AAAA"))
        answers = await self._resolver.resolve_all(asked)
        found = [str(record) for answer in answers for record in answer.records]
        if not found:
            statuses = [answer.status.value for answer in answers]
            raise Problem(NO_ADDRESS, {"host": host, "seen": statuses})
        return tuple((address, port or self._port) for address in found)

    async def samples(
        self, host: str, count: int, port: int | None = None
    ) -> tuple[tuple[str, HandshakeSample], ...]:
        """`count` handshakes with each edge, by "address:port". Raises Problem tls.no-address."""
        seen = []
        for address, at_port in await self.addresses(host, port):
            name = server_name(host)
            made = await sample(address, at_port, name, n=count, concurrency=CONCURRENCY, alpn=ALPN)
            seen.append((endpoint(address, at_port), made))
        return tuple(seen)

    async def host(self, host: str, count: int, port: int | None = None) -> HandshakesSeen:
        """Every edge of the host, measured; legacy versions tried once each."""
        samples = await self.samples(host, count, port)
        one_each = [await handshake(*address_of(edge), server_name(host)) for edge, _ in samples]
        legacy = await self._legacy(host, [edge for edge, _ in samples])
        latencies = [1000 * x for _, made in samples for x in made.latencies]
        p50, p95, p99 = percentiles(latencies)
        served = {
            (edge, hashlib.sha256(leaf).hexdigest())
            for edge, made in samples
            for leaf, _ in made.leaves
        }
        return HandshakesSeen(
            tried=sum(made.count for _, made in samples),
            succeeded=sum(made.succeeded for _, made in samples),
            p50_ms=p50,
            p95_ms=p95,
            p99_ms=p99,
            served=tuple(sorted(served)),
            versions=tuple(sorted({one.version for one in one_each if one.version})),
            stapled=sum(bool(one.staple) for one in one_each),
            legacy_accepted=legacy,
            causes=_summed(made.causes for _, made in samples),
            buckets=_buckets(latencies),
            seconds=sum(latencies) / 1000,
            earliest_not_after=_earliest(one_each),
        )

    async def _legacy(self, host: str, edges: list[str]) -> tuple[str, ...]:
        tries: list[tuple[str, Handshake]] = []
        for edge in edges:
            for version in LEGACY:
                made = await handshake(
                    *address_of(edge),
                    server_name(host),
                    min_version=version,
                    max_version=version,
                )
                tries.append((version, made))
        return tuple(
            sorted({version for version, made in tries if made.version and not made.cause})
        )

    def check_client(self, files: CertificateFiles) -> ClientIdentity:
        """What `client` will present, and that it has somewhere to.

        Raises Problem tls.no-endpoint, file.*.
        """
        if not self._endpoints:
            raise Problem(NO_ENDPOINT)
        return client_identity(files, self._opened)

    async def client(self, files: CertificateFiles, count: int) -> PinProbe:
        """Present the certificate of `files` to every endpoint, `count` handshakes in all.

        Raises Problem tls.no-endpoint, tls.unreachable, file.*.
        """
        identity = self.check_client(files)
        each = -(-count // len(self._endpoints))
        made = await asyncio.gather(
            *(
                sample(*address_of(endpoint), None, n=each, client=identity, concurrency=4)
                for endpoint in self._endpoints
            )
        )
        counted = [_counted(one) for one in made]
        matched, refused, before = (sum(column) for column in zip(*counted, strict=True))
        if not matched + refused:
            causes = [f"{cause}: {n}" for cause, n in _summed(one.causes for one in made)]
            raise Problem(UNREACHABLE, {"endpoints": list(self._endpoints), "causes": causes})
        p50, _, p99 = percentiles([1000 * x for one in made for x in one.latencies])
        by_endpoint = tuple(
            (endpoint, accepted, turned_away)
            for endpoint, (accepted, turned_away, _) in zip(self._endpoints, counted, strict=True)
        )
        return PinProbe(matched, refused, before, by_endpoint, p50, p99)


def client_identity(files: CertificateFiles, opened: Opened = read_file) -> ClientIdentity:
    """The certificate, its chain and its key. Raises Problem file.*, sealed.*."""
    bundle = read_files((files.certificate, files.key, files.chain), opened)
    placed = sort_bundle(bundle)
    leaf = placed.leaf
    key = next((k for k in bundle.keys if leaf and same_key(leaf, k)), None)
    if leaf is None or leaf.x509 is None or key is None:
        raise Problem(CHANGED, {"path": files.key, "seen": "no key of this certificate"})
    chain = tuple(c.x509 for c in placed.others if c.x509 is not None)
    return ClientIdentity(leaf.x509, chain, key.key)


# Causes that a handshake ends with before the verifier has seen the client's certificate.
_BEFORE = frozenset({"refused", "timeout", "closed", "reset", "unreachable", "protocol"})


def _counted(made: HandshakeSample) -> tuple[int, int, int]:
    """Accepted, refused after the certificate was shown, failed before it was."""
    before = sum(n for cause, n in made.causes if cause.partition(":")[0] in _BEFORE)
    return made.succeeded, made.count - made.succeeded - before, before


def _summed(causes: Iterable[tuple[tuple[str, int], ...]]) -> tuple[tuple[str, int], ...]:
    total: Counter[str] = Counter()
    for part in causes:
        total.update(dict(part))
    return tuple(total.most_common())


def _buckets(milliseconds: Iterable[float]) -> tuple[int, ...]:
    counts = [0] * (len(HANDSHAKE_BOUNDS) + 1)
    for one in milliseconds:
        counts[bisect_left(HANDSHAKE_BOUNDS, one / 1000)] += 1
    return tuple(counts)


def _earliest(made: Iterable[Handshake]) -> float:
    """A certificate that cannot be read has no end to tell; the judge says what is wrong."""
    ends = []
    for der in {der for one in made for der in one.chain}:
        with suppress(ValueError):
            ends.append(x509.load_der_x509_certificate(der).not_valid_after_utc.timestamp())
    return min(ends, default=0.0)


def is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def endpoint(address: str, port: int) -> str:
    """An IPv6 address stands in brackets (RFC 3986 section 3.2.2)."""
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def address_of(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    return host.strip("[]"), int(port)


def server_name(host: str) -> str | None:
    """What SNI may say of a host: addresses are not allowed there (RFC 6066 section 3)."""
    return None if is_address(host) else host


def percentiles(latencies: list[float]) -> tuple[float, float, float]:
    """p50, p95 and p99, in the unit given; zeros for an empty sample."""
    if len(latencies) < 2:
        only = round(latencies[0], 3) if latencies else 0.0
        return only, only, only
    cuts = quantiles(latencies, n=100, method="inclusive")
    return round(cuts[49], 3), round(cuts[94], 3), round(cuts[98], 3)
