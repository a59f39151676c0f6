"""The loop: pipeline -> effect -> durable step -> outcome -> pipeline.

Steps never raise: a step's answer says done, failed or again, with the digest of the effect it
belongs to, so that a replay that asks for something else is noticed. A wait is slept before its
step, which only says how it ended: a run that waits long has no step under way, and is parked.
"""

from __future__ import annotations

import asyncio
import logging
import random
import re
import time
from collections.abc import Callable, Coroutine, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol, TypeVar

from ..adapters.genesys.answered import gathering
from ..adapters.genesys.caller import calling_for
from ..adapters.ledger.entry import Entry
from ..adapters.telemetry.traces import Performed
from ..errors import Fact, Problem, Retry
from ..pipelines.effect import Undone
from ..pipelines.effects import (
    Done,
    Effect,
    Instant,
    Now,
    Pipeline,
    Record,
    Recorded,
    Segment,
    Stage,
    Wait,
    Woken,
)
from ..pipelines.orders import RunEnd
from ..pipelines.versions import Taken, Version
from .claims import Parking
from .codec import UnknownClass
from .cut_off import unsettled
from .means import Means
from .problems import CANCELLED, DIVERGED, crash
from .runs import OpenRun, StepRow

_LOG = logging.getLogger(__name__)
T = TypeVar("T")
Body = Callable[[], Coroutine[Any, Any, dict[str, Any]]]


class Engine(Protocol):
    """Runs `body` once and remembers its answer; on a replay gives that answer again.

    Raises Problem run.replay-diverged when the stored step has another name.
    """

    async def step(self, name: str, body: Body) -> dict[str, Any]: ...

    async def version(self, name: str) -> bool:
        """Whether the history goes on here with this mark; made where it ends here."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A step's answer: `kind` is "done", "failed" or "again" (not before `at`)."""

    kind: str
    outcome: object = None
    problem: Problem | None = None
    at: float = 0.0


class HandOver(Exception):
    """The run goes on from `state` alone, in a workflow of its own: `step` was the last of this."""

    def __init__(self, state: object, step: int) -> None:
        super().__init__()
        self.state, self.step = state, step


class Parked(Exception):
    """The run waits as a row: whoever finds its time come goes on with it."""


class OfLaterRelease(Exception):
    """Only a later release can go on with the run: `what` of its history is not known here."""

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.what = what


class Stopped(Exception):
    """The run has to end as failed or cancelled: `problem`, to be resumed from `step`."""

    def __init__(self, problem: Problem, step: int) -> None:
        super().__init__(problem.code)
        self.problem, self.step = problem, step


