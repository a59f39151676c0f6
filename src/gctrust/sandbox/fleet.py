"""Simulated clients of the mTLS edges: each holds certificate and key files, reloads them at its
own pace by the virtual clock, and keeps handshaking. What they count, a rotation must keep at 0.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from .arrivals import VirtualClock
from .mtls import SERVER_NAME

_TIMEOUT = 10.0


@dataclass(frozen=True, slots=True)
class FleetClient:
    """`reload_every` virtual seconds; 0 reloads before each handshake."""

    name: str
    certificate: Path
    key: Path
    reload_every: float = 0.0


class Met(StrEnum):
    """What a client met."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    UNREACHABLE = "unreachable"


@dataclass(frozen=True, slots=True)
class ClientCount:
    """One client's handshakes; `stale_reloads` are reloads of files that did not fit together."""

    name: str
    accepted: int
    refused: int
    unreachable: int
    stale_reloads: int


@dataclass(frozen=True, slots=True)
class FleetReport:
    clients: tuple[ClientCount, ...]

    @property
    def handshakes(self) -> int:
        return sum(c.accepted + c.refused for c in self.clients)

    @property
    def refused(self) -> int:
        return sum(c.refused for c in self.clients)

    @property
    def unreachable(self) -> int:
        return sum(c.unreachable for c in self.clients)


class Fleet:
    """All clients call all `addresses` ("host:port") in turn."""

    def __init__(
        self,
        clock: VirtualClock,
        addresses: Sequence[str],
        clients: Sequence[FleetClient],
        roots_pem: str,
        server_name: str = SERVER_NAME,
    ) -> None:
        self._addresses = list(addresses)
        self._members = [_Member(clock, client, roots_pem, server_name) for client in clients]
        self._left = 0

    async def run(
        self, at_most: int, *, stop: asyncio.Event | None = None, pause: float = 0.0
    ) -> FleetReport:
        """Handshake until `at_most` were tried by all together, or until `stop` is set.

        `pause` is in real seconds, after each handshake of each client.
        """
        self._left = at_most
        ended = stop or asyncio.Event()
        await asyncio.gather(
            *(self._call(member, turn, ended, pause) for turn, member in enumerate(self._members))
        )
        return self.report()

    def report(self) -> FleetReport:
        """The counts so far, also while `run` goes on."""
        return FleetReport(tuple(member.count() for member in self._members))

    async def _call(self, member: _Member, turn: int, stop: asyncio.Event, pause: float) -> None:
        while self._left > 0 and not stop.is_set():
            self._left -= 1
            await member.handshake(self._addresses[turn % len(self._addresses)])
            turn += 1
            await asyncio.sleep(pause)


class _Member:
    def __init__(
        self, clock: VirtualClock, client: FleetClient, roots_pem: str, server_name: str
    ) -> None:
        self._clock = clock
        self._client = client
        self._roots = roots_pem
        self._server_name = server_name
        self._loaded: ssl.SSLContext | None = None
        self._reload_at = 0.0
        self._met: Counter[Met] = Counter()
        self._stale = 0

    def count(self) -> ClientCount:
        met = self._met
        return ClientCount(
            self._client.name,
            met[Met.ACCEPTED],
            met[Met.REFUSED],
            met[Met.UNREACHABLE],
            self._stale,
        )

    def _context(self) -> ssl.SSLContext:
        """The files as last loaded. A half-swapped pair is left alone until the next turn."""
        now = self._clock.now()
        if self._loaded is not None and now < self._reload_at:
            return self._loaded
        self._reload_at = now + self._client.reload_every
        fresh = ssl.create_default_context(cadata=self._roots)
        # The host's wall clock is not the sandbox's: dates would be judged by the wrong one.
        fresh.verify_flags |= _NO_CHECK_TIME
        try:
            fresh.load_cert_chain(self._client.certificate, self._client.key)
        except (ssl.SSLError, OSError):
            self._stale += 1
            if self._loaded is None:
                raise
            return self._loaded
        self._loaded = fresh
        return fresh

    async def handshake(self, address: str) -> None:
        context = self._context()
        host, _, port = address.rpartition(":")
        try:
            async with asyncio.timeout(_TIMEOUT):
                self._met[await self._talk(context, host, int(port))] += 1
        except TimeoutError:
            self._met[Met.UNREACHABLE] += 1

    async def _talk(self, context: ssl.SSLContext, host: str, port: int) -> Met:
        try:
            reader, writer = await asyncio.open_connection(
                host, port, ssl=context, server_hostname=self._server_name
            )
        except (ssl.SSLError, ConnectionResetError, BrokenPipeError):
            return Met.REFUSED  # TLS 1.2 learns it here
        except OSError:
            return Met.UNREACHABLE
        try:
            # TLS 1.3 learns it here: an acceptance, an alert, or the end (RFC 8446 section 4.4.4).
            return Met.ACCEPTED if await reader.read(1) else Met.REFUSED
        except OSError:
            return Met.REFUSED
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()


_NO_CHECK_TIME = 0x200000  # X509_V_FLAG_NO_CHECK_TIME, which ssl does not name
