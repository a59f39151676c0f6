"""Root certificates by name: those of this system, certifi's, or those of a file."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from pathlib import Path

import certifi

from ...certs.bundle import from_ders, read_bundle
from ...certs.path import Roots
from ...errors import Problem, ProblemType
from ..files import read_file, read_files

NO_SYSTEM_ROOTS = ProblemType(
    "roots.none-in-system",
    "This system has no root certificates where OpenSSL looks for them.",
    "Without roots no chain can be judged.",
    "Install the system's ca-certificates, or use --roots certifi or --roots FILE.",
    source="RFC 5280 section 6.1.1",
)
PROBLEMS = (NO_SYSTEM_ROOTS,)
_USUAL = (  # where distributions keep them when OpenSSL itself was built for another place
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/cert.pem",
)


def certifi_roots() -> Roots:
    """Mozilla's, as the certifi package brings them."""
    return Roots(read_bundle(read_file(certifi.where())).certificates)


def file_roots(path: Path) -> Roots:
    """Raises Problem file.*."""
    return Roots(read_files((str(path),)).certificates)


def system_roots() -> Roots:
    """What OpenSSL trusts on this machine. Raises Problem roots.none-in-system."""
    ders = ssl.create_default_context().get_ca_certs(binary_form=True)
    certificates = from_ders(ders).certificates if ders else ()
    for data in _system_files() if not certificates else ():
        certificates += read_bundle(data).certificates
    if not certificates:
        raise Problem(NO_SYSTEM_ROOTS, {"looked": ssl.get_default_verify_paths().openssl_cafile})
    return Roots(certificates)


def _system_files() -> Iterator[bytes]:
    """The hashed folder, which Python reads only name by name; else a usual bundle."""
    folder = ssl.get_default_verify_paths().capath
    hashed = sorted(Path(folder).glob("*.[0-9]")) if folder else []
    bundle = next((path for path in map(Path, _USUAL) if path.is_file()), None)
    for path in hashed or ([bundle] if bundle else []):
        yield path.read_bytes()
