"""The TLS edges of custom domains: they serve what was uploaded, by SNI, each edge after its delay.

A name nobody uploaded (or no name) gets the edge's own certificate, as a shared front end would do.
After the handshake an edge answers one HTTP/1.1 request and closes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from OpenSSL import SSL

from .arrivals import Arrivals, VirtualClock
from .authority import Authority
from .tls_listener import TlsListener

_VERSIONS = {"1.2": SSL.TLS1_2_VERSION, "1.3": SSL.TLS1_3_VERSION}
_DEFAULT_NAME = "edge.sandbox.test"


@dataclass(frozen=True, slots=True)
class EdgeCount:
    """Handshakes of one edge. `served` counts finished ones by the SHA-256 (hex) of the leaf."""

    edge: int
    served: Mapping[str, int]
    failed: int
    stapled: int


@dataclass(frozen=True, slots=True)
class Site:
    """One uploaded certificate, ready to serve. `fingerprint` is the leaf's SHA-256 in hex."""

    domain: str
    fingerprint: str
    context: SSL.Context


class TlsEdges:
    """`put` and `remove` work before and after `start`; `addresses` are known after it."""

    def __init__(
        self,
        clock: VirtualClock,
        authority: Authority,
        count: int = 2,
        *,
        ports: Sequence[int] = (),
    ) -> None:
        self._clock = clock
        self._authority = authority
        own = authority.issue([_DEFAULT_NAME, "localhost", "127.0.0.1"], days=3650)
        default = self._site(
            _DEFAULT_NAME, own.certificate_pem, own.chain_pem, own.private_key_pem, True, "1.2"
        )
        fixed = [*ports, *([0] * count)][:count]
        self._edges = [Edge(clock, index, default, port) for index, port in enumerate(fixed)]
        self._delays: dict[int, float] = {}

    async def start(self) -> None:
        for edge in self._edges:
            await edge.listener.start()

    async def stop(self) -> None:
        for edge in self._edges:
            await edge.listener.stop()

    @property
    def addresses(self) -> list[str]:
        return [edge.listener.address for edge in self._edges]

    def counters(self) -> list[EdgeCount]:
        return [edge.count() for edge in self._edges]

    def set_delays(self, delays: Mapping[int, float]) -> None:
        """Seconds until edge `index` serves a change made from now on."""
        self._delays.update(delays)

    def put(
        self,
        domain: str,
        certificate_pem: str,
        chain_pem: str,
        key_pem: str,
        *,
        ocsp_stapling: bool = True,
        min_version: str = "1.2",
    ) -> None:
        """Serve this certificate for `domain` (a wildcard `*.` covers one label).

        Raises ValueError when the material does not parse or the key is not the certificate's.
        """
        name = _host(domain)
        site = self._site(name, certificate_pem, chain_pem, key_pem, ocsp_stapling, min_version)
        self._send(name, site)

    def remove(self, domain: str) -> None:
        self._send(_host(domain), None)

    def clear(self) -> None:
        """Forget all sites, pending changes, delays and counts."""
        self._delays.clear()
        for edge in self._edges:
            edge.clear()

    def _send(self, name: str, site: Site | None) -> None:
        now = self._clock.now()
        for index, edge in enumerate(self._edges):
            edge.arrivals.send(name, site, now + self._delays.get(index, 0.0))

    def _site(
        self,
        domain: str,
        certificate_pem: str,
        chain_pem: str,
        key_pem: str,
        ocsp_stapling: bool,
        min_version: str,
    ) -> Site:
        version = _VERSIONS.get(min_version.lower().removeprefix("tls").removeprefix("v"))
        if version is None:
            raise ValueError(f"minimum TLS version {min_version!r} is neither 1.2 nor 1.3")
        leaf = x509.load_pem_x509_certificate(certificate_pem.encode())
        context = server_context(certificate_pem, chain_pem, key_pem)
        context.set_min_proto_version(version)
        if ocsp_stapling:
            context.set_ocsp_server_callback(
                lambda connection, _: self._staple(connection, leaf), None
            )
        return Site(domain, leaf.fingerprint(hashes.SHA256()).hex(), context)

    def _staple(self, connection: SSL.Connection, leaf: x509.Certificate) -> bytes:
        staple = self._authority.ocsp_response(leaf)
        visit = connection.get_app_data()
        if staple and isinstance(visit, Visit):
            visit.stapled = True
        return staple


class Edge:
    """One edge: the sites that have arrived here, and what it served."""

    def __init__(self, clock: VirtualClock, index: int, default: Site, port: int) -> None:
        self._clock = clock
        self._index = index
        self._default = default
        self.arrivals: Arrivals[str, Site | None] = Arrivals()
        self._sites: dict[str, Site] = {}
        self.served: Counter[str] = Counter()
        self.failed = 0
        self.stapled = 0
        self.listener = TlsListener(self, port)

    def begin(self, server_name: str) -> Visit:
        for name, site in self.arrivals.due(self._clock.now()):
            if site is None:
                self._sites.pop(name, None)
            else:
                self._sites[name] = site
        name = _host(server_name)
        _, _, parent = name.partition(".")
        site = self._sites.get(name) or self._sites.get(f"*.{parent}") or self._default
        return Visit(self, site)

    def count(self) -> EdgeCount:
        return EdgeCount(self._index, dict(self.served), self.failed, self.stapled)

    def clear(self) -> None:
        self.arrivals.clear()
        self._sites.clear()
        self.served.clear()
        self.failed = self.stapled = 0


class Visit:
    """One connection to an edge."""

    def __init__(self, edge: Edge, site: Site) -> None:
        self._edge = edge
        self._site = site
        self.context = site.context
        self.stapled = False

    def accepted(self, connection: SSL.Connection) -> bytes:
        self._edge.served[self._site.fingerprint] += 1
        self._edge.stapled += self.stapled
        return b""

    def failed(self) -> None:
        self._edge.failed += 1

    def respond(self, request: bytes) -> bytes:
        body = f"{self._site.domain}\n".encode()
        return (
            b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nConnection: close\r\n"
            + f"Content-Length: {len(body)}\r\n\r\n".encode()
            + body
        )


def server_context(
    certificate_pem: str, chain_pem: str, key_pem: str, *, resume: bool = False
) -> SSL.Context:
    """TLS 1.2 and 1.3 with this leaf and chain; `resume` hands out session tickets.

    Raises ValueError when the material does not parse or does not belong together.
    """
    context = SSL.Context(SSL.TLS_SERVER_METHOD)
    context.set_min_proto_version(SSL.TLS1_2_VERSION)
    context.set_session_cache_mode(SSL.SESS_CACHE_OFF)
    context.set_options(SSL.OP_NO_RENEGOTIATION | (0 if resume else SSL.OP_NO_TICKET))
    try:
        context.use_certificate(x509.load_pem_x509_certificate(certificate_pem.encode()))
        chain = x509.load_pem_x509_certificates(chain_pem.encode()) if chain_pem.strip() else []
        for issuer in chain:
            context.add_extra_chain_cert(issuer)
        context.use_privatekey(load_pem_private_key(key_pem.encode(), None))  # type: ignore[arg-type]
        context.check_privatekey()
    except (SSL.Error, TypeError):
        raise ValueError("certificate and private key do not belong together") from None
    return context


def _host(name: str) -> str:
    return name.strip().rstrip(".").lower()
