"""Switches a client's certificate: its files swapped, then its reload command, without a shell.

Each file is replaced atomically; where certificate and key are one file, both are. What stood there
is kept beside, readable by its owner only, so that the way back needs nothing else.
"""

from __future__ import annotations

import asyncio
import os
import stat
from pathlib import Path

from ...certs.chain import sort_bundle
from ...certs.key import same_key
from ...errors import Problem, ProblemType, Retry
from ...pins.spki import Pin
from ...pipelines.pin_effects import ClientTarget, SwitchClient, Switched
from ...pipelines.pin_rollback import KEPT
from ..files import CHANGED, read_file, read_files
from ..reload_command import failure_of

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
    if seen := await failure_of(target.reload, target.timeout):
        facts = {"client": target.name, "command": target.reload[0], "seen": seen}
        raise Problem(NOT_RELOADED, facts)


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
