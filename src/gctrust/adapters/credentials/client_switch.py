"""Switches a client's certificate: its files swapped, then its reload command, without a shell.

Each file is replaced atomically; where certificate and key are one file, both are. What stood there
is kept beside, readable by its owner only, so that the way back needs nothing else.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import stat
from pathlib import Path

from ...certs.chain import sort_bundle
from ...certs.key import same_key
from ...errors import Problem, ProblemType, Retry
from ...pins.spki import Pin
from ...pipelines.pin_effects import ClientTarget, SwitchClient, Switched
from ...pipelines.pin_rollback import KEPT
from ..files import CHANGED, read_file, read_files

NOT_SWITCHED = ProblemType(
    "pins.client-not-switched",
    "A client's files could not be replaced.",
    "The folder is not writable, or the disk is full.",
    "Check the folder's permissions; the rotation goes back when it cannot switch the client.",
    retry=Retry.LATER,
    source="POSIX rename(2)",
)
NOT_RELOADED = ProblemType(
    "pins.client-not-reloaded",
    "A client's reload command failed.",
    "Its files hold the new certificate, the client may still show the old one: both are pinned.",
    "Run the command by hand and correct what it says; it must end with 0 in time.",
    retry=Retry.LATER,
    source="RFC 8705 section 6.3",
)
PROBLEMS = (NOT_SWITCHED, NOT_RELOADED)

OWNER_ONLY = 0o600
SHOWN = 300  # octets of the end of what a failing command said
LAST_WORDS = 0.5  # seconds to read them, when it has ended


async def switch(effect: SwitchClient) -> Switched:
    """Look, swap, reload. Done again after a crash it swaps nothing twice.

    Raises Problem pins.client-not-switched, pins.client-not-reloaded, file.*.
    """
    target = effect.target
    try:
        changed = await asyncio.to_thread(_swap, target, effect)
    except OSError as error:
        seen = error.strerror or type(error).__name__
        raise Problem(NOT_SWITCHED, {"client": target.name, "seen": seen}) from None
    if target.reload:
        await _reload(target)
    return Switched(effect.pin, changed, bool(target.reload))


def why_not(target: ClientTarget, old_pin: str, kind: str) -> str:
    """Why this client could not be switched and brought back; empty when it can."""
    try:
        live = _leaf_pin(target.certificate, target.key, kind)
    except Problem as problem:
        return f"{target.name}: {problem.code}, {problem.facts.get('seen', 'unreadable')}"
    kept = _held(target.certificate + KEPT, target.key + KEPT, kind)
    if old_pin not in (live, kept):
        return f"{target.name} holds another certificate than the old one"
    # Where a link points is where its file is replaced; what is kept lies beside the link.
    given = [Path(target.certificate), Path(target.key)]
    folders = dict.fromkeys(path.parent for path in (*given, *(p.resolve() for p in given)))
    closed = [str(folder) for folder in folders if not os.access(folder, os.W_OK)]
    return f"{target.name}: {closed[0]} is not writable" if closed else ""


def _pair(effect: SwitchClient) -> tuple[bytes, bytes]:
    """What to write, compared with what was ordered. Raises Problem file.changed."""
    files = effect.files
    found = _leaf_pin(files.certificate, files.key, effect.kind)
    if found != effect.pin:
        raise Problem(CHANGED, {"path": files.certificate, "seen": "another certificate"})
    certificate, key = read_file(files.certificate), read_file(files.key)
    if files.chain:
        certificate = certificate.rstrip(b"\n") + b"\n" + read_file(files.chain)
    return certificate, key


def _swap(target: ClientTarget, effect: SwitchClient) -> bool:
    held = _held(target.certificate, target.key, effect.kind)
    if held == effect.pin:
        return False
    certificate, key = _pair(effect)
    if target.certificate == target.key:
        same = effect.files.certificate == effect.files.key
        new = {target.key: key if same else certificate.rstrip(b"\n") + b"\n" + key}
    else:
        new = {target.key: key, target.certificate: certificate}
    # A pair that does not fit is what a crash left between two files: the one before it is kept.
    for path in new if effect.keep and held else ():
        replace_file(Path(path + KEPT), read_file(path))
    for path, data in new.items():
        replace_file(Path(path), data)
    return True


def _held(certificate: str, key: str, kind: str) -> str:
    """The pin of a pair that fits together, empty for any other."""
    try:
        return _leaf_pin(certificate, key, kind)
    except Problem:
        return ""


def replace_file(path: Path, data: bytes, mode: int = OWNER_ONLY) -> None:
    """In one step, with the mode that was there; `mode` is a new file's. Raises OSError."""
    if path.exists():
        mode = stat.S_IMODE(path.stat().st_mode)
    _write(path.resolve(), data, mode)


def _write(path: Path, data: bytes, mode: int) -> None:
    fresh = path.with_name(f".{path.name}.new")
    fresh.unlink(missing_ok=True)
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, OWNER_ONLY)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(data)
        os.fchmod(stream.fileno(), mode)
        stream.flush()
        os.fsync(stream.fileno())
    fresh.replace(path)


async def _reload(target: ClientTarget) -> None:
    facts = {"client": target.name, "command": target.reload[0]}
    words = _LastWords()
    try:
        process = await _started(target.reload, words)
    except OSError as error:
        raise Problem(NOT_RELOADED, {**facts, "seen": error.strerror or "not started"}) from None
    try:
        async with asyncio.timeout(target.timeout):
            await process.wait()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(words.over.wait(), LAST_WORDS)
    except TimeoutError:
        raise Problem(NOT_RELOADED, {**facts, "seen": f"no end in {target.timeout} s"}) from None
    finally:
        words.close()
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)  # with what it started itself
            await process.wait()
    if process.returncode:
        seen = f"exit code {process.returncode}: {words.said.decode('utf-8', 'replace')}"
        raise Problem(NOT_RELOADED, {**facts, "seen": seen})


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


def _leaf_pin(certificate: str, key: str, kind: str) -> str:
    """The pin of the certificate of the one file, whose key is in the other. Raises Problem file.*:
    a pair the wrong way round is none, for it would be written the wrong way round."""
    leaf = sort_bundle(read_files((certificate, key))).leaf
    keys = read_files((key,)).keys
    fits = leaf is not None and any(same_key(leaf, one) for one in keys)
    if leaf is None or not fits or leaf not in read_files((certificate,)).certificates:
        raise Problem(CHANGED, {"path": certificate, "seen": "no certificate with its key"})
    pin = Pin.of_spki(leaf.spki) if kind == "spki" else Pin.of_certificate(leaf.der)
    return pin.base64
