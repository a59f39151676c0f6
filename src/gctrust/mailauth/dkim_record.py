"""The DKIM key record: its tags and its public key as frozen data (RFC 6376 section 3.6.1)."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from functools import lru_cache

from gctrust.keys import BadKey, PublicKey

from .tag_list import TagList, parse_tag_list


@dataclass(frozen=True, slots=True)
class DkimKey:
    """A parsed key record.

    `key_type` is what k= says, "rsa" without it. `key` is None when p= is absent, empty or cannot
    be read, and then `key_fault` says why; `mismatch` says what the data is when it is not what k=
    says. `hashes`, `services` and `flags` are empty where the tag is absent (which allows all).
    """

    text: str
    tags: TagList
    key_type: str
    key: PublicKey | None
    key_fault: str = ""
    mismatch: str = ""
    hashes: tuple[str, ...] = ()
    services: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()

    @property
    def is_revoked(self) -> bool:
        return self.tags.get("p") == ""

    @property
    def is_usable(self) -> bool:
        """Whether a verifier gets a key for mail out of it."""
        version_ok = "v" not in self.tags or (
            self.tags.tags[0].name == "v" and self.tags.tags[0].value == "DKIM1"
        )
        services_ok = not self.services or bool({"*", "email"} & set(self.services))
        hashes_ok = not self.hashes or "sha256" in self.hashes  # RFC 8301 section 3.1
        return (
            self.key is not None
            and not (self.key.kind == "rsa" and self.key.bits < 1024)  # RFC 8301 section 3.2
            and hashes_ok
            and not self.mismatch
            and version_ok
            and services_ok
            and not self.tags.faults
            and not self.tags.duplicates
        )


@lru_cache(maxsize=256)
def parse_dkim_key(data: bytes) -> DkimKey:
    """Parse the joined text of a TXT record. Never raises."""
    tags = parse_tag_list(data)
    key_type = "rsa" if (said := tags.get("k")) is None else said
    key: PublicKey | None = None
    fault = mismatch = ""
    published = tags.get("p")
    if published:
        try:
            octets = key_octets(published)
            mismatch = _mismatch(key_type, octets)
            key = None if mismatch else read_key(key_type, octets)
        except BadKey as error:
            fault = str(error)
    return DkimKey(
        data.decode("latin-1"), tags, key_type, key, fault, mismatch,
        _words(tags, "h"), _words(tags, "s"), _words(tags, "t"),
    )  # fmt: skip


def key_octets(published: str) -> bytes:
    """The octets behind p=; blanks within are allowed (RFC 6376 section 3.6.1). Raises BadKey."""
    text = "".join(published.split())
    for at, character in enumerate(text):
        if not (character.isascii() and (character.isalnum() or character in "+/=")):
            raise BadKey(f"{character!r} at place {at + 1} of p= is no base64")
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        reason = "the base64 ends early or its padding is wrong"
        raise BadKey(f"{reason} ({len(text)} characters)") from None


def read_key(key_type: str, octets: bytes) -> PublicKey | None:
    """The key of that type, None for a type that does not exist. Raises BadKey."""
    if key_type == "ed25519":
        return PublicKey.from_ed25519_raw(octets)
    if key_type != "rsa":
        return None
    try:
        return PublicKey.from_spki_der(octets)
    except BadKey as first:
        try:  # the RFC's text asks for RSAPublicKey, its examples are SubjectPublicKeyInfo
            return PublicKey.from_rsa_der(octets)
        except BadKey:
            raise BadKey(str(first)) from None


def _mismatch(key_type: str, octets: bytes) -> str:
    """What the data is when k= says something else, empty when it may be what k= says."""
    if key_type == "rsa" and len(octets) == 32:
        return "the key has the 32 octets of an Ed25519 key"
    if key_type not in ("rsa", "ed25519") or (key_type == "ed25519" and len(octets) == 32):
        return ""
    for read in (PublicKey.from_spki_der, PublicKey.from_rsa_der):
        try:
            kind = read(octets).kind
        except BadKey:
            continue
        if key_type == "ed25519" and kind == "ed25519":
            return "the 32 octets are wrapped in a SubjectPublicKeyInfo, which Ed25519 must not be"
        return "" if kind == key_type else f"the key is of the kind {kind}"
    return ""


def _words(tags: TagList, name: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in (tags.get(name) or "").split(":") if word.strip())
