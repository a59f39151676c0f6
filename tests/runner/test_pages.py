"""Lists of runs with a hundred thousand of them in the store: whole, and led by an index."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from tiny import SystemClock

from gctrust.adapters.store.schema import RUNS
from gctrust.adapters.store.store import Store
from gctrust.runner.codec import Codec
from gctrust.runner.runs import Runs, Sought, page_query

MANY = 100_000
STATUSES = ("succeeded", "succeeded", "succeeded", "failed", "open")


def rows() -> list[dict[str, object]]:
    return [
        {
            "id": f"email-domain:d{n}.example@1",
            "journey": "custom-domain" if n % 10 == 0 else "email-domain",
            "identity": f"email-domain:d{n}.example",
            "generation": 1,
            "order": "{}",
            "status": STATUSES[n % 5],
            "started": 1_000_000.0 + n // 4,  # four at the same instant
            "ended": None if n % 5 == 4 else 2_000_000.0,
            "horizon": 3_000_000.0,
            "stage": "", "note": "", "waiting_for": "", "life": 1,
        }
        for n in range(MANY)
    ]  # fmt: skip


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runs]:
    store = Store(tmp_path_factory.mktemp("pages") / "store.db")
    with store.write() as connection:
        connection.execute(sa.insert(RUNS), rows())
    yield Runs(store, Codec(), SystemClock())
    store.close()


AFTER = (1_020_000.0, "email-domain:d80000.example@1")


@pytest.mark.parametrize("after", [None, AFTER])
@pytest.mark.parametrize(
    "sought",
    [
        Sought(),
        Sought(status="failed"),
        Sought(journey="custom-domain"),
        Sought(status="open", journey="custom-domain"),
        Sought(identity="email-domain:d77.example"),
        Sought(since=1_024_000.0),
        Sought(status="failed", since=1_024_000.0),
    ],
)
def test_no_page_reads_all_runs(
    runs: Runs, sought: Sought, after: tuple[float, str] | None
) -> None:
    query = page_query(sought, 100, after).compile(
        dialect=runs.store.engine.dialect, compile_kwargs={"literal_binds": True}
    )
    with runs.store.read() as connection:
        plan = [row.detail for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {query}")]
    assert all("USING INDEX" in step or "TEMP B-TREE" in step for step in plan), plan
    sorts = any("TEMP B-TREE" in step for step in plan)
    assert not sorts or sought.identity, f"only the few runs of one identity may be sorted: {plan}"


def test_pages_follow_one_another_and_none_is_lost_or_twice(runs: Runs) -> None:
    sought = Sought(status="failed", since=1_020_000.0)
    seen: list[str] = []
    after = None
    while page := runs.page(sought, 777, after):
        seen += [row.id for row in page]
        after = page[-1].started, page[-1].id
    wanted = {r["id"] for r in rows() if r["status"] == "failed" and r["started"] >= 1_020_000.0}
    assert len(seen) == len(wanted)
    assert set(seen) == wanted
    instants = [(row.started, row.id) for row in runs.page(sought, 50)]
    assert instants == sorted(instants, reverse=True)


def test_the_counts_of_metrics_come_from_an_index(runs: Runs) -> None:
    assert runs.count()["custom-domain", "succeeded"] == 10_000
    with runs.store.read() as connection:
        query = "SELECT journey, status, count(*) FROM runs GROUP BY journey, status"
        plan = [row.detail for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {query}")]
    assert len(plan) == 1
    assert "COVERING INDEX" in plan[0]
