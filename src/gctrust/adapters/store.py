"""The store: one SQLite file in WAL mode holding runs, signals, ledger, outbox and lease.

Synchronous by choice (docs/decisions/runner.md): callers on an event loop hand calls to a bounded
thread pool. Reads and writes are separate kinds of transaction, so a reader never takes the write
lock.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.exc import DBAPIError, IntegrityError

from ..errors import Problem, ProblemKind, ProblemType, Retry

SCHEMA_VERSION = 2

FULL = ProblemType(
    code="store.full",
    sentence="The store's disk is full.",
    why="Nothing may change outside before its record is safe on disk, so work stops here.",
    fix="Free space on that disk, then resume the run.",
    retry=Retry.LATER,
)
LOCKED = ProblemType(
    code="store.locked",
    sentence="Another process holds the store's write lock.",
    why="SQLite admits one writer at a time; this one waited for it in vain.",
    fix="End the process that holds the file (a backup or a database shell), or try again.",
    retry=Retry.LATER,
)
UNREADABLE = ProblemType(
    code="store.unreadable",
    sentence="The store cannot be read or written.",
    why="The file is missing, read-only, damaged, or no SQLite database.",
    fix="Check the path and its permissions, or restore the file from a backup.",
)
NEWER = ProblemType(
    code="store.newer",
    sentence="The store was written by a newer version of gctrust.",
    why="An older version could misread its tables.",
    fix="Use the newer version, or another GCTRUST_HOME.",
)
OTHER_KIND = ProblemType(
    code="store.other-kind",
    sentence="The store belongs to another kind of platform.",
    why="Runs against a sandbox and runs of a real organisation never share a store.",
    fix="Use another GCTRUST_HOME for this.",
    kind=ProblemKind.USAGE,
)
PROBLEMS = (FULL, LOCKED, UNREADABLE, NEWER, OTHER_KIND)

_BY_SQLITE_CODE = {
    sqlite3.SQLITE_FULL: FULL,
    sqlite3.SQLITE_BUSY: LOCKED,
    sqlite3.SQLITE_LOCKED: LOCKED,
}

METADATA = sa.MetaData()

META = sa.Table(
    "gctrust_meta",
    METADATA,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("value", sa.Text, nullable=False),
)

RUNS = sa.Table(
    "runs",
    METADATA,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("journey", sa.Text, nullable=False),
    sa.Column("identity", sa.Text, nullable=False),
    sa.Column("generation", sa.Integer, nullable=False),
    sa.Column("order", sa.Text, nullable=False),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("stage", sa.Text, nullable=False, default=""),
    sa.Column("note", sa.Text, nullable=False, default=""),
    sa.Column("waiting_until", sa.Float),
    sa.Column("waiting_for", sa.Text, nullable=False, default=""),
    sa.Column("started", sa.Float, nullable=False),
    sa.Column("ended", sa.Float),
    sa.Column("horizon", sa.Float, nullable=False),
    sa.Column("life", sa.Integer, nullable=False, default=1),
    sa.Column("rewind_to", sa.Integer),
    sa.Column("problem", sa.Text),
    sa.Column("end", sa.Text),
    sa.UniqueConstraint("identity", "generation"),
)
# One open run for one identity, even when two processes submit at once.
sa.Index("runs_open", RUNS.c.identity, unique=True, sqlite_where=RUNS.c.ended.is_(None))

STEPS = sa.Table(
    "steps",
    METADATA,
    sa.Column("run", sa.Text, sa.ForeignKey("runs.id"), primary_key=True),
    sa.Column("step", sa.Integer, primary_key=True),
    sa.Column("life", sa.Integer, primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("problem", sa.Text, nullable=False, default=""),
    sa.Column("started", sa.Float, nullable=False),
    sa.Column("ended", sa.Float, nullable=False),
    sa.Column("seconds", sa.Float, nullable=False),
)

SEGMENTS = sa.Table(
    "segments",
    METADATA,
    sa.Column("run", sa.Text, sa.ForeignKey("runs.id"), primary_key=True),
    sa.Column("number", sa.Integer, nullable=False),
    sa.Column("workflow", sa.Text, nullable=False),
    sa.Column("base", sa.Integer, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
)

SIGNALS = sa.Table(
    "signals",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("run", sa.Text, sa.ForeignKey("runs.id"), nullable=False, index=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("at", sa.Float, nullable=False),
    sa.Column("taken_by", sa.Text),
)

API_TOKENS = sa.Table(
    "api_tokens",
    METADATA,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("role", sa.Text, nullable=False),
    sa.Column("digest", sa.Text, nullable=False, unique=True),
    sa.Column("created", sa.Float, nullable=False),
    sa.Column("expires", sa.Float),
    sa.Column("revoked", sa.Float),
)

LEASES = sa.Table(
    "leases",
    METADATA,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("epoch", sa.Integer, nullable=False),
    sa.Column("holder", sa.Text, nullable=False),
    sa.Column("host", sa.Text, nullable=False),
    sa.Column("pid", sa.Integer, nullable=False),
    sa.Column("beat", sa.Float, nullable=False),
)

LEDGER = sa.Table(
    "ledger",
    METADATA,
    sa.Column("seq", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("run", sa.Text, nullable=False),
    sa.Column("slot", sa.Text, nullable=False),
    sa.Column("entity", sa.Text, nullable=False, index=True),
    sa.Column("action", sa.Text, nullable=False),
    sa.Column("entry", sa.Text, nullable=False),
    sa.Column("leaf", sa.LargeBinary, nullable=False),
    sa.UniqueConstraint("run", "slot"),
)

# Subtrees below this level are folded from the leaves when a proof asks for them: a node for every
# 64 entries is stored, not two for each.
STORED_LEVEL = 6
NODES = sa.Table(
    "ledger_nodes",
    METADATA,
    sa.Column("level", sa.Integer, primary_key=True),
    sa.Column("index", sa.Integer, primary_key=True),
    sa.Column("hash", sa.LargeBinary, nullable=False),
)

CHECKPOINT = sa.Table(
    "ledger_checkpoint",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("note", sa.Text, nullable=False),
    sa.Column("frontier", sa.LargeBinary, nullable=False),
)

OUTBOX = sa.Table(
    "outbox",
    METADATA,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("run", sa.Text, nullable=False),
    sa.Column("step", sa.Integer, nullable=False),
    sa.Column("event", sa.Text, nullable=False),
    sa.Column("entity", sa.Text, nullable=False),
    sa.Column("body", sa.Text, nullable=False),
    sa.Column("entry", sa.Integer, sa.ForeignKey("ledger.seq"), nullable=False),
    sa.Column("created", sa.Float, nullable=False),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("tries", sa.Integer, nullable=False, default=0),
    sa.Column("next_at", sa.Float, nullable=False),
    sa.UniqueConstraint("entry"),
)

SEALED = sa.Table(
    "sealed_keys",
    METADATA,
    sa.Column("domain", sa.Text, primary_key=True),
    sa.Column("leaf", sa.Text, primary_key=True),
    sa.Column("certificates", sa.Text, nullable=False),
    sa.Column("nonce", sa.LargeBinary, nullable=False),
    sa.Column("octets", sa.LargeBinary, nullable=False),
    sa.Column("at", sa.Float, nullable=False),
)

DELIVERIES = sa.Table(
    "deliveries",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("outbox", sa.Text, sa.ForeignKey("outbox.id"), nullable=False, index=True),
    sa.Column("try", sa.Integer, nullable=False),
    sa.Column("at", sa.Float, nullable=False),
    sa.Column("status", sa.Integer),
    sa.Column("error", sa.Text, nullable=False, default=""),
    sa.Column("seconds", sa.Float, nullable=False),
)


def _on_connect(connection: Any, _record: object) -> None:
    # Explicit BEGINs below: sqlite3's own ones come too late for a consistent read.
    connection.isolation_level = None
    for pragma in (
        "busy_timeout=10000",
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
    ):
        connection.execute(f"PRAGMA {pragma}").close()


def _on_begin(connection: sa.Connection) -> None:
    mode = "IMMEDIATE" if connection.get_execution_options().get("writes") else "DEFERRED"
    connection.exec_driver_sql(f"BEGIN {mode}")


class Store:
    """Opens (and creates) the file at once. `kind` is "sandbox" or "organisation". `id` tells
    this store from all others.

    Raises Problem store.unreadable, store.newer, store.other-kind (the file holds the other).
    """

    def __init__(self, path: Path, kind: str = "organisation") -> None:
        self.path, self.kind = path, kind
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            raise self._problem(UNREADABLE, error.strerror or "the folder cannot be made") from None
        self.engine = sa.create_engine(f"sqlite:///{path}")
        event.listen(self.engine, "connect", _on_connect)
        event.listen(self.engine, "begin", _on_begin)
        try:
            self._prepare()
        except Problem:
            self.close()
            raise

    def _prepare(self) -> None:
        with self.write() as connection:
            METADATA.create_all(connection)
            marks = connection.execute(sa.select(META.c.name, META.c.value))
            known = {str(row.name): str(row.value) for row in marks}
            if int(known.get("schema", SCHEMA_VERSION)) > SCHEMA_VERSION:
                raise Problem(NEWER, {"path": str(self.path), "schema": known["schema"]})
            if known.get("store_kind", self.kind) != self.kind:
                raise Problem(OTHER_KIND, {"path": str(self.path), "holds": known["store_kind"]})
            if known and int(known.get("schema", 0)) < SCHEMA_VERSION:
                # Every change so far only added tables, which are made above.
                newer = sa.update(META).where(META.c.name == "schema")
                connection.execute(newer.values(value=str(SCHEMA_VERSION)))
            self.id = known.get("store_id") or uuid4().hex[:16]
            if not known:
                rows = {"schema": str(SCHEMA_VERSION), "store_kind": self.kind}
                rows |= {"store_id": self.id}
                connection.execute(
                    sa.insert(META), [{"name": k, "value": v} for k, v in rows.items()]
                )
        # Readable by its owner only: it names every domain and client of an organisation.
        self.path.chmod(0o600)

    def close(self) -> None:
        self.engine.dispose()

    @contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """One consistent snapshot. Raises the store's Problems."""
        with self._transaction(writes=False) as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[sa.Connection]:
        """One committed transaction, or none of it. Raises the store's Problems."""
        with self._transaction(writes=True) as connection:
            yield connection

    @contextmanager
    def _transaction(self, *, writes: bool) -> Iterator[sa.Connection]:
        try:
            with self.engine.connect() as bare:
                connection = bare.execution_options(writes=writes)
                with connection.begin():
                    yield connection
        except IntegrityError:
            raise
        except DBAPIError as error:
            raise self.translated(error.orig) from None
        except sqlite3.Error as error:  # of a statement run on the driver's own connection
            raise self.translated(error) from None

    def translated(self, error: BaseException | None) -> Problem:
        """The Problem behind a driver's error; for the engine too, which uses the same file."""
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        return self._problem(_BY_SQLITE_CODE.get(code, UNREADABLE), str(error))

    def _problem(self, type_: ProblemType, seen: str) -> Problem:
        return Problem(type_, {"path": str(self.path), "seen": seen})


def store_kind_of(path: Path) -> str | None:
    """The kind a store file is marked with, without changing it; None when there is no store."""
    if not path.exists():
        return None
    try:
        with sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True) as connection:
            row = connection.execute(
                "SELECT value FROM gctrust_meta WHERE name = 'store_kind'"
            ).fetchone()
    except sqlite3.Error as error:
        raise Problem(UNREADABLE, {"path": str(path), "seen": str(error)}) from None
    finally:
        if "connection" in locals():
            connection.close()
    return str(row[0]) if row else None
