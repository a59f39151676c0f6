"""Blocklist: public keys known to be compromised, read from lists that operators keep.

A line is the SHA-256 of a SubjectPublicKeyInfo (64 hexadecimal digits), or an entry of Debian's
openssl-blacklist: the last 20 digits of the SHA-1 of "Modulus=HEX" and a line end.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

from ..keys import PublicKey

# Keys whose private half is printed in a standard, by SPKI digest: they are tried first by anyone.
PUBLISHED = {
    "cd543d56f646059af4890457776dfdce49314088cd092b1274f62b5d4a595736": "RFC 8946",
    "a1e9156054e04fac899ae9f275132cdc07a5dbc4ea2c2ad3a1ffc6e0d253681f": "RFC 8410",
    "b2b04340cfaee616ec9c2c62d261b208e54bb197498df52e8cadede23ac0ba5e": "RFC 9500",
    "ad32320cf6c596d884b05381ba573aba8ddd5749b4de8f4a23a79f9a89ddaeb2": "RFC 7517",
    "2bd1bb0c44a897c30a7aa0991cde38d8062fe441de50da0f46825344f602e827": "RFC 7517",
    "06e3fd8fda29bb60ab59557de61edb0aecdb231134be30e75b455f8e1b792fa9": "RFC 8037",
    "4cebf02cf648a32441326ee9556100a8949cc9715c83c90a32da145d72157c42": "RFC 6605",
}
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
        if key.spki_sha256.hex() in PUBLISHED:
            return f"its private half is printed in {PUBLISHED[key.spki_sha256.hex()]}"
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
