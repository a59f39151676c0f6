"""Both stores: a SQLite file, and a schema of its own on the tests' PostgreSQL server."""

from __future__ import annotations

from itertools import count
from pathlib import Path

import pytest
import sqlalchemy as sa

_NUMBERS = count()


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Path | str:
    """A place that holds no store yet."""
    if request.param == "sqlite":
        return tmp_path / "store.db"
    url = sa.make_url(request.getfixturevalue("postgres")).set(drivername="postgresql+psycopg")
    name = f"store{next(_NUMBERS)}"
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        connection.exec_driver_sql(f"CREATE SCHEMA {name}")
    engine.dispose()
    place = url.update_query_dict({"options": f"-csearch_path={name}"})
    return place.render_as_string(hide_password=False)
