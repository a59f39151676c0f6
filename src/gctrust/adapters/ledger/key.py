"""The ledger's signing key: made at first start, beside the store and never in it.

A rotation writes the next key to a file of its own first. Whichever of the two signed the newest
checkpoint is the key, so a crash between the ledger's commit and the renaming loses nothing.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from ...errors import Problem, ProblemType
from .signed_note import Signer, VerifierKey, open_note

KEY_LOST = ProblemType(
    code="ledger.key-lost",
    sentence="The ledger's signing key is missing or unreadable.",
    why="Entries signed with another key would hide whatever happened to the earlier ones.",
    fix="Put the key file back from a backup, or start a new store in another GCTRUST_HOME.",
    source="c2sp.org/signed-note",
)
PROBLEMS = (KEY_LOST,)

ROTATED = "ledger.key-rotated"  # the action of the entry that names the next key


def endorsement(following: VerifierKey) -> bytes:
    """What the old key signs when a new one takes over."""
    return f"gctrust ledger key\n{following}\n".encode()


class KeyFile:
    """Raises Problem ledger.key-lost."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def _next(self) -> Path:
        return self.path.with_name(f"{self.path.name}.next")

    def signer(self, origin: str, note: str | None) -> Signer:
        """The key that signed `note`; a new one when there is neither a note nor a key."""
        if not self.path.exists():
            if note is not None:
                raise Problem(KEY_LOST, {"path": str(self.path), "seen": "no such file"})
            _written(self.path, Ed25519PrivateKey.generate())
        signer = Signer(origin, _read(self.path))
        if note is None or open_note(note, signer.verifier):
            return signer
        if self._next.exists():
            following = Signer(origin, _read(self._next))
            if open_note(note, following.verifier):
                self.turn(following.verifier)
        return Signer(origin, _read(self.path))  # as it is now: another process may have turned it

    def prepare(self, origin: str) -> Signer:
        """The next key, on disk before anything is signed with it."""
        self._next.unlink(missing_ok=True)
        _written(self._next, Ed25519PrivateKey.generate())
        return Signer(origin, _read(self._next))

    def turn(self, following: VerifierKey) -> None:
        """The next key is the key from here on; unless another process has turned it already,
        and perhaps prepared one more. The old one signs nothing any more."""
        with suppress(FileNotFoundError):
            if _raw(self._next) == following.raw:
                self._next.replace(self.path)


def _raw(path: Path) -> bytes:
    """The public half. Raises FileNotFoundError, and Problem ledger.key-lost."""
    path.stat()
    return VerifierKey.of("", _read(path)).raw


def _read(path: Path) -> Ed25519PrivateKey:
    try:
        key = load_pem_private_key(path.read_bytes(), None)
    except (OSError, ValueError, TypeError):
        key = None
    if not isinstance(key, Ed25519PrivateKey):
        raise Problem(KEY_LOST, {"path": str(path), "seen": "no readable Ed25519 key"})
    return key


def _written(path: Path, key: Ed25519PrivateKey) -> None:
    """Whole or not at all; when another process was quicker, its key is the key."""
    text = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    part = path.with_name(f"{path.name}.{os.getpid()}")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as out:
        out.write(text)
        os.fsync(out.fileno())
    try:
        os.link(part, path)
    except FileExistsError:
        pass
    finally:
        part.unlink()
