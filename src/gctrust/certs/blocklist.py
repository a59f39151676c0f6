"""Blocklist: public keys known to be compromised, read from lists that operators keep.

A line is the SHA-256 of a SubjectPublicKeyInfo (64 hexadecimal digits), or an entry of Debian's
openssl-blacklist: the last 20 digits of the SHA-1 of "Modulus=HEX" and a line end.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

from ..keys import PublicKey

_SPKI = re.compile(r"[0-9a-f]{64}\Z")
_DEBIAN = re.compile(r"[0-9a-f]{20}\Z")


@dataclass(frozen=True, slots=True)
class Blocklist:
    """`debian` says whether a Debian list was given, even an empty one; `ignored` counts lines."""

    spki_sha256: frozenset[bytes] = frozenset()
    moduli: frozenset[str] = frozenset()
    debian: bool = False
    ignored: int = 0

    def lists(self, key: PublicKey) -> str:
        """Which list holds the key, in words; empty when none does."""
        if key.spki_sha256 in self.spki_sha256:
            return "the key is on the list of compromised keys"
        if key.modulus and self.moduli and _debian_digits(key.modulus) in self.moduli:
            return "the key is one of Debian's predictable keys of 2006 to 2008 (CVE-2008-0166)"
        return ""

    def plus(self, other: Blocklist) -> Blocklist:
        return Blocklist(
            self.spki_sha256 | other.spki_sha256,
            self.moduli | other.moduli,
            self.debian or other.debian,
            self.ignored + other.ignored,
        )


def _debian_digits(modulus: int) -> str:
    text = f"Modulus={modulus:X}\n".encode("ascii")
    return hashlib.sha1(text, usedforsecurity=False).hexdigest()[20:]


def read_blocklist(data: bytes) -> Blocklist:
    """Never raises: lines that are neither form are counted; '#' starts a comment."""
    digests: set[bytes] = set()
    moduli: set[str] = set()
    ignored = 0
    for line in data.decode("utf-8", "replace").splitlines():
        text = line.partition("#")[0].strip().lower().replace(":", "")
        if _SPKI.match(text):
            digests.add(bytes.fromhex(text))
        elif _DEBIAN.match(text):
            moduli.add(text)
        elif text:
            ignored += 1
    return Blocklist(frozenset(digests), frozenset(moduli), bool(moduli), ignored)
