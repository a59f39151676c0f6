"""The clock of a sandbox on this machine, asked over its API."""

from __future__ import annotations

import asyncio
import http.client
import json
import threading
import time
from urllib.parse import urlsplit

from ..errors import Fact, Problem
from .genesys.problems import ANSWER_UNREADABLE, UNREACHABLE
from .genesys.regions import PlatformAddress

_POLL_SECONDS = 0.05
_SANDBOX_TIMEOUT = 5.0


class SandboxClock:
    """The virtual time of a sandbox on this machine, asked anew each time: it may jump or freeze.

    Asking takes about a millisecond and blocks that long; any thread may ask.
    """

    def __init__(self, platform: PlatformAddress) -> None:
        """Raises ValueError for a platform that is not on a loopback address."""
        if not platform.loopback:
            raise ValueError("only a sandbox on this machine has a clock to follow")
        parts = urlsplit(platform.api)
        self._host, self._port = parts.hostname or "", parts.port or 80
        self._connection: http.client.HTTPConnection | None = None
        self._lock = threading.Lock()
        self._sample = (0.0, 0.0)  # when looked at (monotonic), what it showed

    def now(self) -> float:
        """Raises Problem genesys.unreachable, genesys.answer-unreadable."""
        with self._lock:
            return self._ask()

    async def sleep_until(self, at: float) -> None:
        while self._recent() < at:  # noqa: ASYNC110 - the sandbox tells no one of its time
            await asyncio.sleep(_POLL_SECONDS)

    def _recent(self) -> float:
        """A sample that many sleepers share, at most one poll old."""
        with self._lock:
            looked_at, shown = self._sample
            fresh = time.monotonic() - looked_at < _POLL_SECONDS
            return shown if fresh else self._ask()

    def _ask(self) -> float:
        try:
            answer = self._get()
        except (OSError, http.client.HTTPException):
            # The kept connection may have been closed while idle: once more on a new one.
            self._connection = None
            try:
                answer = self._get()
            except (OSError, http.client.HTTPException) as error:
                self._connection = None
                facts: dict[str, Fact] = {
                    "operation": "sandbox clock",
                    "host": f"http://{self._host}:{self._port}",
                    "seen": f"{type(error).__name__}: {error}",
                }
                hint = "Start the sandbox again, or name another platform."
                raise Problem(UNREACHABLE, facts, hint) from None
        shown = _read_now(answer)
        self._sample = (time.monotonic(), shown)
        return shown

    def _get(self) -> bytes:
        if self._connection is None:
            self._connection = http.client.HTTPConnection(
                self._host, self._port, timeout=_SANDBOX_TIMEOUT
            )
        self._connection.request("GET", "/sandbox/clock")
        return self._connection.getresponse().read()


def _read_now(answer: bytes) -> float:
    try:
        shown = json.loads(answer)["now"]
        if isinstance(shown, bool) or not isinstance(shown, int | float):
            raise TypeError
    except (ValueError, KeyError, TypeError):
        facts: dict[str, Fact] = {"operation": "sandbox clock"}
        hint = "The platform URL is a loopback address, but no gctrust sandbox answers there."
        raise Problem(ANSWER_UNREADABLE, facts, hint) from None
    return float(shown)
