"""Exports of the ledger: JSON Lines that verify by themselves, and CSV for people.

A line holds the entry's own text and the leaf it was signed with. An export may go on where the
one before ended; put together in order they are the whole ledger, and any gap or double is told.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Generator, Iterable, Iterator, Sequence

import sqlalchemy as sa

from ...errors import Problem
from ..store.schema import CHECKPOINT, LEDGER
from .entry import LedgerEntry
from .exported import HEAD, export_line
from .ledger import NO_ENTRY, Ledger

_COLUMNS = ("seq", "time", "actor", "action", "entity", "run", "slot", "step", "data", "leaf")


# Lines to write; what is returned are the first entry of them and the one after the last.
Lines = Generator[str, None, tuple[int, int]]


def json_lines(ledger: Ledger, first: int = 0) -> Lines:
    """Lines from entry `first` on, as of one moment. The last has the checkpoint and the cursor.

    Raises Problem ledger.no-such-entry, before the first line.
    """
    with ledger.store.read() as connection:
        first, end = _span(connection, first)
        yield json.dumps({"kind": HEAD, "version": 1, "first": first, "key": ledger.verifier_key})
        for entry, leaf in _from(connection, first):
            yield export_line(entry, leaf)
        note = connection.execute(sa.select(CHECKPOINT.c.note)).scalar() or ""
        yield json.dumps({"checkpoint": note, "next": end}, ensure_ascii=False)
    return first, end


def csv_lines(ledger: Ledger, first: int = 0) -> Lines:
    """A header and one line an entry, RFC 4180; `data` is JSON.

    Raises Problem ledger.no-such-entry, before the first line.
    """
    with ledger.store.read() as connection:
        first, end = _span(connection, first)
        yield _csv(_COLUMNS)
        for text, leaf in _from(connection, first):
            entry = LedgerEntry.read(text)
            data = json.dumps(dict(entry.data), ensure_ascii=False, sort_keys=True)
            plain = [getattr(entry, name) for name in _COLUMNS[:-2]]
            yield _csv((*plain, data, leaf.hex()))
    return first, end


def _span(connection: sa.Connection, first: int) -> tuple[int, int]:
    """What is sealed is in its archives; a cursor beyond the end is another ledger's."""
    lowest, newest = connection.execute(
        sa.select(sa.func.min(LEDGER.c.seq), sa.func.max(LEDGER.c.seq))
    ).one()
    end = 0 if newest is None else newest + 1
    if not 0 <= first <= end:
        raise Problem(NO_ENTRY, {"entry": first, "entries": end})
    return max(first, lowest or 0), end


def _csv(cells: Sequence[object]) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow(safe_cells(cells))
    return line.getvalue()


def safe_cells(cells: Iterable[object]) -> list[object]:
    """A cell that a spreadsheet would take for a formula is made a text by an apostrophe."""
    return [f"'{c}" if isinstance(c, str) and c[:1] in "=+-@\t\r" and c else c for c in cells]


def _from(connection: sa.Connection, first: int) -> Iterator[tuple[str, bytes]]:
    query = sa.select(LEDGER.c.entry, LEDGER.c.leaf).where(LEDGER.c.seq >= first)
    result = connection.execution_options(yield_per=5000).execute(query.order_by(LEDGER.c.seq))
    for entry, leaf in result:
        yield entry, bytes(leaf)
