"""Private keys of deployed certificates, sealed with AES-GCM, so that a rollback can restore them.

The sealing key is the setting seal_key, or a file of its own under GCTRUST_HOME, mode 0600: never
in the database. A sealed key is bound to its domain and certificate, and forgotten when no
rollback can need it any more.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from ...errors import Problem, ProblemKind, ProblemType
from ...ports import Clock
from ...secret import Secret
from ..files import SEALED as SCHEME
from ..own_files import write_own
from ..store.schema import SEALED
from ..store.store import Store

LEAST = 32  # characters of a seal_key: fewer could be guessed

NOT_KEPT = ProblemType(
    code="sealed.not-kept",
    sentence="No key is kept sealed for this certificate.",
    why="Only keys that gctrust deployed are kept, and only while a rollback can need them.",
    fix="Deploy the certificate from its files: `gctrust tls deploy`.",
    source="docs/decisions/sealed-keys.md",
)
NOT_OPENED = ProblemType(
    code="sealed.not-opened",
    sentence="The sealed key cannot be opened.",
    why="It was sealed with another sealing key, or the store was changed.",
    fix="Set GCTRUST_SEAL_KEY (or restore seal.key) as it was at the deployment.",
    source="NIST SP 800-38D",
)
WEAK = ProblemType(
    code="sealed.weak-key",
    sentence="The sealing key is too short.",
    why="Whoever has the database could guess it, and open every key that is kept.",
    fix="Set GCTRUST_SEAL_KEY to at least 32 random characters, or leave it unset.",
    kind=ProblemKind.USAGE,
    source="docs/decisions/sealed-keys.md",
)
PROBLEMS = (NOT_KEPT, NOT_OPENED, WEAK)


@dataclass(frozen=True, slots=True)
class Kept:
    """A deployed certificate whose key is kept. `at`: when it was last deployed, Unix seconds."""

    domain: str
    leaf_sha256: str
    at: float

    @property
    def reference(self) -> str:
        return SCHEME + self.leaf_sha256


class SealedKeys:
    """`key_file` is made when the first key is sealed and `given` is None. Raises Problem store.*
    from every method."""

    def __init__(self, store: Store, clock: Clock, key_file: Path, given: Secret | None) -> None:
        self.store, self._clock, self._file, self._given = store, clock, key_file, given

    def keep(self, domain: str, leaf_sha256: str, certificates: str, key: Secret) -> None:
        """Seal the PEM key beside its certificates. Kept already: it is now the newest.

        Raises Problem sealed.weak-key, home.unwritable.
        """
        nonce = os.urandom(12)
        bound = _bound(domain, leaf_sha256)
        octets = AESGCM(self._key(make=True)).encrypt(nonce, key.reveal().encode(), bound)
        of = {"domain": domain, "leaf": leaf_sha256, "certificates": certificates}
        at = self._clock.now()
        with self.store.write() as connection:
            self.store.put(connection, SEALED, nonce=nonce, octets=octets, at=at, **of)

    def kept(self, domain: str) -> tuple[Kept, ...]:
        """Newest first."""
        query = sa.select(SEALED.c.leaf, SEALED.c.at).where(SEALED.c.domain == domain)
        with self.store.read() as connection:
            rows = connection.execute(query.order_by(SEALED.c.at.desc())).all()
        return tuple(Kept(domain, row.leaf, row.at) for row in rows)

    def bundle(self, reference: str) -> bytes:
        """Certificates and key, PEM, of a reference "sealed:LEAF".

        Raises Problem sealed.not-kept, sealed.not-opened.
        """
        leaf = reference.removeprefix(SCHEME)
        with self.store.read() as connection:
            row = connection.execute(sa.select(SEALED).where(SEALED.c.leaf == leaf)).first()
        if row is None:
            raise Problem(NOT_KEPT, {"leaf_sha256": leaf[:64]})
        try:
            bound = _bound(row.domain, leaf)
            key = AESGCM(self._key(make=False)).decrypt(row.nonce, row.octets, bound)
        except InvalidTag:
            raise Problem(NOT_OPENED, {"domain": row.domain, "leaf_sha256": leaf}) from None
        return str(row.certificates).encode() + key

    def opens(self, domain: str, leaf_sha256: str) -> bool:
        """The key is kept, and the sealing key at hand opens it: a rollback can restore it."""
        if all(one.leaf_sha256 != leaf_sha256 for one in self.kept(domain)):
            return False
        try:
            return bool(self.bundle(SCHEME + leaf_sha256))
        except Problem as problem:
            if problem.type not in (NOT_KEPT, NOT_OPENED, WEAK):
                raise
            return False

    def forget(self, domain: str, but: Iterable[str]) -> None:
        """No rollback will need the others any more."""
        others = sa.and_(SEALED.c.domain == domain, SEALED.c.leaf.not_in(tuple(but)))
        with self.store.write() as connection:
            connection.execute(sa.delete(SEALED).where(others))

    def _key(self, *, make: bool) -> bytes:
        if self._given is not None:
            if len(self._given.reveal()) < LEAST:
                raise Problem(WEAK, {"characters": len(self._given.reveal()), "least": LEAST})
            return _derived(self._given.reveal().encode())
        if make and not self._file.exists():
            write_own(self._file, os.urandom(32).hex().encode())
        try:
            return _derived(self._file.read_bytes())
        except OSError as error:
            facts = {"path": str(self._file), "seen": error.strerror or "unreadable"}
            raise Problem(NOT_OPENED, facts) from None


def _derived(secret: bytes) -> bytes:
    """A key of 256 bits, whatever form the secret has (RFC 5869)."""
    return HKDF(SHA256(), 32, None, b"gctrust sealed key").derive(secret)


def _bound(domain: str, leaf: str) -> bytes:
    return f"{domain} {leaf}".encode()
