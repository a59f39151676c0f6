"""The store: one SQLite file in WAL mode, or a PostgreSQL database for many workers.

Synchronous by choice (docs/decisions/runner.md): callers on an event loop hand calls to a bounded
thread pool. Reads and writes are separate kinds of transaction, so a reader never takes SQLite's
write lock.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError, IntegrityError

from ...errors import Problem, ProblemKind, ProblemType, Retry
from .migrate import NEWER, at_head, bring_forward
from .prepared import Bare, Lane, Prepared
from .schema import META, SCHEMA_VERSION

FULL = ProblemType(
    code="store.full",
    sentence="The store's disk is full.",
    why="Nothing may change outside before its record is safe on disk, so work stops here.",
    fix="Free space on that disk, then resume the run.",
    retry=Retry.LATER,
    source="SQLite result code SQLITE_FULL; POSIX write(2)",
)
LOCKED = ProblemType(
    code="store.locked",
    sentence="Another process holds the store's write lock.",
    why="SQLite admits one writer at a time; this one waited for it in vain.",
    fix="End the process that holds the file (a backup or a database shell), or try again.",
    retry=Retry.LATER,
    source="SQLite result code SQLITE_BUSY",
)
UNREADABLE = ProblemType(
    code="store.unreadable",
    sentence="The store cannot be read or written.",
    why="The file is missing, read-only, damaged, or no SQLite database.",
    fix="Check the path and its permissions, or restore the file from a backup.",
    source="SQLite result codes SQLITE_CANTOPEN, SQLITE_READONLY, SQLITE_CORRUPT and SQLITE_NOTADB",
)
UNREACHABLE = ProblemType(
    code="store.unreachable",
    sentence="The database server cannot be reached.",
    why="It is down, restarting, or refuses these credentials.",
    fix="Start it or correct the store's URL; runs go on where they were.",
    retry=Retry.LATER,
    source="PostgreSQL error codes, class 08",
)
NO_DRIVER = ProblemType(
    code="store.no-driver",
    sentence="The driver of PostgreSQL is not installed.",
    why="It comes with an extra, since SQLite needs none.",
    fix="pip install 'gctrust[postgresql]'",
    kind=ProblemKind.USAGE,
    source="docs/guides/workers.md",
)
BAD_URL = ProblemType(
    code="store.bad-url",
    sentence="The store's URL cannot be read.",
    why="It is postgresql://USER:PASSWORD@HOST:PORT/DATABASE.",
    fix="Correct GCTRUST_STORE_URL.",
    kind=ProblemKind.USAGE,
    source="docs/guides/workers.md",
)
OTHER_KIND = ProblemType(
    code="store.other-kind",
    sentence="The store belongs to another kind of platform.",
    why="Runs against a sandbox and runs of a real organisation never share a store.",
    fix="Use another GCTRUST_HOME for this.",
    kind=ProblemKind.USAGE,
    source="ARCHITECTURE.md",
)
PROBLEMS = (FULL, LOCKED, UNREADABLE, UNREACHABLE, NO_DRIVER, BAD_URL, OTHER_KIND)

_ALONE = Prepared(sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtext(sa.bindparam("what")))))
_BY_SQLITE_CODE = {
    sqlite3.SQLITE_FULL: FULL,
    sqlite3.SQLITE_BUSY: LOCKED,
    sqlite3.SQLITE_LOCKED: LOCKED,
}
# SQLSTATE classes and codes (PostgreSQL manual, appendix A).
_BY_SQLSTATE = {
    "53100": FULL,
    "40001": LOCKED,
    "40P01": LOCKED,
    "55P03": LOCKED,
    "08": UNREACHABLE,
    "28": UNREACHABLE,
    "57P": UNREACHABLE,
}


def _on_connect(connection: Any, _record: object) -> None:
    # Explicit BEGINs below: sqlite3's own ones come too late for a consistent read.
    connection.isolation_level = None
    for pragma in (
        "page_size=2048",  # of a new file: small commits are the rule, and each writes whole pages
        "busy_timeout=10000",
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
    ):
        try:
            connection.execute(f"PRAGMA {pragma}").close()
        except UnicodeDecodeError:  # of SQLite's own message, which quotes the damaged place
            raise sqlite3.DatabaseError("malformed database schema") from None


def _on_begin(connection: sa.Connection) -> None:
    mode = "IMMEDIATE" if connection.get_execution_options().get("writes") else "DEFERRED"
    connection.exec_driver_sql(f"BEGIN {mode}")


class Store:
    """Opens (and creates) its tables at once. `place` is a file, or a URL postgresql://...
    `kind` is "sandbox" or "organisation". `id` tells this store from all others.

    Raises Problem store.unreadable, store.unreachable, store.newer, store.other-kind (it holds
    the other).
    """

    def __init__(self, place: Path | str, kind: str = "organisation") -> None:
        self.kind = kind
        self.url = _url(place)
        self.engine = self._opened()
        self._writing = Lock()
        self._lent: sa.PoolProxiedConnection | None = None
        try:
            self._prepare()
        except Problem:
            self.close()
            raise

    @property
    def shared(self) -> bool:
        """Several workers may drive its runs at once."""
        return self.url.get_backend_name() == "postgresql"

    @property
    def name(self) -> str:
        """For facts and texts: the file, or the URL without its password."""
        return self.url.render_as_string() if self.shared else str(self.url.database)

    def _opened(self) -> sa.Engine:
        if self.shared:
            try:
                return sa.create_engine(self.url, pool_pre_ping=True, pool_size=8)
            except ModuleNotFoundError:
                raise Problem(NO_DRIVER, {"store": self.name}) from None
        path = Path(str(self.url.database))
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            raise self._problem(UNREADABLE, error.strerror or "the folder cannot be made") from None
        engine = sa.create_engine(self.url)
        event.listen(engine, "connect", _on_connect)
        event.listen(engine, "begin", _on_begin)
        return engine

    def _prepare(self) -> None:
        """A store at head costs one SELECT; any other is brought forward by whoever comes first."""
        marks = self._marks()
        self._admit(marks)
        if not at_head(marks):
            marks = self._bring_forward()
        self.id = marks["store_id"]
        if not self.shared:
            # Readable by its owner only: it names every domain and client of an organisation.
            Path(str(self.url.database)).chmod(0o600)

    def _marks(self) -> Mapping[str, str]:
        """What the store says of itself; nothing when it is new."""
        try:
            with self.engine.connect() as connection:
                return _marks_in(connection)
        except DBAPIError as error:
            if getattr(error.orig, "sqlstate", "") == "42P01" or "no such table" in str(error.orig):
                return {}
            raise self.translated(error.orig) from None

    def _admit(self, marks: Mapping[str, str]) -> None:
        if int(marks.get("schema", SCHEMA_VERSION)) > SCHEMA_VERSION:
            raise Problem(NEWER, {"store": self.name, "schema": marks["schema"]})
        if marks.get("store_kind", self.kind) != self.kind:
            raise Problem(OTHER_KIND, {"store": self.name, "holds": marks["store_kind"]})

    def _bring_forward(self) -> Mapping[str, str]:
        """All of it or nothing, and one process at a time. SQLite makes a table anew to change
        it, so foreign keys rest meanwhile, on a connection that is closed afterwards."""
        with self._transaction(writes=True, resting=True) as connection:
            self.alone_in(connection, "schema")
            META.create(connection, checkfirst=True)
            marks = _marks_in(connection)
            self._admit(marks)
            if not at_head(marks):
                bring_forward(connection, marks, self.kind)
            marks = _marks_in(connection)
        self.engine.dispose()
        return marks

    def close(self) -> None:
        if self._lent is not None:
            self._lent.close()
            self._lent = None
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
    def write_prepared(self) -> Iterator[Lane]:
        """As `write`, for prepared statements alone: on SQLite they need nothing but the driver."""
        if self.shared:
            with self.write() as connection:
                yield connection
            return
        # The connection stays out of the pool between transactions: to have it from there and give
        # it back costs as much as a signature. After an error it goes back, which ends what it had
        # begun.
        with self._writing:
            lent = None
            try:
                lent, self._lent = self._lent or self.engine.raw_connection(), None
                writer: Any = lent.driver_connection
                writer.execute("BEGIN IMMEDIATE")
                yield Bare(writer, self.engine.dialect)
                writer.execute("COMMIT")
                self._lent = lent
            except DBAPIError as error:
                raise self.translated(error.orig) from None
            except self._driver_error as error:
                raise self.translated(error) from None
            finally:
                if lent is not None and self._lent is None:
                    lent.close()

    @contextmanager
    def _transaction(self, *, writes: bool, resting: bool = False) -> Iterator[sa.Connection]:
        try:
            with self.engine.connect() as bare:
                if resting and not self.shared:
                    bare.connection.cursor().execute("PRAGMA foreign_keys=OFF")
                connection = bare.execution_options(**self._kind_of(writes))
                with connection.begin():
                    yield connection
        except IntegrityError:
            raise
        except DBAPIError as error:
            raise self.translated(error.orig) from None
        except self._driver_error as error:  # of a statement run on the driver's own connection
            raise self.translated(error) from None

    def _kind_of(self, writes: bool) -> dict[str, Any]:
        """PostgreSQL's default would give each statement of a read a snapshot of its own."""
        if self.shared and not writes:
            return {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
        return {"writes": writes}

    @property
    def _driver_error(self) -> type[Exception]:
        error: type[Exception] = self.engine.dialect.loaded_dbapi.Error
        return error

    def alone_in(self, connection: Lane, what: str) -> None:
        """Until the transaction ends nobody else is in one that asked for the same. SQLite's
        write transactions are alone anyway."""
        if self.shared:
            _ALONE.run(connection, what=what)

    def put(self, connection: sa.Connection, table: sa.Table, **values: object) -> None:
        """Insert the row, or make the one of the same primary key be this."""
        key = [column.name for column in table.primary_key]
        rest = {name: value for name, value in values.items() if name not in key}
        insert = self.insert(table).values(**values)
        connection.execute(insert.on_conflict_do_update(index_elements=key, set_=rest))

    def put_all_once(
        self, connection: sa.Connection, table: sa.Table, rows: Sequence[Mapping[str, object]]
    ) -> None:
        """Insert each row unless one stands in its way."""
        connection.execute(self.insert(table).on_conflict_do_nothing(), rows)

    def put_once(self, connection: sa.Connection, table: sa.Table, **values: object) -> None:
        """Insert the row unless one stands in its way."""
        connection.execute(self.insert(table).values(**values).on_conflict_do_nothing())

    def insert(self, table: sa.Table) -> Any:
        """An insert that can say what to do on a conflict."""
        return postgresql.insert(table) if self.shared else sqlite.insert(table)

    def translated(self, error: BaseException | None) -> Problem:
        """The Problem behind a driver's error; for the engine too, which uses the same database."""
        if not self.shared:
            code = getattr(error, "sqlite_errorcode", 0) & 0xFF
            return self._problem(_BY_SQLITE_CODE.get(code, UNREADABLE), str(error))
        state = getattr(error, "sqlstate", None) or "08"  # none: no server answered
        known = next((p for code, p in _BY_SQLSTATE.items() if state.startswith(code)), UNREADABLE)
        return self._problem(known, f"SQLSTATE {state}")

    def _problem(self, type_: ProblemType, seen: str) -> Problem:
        return Problem(type_, {"store": self.name, "seen": seen})


def _marks_in(connection: sa.Connection) -> Mapping[str, str]:
    rows = connection.execute(sa.select(META.c.name, META.c.value))
    return {str(row.name): str(row.value) for row in rows}


def _url(place: Path | str) -> sa.URL:
    if isinstance(place, Path):
        return sa.URL.create("sqlite", database=str(place))
    try:
        url = sa.make_url(place)
    except (sa.exc.ArgumentError, ValueError):
        url = None
    if url is None or not url.drivername.startswith("postgresql"):
        raise Problem(BAD_URL, {"seen": url.drivername if url is not None else "no URL"})
    return url.set(drivername="postgresql+psycopg")


def store_kind_of(path: Path) -> str | None:
    """The kind a store file is marked with, without changing it; None when there is no store."""
    if not path.exists():
        return None
    try:
        with sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True) as connection:
            row = connection.execute(
                "SELECT value FROM gctrust_meta WHERE name = 'store_kind'"
            ).fetchone()
    except (sqlite3.Error, UnicodeDecodeError) as error:
        raise Problem(UNREADABLE, {"store": str(path), "seen": str(error)}) from None
    finally:
        if "connection" in locals():
            connection.close()
    return str(row[0]) if row else None