class Drive:
    """One run being driven. `busy` counts this run's effects in flight (waits are not);
    `stepping`: a step has begun, and is not recorded yet.

    `_seen` is the clock's last reading, `_ended` when the step before ended, by the run's clock.
    """

    def __init__(self, run: OpenRun, engine: Engine, means: Means) -> None:
        self.run, self.engine, self.means = run, engine, means
        self.busy, self.stepping = 0, False
        self._seen = self._ended = 0.0
        self._step = run.base
        self._thrown: list[tuple[Problem, int]] = []

    async def drive(self, pipeline: Pipeline[RunEnd]) -> RunEnd:
        """Raises Stopped when a Problem escapes the pipeline or its history does not fit it,
        HandOver where a long run is cut, Parked where it waits long, and OfLaterRelease."""
        answer: object = None
        problem: Problem | None = None
        try:
            while True:
                try:
                    effect = pipeline.throw(problem) if problem else pipeline.send(answer)
                except StopIteration as stop:
                    end: RunEnd = stop.value
                    return end
                answer, problem = await self._settle(effect)
        except (Stopped, HandOver, Parked, OfLaterRelease):
            raise
        except Undone as undone:
            raise Stopped(undone.problem, 1) from None
        except Problem as escaped:
            raise Stopped(escaped, self._step_of(escaped)) from None
        except Exception as error:  # a defect in the pipeline ends its run, not the runner
            raise Stopped(crash(error, "the pipeline"), max(self._step, 1)) from error
        finally:
            pipeline.close()

    def _step_of(self, problem: Problem) -> int:
        known = [step for thrown, step in self._thrown if thrown is problem]
        return known[0] if known else max(self._step, 1)

    async def _settle(self, effect: Effect[Any]) -> tuple[object, Problem | None]:
        """The effect's outcome, or the Problem it ended in; trying again happens in here."""
        if isinstance(effect, Segment):  # no step: counting steps decides the same in a replay
            if self._step - self.run.base >= self.means.segment:
                raise HandOver(effect.state, self._step)
            return Done(), None
        if isinstance(effect, Version):  # where it is not in the history it is no step
            self._step += int(taken := await self.engine.version(effect.name))
            return Taken(taken), None
        first, tries = self._step + 1, 0
        while True:
            tries += 1
            answer = await self._ask(effect, tries)
            if answer.kind == "done":
                return answer.outcome, None
            problem = answer.problem
            assert problem is not None
            if answer.kind == "again":
                woken = await self._ask(Wait(answer.at, f"again: {problem.code}"), 1)
                if isinstance(woken.outcome, Woken) and woken.outcome.signal is None:
                    continue
                facts = {"last": problem.code, **problem.facts}
                problem = woken.problem or Problem(CANCELLED, facts)
            self._thrown.append((problem, first))
            return None, problem

    async def _ask(self, effect: Effect[Any], tries: int) -> Answer:
        self._step += 1
        step, digest = self._step, self.means.codec.digest(effect)
        name = f"{step} {type(effect).__name__} {effect.key}".rstrip()

        async def body() -> dict[str, Any]:
            return await self._perform(step, name, effect, digest, tries)

        if isinstance(effect, Wait):
            await self._patiently(self._sleep, step, effect)
        stored = await self._stepped(name, body)
        if stored["digest"] != digest:
            facts: dict[str, Fact] = {"run": self.run.id, "step": step, "asks": name}
            raise Stopped(Problem(DIVERGED, facts), step)
        answer = self._read(stored, effect)
        self._tell(step, name, effect, answer, stored)
        return answer

    async def _stepped(self, name: str, body: Body) -> dict[str, Any]:
        """What has begun is finished and recorded; once this process leaves, nothing begins."""
        if self.means.leaving.is_set():
            await asyncio.Event().wait()  # to be cancelled
        self.stepping = True
        try:
            return await self.engine.step(name, body)
        finally:
            self.stepping = False

    def _tell(
        self, step: int, name: str, effect: Effect[Any], answer: Answer, stored: Mapping[str, Any]
    ) -> None:
        """For watchers; in a replay what was told before is told again."""
        if isinstance(effect, Stage):
            self.means.chronicle.stage(self.run.id, effect.name, effect.note)
        if "line" not in stored:  # of a release that wrote the history within the step
            return
        life, started, self._ended, seconds = stored["line"]
        code = answer.problem.code if answer.problem else ""
        life = min(life, self.run.life)  # a fork has no lives of the run it came from
        line = StepRow(step, name, answer.kind, code, started, self._ended, seconds, life)
        self.means.chronicle.line(self.run.id, line)

    def _read(self, stored: Mapping[str, Any], effect: Effect[Any]) -> Answer:
        codec = self.means.codec
        if stored["kind"] == "done":
            try:
                return Answer("done", codec.decode(stored["outcome"], type(effect).outcome))
            except UnknownClass:
                raise OfLaterRelease(f"what {type(effect).__name__} came to") from None
        problem = codec.decode_problem(stored["problem"])
        return Answer(stored["kind"], None, problem, stored.get("at", 0.0))

    async def _perform(
        self, step: int, name: str, effect: Effect[Any], digest: str, tries: int
    ) -> dict[str, Any]:
        """The body of a step: never raises, but for the engine's own end (cancellation)."""
        started = time.monotonic()
        clocked = self._ended if self._ended and isinstance(effect, Wait) else self._now()
        stored: dict[str, Any]
        try:
            answer = await self._answer(step, effect, tries)
            stored = self._stored(answer)
        except Problem as problem:
            answer = self._failed(problem, tries)
            stored = self._stored(answer)
        except Exception as error:  # a defect: the run stops with it, and can be resumed
            answer = Answer("failed", problem=crash(error, name))
            stored = self._stored(answer)
        seconds, ended = time.monotonic() - started, self._now()
        line = (self.run.life, clocked, ended, seconds)
        code = answer.problem.code if answer.problem else ""
        performed = Performed(
            self.run.id, self.run.life, step, name, answer.kind, code, tries, clocked, ended
        )
        self.means.traces.effect(performed)
        told = {
            "run": self.run.id,
            "step": step,
            "effect": name,
            "outcome": answer.kind,
            "problem": code,
        }
        _LOG.info("effect", extra={**told, "seconds": round(seconds, 3)})
        return {**stored, "digest": digest, "line": line}

    def _stored(self, answer: Answer) -> dict[str, Any]:
        codec = self.means.codec
        if answer.problem is None:
            return {"kind": "done", "outcome": codec.encode(answer.outcome)}
        problem = codec.encode_problem(answer.problem)
        return {"kind": answer.kind, "problem": problem, "at": answer.at}

    def _failed(self, problem: Problem, tries: int) -> Answer:
        """Again or not is decided here, inside the step, so that a replay decides the same."""
        patience = self.means.patience
        if problem.type.retry is not Retry.LATER or tries >= patience.tries:
            return Answer("failed", problem=problem)
        bound = min(patience.cap, patience.base * 2 ** min(tries - 1, 30))
        at = self._now() + random.uniform(bound / 2, bound)
        at = max(at, problem.retry_at or 0.0)
        if at > self.run.horizon + patience.grace:
            return Answer("failed", problem=problem)
        return Answer("again", problem=problem, at=at)

    async def _answer(self, step: int, effect: Effect[Any], tries: int) -> Answer:
        if isinstance(effect, Wait | Now):
            return Answer("done", await self.effect(step, effect))
        self.busy += 1
        try:
            with calling_for(self.run.id, self.run.journey, self._still_held):
                if type(effect).outward:
                    return await self._outward(step, effect, tries)
                return Answer("done", await self.effect(step, effect))
        finally:
            self.busy -= 1

    async def effect(self, step: int, effect: Effect[Any]) -> object:
        """The effect alone, with nothing recorded of it yet: a few are the driver's own, the
        others the performer's."""
        means, run = self.means, self.run
        match effect:
            case Wait():
                signal = await self._patiently(self._take, step, effect)
                return Woken(self._now(), signal)
            case Now():
                return Instant(means.clock.now(), run.horizon, run.life - 1)
            case Stage():
                return Done()
            case Record():
                return Recorded(await means.blocking(self._record, step, effect))
            case _:
                return await means.performer(effect)

    def _now(self) -> float:
        """The clock's instant, or the last one seen while the clock (a sandbox's) is away."""
        with suppress(Problem):
            self._seen = self.means.clock.now()
        return self._seen

    async def _patiently(
        self, do: Callable[[str, Wait], Coroutine[Any, Any, T]], step: int, wait: Wait
    ) -> T:
        """Passing faults of clock or store do not end a wait: it ends late, not wrongly."""
        while True:
            try:
                return await do(f"{self.run.life}.{step}", wait)
            except Problem as problem:
                if problem.type.retry is not Retry.LATER:
                    raise
            await asyncio.sleep(1.0)

    async def _take(self, by: str, wait: Wait) -> str | None:
        means = self.means
        return await means.blocking(means.runs.take_signal, self.run.id, by, wait.signals)

    async def _sleep(self, by: str, wait: Wait) -> None:
        """Until the wait's time or one of its signals. Raises Parked when that takes long."""
        means, run, until = self.means, self.run.id, wait.until
        if self._now() >= until:
            return
        try:
            woken = means.waits.lie_down(run, until)
            means.chronicle.waiting(run, until, wait.reason)
            while not await means.blocking(means.runs.heard, run, by, wait.signals):
                try:
                    async with asyncio.timeout(means.linger):
                        await woken.wait()
                except TimeoutError:
                    if await means.park(Parking(run, until, wait.signals)):
                        raise Parked from None
                if self._now() >= until:
                    break
                woken.clear()
            means.chronicle.waiting(run, None)
        finally:
            means.waits.rise(run)

    def _record(self, step: int, record: Record) -> int:
        entry = self._entry(step, "record", record.action, record.entity, record.fields)
        with self.means.runs.store.write() as connection:
            outbox = self.means.outbox
            return outbox.record_in(connection, entry, record.event, record.data)

    def _entry(
        self, step: int, phase: str, action: str, entity: str, data: Mapping[str, Fact]
    ) -> Entry:
        slot = f"{step}.{self.run.life}:{phase}"
        return Entry(action, entity, self.run.id, step, slot, data)

    async def _outward(self, step: int, effect: Effect[Any], tries: int) -> Answer:
        """Intent before, outcome after; and nothing at all once the lease is another's."""
        means, word, ledger = self.means, _word(effect), self.means.outbox.ledger
        await self._still_held()
        intent = self._entry(step, "intent", f"{word}.intended", effect.key, {"try": tries})
        look = partial(unsettled, ledger, intent, type(effect).settles, self._now())
        early = await means.blocking(look) if type(effect).settles else None
        await means.blocking(ledger.append, intent)
        with gathering() as correlations:
            answer = await self._tried(step, effect, tries, early)
        code = answer.problem.code if answer.problem else None
        told = {"kind": answer.kind, "problem": code, "correlation_ids": correlations}
        data: dict[str, Fact] = {name: fact for name, fact in told.items() if fact}
        end = "done" if answer.kind == "done" else "failed"
        entry = self._entry(step, "outcome", f"{word}.{end}", effect.key, data)
        await means.blocking(ledger.append, entry)
        return answer

    async def _tried(self, step: int, effect: Effect[Any], tries: int, early: Any) -> Answer:
        """The effect, unless it is too `early` (a Problem) to tell what a try before came to."""
        try:
            if early is not None:
                raise early
            answer = Answer("done", await self.effect(step, effect))
            self._stored(answer)  # an outcome that may not be stored must not be recorded as done
            return answer
        except Problem as problem:
            return self._failed(problem, tries)
        except Exception as error:
            return Answer("failed", problem=crash(error, _word(effect)))

    async def _still_held(self) -> None:
        if not await self.means.blocking(self.means.held, self.run.id):
            # Another process drives this run now. Wait to be torn down: raising would be recorded.
            await asyncio.Event().wait()


def _word(effect: Effect[Any]) -> str:
    """RegisterEmailDomain -> register-email-domain"""
    return re.sub(r"(?<!^)(?=[A-Z])", "-", type(effect).__name__).lower()
