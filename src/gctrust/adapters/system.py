"""The machine gctrust runs on: the clock (or the sandbox's), new ids, and where secrets lie."""

from __future__ import annotations

import asyncio
import http.client
import json
import threading
import time
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import TextIO
from urllib.parse import urlsplit

from ..errors import Fact, Problem
from ..ports import Clock
from ..secret import Secret
from ..settings.problems import BAD_VALUE, MISSING, UNREADABLE_FILE
from .genesys.problems import ANSWER_UNREADABLE, UNREACHABLE
from .genesys.regions import PlatformAddress

_POLL_SECONDS = 0.05
_SANDBOX_TIMEOUT = 5.0


class SystemClock:
    """This machine's time."""

    def now(self) -> float:
        return time.time()

    async def sleep_until(self, at: float) -> None:
        # In slices: a laptop that slept, or a corrected clock, is noticed within a minute.
        while (left := at - self.now()) > 0:  # noqa: ASYNC110 - no event tells the time
            await asyncio.sleep(min(left, 60.0))


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


def clock_for(platform: PlatformAddress | None) -> Clock:
    """The sandbox's clock for a sandbox, else this machine's."""
    return SandboxClock(platform) if platform and platform.loopback else SystemClock()


class RandomIds:
    """Ids of runs and deliveries."""

    def new(self) -> str:
        return str(uuid.uuid4())


class SecretSources:
    """Reads secrets by reference: "env:NAME", "file:PATH", a bare path, or "stdin:" (also "-").

    A reference may be stored; what it leads to never is. Standard input is read once and kept.
    """

    def __init__(self, environ: Mapping[str, str], stdin: TextIO) -> None:
        self._environ, self._stdin = environ, stdin
        self._typed: Secret | None = None

    def read(self, reference: str) -> Secret:
        """Raises Problem config.missing, config.unreadable-file or config.bad-value."""
        kind, colon, name = reference.partition(":")
        if reference == "-" or (colon and kind == "stdin"):
            return self._read_stdin()
        if colon and kind == "env":
            return self._read_environ(name)
        if colon and kind in ("keyring", "sealed"):
            hint = "Use env:NAME, file:PATH or stdin: instead."
            raise Problem(BAD_VALUE, {"setting": "secret source", "seen": kind}, hint)
        return _read_file(Path(name if colon and kind == "file" else reference))

    def _read_environ(self, name: str) -> Secret:
        value = self._environ.get(name, "")
        if not value:
            raise Problem(MISSING, {"setting": name}, f"Set {name} in the environment.")
        return Secret(value)

    def _read_stdin(self) -> Secret:
        if self._typed is None:
            self._typed = Secret(self._stdin.read().rstrip("\r\n"))
        if not self._typed:
            raise Problem(MISSING, {"setting": "stdin"}, "Pipe the secret to standard input.")
        return self._typed


def _read_file(path: Path) -> Secret:
    try:
        return Secret(path.expanduser().read_text("utf-8"))
    except (OSError, UnicodeDecodeError, RuntimeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        facts: dict[str, Fact] = {"path": str(path), "seen": reason}
        raise Problem(UNREADABLE_FILE, facts) from None
