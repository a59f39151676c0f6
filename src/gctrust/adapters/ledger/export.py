"""Exports of the ledger: JSON Lines that verify by themselves, and CSV for people.

A line holds the entry's own text and the leaf it was signed with. An export may go on where the
one before ended; put together in order they are the whole ledger, and any gap or double is told.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from ...errors import Fact, Problem, ProblemKind, ProblemType
from ..store.schema import CHECKPOINT, LEDGER
from .ledger import Ledger, LedgerEntry
from .rows import Row

NOT_AN_EXPORT = ProblemType(
    code="ledger.not-an-export",
    sentence="The file is no ledger export.",
    why="An export is JSON Lines: a head, one line an entry, and the signed checkpoint last.",
    fix="Give files written by `gctrust audit export --format jsonl`, in their order.",
    kind=ProblemKind.USAGE,
    source="JSON Lines; c2sp.org/signed-note",
)
PROBLEMS = (NOT_AN_EXPORT,)

_HEAD = "gctrust.ledger-export"
_COLUMNS = ("seq", "time", "actor", "action", "entity", "run", "slot", "step", "data", "leaf")


@dataclass(frozen=True, slots=True)
class Export:
    """What was read back: rows in order, the last note, and the key the first file names."""

    rows: tuple[Row, ...]
    note: str
    key: str


def json_lines(ledger: Ledger, first: int = 0) -> Iterator[str]:
    """Lines from entry `first` on, as of one moment. The last has the checkpoint and the cursor."""
    with ledger.store.read() as connection:
        yield json.dumps({"kind": _HEAD, "version": 1, "first": first, "key": ledger.verifier_key})
        following = first
        for seq, entry, leaf in _from(connection, first):
            yield f'{{"leaf":"{leaf.hex()}","entry":{entry}}}'
            following = seq + 1
        note = connection.execute(sa.select(CHECKPOINT.c.note)).scalar() or ""
        yield json.dumps({"checkpoint": note, "next": following}, ensure_ascii=False)


def csv_lines(ledger: Ledger, first: int = 0) -> Iterator[str]:
    """A header and one line an entry, RFC 4180; `data` is JSON."""
    yield _csv(_COLUMNS)
    with ledger.store.read() as connection:
        for _, text, leaf in _from(connection, first):
            entry = LedgerEntry.read(text)
            data = json.dumps(dict(entry.data), ensure_ascii=False, sort_keys=True)
            plain = [getattr(entry, name) for name in _COLUMNS[:-2]]
            yield _csv((*plain, data, leaf.hex()))


def _csv(cells: Sequence[object]) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow(safe_cells(cells))
    return line.getvalue()


def safe_cells(cells: Iterable[object]) -> list[object]:
    """A cell that a spreadsheet would take for a formula is made a text by an apostrophe."""
    return [f"'{c}" if isinstance(c, str) and c[:1] in "=+-@\t\r" and c else c for c in cells]


def _from(connection: sa.Connection, first: int) -> Iterator[tuple[int, str, bytes]]:
    query = sa.select(LEDGER.c.seq, LEDGER.c.entry, LEDGER.c.leaf).where(LEDGER.c.seq >= first)
    result = connection.execution_options(yield_per=5000).execute(query.order_by(LEDGER.c.seq))
    for seq, entry, leaf in result:
        yield seq, entry, bytes(leaf)


def read_exports(paths: Sequence[Path]) -> Export:
    """Read exports that follow each other. Raises ledger.not-an-export."""
    rows: list[Row] = []
    note = key = ""
    for path in paths:
        lines = _lines(path)
        head, tail = _object(path, 1, lines[0]), _object(path, len(lines), lines[-1])
        if head.get("kind") != _HEAD or not isinstance(tail.get("checkpoint"), str):
            raise Problem(NOT_AN_EXPORT, {"path": str(path), "lines": len(lines)})
        if head.get("first") != len(rows):
            begins = str(head.get("first"))
            facts: dict[str, Fact] = {"path": str(path), "begins_at": begins, "wanted": len(rows)}
            raise Problem(NOT_AN_EXPORT, facts, hint="Give the exports in order, from entry 0 on.")
        rows += [_row(seq, line) for seq, line in enumerate(lines[1:-1], len(rows))]
        note, key = str(tail["checkpoint"]), key or str(head.get("key", ""))
    return Export(tuple(rows), note, key)


def _lines(path: Path) -> list[str]:
    try:
        text = path.read_bytes().decode("utf-8", "surrogateescape")
    except OSError as error:
        raise Problem(NOT_AN_EXPORT, {"path": str(path), "seen": error.strerror or ""}) from None
    lines = text.removesuffix("\n").split("\n")
    if len(lines) < 2:
        raise Problem(NOT_AN_EXPORT, {"path": str(path), "lines": len(lines)})
    return lines


def _object(path: Path, number: int, line: str) -> dict[str, object]:
    try:
        found = json.loads(line)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise Problem(NOT_AN_EXPORT, {"path": str(path), "line": number})
    return found


def _row(seq: int, line: str) -> Row:
    """The entry's octets are taken from the line as they stand, never written anew."""
    start = '{"leaf":"'
    text = line[len(start) + 64 + len('","entry":') : -1]
    try:
        leaf = bytes.fromhex(line[len(start) : len(start) + 64])
        entry = json.loads(text)
        run, slot, entity, action = (
            str(entry[name]).encode() for name in ("run", "slot", "entity", "action")
        )
        octets = text.encode("utf-8", "surrogateescape")
        return Row(int(entry["seq"]), run, slot, entity, action, octets, leaf)
    except (ValueError, KeyError, TypeError):
        # A damaged line keeps its place, so that it is named as the entry it was.
        return Row(seq, b"", b"", b"", b"", text.encode("utf-8", "surrogateescape"), b"")
