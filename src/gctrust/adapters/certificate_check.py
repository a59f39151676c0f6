"""Runs the certificate judge over files: brings it octets, roots, the log list and the time."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

import certifi

from ..certs.assess import CertificateReport, assess_certificate
from ..certs.bundle import read_bundle
from ..certs.path import Roots
from ..certs.transparency import shipped_logs
from ..pipelines.effects import CertificateFiles
from ..ports import Clock
from .files import read_file, read_files


class CertificateCheck:
    """Roots are those of `roots_file`, or certifi's without one; read once.

    `issuer_file` holds the CAs that may issue client certificates: anchors for those alone.
    """

    def __init__(
        self, clock: Clock, roots_file: Path | None = None, issuer_file: Path | None = None
    ) -> None:
        self._clock, self._roots_file, self._issuer_file = clock, roots_file, issuer_file

    @property
    def profile(self) -> str:
        """Given roots are a private CA's: the public web's own rules do not bind it."""
        return "private" if self._roots_file else "public"

    @cached_property
    def roots(self) -> Roots:
        """Raises Problem file.unreadable."""
        if not self._roots_file:
            return self.public_roots
        return Roots(read_files((str(self._roots_file),)).certificates)

    @cached_property
    def client_roots(self) -> Roots:
        """Raises Problem file.unreadable."""
        if not self._issuer_file:
            return self.roots
        issuers = read_files((str(self._issuer_file),)).certificates
        given = self.roots.certificates if self._roots_file else ()
        return Roots((*issuers, *given))

    @cached_property
    def public_roots(self) -> Roots:
        data = read_file(certifi.where())
        return Roots(read_bundle(data).certificates)

    def files(
        self, files: CertificateFiles, host: str, profile: str = "", at: datetime | None = None
    ) -> CertificateReport:
        """Judge the files for `host` ("" for none) at `at` (now). Raises Problem file.*."""
        bundle = read_files((files.certificate, files.key, files.chain))
        return assess_certificate(
            bundle,
            host=host or None,
            at=at or datetime.fromtimestamp(self._clock.now(), UTC),
            roots=self.client_roots if profile == "client" else self.roots,
            profile=profile or self.profile,
            logs=shipped_logs(),
        )
