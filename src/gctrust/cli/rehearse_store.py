"""Databases of a rehearsal: made beside what the server holds, and dropped again; never another."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ..errors import Problem, ProblemKind, ProblemType

if TYPE_CHECKING:
    import sqlalchemy as sa

PREFIX = "gctrust_rehearsal_"
NO_DATABASE = ProblemType(
    "cli.rehearsal-database",
    "A database for the rehearsal cannot be made on this server.",
    "A rehearsal works in databases of its own, made and dropped by it, so that it cannot meet "
    "the runs of anybody.",
    "Give a URL whose user may connect and has the right CREATEDB, or leave --store out.",
    kind=ProblemKind.USAGE,
    source="docs/guides/rehearsal.md",
)


class Server:
    """A PostgreSQL server at a URL `postgresql://USER@HOST/DATABASE`."""

    def __init__(self, url: str) -> None:
        """Raises Problem cli.rehearsal-database."""
        import sqlalchemy as sa

        try:
            self._url = sa.make_url(url).set(drivername="postgresql+psycopg")
            if not sa.make_url(url).drivername.startswith("postgresql"):
                raise ValueError("no URL of PostgreSQL")
            self._engine = sa.create_engine(self._url, isolation_level="AUTOCOMMIT")
        except (sa.exc.ArgumentError, ValueError, ModuleNotFoundError) as error:
            raise Problem(NO_DATABASE, {"seen": type(error).__name__}) from None

    @property
    def name(self) -> str:
        """Without its password."""
        return self._url.set(drivername="postgresql").render_as_string()

    @contextmanager
    def database(self) -> Iterator[str]:
        """The URL of an empty database, there while the block lasts.

        Raises Problem cli.rehearsal-database.
        """
        name = PREFIX + secrets.token_hex(8)
        self._execute(f'CREATE DATABASE "{name}"')
        try:
            made: sa.URL = self._url.set(database=name, drivername="postgresql")
            yield made.render_as_string(hide_password=False)
        finally:
            self._execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def _execute(self, statement: str) -> None:
        import sqlalchemy as sa

        try:
            with self._engine.connect() as connection:
                connection.exec_driver_sql(statement)
        except sa.exc.SQLAlchemyError as error:
            state = getattr(getattr(error, "orig", None), "sqlstate", None)
            facts = {"store": self.name, "seen": f"SQLSTATE {state or 'none: no answer'}"}
            raise Problem(NO_DATABASE, dict(facts)) from None

    def close(self) -> None:
        self._engine.dispose()
