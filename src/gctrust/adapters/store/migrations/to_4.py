"""Version 4: a run names the worker that drives it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic.operations import Operations


def upgrade(op: Operations) -> None:
    columns = sa.inspect(op.get_bind()).get_columns("runs")
    if "owner" not in {column["name"] for column in columns}:
        op.add_column("runs", sa.Column("owner", sa.Text))
