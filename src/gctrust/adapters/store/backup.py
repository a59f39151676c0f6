"""Copies of a store that are whole, taken while others write; checking one; putting one back.

A copy does not hold `ledger.key`, `seal.key` and settings: they lie beside the store on purpose.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

import sqlalchemy as sa

from ...errors import Problem, ProblemKind, ProblemType
from .store import UNREADABLE, Store, store_kind_of

EXISTS = ProblemType(
    code="store.file-exists",
    sentence="There is a file of this name already.",
    why="A back-up never overwrites another, and nothing is put back over a store that is there.",
    fix="Choose another name, or move that file (with its -wal and -shm) away first.",
    kind=ProblemKind.USAGE,
    source="docs/guides/operations.md",
)
NO_DUMP = ProblemType(
    code="store.no-pg-dump",
    sentence="PostgreSQL's own pg_dump is needed, and is not on the PATH.",
    why="A database with several writers is copied by its server's tools.",
    fix="Install PostgreSQL's client tools, or run `pg_dump --format=custom` where they are.",
    kind=ProblemKind.USAGE,
    source="docs/guides/operations.md",
)
DUMP_FAILED = ProblemType(
    code="store.dump-failed",
    sentence="pg_dump did not succeed.",
    why="Its version must not be older than the server's, and it needs to read every table.",
    fix="Run pg_dump by hand against the same database to see what it says.",
    source="docs/guides/operations.md",
)
NOT_HERE = ProblemType(
    code="store.restore-elsewhere",
    sentence="A PostgreSQL database is put back with its own tools.",
    why="The dump is pg_dump's; only its server can load it.",
    fix="Create an empty database, run `pg_restore --dbname DATABASE FILE`, and point at it.",
    kind=ProblemKind.USAGE,
    source="docs/guides/operations.md",
)
PROBLEMS = (EXISTS, NO_DUMP, DUMP_FAILED, NOT_HERE)

_PAGES = 1000  # copied at a time, so that writers get their turn
_WITH = ("", "-wal", "-shm")


def back_up(store: Store, file: Path, tool: str = "pg_dump") -> int:
    """Write the copy; returns its octets. Raises store.file-exists, store.no-pg-dump,
    store.dump-failed, store.unreadable."""
    if file.exists():
        raise Problem(EXISTS, {"file": str(file)})
    part = file.with_name(f"{file.name}.{os.getpid()}.part")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        part.touch(0o600)
        if store.shared:
            _dump(store, part, tool)
        else:
            _copy(str(store.url.database), part)
        os.link(part, file)  # never over another one
        return file.stat().st_size
    except FileExistsError:
        raise Problem(EXISTS, {"file": str(file)}) from None
    except OSError as error:
        raise Problem(UNREADABLE, {"store": str(file), "seen": error.strerror or ""}) from None
    finally:
        part.unlink(missing_ok=True)


def _copy(source: str, target: Path) -> None:
    """SQLite's online backup: one moment of the store, whatever is written meanwhile."""
    try:
        with (
            closing(sqlite3.connect(source, timeout=30)) as old,
            closing(sqlite3.connect(target)) as new,
        ):
            old.backup(new, pages=_PAGES, sleep=0.01)
            new.execute("PRAGMA journal_mode=DELETE").close()  # one file, to be carried away
    except sqlite3.Error as error:
        raise Problem(UNREADABLE, {"store": source, "seen": str(error)}) from None
    with target.open("rb+") as written:
        os.fsync(written.fileno())


def _dump(store: Store, target: Path, tool: str) -> None:
    """The password goes by a file that only its owner reads, never by a command line."""
    found = shutil.which(tool)
    if found is None:
        raise Problem(NO_DUMP, {"store": store.name})
    password = target.with_name(f"{target.name}.pass")
    try:
        password.touch(0o600)
        password.write_text(f"*:*:*:*:{_escaped(store.url.password or '')}\n")
        command = [found, "--format=custom", f"--file={target}", "--no-password"]
        command.append(f"--dbname={_conninfo(store.url, password)}")
        done = subprocess.run(command, capture_output=True, check=False)  # noqa: S603 - no shell
    finally:
        password.unlink(missing_ok=True)
    if done.returncode != 0:
        said = done.stderr.decode(errors="replace").strip().partition("\n")[0]
        raise Problem(DUMP_FAILED, {"store": store.name, "seen": said[:200]})


def _conninfo(url: sa.URL, password: Path) -> str:
    """The URL as libpq's keywords and values, without its password (PostgreSQL manual, 32.1.1)."""
    named: dict[str, object] = {"host": url.host, "port": url.port, "user": url.username}
    named |= {"dbname": url.database, **url.query, "passfile": password}
    quoted = {
        name: str(v).replace("\\", "\\\\").replace("'", "\\'") for name, v in named.items() if v
    }
    return " ".join(f"{name}='{value}'" for name, value in quoted.items())


def _escaped(text: str) -> str:
    """In a password file a colon and a backslash are escaped (PostgreSQL manual, 32.16)."""
    return text.replace("\\", "\\\\").replace(":", "\\:")


def faults(store: Store) -> tuple[str, ...]:
    """What the database itself finds wrong with its pages, indexes and references; empty: whole."""
    if store.shared:
        return ()  # its server checks its pages by itself (amcheck, checksums)
    with store.read() as connection:
        pages = connection.exec_driver_sql("PRAGMA integrity_check(20)").scalars().all()
        keys = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
    lost = (f"{row[0]} row {row[1]} refers to a lost row of {row[2]}" for row in keys[:20])
    return (*(str(page) for page in pages if page != "ok"), *lost)


def restore(file: Path, place: Path, kind: str) -> None:
    """Put a copy back where no store is. Raises store.file-exists, store.other-kind,
    store.newer, store.unreadable."""
    for suffix in _WITH:
        left = Path(f"{place}{suffix}")
        if left.exists():  # the log of another store would be played into this one
            raise Problem(EXISTS, {"file": str(left)})
    if store_kind_of(file) is None:
        raise Problem(UNREADABLE, {"store": str(file), "seen": "there is no such file"})
    part = place.with_name(f"{place.name}.{os.getpid()}.part")
    try:
        place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        _copy(str(file), part)
        with closing(Store(part, kind)) as copy:
            if seen := faults(copy):
                raise Problem(UNREADABLE, {"store": str(file), "seen": seen[0]})
            with copy.write() as connection:  # no process holds what is in a copy
                connection.execute(sa.text("UPDATE leases SET holder = '', beat = 0"))
        _copy(str(part), place)
    except OSError as error:
        raise Problem(UNREADABLE, {"store": str(place), "seen": error.strerror or ""}) from None
    finally:
        for suffix in _WITH:
            Path(f"{part}{suffix}").unlink(missing_ok=True)
    place.chmod(0o600)
