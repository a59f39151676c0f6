"""Version 4: a run names the worker that drives it, and an event has a delivery for each endpoint:
those of before were all the environment's."""

from __future__ import annotations

import sqlalchemy as sa
from alembic.operations import Operations

_DELIVERIES = """
INSERT INTO webhook_deliveries (outbox, endpoint, entry, entity, status, tries, next_at)
SELECT id, 'environment', entry, entity, status, tries, next_at FROM outbox
WHERE id NOT IN (SELECT outbox FROM webhook_deliveries)
"""
_ATTEMPTS = """
INSERT INTO webhook_attempts (outbox, endpoint, "try", at, status, error, seconds)
SELECT outbox, 'environment', "try", at, status, error, seconds FROM deliveries
WHERE outbox NOT IN (SELECT outbox FROM webhook_attempts) ORDER BY id
"""


def upgrade(op: Operations) -> None:
    connection = op.get_bind()
    inspector = sa.inspect(connection)
    if "owner" not in {column["name"] for column in inspector.get_columns("runs")}:
        op.add_column("runs", sa.Column("owner", sa.Text))
    known = inspector.get_table_names()
    if "webhook_deliveries" not in known:
        _create_deliveries(op)
    if "webhook_attempts" not in known:
        _create_attempts(op)
    connection.execute(sa.text(_DELIVERIES))
    connection.execute(sa.text(_ATTEMPTS))


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
