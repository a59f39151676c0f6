"""What the ledger says of its sealed beginning, and the archive files that hold it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from ..store.schema import LEDGER
from .exported import read_export
from .rows import Row

SEALED = "ledger.sealed"  # the action of the entry that names an archive


@dataclass(frozen=True, slots=True)
class SealedEntry:
    """Entries `first` to `end - 1` were moved to the file of this name and SHA-256."""

    first: int
    end: int
    file: str
    sha256: str

    def __str__(self) -> str:
        return f"{self.first} {self.end} {self.sha256} {self.file}"

    @classmethod
    def parse(cls, text: str) -> SealedEntry:
        """Raises ValueError."""
        first, end, sha256, file = text.split(" ", 3)
        return cls(int(first), int(end), file, sha256)


@dataclass(frozen=True, slots=True)
class Beginning:
    """The newest entry about sealing: all archives so far, and the keys turned within them."""

    end: int
    archives: tuple[str, ...]
    rotations: tuple[str, ...]

    @property
    def parts(self) -> tuple[SealedEntry, ...]:
        return tuple(SealedEntry.parse(text) for text in self.archives)


@dataclass(frozen=True, slots=True)
class Archive:
    """A file as it was read: its rows may be damaged."""

    path: str
    sha256: str
    first: int
    rows: tuple[Row, ...]


def sealed_in(connection: sa.Connection, origin: str) -> Beginning | None:
    """None when nothing was sealed, or when what says so cannot be read."""
    query = sa.select(LEDGER.c.entry).where(LEDGER.c.entity == origin, LEDGER.c.action == SEALED)
    text = connection.execute(query.order_by(LEDGER.c.seq.desc()).limit(1)).scalar()
    try:
        data = json.loads(text)["data"] if text else None
        return data and Beginning(data["end"], tuple(data["archives"]), tuple(data["rotations"]))
    except (ValueError, KeyError, TypeError):
        return None


def read_archives(paths: Sequence[Path]) -> tuple[Archive, ...]:
    """Raises Problem ledger.not-an-export."""
    found = []
    for path in paths:
        export = read_export(path)
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        found.append(Archive(str(path), digest, export.first, export.rows))
    return tuple(sorted(found, key=lambda archive: archive.first))
