"""Ordered over HTTP and gone on with by another worker: still whose order it was, and one trace."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from pathlib import Path

import httpx2
import pytest
import sqlalchemy as sa
from collecting import Collector, collecting
from shell import Shell, opened

DOMAIN = "handed.example.com"
PATIENCE = 40.0  # seconds, on a machine that does much else


def until(seen: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not seen():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def ordered(shell: Shell) -> str:
    """By a service that ends once the platform knows the domain; returns the run."""
    token = shell.answer("gctrust tokens create alice-ci --role operator")["token"]
    service = shell.start("gctrust serve --port 0 --json")
    try:
        assert service.stdout is not None
        address = json.loads(service.stdout.readline())["address"]
        headers = {"Authorization": f"Bearer {token}", "Gctrust-Reason": "new brand"}
        body = {"journey": "email-domain", "domain": DOMAIN}
        told = httpx2.post(f"{address}/v1/runs", json=body, headers=headers, trust_env=False)
        assert told.status_code == 201, told.text
        until(lambda: bool(shell.effects()))
    finally:
        service.terminate()
        service.wait(PATIENCE)
    return str(told.json()["id"])


def gone_on_with(shell: Shell, run: str) -> None:
    """By a worker that has no other part in it, to its end."""
    worker = shell.start("gctrust worker")
    try:
        shell.publish(DOMAIN)
        watched = shell.run(f"gctrust runs watch {run} --wait 25")
        assert watched.returncode == 0, watched.stdout + watched.stderr
    finally:
        worker.terminate()
        worker.wait(PATIENCE)


def told_as_one(collector: Collector, run: str) -> None:
    spans = {span.span_id: span for span in collector.spans}
    assert len({span.trace_id for span in spans.values()}) == 1
    (root,) = (span for span in spans.values() if not span.parent_span_id)
    assert {a.key: a.value.string_value for a in root.attributes}["gctrust.run"] == run
    children = [span for span in spans.values() if span is not root]
    assert {span.parent_span_id for span in children} == {root.span_id}
    assert {"RegisterEmailDomain", "RequestVerification"} <= {span.name for span in children}


@pytest.mark.skipif(
    os.environ.get("GCTRUST_LONG") != "1", reason="a service, a worker, a database: GCTRUST_LONG=1"
)
def test_a_run_of_two_workers_is_its_orderers_and_one_trace(tmp_path: Path, postgres: str) -> None:
    url = sa.make_url(postgres).set(drivername="postgresql+psycopg")
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql("CREATE DATABASE handed")
    engine.dispose()
    with opened(tmp_path) as shell, collecting() as collector:
        store = url.set(database="handed", drivername="postgresql")
        shell.environ["GCTRUST_STORE_URL"] = store.render_as_string(hide_password=False)
        shell.environ["OTEL_EXPORTER_OTLP_ENDPOINT"] = collector.url
        run = ordered(shell)
        before = {span.span_id for span in collector.spans}
        gone_on_with(shell, run)
        entries = shell.answer(f"gctrust audit list run:{run}")["entries"]
    assert before
    assert {span.span_id for span in collector.spans} > before
    told_as_one(collector, run)
    assert len(entries) > 4
    assert {e["actor"] for e in entries} == {"token:alice-ci"}
    assert {e["data"]["reason"] for e in entries} == {"new brand"}
