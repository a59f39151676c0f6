"""Workers on PostgreSQL: they share the runs, and one that dies loses its to the others."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa
from tiny import House, TinyOrder

from gctrust.adapters.store.schema import RUNS

PROGRAM = str(Path(__file__).with_name("tiny.py"))
ORDERS, LINES = 30, 4


@pytest.fixture
def database(postgres: str) -> str:
    """The engine's tables have one schema in a database: each test has a database of its own."""
    url = sa.make_url(postgres).set(drivername="postgresql+psycopg")
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql("CREATE DATABASE workers")
    engine.dispose()
    return url.set(database="workers").render_as_string(hide_password=False)


@contextmanager
def worker(home: Path, url: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, PROGRAM, str(home), "0", "0.05"],
        env={**os.environ, "TINY_STORE": url},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout
        assert process.stdout.readline() == "working\n"
        yield process
    finally:
        if process.poll() is None:
            assert process.stdin
            process.stdin.close()
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def owners(house: House) -> Counter[tuple[str, bool]]:
    with house.store.read() as connection:
        rows = connection.execute(sa.select(RUNS.c.owner, RUNS.c.ended)).all()
    return Counter((str(owner), ended is not None) for owner, ended in rows)


def until(condition: object, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_two_share_the_work_and_the_survivor_ends_it(tmp_path: Path, database: str) -> None:
    house = House(tmp_path, place=database)
    runner = house.runner()
    with worker(tmp_path, database), worker(tmp_path, database) as second:
        for n in range(ORDERS):
            runner.submit(TinyOrder(name=f"order{n}", lines=LINES, wait=0.5))
        until(lambda: len({owner for owner, _ in owners(house)} - {"None"}) == 2, 15)
        time.sleep(0.5)
        second.kill()
        second.wait()
        until(lambda: all(ended for _, ended in owners(house)), 60)
    wanted = "".join(f"{n}\n" for n in range(LINES))
    for n in range(ORDERS):
        assert (tmp_path / f"order{n}.txt").read_text() == wanted, n
    rows = runner.list_runs()
    assert Counter(row.status for row in rows) == {"succeeded": ORDERS}
    assert house.ledger.verify().findings == ()
    done = Counter(entry.run for entry in house.ledger.entries(action="tiny.done"))
    assert done == {row.id: 1 for row in rows}
    house.store.close()
