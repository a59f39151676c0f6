"""Version 5: an event knows nothing of its delivery any more. What an earlier store still has there
was all the environment's, and goes where the deliveries of endpoints are."""

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
_OUTBOX = sa.Table(
    "outbox",
    sa.MetaData(),
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("run", sa.Text, nullable=False),
    sa.Column("step", sa.Integer, nullable=False),
    sa.Column("event", sa.Text, nullable=False),
    sa.Column("entity", sa.Text, nullable=False),
    sa.Column("body", sa.Text, nullable=False),
    sa.Column("entry", sa.Integer, sa.ForeignKey("ledger.seq"), nullable=False),
    sa.Column("created", sa.Float, nullable=False),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("tries", sa.Integer, nullable=False),
    sa.Column("next_at", sa.Float, nullable=False),
    sa.UniqueConstraint("entry"),
)
sa.Table("ledger", _OUTBOX.metadata, sa.Column("seq", sa.Integer, primary_key=True))


def upgrade(op: Operations) -> None:
    connection = op.get_bind()
    inspector = sa.inspect(connection)
    if "tries" in {column["name"] for column in inspector.get_columns("outbox")}:
        connection.execute(sa.text(_DELIVERIES))
        with op.batch_alter_table("outbox", copy_from=_OUTBOX) as outbox:
            outbox.drop_column("tries")
            outbox.drop_column("next_at")
    if "deliveries" in inspector.get_table_names():
        connection.execute(sa.text(_ATTEMPTS))
        op.drop_table("deliveries")
