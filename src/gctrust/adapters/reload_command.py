"""Runs a user's reload command: an argument vector, no shell, no input, ended with its children."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal

SHOWN = 300  # octets of the end of what a failing command said
LAST_WORDS = 0.5  # seconds to read them, when it has ended


async def failure_of(command: tuple[str, ...], patience: float) -> str:
    """What went wrong, empty when it ended with 0 in time."""
    words = _LastWords()
    try:
        process = await _started(command, words)
    except OSError as error:
        return error.strerror or "not started"
    try:
        async with asyncio.timeout(patience):
            await process.wait()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LAST_WORDS):
                    await words.over.wait()
    except TimeoutError:
        return f"no end in {patience} s"
    finally:
        words.close()
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)  # with what it started itself
            await process.wait()
    said = words.said.decode("utf-8", "replace")
    return f"exit code {process.returncode}: {said}" if process.returncode else ""


class _LastWords(asyncio.Protocol):
    """The end of what a command says. Not asyncio's own pipe to it: that waits until whatever the
    command left running has closed its end too."""

    def __init__(self) -> None:
        self.said, self.over = bytearray(), asyncio.Event()
        self._pipe: asyncio.BaseTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._pipe = transport

    def data_received(self, data: bytes) -> None:
        self.said += data[-SHOWN:]
        del self.said[:-SHOWN]

    def connection_lost(self, exc: Exception | None) -> None:
        self.over.set()

    def close(self) -> None:
        if self._pipe is not None:
            self._pipe.close()


async def _started(command: tuple[str, ...], words: _LastWords) -> asyncio.subprocess.Process:
    """Raises OSError."""
    ours, its = os.pipe()
    stream = os.fdopen(ours, "rb", 0)
    await asyncio.get_running_loop().connect_read_pipe(lambda: words, stream)
    try:
        return await asyncio.create_subprocess_exec(
            *command, stdin=asyncio.subprocess.DEVNULL, stdout=its, stderr=its,
            start_new_session=True,
        )  # fmt: skip
    except OSError:
        words.close()
        raise
    finally:
        os.close(its)
