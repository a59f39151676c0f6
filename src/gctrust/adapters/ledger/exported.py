"""Reading exports and archives back, damaged as they may be."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ...errors import Fact, Problem, ProblemKind, ProblemType
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

HEAD = "gctrust.ledger-export"
ARCHIVE = "gctrust.ledger-archive"  # an export of entries that are in the store no more


@dataclass(frozen=True, slots=True)
class Export:
    """What was read back: rows in order, the last note, and the key the first file names."""

    rows: tuple[Row, ...]
    note: str
    key: str
    first: int = 0
    kind: str = HEAD


def read_exports(paths: Sequence[Path]) -> Export:
    """Read exports, or archives, that follow each other. Raises ledger.not-an-export."""
    rows: list[Row] = []
    note = key = ""
    for path in paths:
        export = read_export(path)
        if export.first != len(rows):
            facts: dict[str, Fact] = {"path": str(path), "begins_at": export.first}
            facts["wanted"] = len(rows)
            raise Problem(NOT_AN_EXPORT, facts, hint="Give the exports in order, from entry 0 on.")
        rows += export.rows
        note, key = export.note, key or export.key
    return Export(tuple(rows), note, key)


def are_archives(paths: Sequence[Path]) -> bool:
    """All of them. Raises ledger.not-an-export."""
    return all(_object(path, 1, _lines(path)[0]).get("kind") == ARCHIVE for path in paths)


def read_export(path: Path) -> Export:
    """One file. Raises ledger.not-an-export."""
    lines = _lines(path)
    head, tail = _object(path, 1, lines[0]), _object(path, len(lines), lines[-1])
    kind, first, note = head.get("kind"), head.get("first"), tail.get("checkpoint")
    if kind not in (HEAD, ARCHIVE) or not isinstance(first, int) or not isinstance(note, str):
        raise Problem(NOT_AN_EXPORT, {"path": str(path), "lines": len(lines)})
    rows = tuple(_row(seq, line) for seq, line in enumerate(lines[1:-1], first))
    return Export(rows, note, str(head.get("key", "")), first, str(kind))


def _lines(path: Path) -> list[str]:
    try:
        if path.is_fifo():  # which would wait for its writer for ever
            raise Problem(NOT_AN_EXPORT, {"path": str(path), "seen": "a fifo, not a file"})
        text = path.read_bytes().decode("utf-8", "surrogateescape")
    except (OSError, ValueError) as error:
        seen = getattr(error, "strerror", None) or "it cannot be read"
        raise Problem(NOT_AN_EXPORT, {"path": str(path), "seen": seen}) from None
    lines = text.removesuffix("\n").split("\n")
    if len(lines) < 2:
        raise Problem(NOT_AN_EXPORT, {"path": str(path), "lines": len(lines)})
    return lines


def _object(path: Path, number: int, line: str) -> dict[str, object]:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise Problem(NOT_AN_EXPORT, {"path": str(path), "line": number})
    return found


def export_line(entry: str, leaf: bytes) -> str:
    return f'{{"leaf":"{leaf.hex()}","entry":{entry}}}'


def _row(seq: int, line: str) -> Row:
    """The entry's octets are taken from the line as they stand, never written anew."""
    start = len(export_line("", b"")) - len("}")
    text = line[start + 64 : -1]
    octets = text.encode("utf-8", "surrogateescape")
    try:
        leaf = bytes.fromhex(line[len('{"leaf":"') :][:64])
        if line != export_line(text, leaf):
            raise ValueError("something beside the entry was changed")
        entry = {"slot": "", **json.loads(text)}  # the first entries did not tell their slot
        run, slot, entity, action = (
            str(entry[name]).encode() for name in ("run", "slot", "entity", "action")
        )
        return Row(int(entry["seq"]), run, slot, entity, action, octets, leaf)
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
        # A damaged line keeps its place, so that it is named as the entry it was.
        return Row(seq, b"", b"", b"", b"", octets, b"")
