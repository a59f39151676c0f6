"""Exports of the ledger: JSON Lines that verify by themselves, and CSV for people.

A line holds the entry's own text and the leaf it was signed with. An export may go on where the
one before ended; put together in order they are the whole ledger, and any gap or double is told.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Sequence

import sqlalchemy as sa

from ..store.schema import CHECKPOINT, LEDGER
from .entry import LedgerEntry
from .exported import HEAD
from .ledger import Ledger

_COLUMNS = ("seq", "time", "actor", "action", "entity", "run", "slot", "step", "data", "leaf")


def json_lines(ledger: Ledger, first: int = 0) -> Iterator[str]:
    """Lines from entry `first` on, as of one moment. The last has the checkpoint and the cursor."""
    with ledger.store.read() as connection:
        lowest = connection.execute(sa.select(sa.func.min(LEDGER.c.seq))).scalar() or 0
        first = max(first, lowest)  # what is sealed is in its archives
        yield json.dumps({"kind": HEAD, "version": 1, "first": first, "key": ledger.verifier_key})
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
