"""How the store stands at this moment, in figures for /metrics: each is one grouped query."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa

from ...pipelines.journeys import journeys
from .schema import (
    CIRCUITS,
    LEDGER,
    OUTBOX,
    REQUEST_BUDGETS,
    RUNS,
    WEBHOOK_ATTEMPTS,
    WEBHOOK_DELIVERIES,
)
from .store import Store

Row = tuple[str, tuple[str, ...], float]  # a metric's name, its labels' values, its value

_OPEN = RUNS.c.ended.is_(None)
_PENDING = WEBHOOK_DELIVERIES.c.status == "pending"


def standing(store: Store, now: float) -> Iterator[Row]:
    """One snapshot. `now` is the clock the store's instants are of, in Unix seconds."""
    with store.read() as connection:
        for figure in (_runs, _waiting, _webhooks, _ledger, _budgets, _circuits):
            yield from figure(connection, now)


def _runs(connection: sa.Connection, now: float) -> Iterator[Row]:
    grouped = sa.select(RUNS.c.journey, RUNS.c.status, sa.func.count()).group_by(
        RUNS.c.journey, RUNS.c.status
    )
    # A series that begins with its first failure would show no change at it.
    counts = {(journey, "failed"): 0 for journey in journeys()}
    counts |= {(row[0], row[1]): row[2] for row in connection.execute(grouped)}
    for labels, count in counts.items():
        yield "gctrust_runs", labels, count
    oldest = sa.select(RUNS.c.journey, sa.func.min(RUNS.c.started)).where(_OPEN)
    for journey, started in connection.execute(oldest.group_by(RUNS.c.journey)):
        yield "gctrust_runs_oldest_seconds", (journey,), max(0.0, now - started)


def _waiting(connection: sa.Connection, _now: float) -> Iterator[Row]:
    query = sa.select(sa.func.count()).where(_OPEN, RUNS.c.waiting_until.is_not(None))
    yield "gctrust_runs_waiting", (), connection.execute(query).scalar_one()


def _webhooks(connection: sa.Connection, now: float) -> Iterator[Row]:
    rows, tries = WEBHOOK_DELIVERIES.c, WEBHOOK_ATTEMPTS.c
    counted = sa.select(rows.endpoint, rows.status, sa.func.count())
    for endpoint, status, count in connection.execute(counted.group_by(rows.endpoint, rows.status)):
        yield "gctrust_webhooks", (endpoint, status), count
    kind = sa.case(
        (tries.status.is_(None), "no-answer"),
        else_=sa.cast(tries.status / 100, sa.Integer).cast(sa.Text) + "xx",
    )
    sent = sa.select(tries.endpoint, kind, sa.func.count()).group_by(tries.endpoint, kind)
    for endpoint, result, count in connection.execute(sent):
        yield "gctrust_webhook_attempts_total", (endpoint, result), count
    first = sa.select(sa.func.min(rows.entry)).where(_PENDING).scalar_subquery()
    waited = connection.execute(sa.select(OUTBOX.c.created).where(OUTBOX.c.entry == first))
    created = waited.scalar()
    yield "gctrust_webhook_oldest_seconds", (), max(0.0, now - (created or now))


def _ledger(connection: sa.Connection, _now: float) -> Iterator[Row]:
    last = connection.execute(sa.select(sa.func.max(LEDGER.c.seq))).scalar()
    yield "gctrust_ledger_entries", (), 0 if last is None else last + 1


def _budgets(connection: sa.Connection, _now: float) -> Iterator[Row]:
    for identity, state in _states(connection, REQUEST_BUDGETS):
        used = state["granted"] + max(state["slipped"], min(state["seen"], default=0))
        yield "gctrust_request_budget_allowed", (identity,), state["allowed"]
        yield "gctrust_request_budget_used", (identity,), used


def _circuits(connection: sa.Connection, now: float) -> Iterator[Row]:
    for host, state in _states(connection, CIRCUITS):
        yield "gctrust_circuit_open", (host,), float(state["blocked_until"] > now)


def _states(connection: sa.Connection, table: sa.Table) -> Iterator[tuple[str, Any]]:
    for key, text in connection.execute(sa.select(table)):
        yield key, json.loads(text)
