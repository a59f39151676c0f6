"""Truststore writers: the CAs by which a client verifies the platform, as PEM bundle and for nginx.

For hosts whose key is not ours, a CA is trusted and no leaf is pinned: their owner changes the key.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from ...certs.certificate import Certificate
from ...errors import Problem, ProblemKind, ProblemType
from ..files import pem_of, read_files
from .client_switch import replace_file

NOT_AN_AUTHORITY = ProblemType(
    "pins.not-an-authority",
    "A certificate given for the trust store is no CA's.",
    "Trusting a leaf pins a key that its owner may change at any time.",
    "Give the certificate of the CA that issued it.",
    kind=ProblemKind.USAGE,
    source="RFC 5280 section 4.2.1.9",
)
NOT_WRITTEN = ProblemType(
    "pins.trust-not-written",
    "The trust store cannot be written.",
    "The folder is missing or not writable, or the disk is full.",
    "Check the path and its permissions.",
    kind=ProblemKind.USAGE,
    source="POSIX rename(2)",
)
PROBLEMS = (NOT_AN_AUTHORITY, NOT_WRITTEN)

READABLE_BY_ALL = 0o644


def authorities_of(paths: Iterable[Path]) -> tuple[Certificate, ...]:
    """Every CA of the files, each once. Raises Problem file.*, pins.not-an-authority."""
    found = tuple(dict.fromkeys(read_files(str(path) for path in paths).certificates))
    for certificate in found:
        if not certificate.is_ca:
            raise Problem(NOT_AN_AUTHORITY, {"seen": certificate.label})
    if not found:
        raise Problem(NOT_AN_AUTHORITY, {"seen": "no certificate"})
    return found


def write_bundle(path: Path, authorities: Sequence[Certificate]) -> None:
    """Each CA under its name as a comment. Raises Problem pins.trust-not-written."""
    blocks = (f"# {one.subject_text}\n{pem_of((one,))}" for one in authorities)
    _write(path, "\n".join(blocks))


def write_nginx(path: Path, bundle: Path) -> None:
    """Directives for a `location` that proxies to the platform: verified by the bundle alone."""
    quoted = str(bundle.resolve()).replace("\\", "\\\\").replace('"', '\\"')
    _write(
        path,
        f'proxy_ssl_trusted_certificate "{quoted}";\n'
        "proxy_ssl_verify on;\nproxy_ssl_verify_depth 4;\nproxy_ssl_server_name on;\n",
    )


def _write(path: Path, text: str) -> None:
    try:
        replace_file(path, text.encode("utf-8"), READABLE_BY_ALL)
    except OSError as error:
        seen = error.strerror or type(error).__name__
        raise Problem(NOT_WRITTEN, {"path": str(path), "seen": seen}) from None
