"""Reads what a rotation's files say: pins, lifetimes, issuer, transparency. Nothing is typed."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path

from ...certs.bundle import Bundle
from ...certs.certificate import Certificate
from ...certs.chain import sort_bundle
from ...certs.path import PathQuestion, Roots, explore_paths
from ...certs.transparency import judge_transparency, shipped_logs
from ...errors import Problem
from ...findings import Severity
from ...pins.ownership import not_ours
from ...pins.spki import Pin, PinKind
from ...pipelines.effects import CertificateFiles
from ...pipelines.pin_effects import ClientTarget, ComputePins, PinsOfFiles
from ..files import CHANGED, UNREADABLE, Opened, read_file, read_files
from ..tls.certificate_check import CertificateCheck
from .client_switch import why_not


class RotationFiles:
    """`issuers` is the file of CAs that may issue client certificates, None for no policy.

    `webhook` tells "none", "signed", "token" or "unsigned"; `use_source` names what tells who shows
    which certificate, empty for nothing. `opened` gives a file's octets, or a sealed reference's.
    """

    def __init__(
        self,
        check: CertificateCheck,
        issuers: Path | None = None,
        *,
        webhook: Callable[[], str] = lambda: "none",
        use_source: str = "",
        opened: Opened = read_file,
    ) -> None:
        self._check, self._issuers, self.opened = check, issuers, opened
        self._webhook, self._use_source = webhook, use_source

    def read(self, effect: ComputePins, now: float) -> PinsOfFiles:
        """Raises Problem file.*."""
        kind, at = PinKind(effect.kind), datetime.fromtimestamp(now, UTC)
        new, old = (leaf_of(files, self.opened) for files in (effect.new, effect.old))
        spare = CertificateFiles(effect.backup)
        backup = leaf_of(spare, self.opened) if effect.backup else None
        old_pin = pin_of(old, kind).base64
        return PinsOfFiles(
            new=pin_of(new, kind).base64,
            old=old_pin,
            backup=pin_of(backup, kind).base64 if backup else "",
            kind=kind.value,
            new_not_before=_instant(new.not_before),
            new_not_after=_instant(new.not_after),
            old_not_before=_instant(old.not_before),
            old_not_after=_instant(old.not_after),
            same_key=new.spki == old.spki,
            issuer_paths=self._issuer_paths(effect.new, new, at),
            ct=self._transparency(effect.new, new, at),
            backup_deployed=bool(effect.backup and self._bundle(effect.backup).keys),
            backup_same_ca=bool(backup and backup.issuer == new.issuer),
            not_ours=tuple(not_ours(new.extensions.dns_names, is_ca=new.is_ca)),
            webhook=self._webhook(),
            use_source=self._use_source,
            switchable=tuple(_obstacles(effect.targets, old_pin, kind.value)),
        )

    def _issuer_paths(
        self, files: CertificateFiles, leaf: Certificate, at: datetime
    ) -> tuple[str, ...] | None:
        """Every path whose signatures verify up to a configured CA; cross-signed ones are several.

        A CA's name alone counts for nothing (RFC 5280 section 6).
        """
        if self._issuers is None:
            return None
        allowed = Roots(read_files((str(self._issuers),)).certificates)
        return self._good_paths(files, leaf, allowed, at)

    def _transparency(self, files: CertificateFiles, leaf: Certificate, at: datetime) -> str:
        if not self._good_paths(files, leaf, self._check.public_roots, at):
            return "private"
        others = sort_bundle(self._bundle(files.certificate, files.chain)).others
        issuers = (*others, *self._check.public_roots.certificates)
        issuer = next((c.spki for c in issuers if c.subject == leaf.issuer), None)
        found = judge_transparency(leaf, issuer, at=at, logs=shipped_logs(), public=True)
        return "missing" if any(f.severity >= Severity.ERROR for f in found) else "valid"

    def _good_paths(
        self, files: CertificateFiles, leaf: Certificate, roots: Roots, at: datetime
    ) -> tuple[str, ...]:
        others = sort_bundle(self._bundle(files.certificate, files.chain)).others
        question = PathQuestion(leaf, tuple(others), roots, at, client=True, web=False)
        tried, _ = explore_paths(question)
        # Dates are judged elsewhere: this asks who issued it, also before its first day.
        signed = (p for p in tried if p.trusted and all(_is_date(f.kind) for f in p.flaws))
        return tuple(" -> ".join(c.label for c in path.certificates) for path in signed)

    def _bundle(self, *paths: str) -> Bundle:
        return read_files(paths, self.opened)


def _is_date(kind: str) -> bool:
    return kind in ("expired", "not-yet")


def _obstacles(targets: tuple[ClientTarget, ...], old_pin: str, kind: str) -> Iterable[str]:
    return (why for target in targets if (why := why_not(target, old_pin, kind)))


def leaf_of(files: CertificateFiles, opened: Opened = read_file) -> Certificate:
    """The end-entity certificate of the files. Raises Problem file.*, sealed.*."""
    leaf = sort_bundle(read_files((files.certificate, files.key), opened)).leaf
    if leaf is None or leaf not in read_files((files.certificate,), opened).certificates:
        raise Problem(UNREADABLE, {"path": files.certificate, "seen": "no certificate in it"})
    return leaf


def expect(path: str, leaf: Certificate, pin: str, kind: str) -> None:
    """Compare a file with what was ordered ("" for anything). Raises Problem file.changed."""
    seen = pin_of(leaf, PinKind(kind)).base64
    if pin and seen != pin:
        raise Problem(CHANGED, {"path": path, "expected": pin, "seen": seen})


def pin_of(leaf: Certificate, kind: PinKind) -> Pin:
    return Pin.of_spki(leaf.spki) if kind is PinKind.SPKI else Pin.of_certificate(leaf.der)


def _instant(when: datetime | None) -> float:
    return when.timestamp() if when else 0.0
