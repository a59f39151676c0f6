"""The machine gctrust runs on: the clock (or the sandbox's), new ids, and where secrets lie."""

from __future__ import annotations

import asyncio
import getpass
import os
import time
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import TextIO

from ..errors import Fact, Problem
from ..ports import Clock
from ..secret import Secret
from ..settings.problems import BAD_VALUE, MISSING, UNREADABLE_FILE
from .genesys.regions import PlatformAddress


class SystemClock:
    """This machine's time."""

    def now(self) -> float:
        return time.time()

    async def sleep_until(self, at: float) -> None:
        # In slices: a laptop that slept, or a corrected clock, is noticed within a minute.
        while (left := at - self.now()) > 0:  # noqa: ASYNC110 - no event tells the time
            await asyncio.sleep(min(left, 60.0))


def clock_for(platform: PlatformAddress | None) -> Clock:
    """The sandbox's clock for a sandbox, else this machine's."""
    if platform is None or not platform.loopback:
        return SystemClock()
    from .sandbox_clock import SandboxClock

    return SandboxClock(platform)


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


def os_actor() -> str:
    """Who runs this process, as the ledger names it."""
    try:
        return f"os:{getpass.getuser()}"
    except (KeyError, OSError):
        return f"os:uid-{os.getuid()}"
