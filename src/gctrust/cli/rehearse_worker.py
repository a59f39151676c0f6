"""The process a rehearsal kills: drives one run, and stands still before and after every effect.

It says on a pipe where it stands, and goes on when it is told to. What it drives is the app as it
always is: standing still is put around `Drive.effect` from here, in this process alone.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import Problem
from ..settings import load_settings

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

    from ..app import App
    from ..pipelines.effects import Effect
    from ..pipelines.orders import Order
    from ..settings import Settings

BUILD = "gctrust.app:build_app"
PAUSE = 0.05  # seconds between looks whether it is over, or all sleeps


@dataclass(frozen=True, slots=True)
class Task:
    """What a worker is given. `build` names the function that makes the App of Settings."""

    home: Path
    environ: Mapping[str, str] = field(repr=False)
    order: Order
    build: str = BUILD


@dataclass(frozen=True, slots=True)
class Stand:
    """Where a worker stands; `until`: all of it sleeps, to that instant of the run's clock."""

    point: str
    until: float | None = None


@dataclass(frozen=True, slots=True)
class Ended:
    """How the run ended, or the Problem it ended in; its webhook has settled."""

    status: str


class Desk:
    """The worker's end of the pipe."""

    def __init__(self, pipe: Connection[Any, Any]) -> None:
        self._pipe = pipe
        self.jumped: Callable[[], None] = lambda: None  # the clock may be another now

    def stand(self, point: str, until: float | None = None) -> None:
        """Nothing moves in this process until it is told to go on, or killed."""
        try:
            self._pipe.send(Stand(point, until))
            self._pipe.recv()
        except (EOFError, OSError):  # nobody is there any more
            os._exit(1)
        self.jumped()

    def tell(self, ended: Ended) -> None:
        self._pipe.send(ended)


def work(pipe: Connection[Any, Any], task: Task) -> None:
    """The process's main function."""
    asyncio.run(_work(Desk(pipe), task))


async def _work(desk: Desk, task: Task) -> None:
    settings = load_settings({}, task.environ, task.home, task.home)
    try:
        announce(desk)
        async with _build(task.build)(settings) as app:
            desk.jumped = getattr(app.clock, "jumped", desk.jumped)
            desk.tell(Ended(await _driven(app, task.order, desk)))
    except Problem as problem:
        desk.tell(Ended(problem.code))
    except Exception as error:  # a defect; its text may hold what must not be shown
        desk.tell(Ended(type(error).__name__))


def _build(name: str) -> Callable[[Settings], AbstractAsyncContextManager[App]]:
    module, _, function = name.partition(":")
    build: Callable[[Settings], AbstractAsyncContextManager[App]]
    build = getattr(import_module(module), function)
    return build


async def _driven(app: App, order: Order, desk: Desk) -> str:
    """The order to its end, or the run of it that another worker began."""
    async with app.running() as runner:
        begun = [run.id for run in runner.list_runs() if run.identity == order.identity]
        run = begun[0] if begun else runner.submit(order)
        while True:
            end = await runner.await_end(run, timeout=0)
            if end is not None and not app.outbox.rows("pending"):
                return end.status
            deadlines = runner.pending_deadlines() if runner.idle else ()
            if deadlines and deadlines[0] > app.clock.now():
                desk.stand("at rest", deadlines[0])
            await asyncio.sleep(PAUSE)


def announce(desk: Desk) -> None:
    """From now on every effect of this process is announced before it, and after it, when it is
    done and nothing is recorded of it."""
    from ..runner.drive import Drive

    effect_of = Drive.effect

    async def announced(self: Drive, step: int, effect: Effect[Any]) -> object:
        name = name_of(step, effect)
        desk.stand(f"before {name}")
        try:
            return await effect_of(self, step, effect)
        finally:
            desk.stand(f"after {name}")

    Drive.effect = announced  # type: ignore[method-assign]  # of this process alone


def name_of(step: int, effect: Effect[Any]) -> str:
    """ "7 Stage dns": nothing in it differs between two orders of one kind."""
    detail = getattr(effect, "name", "") or getattr(effect, "action", "")
    return f"{step} {type(effect).__name__} {detail}".rstrip()
