"""One webhook attempt: connect to a checked address, sign, POST, say what came of it.

A name is resolved and checked when a connection is made (address_guard), so that it cannot point
elsewhere in between (SSRF). Redirects are refused: they would go round the check. Of the answer's
body nothing is kept: a receiver may echo our token.
"""

from __future__ import annotations

import asyncio
import ssl
import time
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import unquote, urlsplit

import certifi
import httpcore2
from standardwebhooks import Webhook

from ..fetch.address_guard import (
    AddressGuard,
    AddressRefused,
    GuardedBackend,
    Lookup,
    plain_host,
    system_lookup,
)
from ..genesys.pacing import read_retry_after
from .endpoint import Endpoint, Keys

AT_ONCE = 16  # connections to one endpoint
_ANSWER = 1 << 16  # octets of an answer's body that are waited for
_REST = 4.0  # seconds an idle connection is kept
_LONGEST = 86_400.0  # the longest Retry-After that is obeyed


@dataclass(frozen=True, slots=True)
class TlsSeen:
    version: str
    cipher: str
    subject: str
    not_after: str


@dataclass(frozen=True, slots=True)
class Attempt:
    """`status` is None when no answer came; `retry_after` in seconds from now."""

    status: int | None
    error: str = ""
    retry_after: float = 0.0
    seconds: float = 0.0
    tls: TlsSeen | None = None

    @property
    def accepted(self) -> bool:
        return self.status is not None and 200 <= self.status < 300 and not self.error

    @property
    def gone(self) -> bool:
        return self.status == 410


def signed_headers(
    id_: str, body: str, keys: Keys, stamp: float, content_type: str
) -> dict[str, str]:
    """Standard Webhooks: a signature by each secret that is active. Raises ValueError."""
    headers = {
        "Content-Type": content_type,
        "webhook-id": id_,
        "webhook-timestamp": str(int(stamp)),
    }
    if keys.signing:
        at = datetime.fromtimestamp(int(stamp), UTC)
        signatures = (Webhook(secret).sign(id_, at, body) for secret in keys.signing)
        headers["webhook-signature"] = " ".join(signatures)
    if keys.bearer:
        headers["Authorization"] = f"Bearer {keys.bearer}"
    return headers


class Sender:
    """The connections to one endpoint, kept between attempts."""

    def __init__(self, endpoint: Endpoint, lookup: Lookup = system_lookup) -> None:
        """Raises OSError, ssl.SSLError for files of certificate, key or roots that do not do."""
        self.endpoint = endpoint
        self.made_of = _made_of(endpoint)
        url = urlsplit(endpoint.url)
        self._login = ""
        if url.username:
            pair = f"{unquote(url.username)}:{unquote(url.password or '')}"
            self._login = "Basic " + b64encode(pair.encode()).decode("ascii")
        self._url = url._replace(netloc=url.netloc.rpartition("@")[2], fragment="").geturl()
        host = plain_host(url.hostname or "")
        guard = AddressGuard(frozenset({host} if endpoint.allow_private else ()), lookup=lookup)
        self._pool = httpcore2.AsyncConnectionPool(
            ssl_context=context_of(endpoint) if url.scheme == "https" else None,
            network_backend=GuardedBackend(guard),
            max_connections=AT_ONCE,
            keepalive_expiry=_REST,
        )

    @property
    def stale(self) -> bool:
        """Its certificate or roots were replaced on disk since."""
        return _made_of(self.endpoint) != self.made_of

    async def aclose(self) -> None:
        await self._pool.aclose()

    async def send(
        self, id_: str, body: str, keys: Keys, stamp: float, content_type: str
    ) -> Attempt:
        """POST the body once. Never raises for what a receiver or a network can do."""
        started = time.monotonic()
        try:
            headers = signed_headers(id_, body, keys, stamp, content_type)
        except ValueError:
            return Attempt(None, "the webhook secret is not base64 (whsec_...)")
        headers.setdefault("Authorization", self._login)
        attempt = await self._post(headers, body, stamp)
        return replace(attempt, seconds=time.monotonic() - started)

    async def _post(self, headers: Mapping[str, str], body: str, stamp: float) -> Attempt:
        seen: list[Attempt] = []  # the answer, once its head was read
        timeout = self.endpoint.timeout
        try:
            async with asyncio.timeout(timeout):
                octets = [(k.encode(), v.encode("ascii")) for k, v in headers.items() if v]
                async with self._pool.stream(
                    "POST", self._url, headers=octets, content=body.encode()
                ) as answer:
                    seen.append(_attempt(answer, stamp))
                    await _read(answer)
            return seen[0]
        except TimeoutError:
            error = f"no answer in {timeout:g} s"
        except AddressRefused as refused:
            error = str(refused)
        except (
            httpcore2.LocalProtocolError,
            UnicodeError,
        ):  # its text quotes the header: the token
            return Attempt(None, "a header of ours is not valid HTTP: check the webhook token")
        except (
            httpcore2.NetworkError,
            httpcore2.TimeoutException,
            httpcore2.ProtocolError,
            httpcore2.UnsupportedProtocol,
            OSError,
        ) as fault:
            error = f"{type(fault).__name__}: {fault}"[:300]
        if seen:  # an answer that breaks off may have been no answer of the receiver's at all
            return Attempt(seen[0].status, f"HTTP {seen[0].status}, then it broke off: {error}")
        return Attempt(None, error)


def _attempt(answer: httpcore2.Response, stamp: float) -> Attempt:
    status = answer.status
    error = "" if 200 <= status < 300 else f"HTTP {status}"
    if 300 <= status < 400:
        error += ": redirects are refused"
    wait = read_retry_after(_header(answer, b"retry-after"), stamp) or 0.0
    return Attempt(status, error, min(wait, _LONGEST), tls=_tls(answer))


async def _read(answer: httpcore2.Response) -> None:
    """To its end, so that the connection can be used again; a longer one is left."""
    received = 0
    async for chunk in answer.aiter_stream():
        received += len(chunk)
        if received > _ANSWER:
            return


def _header(answer: httpcore2.Response, name: bytes) -> str | None:
    found = next((value for key, value in answer.headers if key.lower() == name), None)
    return found.decode("latin-1").strip() if found is not None else None


def _tls(answer: httpcore2.Response) -> TlsSeen | None:
    stream = answer.extensions.get("network_stream")
    seen: ssl.SSLObject | None = stream.get_extra_info("ssl_object") if stream else None
    if seen is None:
        return None
    certificate = seen.getpeercert() or {}
    names = dict(pair[0] for pair in certificate.get("subject", ()) if pair)  # type: ignore[misc]
    cipher = seen.cipher()
    return TlsSeen(
        seen.version() or "",
        cipher[0] if cipher else "",
        str(names.get("commonName", "")),
        str(certificate.get("notAfter", "")),
    )


def context_of(endpoint: Endpoint) -> ssl.SSLContext:
    """Raises OSError, ssl.SSLError for files that do not do."""
    context = ssl.create_default_context(cafile=endpoint.roots or None)
    if not endpoint.roots:  # a slim image has no roots of its own
        context.load_verify_locations(certifi.where())
    if endpoint.certificate:
        context.load_cert_chain(endpoint.certificate, endpoint.key or None)
    return context


def _made_of(endpoint: Endpoint) -> tuple[object, ...]:
    files = (endpoint.certificate, endpoint.key, endpoint.roots)
    return (endpoint, *(_changed(name) for name in files if name))


def _changed(name: str) -> float:
    try:
        return Path(name).stat().st_mtime
    except OSError:
        return 0.0
