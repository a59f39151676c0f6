"""Certificates and keys that an order brings along, or names: sealed at once, or looked up by name.

A key that comes with an order is sealed before anything else is done with it, under the order's
identity, and forgotten when no run can need it any more. A name is a folder that whoever runs the
service put under GCTRUST_HOME/handed-in; no path is ever taken from an order.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from ...certs.bundle import PrivateKey, read_bundles
from ...certs.chain import sort_bundle
from ...certs.key import same_key
from ...errors import Fact, Problem, ProblemKind, ProblemType
from ...pipelines.effects import CertificateFiles
from ...secret import Secret
from ..files import SEALED as SCHEME
from ..files import pem_of
from ..store.schema import SEALED
from .sealed import SealedKeys

NOT_A_PAIR = ProblemType(
    "order.not-a-pair",
    "The certificate and the key of the order are no pair.",
    "Something cannot be read, is missing, is encrypted, or belongs to another certificate.",
    "Send the certificate, its unencrypted key and its chain as PEM, each in its own field.",
    kind=ProblemKind.USAGE,
    source="RFC 7468",
)
NO_SUCH_NAME = ProblemType(
    "order.no-such-name",
    "No certificate of this name was put where the service looks.",
    "A name is a folder under GCTRUST_HOME/handed-in with certificate.pem and key.pem.",
    "Have the folder made where the service runs, or send the PEM with the order.",
    kind=ProblemKind.USAGE,
    source="docs/reference/service.md",
)
PROBLEMS = (NOT_A_PAIR, NO_SUCH_NAME)

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_OWNER = "order "  # in place of a domain: no name has a space
_PUBLIC = ".public"  # a certificate without its key


@dataclass(frozen=True, slots=True)
class Pem:
    """What an order brought along. Its key prints as nothing."""

    certificate: str
    key: Secret | None = None
    chain: str = ""


@dataclass(frozen=True, slots=True)
class Sealable:
    """Read and found to belong together."""

    name: str
    certificates: str
    key: Secret

    @property
    def files(self) -> CertificateFiles:
        """What an order says in their place."""
        reference = SCHEME + self.name
        return CertificateFiles(reference, "" if self.name.endswith(_PUBLIC) else reference)


class HandedIn:
    """`folder` holds the certificates that orders may name."""

    def __init__(self, sealed: SealedKeys, folder: Path) -> None:
        self._sealed, self._folder = sealed, folder

    def read(self, pem: Pem, field: str) -> Sealable:
        """Nothing is stored yet. Raises Problem order.not-a-pair."""
        parts = ((field, pem.certificate), (f"{field}.chain", pem.chain))
        read = [(name, text.encode()) for name, text in parts if text]
        first = sort_bundle(read_bundles(read[:1])).leaf
        if pem.key is not None:
            read.append((f"{field}.key", pem.key.reveal().encode()))
        bundle = read_bundles(read)
        leaf = sort_bundle(bundle).leaf
        if leaf is None or first is None or leaf.sha256 != first.sha256:
            raise Problem(NOT_A_PAIR, {"field": field, "seen": "no end-entity certificate in it"})
        key = next((one for one in bundle.keys if same_key(leaf, one)), None)
        if (pem.key is not None and key is None) or len(bundle.keys) > 1:
            raise Problem(NOT_A_PAIR, {"field": field, "seen": "no key of this certificate"})
        rest = (one for one in bundle.certificates if one.sha256 != leaf.sha256)
        name = leaf.sha256 + ("" if key else _PUBLIC)
        return Sealable(name, pem_of((leaf, *rest)), _pem(key))

    def seal(self, identity: str, things: Iterable[Sealable]) -> None:
        """For the runs of this order. Raises Problem sealed.weak-key, store.*."""
        for one in things:
            self._sealed.keep(_OWNER + identity, one.name, one.certificates, one.key)

    def named(self, name: str, *, with_key: bool) -> CertificateFiles:
        """Raises Problem order.no-such-name."""
        folder = self._folder / name
        parts = [folder / part for part in ("certificate.pem", "key.pem", "chain.pem")]
        found = _NAME.fullmatch(name) is not None and parts[0].is_file()
        if not found or (with_key and not parts[1].is_file()):
            facts: dict[str, Fact] = {"name": name[:64]}
            raise Problem(NO_SUCH_NAME, facts)
        return CertificateFiles(*(str(part) if part.is_file() else "" for part in parts))

    def forget(self, over: Callable[[str, float], bool]) -> int:
        """Drop what no run can need: `over` is told an identity and when its key was sealed."""
        store = self._sealed.store
        query = sa.select(SEALED.c.domain, SEALED.c.leaf, SEALED.c.at)
        with store.read() as connection:
            rows = connection.execute(query.where(SEALED.c.domain.startswith(_OWNER))).all()
        gone = [(r.domain, r.leaf) for r in rows if over(r.domain[len(_OWNER) :], r.at)]
        self._drop(gone)
        return len(gone)

    def _drop(self, rows: Iterable[tuple[str, str]]) -> None:
        for domain, leaf in rows:
            mine = sa.and_(SEALED.c.domain == domain, SEALED.c.leaf == leaf)
            with self._sealed.store.write() as connection:
                connection.execute(sa.delete(SEALED).where(mine))


def _pem(key: PrivateKey | None) -> Secret:
    if key is None:
        return Secret("")
    octets = key.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return Secret(octets.decode())
