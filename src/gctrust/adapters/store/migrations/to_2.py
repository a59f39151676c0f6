"""Version 2: long runs are cut into segments; the HTTP service has tokens."""

from __future__ import annotations

import sqlalchemy as sa
from alembic.operations import Operations


def upgrade(op: Operations) -> None:
    known = sa.inspect(op.get_bind()).get_table_names()
    if "segments" not in known:
        op.create_table(
            "segments",
            sa.Column("run", sa.Text, sa.ForeignKey("runs.id"), primary_key=True),
            sa.Column("number", sa.Integer, nullable=False),
            sa.Column("workflow", sa.Text, nullable=False),
            sa.Column("base", sa.Integer, nullable=False),
            sa.Column("state", sa.Text, nullable=False),
        )
    if "api_tokens" not in known:
        op.create_table(
            "api_tokens",
            sa.Column("name", sa.Text, primary_key=True),
            sa.Column("role", sa.Text, nullable=False),
            sa.Column("digest", sa.Text, nullable=False, unique=True),
            sa.Column("created", sa.Float, nullable=False),
            sa.Column("expires", sa.Float),
            sa.Column("revoked", sa.Float),
        )
