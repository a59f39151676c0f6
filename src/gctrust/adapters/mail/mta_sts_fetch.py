"""Fetches the policy file of MTA-STS as senders do (RFC 8461 section 3.3): HTTPS, no redirects.

The address comes from the domain's owner, who may be hostile: it is checked (address_guard), and
octets and seconds are bounded. A failure is a value.
"""

from __future__ import annotations

import asyncio
import ssl
from dataclasses import dataclass, replace

import httpcore2

from ...mailauth.looks import PolicyFile
from ...mailauth.questions import Answer, Status
from ..fetch.address_guard import AddressGuard, AddressRefused, GuardedBackend

PATH = "/.well-known/mta-sts.txt"


@dataclass(frozen=True, slots=True)
class PolicyLimits:
    """Section 3.3 suggests 64 KB and one minute; half a look's time is all we give."""

    octets: int = 65_536
    seconds: float = 10.0


class _TooMuch(Exception):
    pass


class PolicyFetch:
    """`roots` is a PEM file to verify the certificate with, None: what httpcore2 brings."""

    def __init__(
        self,
        guard: AddressGuard,
        *,
        roots: str | None = None,
        port: int = 443,
        limits: PolicyLimits = PolicyLimits(),
    ) -> None:
        self._guard, self._port, self._limits = guard, port, limits
        self._roots = roots
        self._context: ssl.SSLContext | None = None

    async def look(self, host: str, addresses: tuple[str, ...]) -> Answer:
        """What is at https://HOST/.well-known/mta-sts.txt, at one of its addresses."""

        async def known(_host: str, _port: int) -> list[str]:
            return list(addresses)

        backend = GuardedBackend(replace(self._guard, lookup=known))
        try:
            async with asyncio.timeout(self._limits.seconds):
                file = await self._get(host, backend)
        except (TimeoutError, httpcore2.TimeoutException):
            return Answer(Status.TIMEOUT, server=addresses[0])
        except _TooMuch:
            file = PolicyFile(fault=f"it is larger than {self._limits.octets} octets")
        except AddressRefused as refused:
            file = PolicyFile(fault=str(refused))
        except (httpcore2.NetworkError, httpcore2.ProtocolError, OSError) as error:
            file = PolicyFile(fault=_why(error))
        return Answer(Status.FOUND, (file,), server=addresses[0])

    async def _get(self, host: str, backend: GuardedBackend) -> PolicyFile:
        if self._context is None and self._roots is not None:
            self._context = ssl.create_default_context(cafile=self._roots)
        authority = host if self._port == 443 else f"{host}:{self._port}"
        headers = [(b"User-Agent", b"gctrust"), (b"Accept-Encoding", b"identity")]
        async with (
            httpcore2.AsyncConnectionPool(
                ssl_context=self._context, network_backend=backend, max_keepalive_connections=0
            ) as pool,
            pool.stream("GET", f"https://{authority}{PATH}", headers=headers) as answer,
        ):
            found = {key.lower(): value for key, value in reversed(answer.headers)}
            media_type = found.get(b"content-type", b"").decode("latin-1")
            body = bytearray()
            async for chunk in answer.aiter_stream():
                body += chunk
                if len(body) > self._limits.octets:
                    raise _TooMuch
            return PolicyFile(answer.status, media_type[:200], bytes(body))


def _why(error: BaseException) -> str:
    """The reason in words: httpcore2 hides what ssl and the socket said behind its own errors."""
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, ssl.SSLCertVerificationError):
            return f"its certificate does not verify: {seen.verify_message}"[:200]
        if isinstance(seen, ssl.SSLError):
            return f"the TLS handshake fails: {seen.reason or seen}"[:200]
        if isinstance(seen, ConnectionRefusedError):
            return "nothing listens there for HTTPS"
        seen = seen.__cause__ or seen.__context__
    return f"no HTTP answer: {error or type(error).__name__}"[:200]
