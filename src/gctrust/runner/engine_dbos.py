"""The workflow engine, DBOS: the only file that knows it.

A run's workflow takes the run's id and nothing else; its steps are the run's effects, and what they
answered is the engine's to keep. Workflows are begun here for the runs that this process owns.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import sqlalchemy as sa
from dbos import DBOS, DBOSClient, DBOSConfig, EnqueueOptions, SetWorkflowID
from dbos import error as dbos_error

from ..adapters.store.store import Store
from ..errors import Problem
from .drive import Body, OfLaterRelease, Stopped
from .engine_database import JsonSerializer, open_engine
from .forks import SOURCE_GONE, Fork, Forks, is_own
from .problems import DIVERGED, STUCK
from .runs import OpenRun

POLL = 0.15  # seconds between the engine's looks for what it was asked to go on with,
POLL_ALONE = 0.25  # and on SQLite, where each of them takes the lock that the steps need
REPLAY_ALL = 1_000_000  # a step no run reaches: rewinding to it keeps the whole history
FEW = 2  # runs that are begun at once, each by itself; more are begun by the queue, in one commit
ENDED = ("SUCCESS", "ERROR")
# Constant: the default is a hash of the code, and any edit would orphan the runs that wait.
APPLICATION, WORKFLOW = "gctrust", "gctrust.run"
APPLICATION_VERSION = "gctrust-1"
MARK = "DBOS.patch-"  # begins the name of the step that `version` leaves
# What passes by itself, or ends with this process.
PASSING = (sa.exc.SQLAlchemyError, dbos_error.DBOSException)

# Drives the run in this workflow and says how it ended. Cancelled, it leaves the run to be gone on
# with, by whomever: the engine keeps it as it keeps what a crash left.
Execute = Callable[[str, str], Awaitable[str]]


class Steps:
    """drive.Engine for the workflow that is running in the current context."""

    def __init__(self, run: str, store: Store) -> None:
        self.run, self.store = run, store

    async def step(self, name: str, body: Body) -> dict[str, Any]:
        step = int(name.partition(" ")[0])
        try:
            return await DBOS.run_step_async({"name": name}, body)
        except dbos_error.DBOSUnexpectedStepError as error:
            recorded: str = error.inputs[3]
            if recorded.startswith(MARK):
                raise OfLaterRelease(f"the change {recorded.removeprefix(MARK)}") from None
            problem = Problem(DIVERGED, {"run": self.run, "step": step, "asks": name})
            raise Stopped(problem, step) from None
        except dbos_error.DBOSWorkflowConflictIDError:  # another process drives this run now
            raise asyncio.CancelledError from None
        except sa.exc.DBAPIError as error:  # the answer could not be kept: the disk is full
            raise Stopped(self.store.translated(error.orig), step) from None

    async def version(self, name: str) -> bool:
        return await DBOS.patch_async(name)


class Engine:
    """The engine under one lease, as `name`. DBOS is a singleton: one is open in a process."""

    def __init__(self, store: Store, forks: Forks, name: str, execute: Execute) -> None:
        self._store, self._forks, self._name, self._execute = store, forks, name, execute
        self._poll = POLL if store.shared else POLL_ALONE
        self._repairs: dict[str, int] = {}

    async def open(self) -> None:
        self.database = open_engine(self._store)
        config: DBOSConfig = {
            "name": APPLICATION,
            "system_database_engine": self.database,
            "application_version": APPLICATION_VERSION,
            "executor_id": self._name,
            "serializer": JsonSerializer(),  # type: ignore[typeddict-item]
            "log_level": "CRITICAL",
            "max_executor_threads": 32,
            # Its messages are not used here: signals are rows of ours.
            "notification_listener_polling_interval_sec": self._poll,
            "notification_coalesce_sec": self._poll,
        }
        DBOS(config=config)
        named = DBOS.workflow(name=WORKFLOW, max_recovery_attempts=None)
        self._workflow = named(self._as_workflow())
        # A queue of its own: what this process resumes is begun by this process, and soon.
        DBOS.listen_queues([self._name])
        self._client = DBOSClient(
            system_database_engine=self.database,
            serializer=JsonSerializer(),  # type: ignore[arg-type]
            application_name=APPLICATION,
            lazy=True,
        )
        # Known before the launch it is listened to at once, later within a second: there is nothing
        # to resume where the engine's tables are still to be made.
        known = await self._queue()
        DBOS.launch()
        if not known:
            await self._queue()

    async def _queue(self) -> bool:
        """Make it known; False where there is no table for it yet."""
        try:
            await self._client.register_queue_async(self._name, polling_interval_sec=self._poll)
        except sa.exc.DBAPIError:
            return False
        return True

    async def close(self) -> None:
        with suppress(*PASSING):
            await DBOS.delete_queue_async(self._name)
        # The engine has given the loop its own threads, and takes them along.
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor())
        self._client.destroy()
        await asyncio.to_thread(DBOS.destroy, destroy_registry=True)
        self.database.dispose()

    def _as_workflow(self) -> Callable[[str], Any]:
        async def run(run_id: str) -> str:
            workflow = str(DBOS.workflow_id)
            if not is_own(workflow, run_id):  # a fork was given the arguments of its source
                forks = await asyncio.to_thread(self._forks.of, [workflow])
                run_id = forks[workflow].run if workflow in forks else run_id
            return await self._execute(run_id, workflow)

        return run

    async def go_on(self, runs: Sequence[OpenRun]) -> Mapping[str, Problem]:
        """These runs are driven here soon. The answer names those that cannot be, and why."""
        if (
            not runs
        ):  # a list of workflows of no ids would be of all, and take them from their owners
            return {}
        told = await DBOS.list_workflows_async(
            workflow_ids=[run.workflow for run in runs], load_input=False, load_output=False
        )
        known = {workflow.workflow_id: workflow.status for workflow in told}
        resting = [name for name, status in known.items() if status not in ENDED]
        if resting:
            await DBOS.resume_workflows_async(resting, queue_name=self._name)
        new = [run.workflow for run in runs if run.workflow not in known]
        forks = await asyncio.to_thread(self._forks.of, new) if new else {}
        plain = [run for run in runs if run.workflow in new and run.workflow not in forks]
        begun = plain if len(plain) > FEW else []
        if begun:
            await asyncio.to_thread(self._enqueue, begun)
        lost: dict[str, Problem] = {}
        for run in (run for run in runs if run.workflow not in resting and run not in begun):
            try:
                if run.workflow in known:
                    await self._rewind(run)
                else:
                    await self._begin(run, forks.get(run.workflow))
            except Problem as problem:
                lost[run.id] = problem
        return lost

    def _enqueue(self, runs: Sequence[OpenRun]) -> None:
        """Begin these soon: one transaction for all."""
        with self.database.begin() as connection:
            for run in runs:
                options: EnqueueOptions = {
                    "workflow_name": WORKFLOW,
                    "queue_name": self._name,
                    "workflow_id": run.workflow,
                    "app_version": APPLICATION_VERSION,
                }
                self._client.enqueue_in_transaction(connection, options, run.id)

    async def _begin(self, run: OpenRun, fork: Fork | None) -> None:
        """The run's workflow starts, or takes over the outcomes that it was forked with."""
        with SetWorkflowID(run.workflow):
            if fork is None:
                await DBOS.start_workflow_async(self._workflow, run.id)
            elif await DBOS.get_workflow_status_async(fork.workflow) is None:
                raise Problem(SOURCE_GONE, {"run": run.id, "source": fork.workflow})
            else:
                await DBOS.fork_workflow_async(fork.workflow, fork.step, queue_name=self._name)

    async def _rewind(self, run: OpenRun) -> None:
        """Back to the step that failed; or to the end, where the engine ended the workflow and the
        record of the run's end was lost (a full disk)."""
        step = REPLAY_ALL
        if run.rewind_to is not None:
            step = run.rewind_to - run.base
        else:
            self._repairs[run.id] = self._repairs.get(run.id, 0) + 1
            if self._repairs[run.id] > 3:
                raise Problem(STUCK, {"run": run.id})
        await DBOS.rewind_workflow_async(run.workflow, start_step=step, queue_name=self._name)


def forget_workflows(store: Store, workflows: Sequence[str]) -> None:
    """Remove these with their steps, from a store that is only tidied: nothing is driven here.
    Those that are not there are passed over."""
    schema = "dbos" if store.shared else None  # where PostgreSQL keeps the engine's tables
    if sa.inspect(store.engine).has_table("workflow_status", schema=schema):
        client = DBOSClient(system_database_engine=store.engine, lazy=True)
        try:
            client.delete_workflows(list(workflows))
        finally:
            client.destroy()
