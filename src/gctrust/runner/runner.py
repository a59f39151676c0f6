"""Submit orders and watch them; drives them too while this process holds a lease.

Orders are rows; whoever holds a lease claims runs and drives each as a workflow of the engine. Any
other process on the same store submits, signals, watches, and takes over when the holder ends.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any, ParamSpec, TypeVar

from ..adapters.ledger.ledger import ORDERED, RESUMED, SIGNALLED
from ..adapters.store.changes import NOBODY, Change
from ..adapters.store.lease import BEAT, TTL
from ..adapters.store.store import Store
from ..adapters.telemetry.traces import NoTraces
from ..adapters.webhooks.outbox import Outbox
from ..errors import Problem
from ..pipelines.effects import Pipeline
from ..pipelines.orders import Order, RunEnd
from ..ports import Clock, Performer
from .chronicle import Chronicle
from .claims import Claims, Parking
from .codec import Codec
from .deliveries import Deliveries
from .drive import Drive, HandOver, OfLaterRelease, Parked, Stopped
from .engine_dbos import PASSING, Engine, Steps
from .forks import Forks
from .lasting import lasting
from .means import SEGMENT, Means, Patience, blocking
from .problems import CANCELLED as CANCELLED_PROBLEM
from .runs import CANCELLED, FAILED, OpenRun, RunRow, Runs
from .together import Together
from .waits import LINGER, Waits

P = ParamSpec("P")
T = TypeVar("T")
_LOG = logging.getLogger(__name__)

# An order begins a journey; an order and the state of a segment go on with one.
Pipelines = Mapping[str, Callable[..., Pipeline[RunEnd]]]

FINISH_LOOK = 0.02  # seconds between looks for steps that a closing process finishes
DRIVEN = 16  # runs in motion at once in one process; those that sleep are not counted
LOOK = 0.1  # seconds between looks for new orders and the lease
CALM = 0.4  # and when nothing was found for a while
ASK_AGAIN = 5.0  # seconds before the engine is asked a second time to go on with a run


class Runner:
    """Submit orders and watch them; drives them too while this process holds a lease.

    `executor` names this process in its lease. Methods that are awaited belong to the event loop of
    `start`; the others may be called in any thread.
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
        linger: float = LINGER,
        asker: Change = NOBODY,
        traces: NoTraces | None = None,
    ) -> None:
        self.store, self.outbox, self.clock = store, outbox, clock
        self._pipelines = pipelines
        codec = codec or Codec()
        self.runs = Runs(store, codec, clock, asker)
        self.forks = Forks(store, self.runs)
        self.claims = Claims(store, executor, lease_ttl, pipelines)
        self.waits = Waits(clock)
        self._threads = ThreadPoolExecutor(max_workers=4, thread_name_prefix="gctrust-store")
        self._chronicle = Chronicle(self.runs, self._blocking)
        self._deliveries = Deliveries(outbox, self.claims, self._blocking, lambda: self.leading)
        self._means = Means(
            codec,
            clock,
            performer,
            self.runs,
            outbox,
            self.waits,
            self._chronicle,
            self.claims.held,
            Together(self._park),
            self._threads,
            patience or Patience(),
            segment,
            linger,
            traces or NoTraces(),
        )
        self._tasks: list[asyncio.Task[None]] = []
        self._live: dict[str, tuple[asyncio.Task[Any], Drive | None]] = {}
        self._asked: dict[str, tuple[float, OpenRun]] = {}
        self._engine: Engine | None = None
        self._lost = asyncio.Event()
        self._stirred = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None

    # --- life ----------------------------------------------------------------------------------

    async def start(self) -> None:
        """Take the lease and drive, or watch until it can be taken. Raises the store's Problems."""
        self._loop = asyncio.get_running_loop()
        if await self._blocking(self.claims.acquire):
            await self._lead()
        for job in (
            self._govern,
            self._beat,
            self._tell_unknown,
            self.waits.tick,
            self._chronicle.tick,
            self._deliveries.tick,
        ):
            self._tasks.append(asyncio.create_task(lasting(job, PASSING)))

    async def close(self, finish: float = 0.0) -> None:
        """Open runs stay open and go on where they were with the next start, anywhere. Steps that
        have begun have `finish` seconds to end in."""
        self._loop = None
        self._means.leaving.set()
        for _ in range(round(finish / FINISH_LOOK)):
            if not any(drive and drive.stepping for _, drive in self._live.values()):
                break
            await asyncio.sleep(FINISH_LOOK)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks.clear()
        was_leading = self.leading
        await self._step_down()
        await self._chronicle.flush()
        if was_leading:
            with suppress(Problem):
                await self._blocking(self.claims.release)
        await self.outbox.aclose()
        self._threads.shutdown(wait=True)

    @property
    def leading(self) -> bool:
        """This process drives the runs."""
        return self._engine is not None

    def driven(self) -> bool:
        """Somebody drives the runs of this store: a process whose heartbeat is fresh."""
        return self.claims.driven()

    @property
    def idle(self) -> bool:
        """Nothing is in flight: every run driven here sleeps. A demo may jump its clock."""
        drives = [drive for _, drive in self._live.values()]
        working = (
            any(drive is None or drive.busy for drive in drives) or self._deliveries.under_way > 0
        )
        return not working and len(self.waits) >= len(drives)

    def pending_deadlines(self) -> tuple[float, ...]:
        """Instants of the run's clock at which something is to happen next, earliest first."""
        parked = self.claims.next_due()
        own = self.waits.pending_deadlines() + (() if parked is None else (parked,))
        return tuple(sorted((*own, *self.outbox.deadlines())))

    # --- what callers do -----------------------------------------------------------------------

    def submit(self, order: Order, by: Change | None = None) -> str:
        """Order a run, or join the open run of the same identity. Returns the run's id."""
        run, by = self.runs.submit(order, by), by or self.runs.asker
        self._stir()
        allowed = list(getattr(order, "allow", ()))
        if by.why or allowed:
            self.outbox.ledger.tell(ORDERED, run, by, **({"allowed": allowed} if allowed else {}))
        return run

    async def await_end(self, run: str, timeout: float | None = None) -> RunEnd | None:  # noqa: ASYNC109
        """How the run ended; None when it has not within `timeout` real seconds.

        Raises the Problem that a failed or cancelled run ended in.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        while True:
            row = await self._blocking(self.runs.get, run, history=False)
            if row.problem is not None:
                raise row.problem
            if row.end is not None:
                return row.end
            if deadline is not None and time.monotonic() >= deadline:
                return None
            await asyncio.sleep(LOOK)

    def resume(self, run: str, by: Change | None = None) -> bool:
        """Take a failed or cancelled run up again at the step it failed at. An open run needs no
        resuming: False. Raises Problem run.no-such-run."""
        reopened, by = self.runs.reopen(run, by), by or self.runs.asker
        self._stir()
        if reopened and (by.why or by != self.runs.asker):
            self.outbox.ledger.tell(RESUMED, run, by)
        return reopened

    def signal(self, run: str, name: str, by: Change | None = None) -> None:
        """Ends a wait that listens for `name`; kept until one does."""
        self.runs.signal(run, name)
        self._stir()
        by = by or self.runs.asker
        if by.why or by != self.runs.asker:
            self.outbox.ledger.tell(SIGNALLED, run, by, signal=name)

    def cancel(self, run: str, by: Change | None = None) -> None:
        """Asks the pipeline, which may undo things first; it hears of it at its next wait."""
        self.signal(run, "cancel", by)

    def list_runs(self, limit: int = 200) -> tuple[RunRow, ...]:
        return self.runs.all(limit)

    def count_runs(self) -> Mapping[tuple[str, str], int]:
        """How many runs there are, by journey and status."""
        return self.runs.count()

    def show(self, run: str) -> RunRow:
        """The run with its history. Raises Problem run.no-such-run."""
        return self.runs.get(run)

    # --- leading -------------------------------------------------------------------------------

    async def _blocking(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        return await blocking(self._threads, call, *args, **kwargs)

    async def _lead(self) -> None:
        name = f"{self.claims.lease.holder}-{self.claims.lease.epoch}"
        engine = Engine(self.store, self.forks, name, self._execute)
        await engine.open()
        self._engine = engine

    async def _step_down(self) -> None:
        if self._engine is None:
            return
        tasks = [task for task, _ in self._live.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._engine.close()
        self._engine = None
        self._live.clear()
        self._asked.clear()

    async def _beat(self) -> None:
        """Apart from all other work, that a busy process is not taken for a dead one."""
        while True:
            if self.leading and not await self._blocking(self.claims.renew):
                self._lost.set()
            await asyncio.sleep(BEAT)

    async def _tell_unknown(self) -> None:
        while True:
            if self.leading:
                await self._blocking(self.claims.tell_unknown, self.waits.now)
            await asyncio.sleep(BEAT)

    def _stir(self) -> None:
        """Something is ordered or signalled in this process, by whichever thread."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._stirred.set)

    async def _rest(self, seconds: float) -> None:
        """Cut short by what is ordered and signalled in this process."""
        await asyncio.sleep(LOOK / 2)
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds - LOOK / 2):
                await self._stirred.wait()

    async def _govern(self) -> None:
        calm = 0.0
        while True:
            self._stirred.clear()
            if self._lost.is_set():
                await self._step_down()
                self._lost.clear()
            if not self.leading and await self._blocking(self.claims.acquire):
                await self._lead()
            found = self._engine is not None and await self._take_up(self._engine)
            calm = 0.0 if found else min(calm + LOOK, CALM)
            await self._rest(max(LOOK, calm) if self.leading else 5 * LOOK)

    async def _take_up(self, engine: Engine) -> bool:
        """See to it that every run of ours is being driven here, and no other. True: there were
        some that were not."""
        now = time.monotonic()
        to_come = sum(run not in self._live for run in self._asked)
        room = DRIVEN - to_come - (len(self._live) - len(self.waits))
        if self._means.leaving.is_set():  # what it would claim now would only wait for its end
            room = 0
        mine = await self._blocking(self.claims.look, self.waits.now, room)
        self.waits.wake_signalled(mine)
        for run in self._live.keys() - mine.keys():
            task, drive = self._live[run]
            if drive is not None:  # it was slow, and another took it over
                task.cancel()
        for run in self._asked.keys() - mine.keys():
            del self._asked[run]
        late = {run for run, (at, _) in self._asked.items() if now - at >= ASK_AGAIN}
        wanted = mine.keys() - self._live.keys() - (self._asked.keys() - late)
        if wanted:
            found = await self._blocking(self.runs.open_runs, wanted)
            ours = [run for run in found if run.owner == self.claims.lease.holder]
            self._asked |= {run.id: (now, run) for run in ours}
            lost = await engine.go_on(ours)
            for run, problem in lost.items():
                await self._blocking(self.runs.failed, run, problem, 1)
        return bool(wanted)

    async def _park(self, waits: Sequence[Parking]) -> Sequence[bool]:
        await self._chronicle.flush()
        return await self._blocking(self.claims.park_all, waits)

    async def _execute(self, run_id: str, workflow: str) -> str:
        """The workflow: the same for every journey."""
        task = asyncio.current_task()
        assert task is not None
        if run_id in self._live:  # asked for twice, as by a process that hung meanwhile
            raise asyncio.CancelledError
        self._live[run_id] = (task, None)
        try:
            found = await self._found(run_id)
            if found is None or found.workflow != workflow:
                return "ended"
            if found.owner != self.claims.lease.holder:
                raise asyncio.CancelledError
            return await self._driven(found, task)
        finally:
            self._live.pop(run_id, None)
            self._asked.pop(run_id, None)
            self.waits.forget(run_id)

    async def _found(self, run: str) -> OpenRun | None:
        """As it was when the engine was asked to go on with it; read now, if it was not."""
        if run in self._asked:
            return self._asked[run][1]
        return next(iter(await self._blocking(self.runs.open_runs, (run,))), None)

    async def _driven(self, run: OpenRun, task: asyncio.Task[Any]) -> str:
        if run.rewind_to is not None:
            await self._blocking(self.runs.began, run.id)
        drive = Drive(run, Steps(run.id, self.store), self._means)
        self._live[run.id] = (task, drive)
        ended: tuple[Callable[..., None], *tuple[Any, ...]]
        try:
            if run.order is None:
                raise OfLaterRelease("its order, or what it came to so far")
            given = (run.order,) if run.state is None else (run.order, run.state)
            end = await drive.drive(self._pipelines[run.journey](*given))
            status, ended = end.status, (self.runs.ended, run.id, end)
        except Parked:
            raise asyncio.CancelledError from None
        except OfLaterRelease as later:
            await self._chronicle.flush()
            await self._blocking(self.claims.leave, run.id, later.what)
            raise asyncio.CancelledError from None
        except HandOver as over:
            status, ended = "handed-on", (self.runs.hand_on, run, over.state, over.step)
        except Stopped as stopped:
            status = CANCELLED if stopped.problem.type == CANCELLED_PROBLEM else FAILED
            ended = (self.runs.failed, run.id, stopped.problem, stopped.step, status)
        self._live[run.id] = (task, None)
        await self._chronicle.flush()
        if not await self._blocking(self.claims.held, run.id):
            raise asyncio.CancelledError
        await self._blocking(*ended)
        await self._told(run.id, status)
        return status

    async def _told(self, run: str, status: str) -> None:
        _LOG.info("run ended", extra={"run": run, "status": status})
        if status != "handed-on" and self._means.traces.active:
            row: RunRow = await self._blocking(self.runs.get, run, history=False)
            code = row.problem.code if row.problem else ""
            self._means.traces.run(run, row.started, row.ended or row.started, status, code)
