"""C2SP signed notes and checkpoints: what a tree's size and root were, and who signed it.

Formats: c2sp.org/signed-note, c2sp.org/tlog-checkpoint and c2sp.org/tlog-proof.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

_ED25519 = b"\x01"
_SIGNATURE = "— "
_PROOF = "c2sp.org/tlog-proof@v1"


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A tree of `size` entries of the log `origin` had this root."""

    origin: str
    size: int
    root: bytes

    @property
    def body(self) -> str:
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """Who may have signed: a name and an Ed25519 key, and their text form."""

    name: str
    raw: bytes

    @classmethod
    def of(cls, name: str, key: Ed25519PrivateKey) -> VerifierKey:
        return cls(name, key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw))

    @classmethod
    def parse(cls, text: str) -> VerifierKey:
        """Raises ValueError."""
        name, id_, key = text.strip().split("+", 2)
        raw = base64.b64decode(key, validate=True)
        if raw[:1] != _ED25519 or len(raw) != 33:
            raise ValueError("only Ed25519 keys are known")
        found = cls(name, raw[1:])
        if found.id.hex() != id_:
            raise ValueError("the key's id is not that of its octets")
        return found

    @property
    def id(self) -> bytes:
        return hashlib.sha256(self.name.encode() + b"\n" + _ED25519 + self.raw).digest()[:4]

    def __str__(self) -> str:
        return f"{self.name}+{self.id.hex()}+{base64.b64encode(_ED25519 + self.raw).decode()}"

    def verified(self, text: bytes, signature: bytes) -> bool:
        try:
            Ed25519PublicKey.from_public_bytes(self.raw).verify(signature, text)
        except (InvalidSignature, ValueError):
            return False
        return True


class Signer:
    """A private key under a name. Its id is computed once: it signs at every commit."""

    def __init__(self, name: str, key: Ed25519PrivateKey) -> None:
        self.verifier = VerifierKey.of(name, key)
        self._key, self._id = key, self.verifier.id

    def sign(self, text: bytes) -> bytes:
        return self._key.sign(text)

    def note(self, checkpoint: Checkpoint) -> str:
        body = checkpoint.body
        blob = base64.b64encode(self._id + self._key.sign(body.encode())).decode()
        return f"{body}\n{_SIGNATURE}{self.verifier.name} {blob}\n"


def read_checkpoint(note: str) -> Checkpoint:
    """What a note claims, unverified. Raises ValueError."""
    origin, size, root, *_ = note.split("\n")
    if not (size.isascii() and size.isdigit()):
        raise ValueError("the second line is no tree size")
    return Checkpoint(origin, int(size), base64.b64decode(root, validate=True))


def open_note(note: str, key: VerifierKey) -> Checkpoint | None:
    """The checkpoint in a note that `key` signed for the log of its name; None when it did not.

    Signatures of other keys, such as witnesses', are passed over (signed-note, "Format").
    """
    body, _, signatures = note.rpartition("\n\n")
    *lines, end = signatures.split("\n")
    for line in lines if not end else ():
        name, _, blob_text = line.removeprefix(_SIGNATURE).partition(" ")
        try:
            blob = _octets(blob_text)
            checkpoint = read_checkpoint(body + "\n")
        except ValueError:
            continue
        if not line.startswith(_SIGNATURE) or name != key.name or blob[:4] != key.id:
            continue
        if checkpoint.origin == key.name and key.verified(f"{body}\n".encode(), blob[4:]):
            return checkpoint
    return None


def _octets(text: str) -> bytes:
    """Of the one base64 that they have: no changed bit of it is idle. Raises ValueError."""
    octets = base64.b64decode(text, validate=True)
    if base64.b64encode(octets).decode() != text:
        raise ValueError("another base64 says the same")
    return octets


@dataclass(frozen=True, slots=True)
class InclusionProof:
    """That the entry `index` is in the tree of the note's checkpoint.

    `extra` is the entry's octets, so that the proof stands alone; only its leaf hash makes it true.
    """

    index: int
    path: Sequence[bytes]
    note: str
    extra: bytes = b""

    def __str__(self) -> str:
        extra = f"extra {base64.b64encode(self.extra).decode()}\n" if self.extra else ""
        hashes = "".join(f"{base64.b64encode(hash_).decode()}\n" for hash_ in self.path)
        return f"{_PROOF}\n{extra}index {self.index}\n{hashes}\n{self.note}"

    @classmethod
    def parse(cls, text: str) -> InclusionProof:
        """Raises ValueError."""
        head, gap, note = text.partition("\n\n")
        first, *lines = head.split("\n")
        if first != _PROOF or not gap:
            raise ValueError(f"it does not begin with {_PROOF}")
        extra = b""
        if lines and lines[0].startswith("extra "):
            extra = _octets(lines.pop(0).removeprefix("extra "))
        word, _, index = lines.pop(0).partition(" ") if lines else ("", "", "")
        if word != "index" or not (index.isascii() and index.isdigit()):
            raise ValueError("the line with the index is missing")
        path = [_octets(line) for line in lines]
        return cls(int(index), path, note, extra)


@dataclass(frozen=True, slots=True)
class ConsistencyProof:
    """That a tree of `old` entries begins the note's (RFC 6962 section 2.1.2)."""

    old: int
    path: Sequence[bytes]
    note: str
