"""The flags of `gctrust check cert`: which files it reads, and whom it asks about them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from ..errors import Problem
from .pin import UNREADABLE, read_file

Profile = Literal["public", "private", "client"]
_FLAG = Parameter(negative="")


@Parameter(name="*")
@dataclass(frozen=True, slots=True, kw_only=True)
class FileFlags:
    """What is judged, and beside what."""

    cert: Path
    "The certificate: PEM, DER, PKCS#12 or PKCS#7; several in one file are sorted out."
    key: Path | None = None
    "The private key that belongs to it."
    chain: Path | None = None
    "The intermediate certificates."
    key_passphrase_file: Annotated[str, Parameter(allow_leading_hyphen=True)] = ""
    (
        'The file with the passphrase of the key or of PKCS#12, "-" for standard input '
        "(also: GCTRUST_KEY_PASSPHRASE, GCTRUST_KEY_PASSPHRASE_FILE)."
    )
    weak_keys: Annotated[tuple[str, ...], _FLAG] = ()
    (
        "A list of compromised keys: SHA-256 of public keys, or Debian's openssl-blacklist, "
        "a line each; repeat for several."
    )
    diff: Path | None = None
    "The certificate that serves now: say what changes."

    def refuse_unreadable(self, roots: Path | None) -> None:
        """A wrong path is told before anything else is done; opening a fifo would wait for ever.
        Raises Problem file.*."""
        for path in (self.cert, self.key, self.chain, self.diff, roots):
            if path is not None:
                if path.is_fifo():
                    raise Problem(UNREADABLE, {"path": str(path), "seen": "it is no regular file"})
                read_file(path)


@Parameter(name="*")
@dataclass(frozen=True, slots=True, kw_only=True)
class AskFlags:
    """Without any of them nothing is asked of the network."""

    revocation: Annotated[bool, _FLAG] = False
    "Fetch CRLs and ask OCSP responders whether it is revoked."
    complete: Annotated[bool, _FLAG] = False
    "Fetch intermediates that are missing from where the certificate says they are."
    dns: Annotated[bool, _FLAG] = False
    "Ask DNS whether CAA allows the issuer, and whether TLSA fits."
    allow_fetch: Annotated[tuple[str, ...], _FLAG] = ()
    "A host that may be fetched from though its address is not public; repeat for several."

    @property
    def any(self) -> bool:
        return self.dns or self.complete or self.revocation
