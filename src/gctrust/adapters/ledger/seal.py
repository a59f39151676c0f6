"""Sealing: the oldest entries move to an archive file, and the tree goes on without them.

The store keeps their subtree hashes, and an entry that names the archive and its digest; so later
entries are proved and verified as before, and the archive is verified against what was kept. What
is gone with a lost archive is told, never hidden.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from ...errors import Fact, Problem, ProblemKind, ProblemType
from ..store.changes import NOBODY, Change
from ..store.schema import LEDGER, OUTBOX, RUNS, STORED_LEVEL
from .archives import SEALED, SealedEntry, sealed_in
from .entry import Entry, LedgerEntry
from .exported import ARCHIVE, export_line
from .key import ROTATED
from .ledger import Ledger
from .merkle import Frontier, consistent, leaf_hash
from .signed_note import Checkpoint, read_checkpoint
from .stored_nodes import BROKEN, nodes_in

NOTHING = ProblemType(
    code="ledger.nothing-to-seal",
    sentence="No entries can be sealed up to there.",
    why="Whole blocks of 64 are sealed, the newest is not, and none that an open run or a webhook"
    " still refers to.",
    fix="Name a later date or more entries; let runs end; `gctrust store clean` lets webhooks go.",
    kind=ProblemKind.USAGE,
    source="docs/guides/evidence.md",
)
UNWRITABLE = ProblemType(
    code="ledger.archive-unwritable",
    sentence="The archive cannot be written.",
    why="Entries are removed only after their archive is safe on disk, in a file of its own.",
    fix="Name a file that does not exist yet, on a disk with room.",
    kind=ProblemKind.USAGE,
    source="docs/guides/evidence.md",
)
PROBLEMS = (NOTHING, UNWRITABLE)

BLOCK = 1 << STORED_LEVEL


@dataclass(frozen=True, slots=True)
class Span:
    """Entries `first` to `end - 1` are to be sealed; `held` says what they stop at, if anything."""

    first: int
    end: int
    held: str = ""


def sealable(ledger: Ledger, *, entries: int = 0, before: str = "") -> Span:
    """The first `entries`, or those before the instant (RFC 3339 UTC), as far as none is needed.

    Raises Problem ledger.nothing-to-seal.
    """
    with ledger.store.read() as connection:
        lowest, size = connection.execute(
            sa.select(sa.func.min(LEDGER.c.seq), sa.func.max(LEDGER.c.seq) + 1)
        ).one()
        wanted = min(entries or size or 0, (size or 1) - 1)
        if before:
            wanted = min(wanted, _first_since(connection, before, wanted))
        held = _held(connection)
    end = min([wanted, *held]) // BLOCK * BLOCK
    facts: dict[str, Fact] = {"wanted": wanted, "held_by": ", ".join(held.values())}
    if lowest is None or end <= lowest:
        raise Problem(NOTHING, facts)
    return Span(lowest, end, ", ".join(what for seq, what in held.items() if seq < wanted))


def _first_since(connection: sa.Connection, before: str, size: int) -> int:
    query = sa.select(LEDGER.c.seq, LEDGER.c.entry).where(LEDGER.c.seq < size)
    result = connection.execute(query.order_by(LEDGER.c.seq), execution_options={"yield_per": 5000})
    return next((seq for seq, text in result if LedgerEntry.read(text).time >= before), size)


def _held(connection: sa.Connection) -> dict[int, str]:
    """The first entries that something still refers to."""
    open_runs = sa.select(RUNS.c.id).where(RUNS.c.ended.is_(None))
    of_runs = sa.select(sa.func.min(LEDGER.c.seq)).where(LEDGER.c.run.in_(open_runs))
    found = {
        connection.execute(of_runs).scalar(): "an open run",
        connection.execute(sa.select(sa.func.min(OUTBOX.c.entry))).scalar(): "a webhook",
    }
    return {seq: what for seq, what in found.items() if seq is not None}


def seal(ledger: Ledger, span: Span, file: Path, by: Change = NOBODY) -> SealedEntry:
    """Write the archive, then remove its entries and say so in the ledger, in one transaction.

    Raises Problem ledger.archive-unwritable, ledger.broken, and ledger.nothing-to-seal when these
    were sealed meanwhile.
    """
    digest = _written(file, _lines(ledger, span))
    sealed = SealedEntry(span.first, span.end, file.name, digest)
    with ledger.store.write() as connection:
        _refuse_sealed(connection, span)
        before = sealed_in(connection, ledger.origin)
        told = [*(before.archives if before else ()), str(sealed)]
        turned = [*(before.rotations if before else ()), *_rotations(connection, span)]
        data: dict[str, Fact] = {**by.why, "end": span.end, "archives": told, "rotations": turned}
        ledger.append_in(connection, Entry(SEALED, ledger.origin, slot=f"{span.end}", data=data))
        connection.execute(sa.delete(LEDGER).where(LEDGER.c.seq < span.end))
    return sealed


def _refuse_sealed(connection: sa.Connection, span: Span) -> None:
    """Whoever seals at the same time may have been quicker."""
    if connection.execute(sa.select(sa.func.min(LEDGER.c.seq))).scalar() != span.first:
        raise Problem(NOTHING, {"wanted": span.end, "held_by": "another seal"})


def _written(file: Path, lines: Iterator[str]) -> str:
    """Whole and safe on disk, or not at all; returns its SHA-256."""
    digest = hashlib.sha256()
    try:
        with file.open("xb") as out, _gone_unless_whole(file):
            for line in lines:
                octets = f"{line}\n".encode()
                digest.update(octets)
                out.write(octets)
            out.flush()
            os.fsync(out.fileno())
            _sync_folder(file.parent)  # which holds the file's name
    except OSError as error:
        seen = error.strerror or "it cannot be written"
        raise Problem(UNWRITABLE, {"path": str(file), "seen": seen}) from None
    return digest.hexdigest()


@contextmanager
def _gone_unless_whole(file: Path) -> Iterator[None]:
    try:
        yield
    except BaseException:
        file.unlink()
        raise


def _sync_folder(path: Path) -> None:
    folder = os.open(path, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _rotations(connection: sa.Connection, span: Span) -> list[str]:
    query = sa.select(LEDGER.c.entry).where(LEDGER.c.seq < span.end, LEDGER.c.action == ROTATED)
    return list(connection.execute(query.order_by(LEDGER.c.seq)).scalars())


def _lines(ledger: Ledger, span: Span) -> Iterator[str]:
    """An export of these entries, with the hashes before them and a checkpoint at their end.

    Nothing is signed anew that does not begin the tree which is signed. Raises ledger.broken.
    """
    with ledger.store.read() as connection:
        _refuse_sealed(connection, span)
        bits = [n for n in reversed(range(span.first.bit_length())) if span.first >> n & 1]
        places = [(level, (span.first >> level) - 1) for level in bits]
        known = nodes_in(connection, places)
        frontier = Frontier(span.first, [known.get(place, b"") for place in places])
        head = {"kind": ARCHIVE, "version": 1, "first": span.first}
        hashes = [hash_.hex() for hash_ in frontier.hashes]
        yield json.dumps({**head, "key": ledger.verifier_key, "frontier": hashes})
        query = sa.select(LEDGER.c.entry, LEDGER.c.leaf).where(LEDGER.c.seq < span.end)
        result = connection.execute(
            query.order_by(LEDGER.c.seq), execution_options={"yield_per": 5000}
        )
        for entry, leaf in result:
            yield export_line(entry, bytes(leaf))
            frontier.grow([leaf_hash(entry.encode())])
    root, proof = frontier.root(), ledger.consistency(span.end)
    signed = read_checkpoint(proof.note)
    if not consistent(span.end, root, signed.size, signed.root, proof.path):
        raise Problem(BROKEN, {"store": ledger.store.name, "sealed": span.end})
    note = ledger.signed(Checkpoint(ledger.origin, span.end, root))
    tail = {"checkpoint": note, "next": span.end, "newest": proof.note}
    yield json.dumps({**tail, "path": [hash_.hex() for hash_ in proof.path]}, ensure_ascii=False)
