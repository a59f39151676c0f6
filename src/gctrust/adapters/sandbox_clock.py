"""The clock of a sandbox on this machine, asked over its API."""

from __future__ import annotations

import asyncio
import http.client
import json
import threading
import time
from dataclasses import dataclass
from urllib.parse import urlsplit

from ..errors import Fact, Problem
from .genesys.problems import ANSWER_UNREADABLE, UNREACHABLE
from .genesys.regions import PlatformAddress

_POLL_SECONDS = 0.05
_SANDBOX_TIMEOUT = 5.0
_OLDEST = 0.25  # seconds a reading is good for while the clock runs steadily; a jump waits so long,
_FURTHEST = 10.0  # and virtual seconds: a clock that was stopped since is not run ahead of by more
_LATE = 1.0  # seconds for which an answer may be on its way; more is a jump


@dataclass(frozen=True, slots=True)
class Reading:
    """What the clock showed `at` (monotonic), and its `rate`, 0 while it stands.

    `steady` when the reading before foretold it: only then can the next seconds be told.
    """

    at: float
    shown: float
    rate: float = 0.0
    steady: bool = False

    def then(self, at: float, shown: float, rate: float) -> Reading:
        foretold = self.shown + (at - self.at) * self.rate
        agrees = rate == self.rate and abs(shown - foretold) <= rate * _LATE
        if agrees and not self.steady and at - self.at < _POLL_SECONDS:
            return self  # too soon to tell whether it goes on so
        return Reading(at, shown, rate, agrees)

    def tell(self, at: float) -> float | None:
        """The time `at`, None when it has to be asked for."""
        age = at - self.at
        if self.steady and age < _OLDEST and age * self.rate < _FURTHEST:
            return self.shown + age * self.rate
        return None


class SandboxClock:
    """The virtual time of a sandbox on this machine: read now and then, told by its rate between.

    A jump is noticed with the next reading, within a quarter second; who makes it calls `jumped`.
    Reading takes about a millisecond and blocks that long; any thread may ask.
    """

    def __init__(self, platform: PlatformAddress) -> None:
        """Raises ValueError for a platform that is not on a loopback address."""
        if not platform.loopback:
            raise ValueError("only a sandbox on this machine has a clock to follow")
        parts = urlsplit(platform.api)
        self._host, self._port = parts.hostname or "", parts.port or 80
        self._connection: http.client.HTTPConnection | None = None
        self._lock = threading.Lock()
        self._reading = Reading(0.0, 0.0)

    def now(self) -> float:
        """Raises Problem genesys.unreachable, genesys.answer-unreadable."""
        with self._lock:
            told = self._reading.tell(time.monotonic())
            return self._ask() if told is None else told

    def jumped(self) -> None:
        """Forget what was read: the clock was set."""
        with self._lock:
            self._reading = Reading(0.0, 0.0)

    async def sleep_until(self, at: float) -> None:
        while self.now() < at:  # noqa: ASYNC110 - the sandbox tells no one of its time
            await asyncio.sleep(_POLL_SECONDS)

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
        shown, rate = _read(answer)
        # Marked when the answer has come: told times are behind the sandbox's, never before them.
        self._reading = self._reading.then(time.monotonic(), shown, rate)
        return shown

    def _get(self) -> bytes:
        if self._connection is None:
            self._connection = http.client.HTTPConnection(
                self._host, self._port, timeout=_SANDBOX_TIMEOUT
            )
        self._connection.request("GET", "/sandbox/clock")
        return self._connection.getresponse().read()


def _read(answer: bytes) -> tuple[float, float]:
    """What it shows, and its rate."""
    try:
        told = json.loads(answer)
        shown, rate = told["now"], told["rate"]
        if any(isinstance(one, bool) or not isinstance(one, int | float) for one in (shown, rate)):
            raise TypeError
    except (ValueError, KeyError, TypeError):
        facts: dict[str, Fact] = {"operation": "sandbox clock"}
        hint = "The platform URL is a loopback address, but no gctrust sandbox answers there."
        raise Problem(ANSWER_UNREADABLE, facts, hint) from None
    return float(shown), float(rate)
