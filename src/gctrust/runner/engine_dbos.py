"""The Runner on DBOS: the only file that knows the engine.

Orders are rows; whichever process holds the lease starts them as workflows whose steps DBOS keeps.
Any other process on the same store submits, signals, watches, and takes over when the holder ends.
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import sqlalchemy as sa
from dbos import DBOS, DBOSConfig, SetWorkflowID
from dbos import error as dbos_error
from sqlalchemy import event

from ..adapters.store.lease import BEAT, TTL
from ..adapters.store.store import Store
from ..adapters.webhooks.outbox import Outbox
from ..errors import Problem
from ..pipelines.effects import Pipeline
from ..pipelines.orders import Order, RunEnd
from ..ports import Clock, Performer
from .claims import Claims
from .codec import Codec
from .drive import SEGMENT, Body, Drive, HandOver, Means, Patience, Stopped
from .forks import SOURCE_GONE, Forks, is_own
from .problems import CANCELLED as CANCELLED_PROBLEM
from .problems import DIVERGED, NO_JOURNEY, STUCK
from .runs import CANCELLED, FAILED, OpenRun, RunRow, Runs
from .waits import Waits

_LOG = logging.getLogger(__name__)

# An order begins a journey; an order and the state of a segment go on with one.
Pipelines = Mapping[str, Callable[..., Pipeline[RunEnd]]]

LOOK = 0.1  # seconds between looks for new orders, due deliveries and the lease
ASK_AGAIN = 5.0  # seconds before the engine is asked a second time to go on with a run
REPLAY_ALL = 1_000_000  # a step no run reaches: rewinding to it keeps the whole history
# Constant: the default is a hash of the code, and any edit would orphan the runs that wait.
APPLICATION_VERSION = "gctrust-1"


class JsonSerializer:
    """What DBOS stores. Its default, pickle, would run code for whoever can write the database."""

    def serialize(self, data: Any) -> str:
        return json.dumps(data, default=_plain, ensure_ascii=False)

    def deserialize(self, serialized_data: str) -> Any:
        data = json.loads(serialized_data)
        if isinstance(data, dict) and data.keys() == {"~error"}:
            return RuntimeError(data["~error"])
        return data

    def name(self) -> str:
        return "gctrust_json"


def _plain(value: object) -> object:
    if isinstance(value, BaseException):
        return {"~error": type(value).__name__}
    raise TypeError(f"{type(value).__name__} may not be stored")


def _engine(store: Store) -> sa.Engine:
    """DBOS's own settings plus WAL and full sync; it begins its transactions itself."""
    if store.shared:
        return sa.create_engine(store.url, pool_pre_ping=True, pool_size=20)
    engine = sa.create_engine(store.url, connect_args={"check_same_thread": False})

    def on_connect(connection: Any, _record: object) -> None:
        connection.isolation_level = "IMMEDIATE"
        for pragma in ("busy_timeout=30000", "journal_mode=WAL", "synchronous=FULL"):
            connection.execute(f"PRAGMA {pragma}").close()
        connection.execute("PRAGMA foreign_keys=ON").close()

    event.listen(engine, "connect", on_connect)
    return engine


class _DbosEngine:
    """drive.Engine for the workflow that is running in the current context."""

    def __init__(self, run: str, store: Store) -> None:
        self.run, self.store = run, store

    async def step(self, name: str, body: Body) -> dict[str, Any]:
        step = int(name.partition(" ")[0])
        try:
            return await DBOS.run_step_async({"name": name}, body)
        except dbos_error.DBOSUnexpectedStepError:
            problem = Problem(DIVERGED, {"run": self.run, "step": step, "asks": name})
            raise Stopped(problem, step) from None
        except sa.exc.DBAPIError as error:  # the answer could not be kept: the disk is full
            raise Stopped(self.store.translated(error.orig), step) from None


