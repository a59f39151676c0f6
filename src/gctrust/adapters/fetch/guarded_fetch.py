"""Fetches what a certificate points at: CRLs, OCSP answers, issuers; and the list of CT logs.

Such URLs are the certificate's, not ours, so nothing about them is trusted: the scheme, the address
(address_guard), the size, the time and the redirects are bounded, and a failure is a value.
"""

from __future__ import annotations

import asyncio
import ssl
import zlib
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

import httpcore2

from .address_guard import AddressGuard, AddressRefused, GuardedBackend

MAX_URL = 2048
_REDIRECTS = (301, 302, 303, 307, 308)
_MOST_REDIRECTS = 3


@dataclass(frozen=True, slots=True)
class Fetched:
    """`failure` is empty when `body` is what the server has there."""

    url: str
    body: bytes = b""
    failure: str = ""
    status: int = 0

    @property
    def ok(self) -> bool:
        return not self.failure


@dataclass(frozen=True, slots=True)
class Limits:
    """Octets of a body as sent and as decoded, and seconds for everything."""

    octets: int = 1 << 20
    seconds: float = 10.0


class _TooMuch(Exception):
    pass


class GuardedFetch:
    """`schemes` are those a URL may have: BR demands http of CRL, OCSP and AIA (section 7.1.2)."""

    def __init__(self, guard: AddressGuard, *, roots: str | None = None) -> None:
        """`roots`: a PEM file to verify https with; None: httpcore2's default."""
        self._guard = guard
        self._context = ssl.create_default_context(cafile=roots) if roots else None

    async def get(
        self, url: str, limits: Limits = Limits(), *, schemes: tuple[str, ...] = ("http",)
    ) -> Fetched:
        """GET; up to three redirects, each under the same rules. Never raises for the network."""
        return await self._fetch("GET", url, b"", "", limits, schemes)

    async def post(
        self, url: str, body: bytes, content_type: str, limits: Limits = Limits()
    ) -> Fetched:
        """POST over http; redirects are refused."""
        return await self._fetch("POST", url, body, content_type, limits, ("http",))

    async def _fetch(
        self,
        method: str,
        url: str,
        content: bytes,
        content_type: str,
        limits: Limits,
        schemes: tuple[str, ...],
    ) -> Fetched:
        headers = [(b"User-Agent", b"gctrust"), (b"Accept-Encoding", b"identity")]
        if content_type:
            headers.append((b"Content-Type", content_type.encode("ascii")))
        try:
            async with asyncio.timeout(limits.seconds):
                return await self._follow(method, url, headers, content, limits, schemes)
        except TimeoutError:
            return Fetched(url, failure=f"no whole answer in {limits.seconds:g} s")
        except _TooMuch:
            return Fetched(url, failure=f"the answer is larger than {limits.octets} octets")
        except (AddressRefused, ValueError) as refused:
            return Fetched(url, failure=str(refused)[:200])
        except (httpcore2.NetworkError, httpcore2.TimeoutException, OSError) as error:
            return Fetched(url, failure=f"not reached: {error or type(error).__name__}"[:200])
        except httpcore2.ProtocolError as error:
            return Fetched(url, failure=f"the answer is no HTTP: {error}"[:200])

    async def _follow(
        self,
        method: str,
        url: str,
        headers: list[tuple[bytes, bytes]],
        content: bytes,
        limits: Limits,
        schemes: tuple[str, ...],
    ) -> Fetched:
        at = url
        backend = GuardedBackend(self._guard)
        async with httpcore2.AsyncConnectionPool(
            ssl_context=self._context, network_backend=backend, max_keepalive_connections=0
        ) as pool:
            for _ in range(_MOST_REDIRECTS + 1):
                target = checked_url(at, schemes)
                sent = content if method == "POST" else None
                async with pool.stream(method, target, headers=headers, content=sent) as answer:
                    if answer.status in _REDIRECTS and method == "GET":
                        at = urljoin(at, _header(answer, b"location"))
                        continue
                    if answer.status != 200:
                        return Fetched(url, failure=f"HTTP {answer.status}", status=answer.status)
                    return Fetched(url, await _body(answer, limits.octets), status=200)
        raise ValueError(f"more than {_MOST_REDIRECTS} redirects")


def checked_url(url: str, schemes: tuple[str, ...]) -> str:
    """The URL, when it is one to fetch. Raises ValueError."""
    if len(url) > MAX_URL or any(ord(c) <= 32 or ord(c) > 126 for c in url):
        raise ValueError("the URL is too long, or has characters that no URL has")
    parts = urlsplit(url)
    if parts.scheme not in schemes:
        raise ValueError(f"its scheme is {parts.scheme or 'missing'}, not {' or '.join(schemes)}")
    if parts.username is not None or not parts.hostname:
        raise ValueError("the URL has a user name, or no host")
    if parts.port == 0:
        raise ValueError("port 0 is no port")
    return parts._replace(fragment="").geturl()


def _header(answer: httpcore2.Response, name: bytes) -> str:
    values = (value for key, value in answer.headers if key.lower() == name)
    return next(values, b"").decode("latin-1").strip()


async def _body(answer: httpcore2.Response, most: int) -> bytes:
    """At most `most` octets, decoded too: a few octets of gzip can stand for gigabytes."""
    decode = _decoder(_header(answer, b"content-encoding").lower())
    body = bytearray()
    received = 0
    async for chunk in answer.aiter_stream():
        received += len(chunk)
        body += decode.decompress(chunk, most + 1 - len(body)) if decode else chunk
        if received > most or len(body) > most or (decode and decode.unconsumed_tail):
            raise _TooMuch
    if decode and not decode.eof:
        raise ValueError("the answer's compression is broken off")
    return bytes(body)


class _Inflate:
    """zlib with its errors as ValueError."""

    def __init__(self) -> None:
        self._zlib = zlib.decompressobj(wbits=47)  # gzip or zlib, told by the header

    @property
    def unconsumed_tail(self) -> bytes:
        return self._zlib.unconsumed_tail

    @property
    def eof(self) -> bool:
        return self._zlib.eof

    def decompress(self, data: bytes, most: int) -> bytes:
        try:
            return self._zlib.decompress(data, max(1, most))
        except zlib.error:
            raise ValueError("the answer's compression is broken") from None


def _decoder(encoding: str) -> _Inflate | None:
    if encoding in ("", "identity"):
        return None
    if encoding in ("gzip", "x-gzip", "deflate"):
        return _Inflate()
    raise ValueError(f"the answer has the encoding {encoding[:20]!r}, which was not asked for")
