"""Idempotency-Key: a request that is sent again with its key is answered with the run of the first.

An order joins the open run for the same thing anyway; with a key it also does after that run ended.
"""

from __future__ import annotations

import hashlib

import sqlalchemy as sa

from ...errors import Problem, ProblemKind, ProblemType
from ...ports import Clock
from .schema import IDEMPOTENCY
from .store import Store

REUSED = ProblemType(
    code="service.key-reused",
    sentence="This Idempotency-Key came with another order before.",
    why="A key stands for one order; answering with that one's run would mislead.",
    fix="Send each new order with a new key, such as a UUID.",
    kind=ProblemKind.USAGE,
    source="docs/reference/service.md",
)
PROBLEMS = (REUSED,)
KEPT = 7 * 86_400.0  # seconds


class IdempotencyKeys:
    """Keys of one token do not meet those of another. Every method is one transaction."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self.store, self.clock = store, clock

    def run_of(self, actor: str, key: str, body: str) -> str | None:
        """The run that this key's order became. `body` is the digest of what was ordered.

        Raises Problem service.key-reused.
        """
        query = sa.select(IDEMPOTENCY).where(IDEMPOTENCY.c.key == _digest(actor, key))
        with self.store.read() as connection:
            row = connection.execute(query).first()
        if row is None or row.at < self.clock.now() - KEPT:
            return None
        if row.body != body:
            raise Problem(REUSED)
        return str(row.run)

    def keep(self, actor: str, key: str, body: str, run: str) -> None:
        now = self.clock.now()
        with self.store.write() as connection:
            connection.execute(sa.delete(IDEMPOTENCY).where(IDEMPOTENCY.c.at < now - KEPT))
            values = {"key": _digest(actor, key), "body": body, "run": run, "at": now}
            self.store.put_once(connection, IDEMPOTENCY, **values)


def _digest(actor: str, key: str) -> str:
    return hashlib.sha256(f"{actor}\n{key}".encode("utf-8", "surrogatepass")).hexdigest()
