"""Killed before and after each single effect of a renewal: it goes on, and uploads once.

Only with GCTRUST_LONG=1; tests/faults/test_meanwhile.py has the one moment that matters most.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from arena import arena, as_text

from gctrust.app import build_app

DYING = str(Path(__file__).with_name("dying_worker.py"))
WORKER = str(Path(__file__).with_name("worker.py"))
# AssessFiles, ReadCertificate, UploadCertificate, then as many looks as the platform needs.
EFFECTS = range(1, 9)
LONG = os.environ.get("GCTRUST_LONG") == "1"
MOMENTS = [(n, word) for n in EFFECTS for word in ("before", "after")]
JUMP = 20.0


def started(house, program, order, *death):
    note, file = house.home / "addresses.json", house.home / "order.json"
    note.write_text(json.dumps(house.addresses))
    file.write_text(as_text(order))
    command = [sys.executable, program, str(house.home), str(note), *map(str, death), str(file)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def over(house, worker):
    """Let the platform's time run until the worker has ended, or died; what it said."""
    while worker.poll() is None:
        house.advance(JUMP)
        with contextlib.suppress(subprocess.TimeoutExpired):
            worker.wait(0.05)
    return worker.stdout.read()


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    with arena(tmp_path_factory.mktemp("home")) as made:
        yield made


@pytest.mark.skipif(not LONG, reason="GCTRUST_LONG=1 dies at every effect of a renewal")
@pytest.mark.parametrize(("number", "word"), MOMENTS)
def test_killed_at_one_effect(house, number, word):
    at = MOMENTS.index((number, word))
    old = house.custom_order(at)
    assert "ended succeeded" in over(house, started(house, WORKER, old))
    new = replace(old, files=house.issue(f"renewed{at}", old.domain, profile="server"))
    before = len(house.writes())
    told = over(house, started(house, DYING, new, number, word, "any"))
    if "ended" not in told:
        assert "ended succeeded" in over(house, started(house, DYING, new, 10**6, word, "any"))
    puts = house.writes()[before:]
    assert [put["effect"] for put in puts] == [True], "one upload, whatever died"
    assert asyncio.run(closing(house, new.identity)) == ["custom-domain.succeeded"]


async def closing(house, identity):
    async with build_app(house.settings()) as app:
        run = next(row for row in app.runner.list_runs() if row.identity == identity)
        entries = app.ledger.entries(run=run.id)
        assert run.end.summary["adopted"] is False
        assert run.end.summary["platform_audit_id"]
        return [e.action for e in entries if e.action.startswith("custom-domain.")]
