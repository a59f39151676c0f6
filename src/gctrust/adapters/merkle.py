"""RFC 6962 Merkle tree hashes and C2SP signed notes: the ledger without its SQL."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

EMPTY_ROOT = hashlib.sha256(b"").digest()


def leaf_hash(entry: bytes) -> bytes:
    """RFC 6962 section 2.1: the prefix keeps leaves and nodes apart."""
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def grown(
    index: int, leaf: bytes, stored: Callable[[int, int], bytes]
) -> Iterator[tuple[int, int, bytes]]:
    """The complete subtrees that leaf number `index` brings: (level, index, hash), leaf first."""
    level, hash_ = 0, leaf
    yield level, index, hash_
    while index & 1:
        hash_ = node_hash(stored(level, index - 1), hash_)
        level, index = level + 1, index >> 1
        yield level, index, hash_


def root(size: int, stored: Callable[[int, int], bytes]) -> bytes:
    """The tree's root out of its complete subtrees, one for each bit of `size`."""
    hash_: bytes | None = None
    for level in range(size.bit_length()):
        if size >> level & 1:
            left = stored(level, (size >> level) - 1)
            hash_ = left if hash_ is None else node_hash(left, hash_)
    return EMPTY_ROOT if hash_ is None else hash_


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a signed note says: a tree of `size` entries had this root (C2SP tlog-checkpoint)."""

    origin: str
    size: int
    root: bytes

    @property
    def body(self) -> str:
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"


def _key_id(name: str, public: Ed25519PublicKey) -> bytes:
    raw = public.public_bytes(Encoding.Raw, PublicFormat.Raw)
    return hashlib.sha256(name.encode() + b"\n\x01" + raw).digest()[:4]


def verifier_key(name: str, public: Ed25519PublicKey) -> str:
    """The note verifier key: name, key id and key, as C2SP signed-note writes it."""
    raw = public.public_bytes(Encoding.Raw, PublicFormat.Raw)
    key = base64.b64encode(b"\x01" + raw).decode()
    return f"{name}+{_key_id(name, public).hex()}+{key}"


def sign_note(checkpoint: Checkpoint, key: Ed25519PrivateKey) -> str:
    name = checkpoint.origin
    blob = _key_id(name, key.public_key()) + key.sign(checkpoint.body.encode())
    return f"{checkpoint.body}\n— {name} {base64.b64encode(blob).decode()}\n"


def open_note(note: str, name: str, public: Ed25519PublicKey) -> Checkpoint | None:
    """The checkpoint in a note signed by `public` under `name`; None when it is not."""
    body, gap, signatures = note.partition("\n\n— ")
    origin, _, rest = body.partition("\n")
    size, _, root_text = rest.partition("\n")
    signer, _, blob_text = signatures.rstrip("\n").partition(" ")
    try:
        blob = base64.b64decode(blob_text, validate=True)
        checkpoint = Checkpoint(origin, int(size), base64.b64decode(root_text, validate=True))
        if not gap or signer != name or origin != name or blob[:4] != _key_id(name, public):
            return None
        public.verify(blob[4:], f"{body}\n".encode())
    except (ValueError, InvalidSignature):
        return None
    return checkpoint
