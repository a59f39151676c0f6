"""Version 4: a run names the worker that drives it, and an event has a delivery for each endpoint:
those of before were all the environment's."""

from __future__ import annotations

import sqlalchemy as sa
from alembic.operations import Operations

from ..schema import WEBHOOK_ATTEMPTS, WEBHOOK_DELIVERIES

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
    columns = sa.inspect(connection).get_columns("runs")
    if "owner" not in {column["name"] for column in columns}:
        op.add_column("runs", sa.Column("owner", sa.Text))
    for table in (WEBHOOK_DELIVERIES, WEBHOOK_ATTEMPTS):
        table.create(connection, checkfirst=True)
    connection.execute(sa.text(_DELIVERIES))
    connection.execute(sa.text(_ATTEMPTS))
