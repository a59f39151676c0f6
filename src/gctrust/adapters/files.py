"""Reads certificate and key files into a Bundle: bounded, never a directory, a device or a fifo."""

from __future__ import annotations

import ssl
import stat
from collections.abc import Callable, Iterable
from pathlib import Path

from ..certs.bundle import MAX_BYTES, Bundle, read_bundles
from ..certs.certificate import Certificate
from ..errors import Fact, Problem, ProblemKind, ProblemType

UNREADABLE = ProblemType(
    "file.unreadable",
    "A file cannot be read.",
    "Its path is wrong, it is no regular file, or this user may not read it.",
    "Check the path and its permissions.",
    kind=ProblemKind.USAGE,
    source="POSIX open(2)",
)
TOO_LARGE = ProblemType(
    "file.too-large",
    "A file is larger than any certificate bundle.",
    "A bundle of certificates has some tens of kilobytes.",
    "Give the file with the certificate, its chain or its key.",
    kind=ProblemKind.USAGE,
    source="RFC 7468 section 5; docs/guides/deploying.md",
)
CHANGED = ProblemType(
    "file.changed",
    "A file no longer holds what the run was ordered with.",
    "The certificate or the key was replaced on disk while the run was under way.",
    "Put the file back and resume the run, or cancel it and order a new one.",
    source="docs/guides/deploying.md",
)
PROBLEMS = (UNREADABLE, TOO_LARGE, CHANGED)

SEALED = "sealed:"  # a reference that stands in for a path, and names a sealed key


def read_file(path: str, limit: int = MAX_BYTES) -> bytes:
    """The octets of a regular file. Raises Problem file.unreadable or file.too-large."""
    facts: dict[str, Fact] = {"path": path}
    try:
        found = Path(path).expanduser()
        status = found.stat()
        if not stat.S_ISREG(status.st_mode):
            kind = "a directory" if stat.S_ISDIR(status.st_mode) else "no regular file"
            raise Problem(UNREADABLE, {**facts, "seen": f"it is {kind}"})
        if status.st_size > limit:
            raise Problem(TOO_LARGE, {**facts, "octets": status.st_size, "limit": limit})
        return found.read_bytes()
    except (OSError, RuntimeError, ValueError) as error:
        seen = getattr(error, "strerror", None) or str(error)
        raise Problem(UNREADABLE, {**facts, "seen": seen}) from None


Opened = Callable[[str], bytes]  # the octets that a path, or a reference in its place, stands for


def read_files(paths: Iterable[str], opened: Opened = read_file) -> Bundle:
    """Every certificate and key of the files, each file once; "" is passed over. Raises Problem."""
    named = [path for path in dict.fromkeys(paths) if path]
    return read_bundles([(path, opened(path)) for path in named])


def pem_of(certificates: Iterable[Certificate]) -> str:
    """PEM text, one block after another."""
    return "".join(ssl.DER_cert_to_PEM_cert(certificate.der) for certificate in certificates)
