"""The rounds of a rehearsal: from one undisturbed run every point to die at and every call to fail.

Each round has a sandbox set back to its start and an order that was never seen before.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

from .rehearse_judge import judge
from .rehearse_kill import Workers, killed, undisturbed
from .rehearse_store import Server
from .rehearse_worker import BUILD, Stand
from .rehearse_world import Call, World, world

# On PostgreSQL a round mostly waits until the dead worker's lease has run out.
LANES_SQLITE, LANES_POSTGRESQL = 2, 4
WHENS = ("before", "after")
FAULTS: Mapping[str, Mapping[str, object]] = {
    "429": {"kind": "status", "status": 429, "headers": {"Retry-After": "1"}},
    "500": {"kind": "status", "status": 500},
    "reset": {"kind": "reset"},  # the connection, before anything was done
    "lost": {"kind": "lost"},  # it was done, and no answer came
}
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Plan:
    """What is rehearsed. `at`: points and faults with this in their name. `points`: a sample of so
    many, None is all of them. `build` makes the App that the workers drive."""

    journey: str
    at: str = ""
    points: int | None = None
    seed: int = 1
    faults: bool = True
    build: str = BUILD

    def of(self, all_: Sequence[T]) -> tuple[T, ...]:
        """Those that are wanted, in the order of all."""
        named = [one for one in all_ if self.at in str(one)]
        if self.points is None or self.points >= len(named):
            return tuple(named)
        picked = random.Random(self.seed).sample(range(len(named)), self.points)
        return tuple(named[number] for number in sorted(picked))


@dataclass(frozen=True, slots=True)
class Verdict:
    """`reasons` is empty when the round ended right."""

    name: str
    reasons: tuple[str, ...] = ()

    @property
    def right(self) -> bool:
        return not self.reasons


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """`steps` and `calls` of the undisturbed run, a verdict a point to die at, and a verdict a
    fault at a call."""

    steps: tuple[str, ...]
    calls: tuple[str, ...]
    undisturbed: Verdict
    kills: tuple[Verdict, ...] = ()
    faults: tuple[Verdict, ...] = ()

    @property
    def right(self) -> bool:
        return all(one.right for one in (self.undisturbed, *self.kills, *self.faults))


async def rehearse_all(
    plan: Plan, server: Server | None, say: Callable[[str], None] = lambda _: None
) -> Rehearsed:
    """`server` is None for SQLite.

    Raises Problem cli.sandbox-not-started, cli.rehearsal-database.
    """
    with TemporaryDirectory(prefix="gctrust-rehearsal-") as folder:
        async with _lanes(Path(folder), server, plan) as lanes:
            rounds = Rounds(plan, lanes, say)
            steps, calls, first = await rounds.undisturbed(lanes[0])
            names = tuple(map(str, calls))
            if not first.right:
                return Rehearsed(steps, names, first)
            kills = await rounds.each("kill", plan.of(points_of(steps)), rounds.killed_at)
            wrong = [Failing(kind, call) for call in calls for kind in FAULTS]
            failing = plan.of(wrong) if plan.faults else ()
            return Rehearsed(
                steps, names, first, kills, await rounds.each("fault", failing, rounds.failing)
            )


def points_of(steps: Sequence[str]) -> tuple[str, ...]:
    """Before and after every effect."""
    return tuple(f"{when} {step}" for step in steps for when in WHENS)


@dataclass(frozen=True, slots=True)
class Failing:
    """A call that goes wrong once."""

    kind: str
    call: Call

    def __str__(self) -> str:
        return f"{self.kind} at {self.call}"

    @property
    def rule(self) -> Mapping[str, object]:
        call = self.call
        return {**FAULTS[self.kind], "method": call.method, "path": call.path, "nth": call.nth}


@dataclass
class Rounds:
    """The lanes work side by side; each takes the next round when it has ended one."""

    plan: Plan
    lanes: Sequence[World]
    say: Callable[[str], None]
    workers: Workers = field(default_factory=Workers)

    async def undisturbed(self, lane: World) -> tuple[tuple[str, ...], tuple[Call, ...], Verdict]:
        case = await lane.begin(self.plan.journey)
        steps: list[str] = []

        def seen(stand: Stand) -> None:
            when, _, step = stand.point.partition(" ")
            if when == "before":
                steps.append(step)

        reasons = await undisturbed(self.workers, lane, case, seen)
        calls = await lane.calls()
        return tuple(steps), calls, Verdict("undisturbed", reasons + await judge(lane, case))

    async def killed_at(self, lane: World, point: str) -> tuple[str, ...]:
        async def here(stand: Stand) -> bool:
            return stand.point == point

        case = await lane.begin(self.plan.journey)
        return await killed(self.workers, lane, case, here) + await judge(lane, case)

    async def failing(self, lane: World, failing: Failing) -> tuple[str, ...]:
        """The call goes wrong, and the worker dies of it: at the next point it comes to."""

        async def here(stand: Stand) -> bool:
            return await lane.fired()

        case = await lane.begin(self.plan.journey, fault=failing.rule)
        return await killed(self.workers, lane, case, here) + await judge(lane, case)

    async def each(
        self, word: str, all_: Sequence[T], played: Callable[[World, T], Awaitable[tuple[str, ...]]]
    ) -> tuple[Verdict, ...]:
        """The verdicts, in the order of `all_`."""
        left, verdicts = iter(enumerate(all_)), dict[int, Verdict]()

        async def lane_works(lane: World) -> None:
            for number, one in left:
                verdicts[number] = Verdict(str(one), await played(lane, one))
                if not verdicts[number].right:
                    lane.renew()  # its run may still be open
                wrong = sum(not verdict.right for verdict in verdicts.values())
                self.say(f"{word} {len(verdicts)} of {len(all_)}, {wrong} wrong")

        async with asyncio.TaskGroup() as group:
            for lane in self.lanes:
                group.create_task(lane_works(lane))
        return tuple(verdicts[number] for number in range(len(all_)))


@asynccontextmanager
async def _lanes(folder: Path, server: Server | None, plan: Plan) -> AsyncIterator[list[World]]:
    count = LANES_POSTGRESQL if server else LANES_SQLITE
    async with AsyncExitStack() as stack:

        async def lane(number: int) -> World:
            home = folder / f"lane{number}"
            return await stack.enter_async_context(world(home, server, plan.build))

        numbers = range(min(count, plan.points or count))
        yield list(await asyncio.gather(*map(lane, numbers)))
