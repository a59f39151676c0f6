"""What is old goes, batch by batch; what is open, and the ledger, never does."""

from __future__ import annotations

import sqlite3
import sys
from functools import partial
from pathlib import Path

import pytest
import sqlalchemy as sa

from gctrust.adapters.store.retention import BATCH, Cleaned, Retention
from gctrust.adapters.store.schema import OUTBOX, RUNS, STEPS
from gctrust.adapters.webhooks.outbox import Target
from gctrust.errors import Problem
from gctrust.runner.engine_dbos import forget_workflows

sys.path.insert(0, str(Path(__file__).parents[1] / "runner"))
from test_runner import running, until
from tiny import REFUSED, HandClock, House, TinyOrder, appender, raising

DAY = 86_400.0


def retention(house, tell=lambda before, going: None):
    return Retention(house.store, partial(forget_workflows, house.store), tell)


def engine_rows(house):
    with sqlite3.connect(house.store.name) as connection:
        query = "SELECT workflow_uuid FROM {} GROUP BY 1"
        tables = ("workflow_status", "operation_outputs")
        return [{row[0] for row in connection.execute(query.format(t))} for t in tables]


async def test_old_runs_go_and_open_ones_and_the_ledger_stay(tmp_path):
    house = House(tmp_path, HandClock(), Target("http://127.0.0.1:9/hook", allow_private=True))
    async with running(house.runner(segment=10)) as runner:
        for n in range(2):  # two generations, in segments
            run = runner.submit(TinyOrder(lines=5, wait=0.0, event=n == 0))
            await runner.await_end(run, 20)
        waiting = runner.submit(TinyOrder("open", lines=1, wait=400 * DAY, horizon=999 * DAY))
        await until(lambda: runner.show(waiting).waiting_until)
        house.clock.at += 100 * DAY
        fresh = runner.submit(TinyOrder("fresh", lines=1, wait=0.0))
        await runner.await_end(fresh, 20)
        with house.store.write() as connection:
            connection.execute(sa.update(OUTBOX).values(status="dead"))
        before, entries = house.clock.at - 90 * DAY, house.ledger.entries()
        saved = house.ledger.checkpoint()
        would = retention(house).would(before)
        assert (would.runs, would.removed, would.webhooks) == (2, 1, 1)
        told = []
        cleaned = retention(house, lambda *going: told.append(going)).clean(before)
        assert (cleaned, told) == (would, [(before, would)])
        assert retention(house).would(before) == Cleaned() == retention(house).clean(before)
        assert {row.id for row in runner.list_runs()} == {"tiny:a@2", waiting, fresh}
        assert runner.show("tiny:a@2").status == "succeeded"
        assert runner.show("tiny:a@2").history == ()
        assert runner.show(fresh).history
        for left in engine_rows(house):
            assert not {name for name in left if name.startswith("tiny:a")}
            assert {waiting, fresh} <= left
        assert house.ledger.entries()[: len(entries)] == entries
        assert house.ledger.verify(saved).findings == ()
        third = runner.submit(TinyOrder(lines=1, wait=0.0))
        assert third == "tiny:a@3", "numbers are never given again"
        house.clock.at += 500 * DAY
        assert (await runner.await_end(waiting, 20)).status == "succeeded"


async def test_a_failed_run_whose_details_went_is_resumed_from_the_start(tmp_path):
    house = House(tmp_path, HandClock())
    performer = raising(REFUSED, 1, appender(house.file))
    async with running(house.runner(performer)) as runner:
        run = runner.submit(TinyOrder(lines=1, wait=0.0))
        with pytest.raises(Problem):
            await runner.await_end(run, 20)
        house.clock.at += DAY
        assert retention(house).clean(house.clock.at - 1).runs == 1
        assert runner.resume(run)
        assert (await runner.await_end(run, 20)).status == "succeeded"
    assert house.ledger.verify().findings == ()


def test_more_than_a_batch(tmp_path):
    house = House(tmp_path, HandClock())
    count = 2 * BATCH + 7
    order = {"journey": "tiny", "order": "{}", "status": "failed", "started": 0.0, "horizon": 1.0}
    with house.store.write() as connection:
        for n in range(count):
            row = {"id": f"x:{n}@1", "identity": f"x:{n}", "generation": 1, "ended": 5.0}
            connection.execute(sa.insert(RUNS).values({**order, **row}))
            step = {"run": f"x:{n}@1", "step": 1, "life": 1, "name": "1 Now", "kind": "done"}
            step |= {"started": 0.0, "ended": 0.0, "seconds": 0.0}
            connection.execute(sa.insert(STEPS).values(step))
    sizes = []

    def forget(workflows):
        sizes.append(len(workflows))

    def tell(before, going):
        assert (before, going.runs, sizes) == (6.0, count, []), "told once, before anything goes"

    old = Retention(house.store, forget, tell)
    assert old.clean(5.0) == Cleaned(), "it ended at 5, not before"
    assert old.clean(6.0) == Cleaned(count, 0, count, 0)
    assert sizes == [BATCH, BATCH, 7]


async def test_on_postgresql(tmp_path, postgres):
    url = sa.make_url(postgres).set(drivername="postgresql+psycopg")
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql("CREATE DATABASE retention")
    engine.dispose()
    place = url.set(database="retention").render_as_string(hide_password=False)
    house = House(tmp_path, HandClock(), place=place)
    assert retention(house).clean(1e12) == Cleaned()
    async with running(house.runner()) as runner:
        for _ in range(2):
            run = runner.submit(TinyOrder(lines=1, wait=0.0))
            await runner.await_end(run, 20)
        cleaned = retention(house).clean(house.clock.at + 1)
        assert (cleaned.runs, cleaned.removed) == (2, 1)
    with house.store.read() as connection:
        count = "SELECT count(*) FROM dbos.operation_outputs"
        assert connection.exec_driver_sql(count).scalar() == 0
    house.store.close()
