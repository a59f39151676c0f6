"""The ledger's rows as octets, and what a stretch of them comes to.

A verifier asks for stretches of rows, perhaps in several processes, and puts what they came to
together (verify.py). A damaged row must be seen as it is stored, so nothing here decodes.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, NamedTuple

import sqlalchemy as sa

from ..store.schema import LEDGER, STORED_LEVEL
from .key import ROTATED
from .merkle import folded, leaf_hash
from .rules import ADDED, ALTERED, MISFILED, MISSING, UNREADABLE

BLOCK = 1 << STORED_LEVEL


class Row(NamedTuple):
    """A stored entry as octets, which may be damaged. A tuple: a million of them are made."""

    seq: int
    run: bytes
    slot: bytes
    entity: bytes
    action: bytes
    entry: bytes
    leaf: bytes


@dataclass(slots=True)
class Counted:
    """What a stretch of rows came to: the hash of each whole block, and the leaves after them.

    `seen` are (rule id, seq); `rotations` the texts of entries that change the key; `kept` the
    leaves of the one block that a checkpoint kept elsewhere ends in.
    """

    seen: list[tuple[str, int]] = field(default_factory=list)
    blocks: list[bytes] = field(default_factory=list)
    tail: list[bytes] = field(default_factory=list)
    rotations: list[bytes] = field(default_factory=list)
    kept: list[bytes] = field(default_factory=list)
    count: int = 0


@lru_cache(maxsize=4096)
def _quoted(text: bytes) -> bytes:
    try:
        return json.dumps(text.decode(), ensure_ascii=False).encode()
    except UnicodeDecodeError:
        return b"\xff"


_ROTATED = ROTATED.encode()


def _is_filed_right(row: Row) -> bool:
    """The columns are what the text says. Its keys are sorted, and none of those after `data`
    can be imitated inside it: a quote within a text is escaped."""
    entry = row.entry
    end = b',"entity":%b,"run":%b,"seq":%d' % (_quoted(row.entity), _quoted(row.run), row.seq)
    # The first entries of all did not tell their slot.
    ends = (end + b',"slot":%b,"step":' % _quoted(row.slot), end + b',"step":')
    at = entry.rfind(b',"entity":')
    return entry.startswith(ends, at) and entry.startswith(
        b'{"action":%b,"actor":' % _quoted(row.action)
    )


def counted(rows: Iterable[Row], first: int, keep: int = -1) -> Counted:
    """Check rows that should be numbered from `first`, a multiple of the block's size. `keep` is
    the number of the block whose leaves are wanted."""
    into = Counted()
    leaves: list[bytes] = []
    expected = first
    for row in rows:
        if row.seq < expected:
            into.seen.append((ADDED.id, row.seq))
            continue
        while expected < row.seq and len(into.seen) < 1000:
            into.seen.append((MISSING.id, expected))
            expected += 1
        leaf = leaf_hash(row.entry)
        if leaf != row.leaf:
            into.seen.append((ALTERED.id, row.seq))
        elif not _is_filed_right(row):
            into.seen.append((MISFILED.id, row.seq))
        if row.action == _ROTATED:
            into.rotations.append(row.entry)
        leaves.append(leaf)
        expected = row.seq + 1
        if len(leaves) == BLOCK:
            if row.seq // BLOCK == keep:
                into.kept = leaves
            into.blocks.append(folded(leaves))
            leaves = []
    into.tail = leaves
    into.count = len(into.blocks) * BLOCK + len(leaves)
    return into


# --- a database --------------------------------------------------------------------------------


@contextmanager
def snapshot(engine: sa.Engine) -> Iterator[sa.Connection]:
    """One moment of the database, whatever others append meanwhile."""
    shared = engine.dialect.name == "postgresql"
    kind = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True} if shared else {}
    with engine.connect().execution_options(**kind) as connection, connection.begin():
        # An engine that is no Store's leaves BEGIN to a driver that begins at the first write.
        driver: Any = connection.connection.driver_connection
        if not shared and not driver.in_transaction:
            connection.exec_driver_sql("BEGIN")
        yield connection


def read_stretch(connection: sa.Connection, first: int, end: int, keep: int) -> Counted:
    """Rows `first` to `end`; the very first stretch takes any that are numbered below 0 along."""
    at = first

    def noted() -> Iterator[Row]:
        nonlocal at
        for row in rows_between(connection, first, end):
            at = row.seq
            yield row

    try:
        return counted(noted(), first, keep)
    except (sa.exc.DatabaseError, OverflowError, TypeError):
        return Counted(seen=[(UNREADABLE.id, at)])


def rows_between(connection: sa.Connection, first: int, end: int) -> Iterator[Row]:
    """Every column as octets: a damaged text must reach us, not the driver's decoder."""
    postgres = connection.dialect.name == "postgresql"

    def octets(column: sa.Column[str]) -> sa.ColumnElement[bytes]:
        if postgres:
            return sa.func.convert_to(column, "UTF8", type_=sa.LargeBinary)
        return sa.cast(column, sa.LargeBinary)

    texts = (octets(LEDGER.c[name]) for name in ("run", "slot", "entity", "action", "entry"))
    columns: list[sa.ColumnElement[Any]] = [LEDGER.c.seq, *texts]
    query = sa.select(*columns, sa.cast(LEDGER.c.leaf, sa.LargeBinary))
    query = query.where(LEDGER.c.seq < end).order_by(LEDGER.c.seq)
    query = query.where(LEDGER.c.seq >= first) if first else query
    result = connection.execute(query, execution_options={"yield_per": 5000})
    for batch in result.partitions():
        yield from map(Row._make, batch)
