"""Brings an older store forward, data and all, in the writer's own transaction.

A store at head is told by one SELECT of its marks and costs nothing more. New tables and indexes
of schema.py need no step here: what a store lacks of them is made when it is opened next.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import TYPE_CHECKING
from uuid import uuid4

import sqlalchemy as sa

from ...errors import Problem, ProblemType
from .schema import LEDGER, META, METADATA, SCHEMA_VERSION

if TYPE_CHECKING:
    from alembic.operations import Operations

NEWER = ProblemType(
    code="store.newer",
    sentence="The store was written by a newer version of gctrust.",
    why="An older version could misread its tables.",
    fix="Use the newer version, or another GCTRUST_HOME.",
    source="docs/decisions/store.md",
)
OLDER = ProblemType(
    code="store.older",
    sentence="The store was written by a version of gctrust before stores had names.",
    why="Its ledger is signed for a store without a name, and nothing may be signed over that.",
    fix="Finish its runs with the version that wrote it, then use another GCTRUST_HOME.",
    source="docs/decisions/store.md",
)
LOST_ROWS = ProblemType(
    code="store.lost-rows",
    sentence="The store refers to rows that it does not have, and is not brought forward.",
    why="Something other than gctrust has changed it; on such rows nothing new may stand.",
    fix="Put a back-up in its place: `gctrust store restore`.",
    source="SQLite's PRAGMA foreign_key_check; docs/guides/operations.md",
)
PROBLEMS = (NEWER, OLDER, LOST_ROWS)

Step = Callable[["Operations"], None]
FIRST = 2  # the first version that a step leads to


def steps_from(version: int) -> tuple[Step, ...]:
    """What leads from `version` to the newest. Alembic is imported here and nowhere else."""
    numbers = range(max(version + 1, FIRST), SCHEMA_VERSION + 1)
    modules = (import_module(f"{__package__}.migrations.to_{number}") for number in numbers)
    return tuple(module.upgrade for module in modules)


def shape() -> str:
    """The names of all tables and indexes that this version makes."""
    indexes = {str(i.name) for table in METADATA.tables.values() for i in table.indexes}
    return " ".join(sorted({*METADATA.tables, *indexes}))


def at_head(marks: Mapping[str, str]) -> bool:
    has = marks.get("shape", "").split()
    return marks.get("schema") == str(SCHEMA_VERSION) and set(shape().split()) <= set(has)


def bring_forward(
    connection: sa.Connection,
    marks: Mapping[str, str],
    kind: str,
    steps: Callable[[int], tuple[Step, ...]] = steps_from,
) -> None:
    """Make the store what schema.py says, in the caller's write transaction. `marks` are those it
    has: none, a new store."""
    if marks:
        _climb(connection, steps(int(marks["schema"])))
    METADATA.create_all(connection)
    for table in METADATA.tables.values():
        for index in table.indexes:
            index.create(connection, checkfirst=True)
    names = {*shape().split(), *marks.get("shape", "").split()}
    now = {"schema": str(SCHEMA_VERSION), "store_kind": kind, "shape": " ".join(sorted(names))}
    now["store_id"] = marks.get("store_id") or _named(connection, marks)
    connection.execute(sa.delete(META).where(META.c.name.in_(now)))
    connection.execute(sa.insert(META), [{"name": n, "value": v} for n, v in now.items()])


def _climb(connection: sa.Connection, steps: tuple[Step, ...]) -> None:
    if not steps:
        return
    from alembic.migration import MigrationContext
    from alembic.operations import Operations

    op = Operations(MigrationContext.configure(connection))
    for step in steps:
        step(op)
    if connection.dialect.name == "sqlite":  # foreign keys rest while tables are made anew
        for table, row, lost, _ in connection.exec_driver_sql("PRAGMA foreign_key_check"):
            raise Problem(LOST_ROWS, {"table": table, "row": row, "refers_to": lost})


def _named(connection: sa.Connection, marks: Mapping[str, str]) -> str:
    """A name of its own; what was signed without one can not go on (OLDER)."""
    if marks and connection.execute(sa.select(LEDGER.c.seq).limit(1)).first() is not None:
        raise Problem(OLDER, {"schema": marks["schema"]})
    return uuid4().hex[:16]
