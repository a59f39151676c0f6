"""Workers of a rehearsal, seen from their parent: started, accompanied, killed with SIGKILL."""

from __future__ import annotations

import asyncio
import multiprocessing
import signal
import time
from collections.abc import Awaitable, Callable
from multiprocessing.context import ForkServerContext
from typing import Any

from .rehearse_worker import Ended, Stand, Task, work
from .rehearse_world import Case, World

SILENCE = 60.0  # seconds a worker may say nothing; a take-over on PostgreSQL takes 6 of them
PATIENCE = 600.0  # seconds for one worker to end the run, whatever it says
LOOK = 0.5
CLOSING = 5.0  # seconds a worker has to close what it opened
# Loaded once, and had by every worker from its first moment.
PRELOAD = [
    "gctrust.cli.rehearse_worker",
    "gctrust.app",
    "gctrust.runner.engine_dbos",
    "gctrust.runner.performers",
    "gctrust.adapters.genesys.client",
    "gctrust.adapters.webhooks.outbox",
    "gctrust.adapters.tls.edge_probe",
]

Here = Callable[[Stand], Awaitable[bool]]  # whether a worker that stands there is to be killed


class Workers:
    """Processes of their own, forked from one that has done nothing but import."""

    def __init__(self) -> None:
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload(PRELOAD)

    def start(self, task: Task) -> Worker:
        return Worker(self._context, task)


class Worker:
    """One process that drives one run, and stands still at every point of it."""

    def __init__(self, context: ForkServerContext, task: Task) -> None:
        self._pipe, its_end = context.Pipe()
        self._process = context.Process(target=work, args=(its_end, task), daemon=True)
        self._process.start()
        its_end.close()
        self._began = self._heard = time.monotonic()

    def hear(self) -> Stand | Ended | None:
        """What it says next; None when it has died, or took too long over all. Blocks a moment.

        Raises TimeoutError when it says nothing in that moment.
        """
        now = time.monotonic()
        if now > min(self._heard + SILENCE, self._began + PATIENCE):
            return None
        try:
            if not self._pipe.poll(LOOK):
                raise TimeoutError
            told: Stand | Ended = self._pipe.recv()
            self._heard = time.monotonic()
            return told
        except (EOFError, ConnectionError):
            return None

    def go_on(self) -> None:
        self._pipe.send(None)

    def kill(self) -> int | None:
        """Its exit code: -9 when it was the signal that ended it."""
        self._process.kill()
        return self.end()

    def end(self) -> int | None:
        self._process.join(CLOSING)
        if self._process.exitcode is None:
            self._process.kill()
            self._process.join()
        code: Any = self._process.exitcode
        self._pipe.close()
        self._process.close()
        return int(code)


async def killed(workers: Workers, world: World, case: Case, here: Here) -> tuple[str, ...]:
    """One worker dies where `here` says, another ends the run. What went wrong on the way."""
    first = await asyncio.to_thread(workers.start, world.task(case))
    died = await _accompany(first, world, here)
    if not isinstance(died, Stand):
        await asyncio.to_thread(first.end)
        return (_unkilled(died),)
    if await asyncio.to_thread(first.kill) != -signal.SIGKILL:
        return ("the worker had ended before it could be killed",)
    return await undisturbed(workers, world, case)


async def undisturbed(
    workers: Workers, world: World, case: Case, seen: Callable[[Stand], None] = lambda _: None
) -> tuple[str, ...]:
    """A worker takes the run to its end. `seen` is told of every point it stands at."""

    async def nowhere(stand: Stand) -> bool:
        seen(stand)
        return False

    worker = await asyncio.to_thread(workers.start, world.task(case))
    told = await _accompany(worker, world, nowhere)
    await asyncio.to_thread(worker.end)
    if isinstance(told, Ended):
        return () if told.status == "succeeded" else (f"the run ended: {told.status}",)
    return (f"the run came to no end: {SILENCE:.0f} s of silence, or {PATIENCE:.0f} s in all",)


async def _accompany(worker: Worker, world: World, here: Here) -> Stand | Ended | None:
    """Until it stands where it is to be killed, or has ended; None when it never did either."""
    while True:
        try:
            told = await asyncio.to_thread(worker.hear)
        except TimeoutError:
            await world.hurry()
            continue
        if not isinstance(told, Stand) or await here(told):
            return told
        if told.until is not None:
            await world.jump(told.until)
        await asyncio.to_thread(worker.go_on)


def _unkilled(told: Ended | None) -> str:
    if told is None:
        return "the worker stopped by itself"
    return f"the run ended ({told.status}) before it came to this point"