class Runner:
    """Submit orders and watch them; drives them too while this process holds a lease.

    `executor` names this process in its lease. All methods belong to the event loop of `start`.
    """

    def __init__(
        self,
        *,
        pipelines: Pipelines,
        performer: Performer,
        clock: Clock,
        store: Store,
        outbox: Outbox,
        executor: str,
        codec: Codec | None = None,
        patience: Patience | None = None,
        lease_ttl: float = TTL,
        segment: int = SEGMENT,
    ) -> None:
        self.store, self.outbox, self.clock = store, outbox, clock
        self._pipelines = pipelines
        codec = codec or Codec()
        self.runs = Runs(store, codec, clock)
        self.forks = Forks(store, self.runs)
        self.claims = Claims(store, self.runs, executor, lease_ttl)
        self.waits = Waits(clock, self.runs.untaken)
        self._threads = ThreadPoolExecutor(max_workers=4, thread_name_prefix="gctrust-store")
        self._means = Means(
            codec,
            clock,
            performer,
            self.runs,
            outbox,
            self.waits,
            self.claims.held,
            self._threads,
            patience or Patience(),
            segment,
        )
        self._tasks: list[asyncio.Task[None]] = []
        self._live: dict[str, tuple[asyncio.Task[Any], Drive | None]] = {}
        self._asked: dict[str, float] = {}
        self._engine_errors: dict[str, int] = {}
        self._engine: sa.Engine | None = None
        self._delivering = 0

    # --- life ----------------------------------------------------------------------------------

    async def start(self) -> None:
        """Take the lease and drive, or watch until it can be taken. Raises the store's Problems."""
        if await self._blocking(self.claims.acquire):
            await self._lead()
        for job in (self._govern, self.waits.tick, self._deliver):
            self._tasks.append(asyncio.create_task(self._lasting(job)))

    async def close(self) -> None:
        """Open runs stay open and go on where they were with the next start, anywhere."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks.clear()
        was_leading = self.leading
        await self._step_down()
        if was_leading:
            with suppress(Problem):
                await self._blocking(self.claims.release)
        await self.outbox.aclose()
        self._threads.shutdown(wait=True)

    @property
    def leading(self) -> bool:
        """This process drives the runs."""
        return self._engine is not None

    @property
    def idle(self) -> bool:
        """Nothing is in flight: every run driven here sleeps. A demo may jump its clock."""
        drives = [drive for _, drive in self._live.values()]
        sleeping = len(self.waits.pending_deadlines())
        working = any(drive is None or drive.busy for drive in drives) or self._delivering > 0
        return not working and sleeping >= len(drives)

    def pending_deadlines(self) -> tuple[float, ...]:
        """Instants of the run's clock at which something is to happen next, earliest first."""
        return tuple(sorted((*self.waits.pending_deadlines(), *self.outbox.deadlines())))

    # --- what callers do -----------------------------------------------------------------------

    def submit(self, order: Order) -> str:
        """Order a run, or join the open run of the same identity. Returns the run's id."""
        return self.runs.submit(order)

    async def await_end(self, run: str, timeout: float | None = None) -> RunEnd | None:  # noqa: ASYNC109
        """How the run ended; None when it has not within `timeout` real seconds.

        Raises the Problem that a failed or cancelled run ended in.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        while True:
            row = await self._means.blocking(self.runs.get, run, history=False)
            if row.problem is not None:
                raise row.problem
            if row.end is not None:
                return row.end
            if deadline is not None and time.monotonic() >= deadline:
                return None
            await asyncio.sleep(LOOK)

    def resume(self, run: str) -> bool:
        """Take a failed or cancelled run up again at the step it failed at. An open run needs no
        resuming: False. Raises Problem run.no-such-run."""
        return self.runs.reopen(run)

    def signal(self, run: str, name: str) -> None:
        """Ends a wait that listens for `name`; kept until one does."""
        self.runs.signal(run, name)

    def cancel(self, run: str) -> None:
        """Asks the pipeline, which may undo things first; it hears of it at its next wait."""
        self.runs.signal(run, "cancel")

    def list_runs(self, limit: int = 200) -> tuple[RunRow, ...]:
        return self.runs.all(limit)

    def count_runs(self) -> Mapping[tuple[str, str], int]:
        """How many runs there are, by journey and status."""
        return self.runs.count()

    def show(self, run: str) -> RunRow:
        """The run with its history. Raises Problem run.no-such-run."""
        return self.runs.get(run)

    # --- leading -------------------------------------------------------------------------------

    async def _blocking(self, call: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        return await self._means.blocking(call, *args, **kwargs)

    async def _lasting(self, job: Callable[[], Any]) -> None:
        """A background job outlives the store's passing faults (disk full, locked)."""
        while True:
            try:
                await job()
            except (Problem, sa.exc.SQLAlchemyError, dbos_error.DBOSException):
                await asyncio.sleep(1.0)
            except Exception as error:  # a defect of one job must not end it for good, nor quietly
                place = error.__traceback__ and error.__traceback__.tb_next
                line = place.tb_lineno if place else 0
                _LOG.error("%s in a background job, line %d", type(error).__name__, line)
                await asyncio.sleep(1.0)

    async def _lead(self) -> None:
        config: DBOSConfig = {
            "name": "gctrust",
            "system_database_engine": _engine(self.store),
            "application_version": APPLICATION_VERSION,
            "executor_id": f"{self.claims.lease.holder}-{self.claims.lease.epoch}",
            "serializer": JsonSerializer(),  # type: ignore[typeddict-item]
            "log_level": "CRITICAL",
            "max_executor_threads": 32,
            "notification_listener_polling_interval_sec": 0.25,
        }
        self._engine = config["system_database_engine"]
        DBOS(config=config)
        self._workflow = DBOS.workflow(name="gctrust.run", max_recovery_attempts=None)(
            self._as_workflow()
        )
        DBOS.launch()

    def _as_workflow(self) -> Callable[[str], Any]:
        async def run(run_id: str) -> str:
            if not is_own(workflow := str(DBOS.workflow_id), run_id):  # a fork has its source's
                run_id = (await self._blocking(self.forks.of, workflow)).run
            return await self._execute(run_id)

        return run

    async def _step_down(self) -> None:
        if self._engine is None:
            return
        tasks = [task for task, _ in self._live.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.to_thread(DBOS.destroy, destroy_registry=True)
        self._engine.dispose()
        self._engine = None
        self._live.clear()
        self._asked.clear()

    async def _govern(self) -> None:
        beat = time.monotonic()
        while True:
            if not self.leading:
                if await self._blocking(self.claims.acquire):
                    await self._lead()
            elif time.monotonic() - beat >= BEAT:
                beat = time.monotonic()
                if not await self._blocking(self.claims.renew):
                    await self._step_down()
            if self.leading:
                await self._take_up()
            await asyncio.sleep(LOOK if self.leading else 5 * LOOK)

    async def _take_up(self) -> None:
        """See to it that every run of ours is being driven here, and no other."""
        now = time.monotonic()
        mine = await self._blocking(self.claims.mine)
        for lost in self._live.keys() - {run.id for run in mine}:
            task, drive = self._live[lost]
            if drive is not None and self.store.shared:  # it was slow, and another took it over
                task.cancel()
        for run in mine:
            if run.id not in self._live and now - self._asked.get(run.id, -60.0) >= ASK_AGAIN:
                self._asked[run.id] = now
                await self._go_on(run)

    async def _go_on(self, run: OpenRun) -> None:
        workflow = run.workflow
        status = await DBOS.get_workflow_status_async(workflow)
        if status is None:
            await self._begin(run)
        elif status.status in ("PENDING", "ENQUEUED", "DELAYED"):
            await DBOS.resume_workflow_async(workflow)
        elif run.rewind_to is not None:
            await DBOS.rewind_workflow_async(workflow, start_step=run.rewind_to - run.base)
        else:
            # The engine ended it, we did not: its record of the end was lost (a full disk).
            tries = self._engine_errors[run.id] = self._engine_errors.get(run.id, 0) + 1
            if tries > 3:
                await self._blocking(self.runs.failed, run.id, Problem(STUCK, {"run": run.id}), 1)
                return
            await DBOS.rewind_workflow_async(workflow, start_step=REPLAY_ALL)

    async def _execute(self, run_id: str) -> str:
        """The workflow: the same for every journey. Its steps are the run's effects."""
        task = asyncio.current_task()
        assert task is not None
        self._live[run_id] = (task, None)
        try:
            await self._blocking(self.claims.take, run_id)
            open_runs = await self._means.blocking(self.runs.open_runs)
            run = next((r for r in open_runs if r.id == run_id), None)
            if run is None or run.workflow != DBOS.workflow_id:
                return "ended"
            await self._blocking(self.runs.began, run_id)
            drive = Drive(run, _DbosEngine(run_id, self.store), self._means)
            self._live[run_id] = (task, drive)
            try:
                if run.journey not in self._pipelines or run.order is None:
                    raise Stopped(Problem(NO_JOURNEY, {"journey": run.journey}), 1)
                given = (run.order,) if run.state is None else (run.order, run.state)
                end = await drive.drive(self._pipelines[run.journey](*given))
            except HandOver as over:
                await self._blocking(self.runs.hand_on, run, over.state, over.step)
                return "handed-on"
            except Stopped as stopped:
                status = CANCELLED if stopped.problem.type == CANCELLED_PROBLEM else FAILED
                await self._blocking(
                    self.runs.failed, run_id, stopped.problem, stopped.step, status
                )
                return status
            await self._blocking(self.runs.ended, run_id, end)
            return end.status
        finally:
            self._live.pop(run_id, None)
            self._asked.pop(run_id, None)

    async def _deliver(self) -> None:
        """Send what is due, one after another, while this process leads."""
        while True:
            due = await self._blocking(self.outbox.due) if self.leading else ()
            for id_ in due:
                if not await self._blocking(self.claims.may_deliver):
                    break
                self._delivering += 1
                try:
                    await self.outbox.deliver(id_)
                finally:
                    self._delivering -= 1
            await asyncio.sleep(LOOK if self.outbox.target else 1.0)

    async def _begin(self, run: OpenRun) -> None:
        """The run's workflow starts, or takes over the outcomes that it was forked with."""
        fork = await self._blocking(self.forks.of, run.workflow)
        with SetWorkflowID(run.workflow):
            if fork is None:
                await DBOS.start_workflow_async(self._workflow, run.id)
            elif await DBOS.get_workflow_status_async(fork.workflow) is None:
                gone = Problem(SOURCE_GONE, {"run": run.id, "source": fork.workflow})
                await self._blocking(self.runs.failed, run.id, gone, 1)
            else:
                await DBOS.fork_workflow_async(fork.workflow, fork.step)
