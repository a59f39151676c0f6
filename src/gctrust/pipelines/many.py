"""Many orders at once: a canary first, then waves, each inside a change window and outside freezes.

Every order is a run of its own. Failures above a share stop what has not begun yet.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ..errors import Fact
from .effects import Instant, Now, Pipeline, Record, Segment, Stage, Wait, do
from .many_effects import ReadRuns, RunSeen, StartRuns
from .orders import Item, ManyOrder, ManyState, RunEnd
from .windows import Freeze, Window, next_open

FIRST_PAUSE = 2.0
LONGEST_PAUSE = 60.0
CANCEL = "cancel"
OTHER = "other-run-open"
TOLD = 100  # failures that an end names; `gctrust runs items` has all


@dataclass(slots=True)
class _Run:
    order: ManyOrder
    started: float
    wave: int = 0
    ended: tuple[RunSeen, ...] = ()

    def deadline(self, now: Instant) -> float:
        return self.started + self.order.horizon if now.deadline is None else now.deadline

    @property
    def failed(self) -> tuple[RunSeen, ...]:
        return tuple(one for one in self.ended if one.status != "succeeded")


def waves(order: ManyOrder) -> tuple[tuple[Item, ...], ...]:
    """The canary (none when 0), then waves of the size asked for."""
    canary, rest = order.items[: order.canary], order.items[order.canary :]
    return (*((canary,) if canary else ()), *_chunks(rest, order.wave))


def _chunks(items: tuple[Item, ...], size: int) -> Iterator[tuple[Item, ...]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]


def many(order: ManyOrder, state: ManyState | None = None) -> Pipeline[RunEnd]:
    """ "succeeded" when all did, "stopped" when the stop rule held the rest back."""
    if state is None:
        run = _Run(order, (yield from do(Now())).at)
    else:
        run = _Run(order, state.started, state.wave, state.ended)
    return (yield from _ended(run, (yield from _all(run))))


def _all(run: _Run) -> Pipeline[str]:
    planned = waves(run.order)
    while run.wave < len(planned):
        yield from do(Segment(ManyState(run.started, run.wave, run.ended)))
        interrupted = (yield from _window(run)) or (yield from _wave(run, planned[run.wave]))
        if interrupted:
            return interrupted
        run.wave += 1
        if _stops(run) and run.wave < len(planned):
            return "stopped"
    return "unverified" if run.failed else "succeeded"


def _stops(run: _Run) -> bool:
    """A failed canary stops at once; later the share of failures among all that ended decides."""
    if run.wave == 1 and run.order.canary and run.failed:
        return True
    return len(run.failed) > run.order.stop_at * len(run.ended)


def _window(run: _Run) -> Pipeline[str]:
    given = tuple(Window.parse(text) for text in run.order.windows)
    freezes = tuple(Freeze.parse(text) for text in run.order.freezes)
    while True:
        now = yield from do(Now())
        opens, deadline = next_open(given, now.at, freezes), run.deadline(now)
        if opens <= now.at:
            return ""
        if now.at >= deadline:
            return "unverified"
        until = min(opens, deadline)
        if (yield from do(Wait(until, "the change window", (CANCEL,)))).signal == CANCEL:
            return "cancelled"


def _wave(run: _Run, items: tuple[Item, ...]) -> Pipeline[str]:
    """Order all of the wave, and see each to its end; a cancel leaves what has begun to itself."""
    names = ", ".join(_named(item) for item in items[:3]) + (", ..." if len(items) > 3 else "")
    yield from do(Stage(f"wave {run.wave + 1}", f"{len(items)} runs: {names}"))
    ids = (yield from do(StartRuns(items, run.wave))).ids
    beside = zip(ids, items, strict=True)
    ended = [RunSeen(item.identity, "failed", OTHER) for id_, item in beside if not id_]
    mine, pause = tuple(id_ for id_ in ids if id_), FIRST_PAUSE
    while True:
        seen = (yield from do(ReadRuns(mine))).runs if mine else ()
        ended += [one for one in seen if one.status != "open"]
        still = tuple(one for one in seen if one.status == "open")
        mine = tuple(one.id for one in still)
        now = yield from do(Now())
        if not still or now.at >= run.deadline(now):
            run.ended += (*ended, *still)
            return "unverified" if still else ""
        reason = f"{len(still)} of {len(items)} runs of this wave"
        until = min(now.at + pause, run.deadline(now))
        if (yield from do(Wait(until, reason, (CANCEL,)))).signal == CANCEL:
            run.ended += (*ended, *still)
            return "cancelled"
        pause = min(2 * pause, LONGEST_PAUSE)


def _named(item: Item) -> str:
    return item.identity.partition(":")[2]


def _ended(run: _Run, status: str) -> Pipeline[RunEnd]:
    order = run.order
    now = yield from do(Now())
    facts: dict[str, Fact] = {
        "status": status,
        "orders": len(order.items),
        "succeeded": len(run.ended) - len(run.failed),
        "failures": len(run.failed),
        "failed": [f"{one.id}: {one.code or one.status}" for one in run.failed[:TOLD]],
        "not_begun": len(order.items) - len(run.ended),
        "waves": f"{run.wave} of {len(waves(order))}",
        "latency_ms": round((now.at - run.started) * 1000, 1),
        "resumed": now.resumed,
    }
    yield from do(Record(f"many.{status}", order.name, facts, "orders.ended", facts))
    yield from do(Stage("done", status))
    return RunEnd(status, facts)
