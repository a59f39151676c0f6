"""What a row of a list orders: an email domain, a certificate, a rotation of pins."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import Problem
from ..names import BadName, DomainName
from .bulk_list import BadCell, Columns, Row

if TYPE_CHECKING:
    from ..pipelines.effects import CertificateFiles
    from ..pipelines.orders import (
        CustomDomainOrder,
        EmailDomainOrder,
        Item,
        PinRotationOrder,
        RunEnd,
    )

EMAIL_DOMAINS = Columns(("domain",), ("selectors",))
CERTIFICATES = Columns(("domain", "certificate", "key"), ("chain",))
PINS = Columns(
    ("client_id", "service_id", "new_cert", "new_key", "old_cert"),
    ("old_key", "backup_cert", "backup_key"),
)


def email_domains(like: EmailDomainOrder) -> Callable[[Row], Item]:
    """`selectors` are separated by spaces; without any those of `like` count."""

    def order(row: Row) -> Item:
        names = row.cells.get("selectors", "").split()
        selectors = tuple(_name("selectors", one) for one in names) or like.selectors
        return replace(like, domain=_name("domain", row.cells["domain"]), selectors=selectors)

    return order


def certificates(like: CustomDomainOrder, folder: Path) -> Callable[[Row], Item]:
    def order(row: Row) -> Item:
        from ..pipelines.effects import CertificateFiles

        paths = (_file(row, name, folder) for name in ("certificate", "key", "chain"))
        domain = _name("domain", row.cells["domain"])
        return replace(like, domain=domain, files=CertificateFiles(*paths))

    return order


def rotations(like: PinRotationOrder, folder: Path) -> Callable[[Row], Item]:
    def order(row: Row) -> Item:
        from ..pipelines.effects import CertificateFiles

        def files(certificate: str, key: str) -> CertificateFiles:
            return CertificateFiles(_file(row, certificate, folder), _file(row, key, folder))

        return replace(
            like,
            client_id=row.cells["client_id"],
            service_id=row.cells["service_id"],
            new=files("new_cert", "new_key"),
            old=files("old_cert", "old_key"),
            backup=_file(row, "backup_cert", folder),
            backup_key=_file(row, "backup_key", folder),
        )

    return order


def _name(column: str, text: str) -> str:
    try:
        return DomainName.parse(text).text
    except BadName as error:
        raise BadCell(column, text, f"is no name: {error.reason}", "correct it") from None


def _file(row: Row, column: str, folder: Path) -> str:
    """Read here, so that no order is made of a file that is not there. Empty: none is named."""
    from ..adapters.files import read_file

    named = row.cells.get(column, "")
    if not named:
        return ""
    path = str((folder / Path(named).expanduser()).resolve())
    try:
        read_file(path)
    except Problem as problem:
        seen = str(problem.facts.get("seen", problem.type.sentence))
        raise BadCell(column, named, f"cannot be read: {seen}", "check the path") from None
    return path


def is_still(item: Item, end: RunEnd) -> bool:
    """What the run deployed is what the files hold today: a renewed file is a new order."""
    from ..adapters.credentials.rotation_files import leaf_of, pin_of
    from ..pins.spki import PinKind
    from ..pipelines.orders import CustomDomainOrder, PinRotationOrder

    try:
        match item:
            case CustomDomainOrder():
                return leaf_of(item.files).sha256 == end.summary.get("leaf_sha256")
            case PinRotationOrder():
                pin = pin_of(leaf_of(item.new), PinKind(item.kind)).base64
                return pin == end.summary.get("primaryPin")
    except Problem:
        return False
    return True
