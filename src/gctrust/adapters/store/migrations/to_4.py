"""Version 4: a run names the worker that drives it, an event has a delivery an endpoint."""

from __future__ import annotations

import sqlalchemy as sa
from alembic.operations import Operations


def upgrade(op: Operations) -> None:
    inspector = sa.inspect(op.get_bind())
    if "owner" not in {column["name"] for column in inspector.get_columns("runs")}:
        op.add_column("runs", sa.Column("owner", sa.Text))
    known = inspector.get_table_names()
    if "webhook_deliveries" not in known:
        _create_deliveries(op)
    if "webhook_attempts" not in known:
        _create_attempts(op)


def _create_deliveries(op: Operations) -> None:
    table = "webhook_deliveries"
    op.create_table(
        table,
        sa.Column("outbox", sa.Text, primary_key=True),
        sa.Column("endpoint", sa.Text, primary_key=True),
        sa.Column("entry", sa.BigInteger().with_variant(sa.Integer, "sqlite"), nullable=False),
        sa.Column("entity", sa.Text, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("next_at", sa.Float, nullable=False),
    )
    op.create_index(f"{table}_due", table, ["endpoint", "status", "next_at", "entry"])
    op.create_index(f"{table}_order", table, ["endpoint", "entity", "status", "entry"])
    op.create_index(f"{table}_entry", table, ["entry"])


def _create_attempts(op: Operations) -> None:
    op.create_table(
        "webhook_attempts",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("outbox", sa.Text, nullable=False),
        sa.Column("endpoint", sa.Text, nullable=False),
        sa.Column("try", sa.Integer, nullable=False),
        sa.Column("at", sa.Float, nullable=False),
        sa.Column("status", sa.Integer),
        sa.Column("error", sa.Text, nullable=False),
        sa.Column("seconds", sa.Float, nullable=False),
    )
    op.create_index("webhook_attempts_of", "webhook_attempts", ["outbox", "endpoint"])
