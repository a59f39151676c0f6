"""The catalogue of the runner's own Problems."""

from __future__ import annotations

from ..errors import ProblemKind, ProblemType

DIVERGED = ProblemType(
    code="run.replay-diverged",
    sentence="The stored history of the run does not fit this version's pipeline.",
    why="A step asks for something else than it did when its outcome was stored.",
    fix="Finish the run with the version that started it, or cancel it and order it anew.",
    source="docs/decisions/runner.md",
)
CANCELLED = ProblemType(
    code="run.cancelled",
    sentence="The run was cancelled while it waited to try again.",
    why="A cancel ends the waiting of an effect that keeps failing.",
    fix="Look at what kept failing, then resume the run or order it anew.",
    source="docs/decisions/runner.md",
)
CRASHED = ProblemType(
    code="run.effect-crashed",
    sentence="An effect ended in an unforeseen error.",
    why="The program met a case it does not handle. This is a defect.",
    fix="Report it with the facts given here. The run can be resumed.",
    source="docs/decisions/runner.md",
)
NO_SUCH = ProblemType(
    code="run.no-such-run",
    sentence="There is no such run.",
    why="Run ids are listed by `gctrust runs list`.",
    fix="Run `gctrust runs list` and use an id from there.",
    kind=ProblemKind.USAGE,
    source="docs/reference/commands.md",
)
LATER_RELEASE = ProblemType(
    code="run.later-release",
    sentence="The run waits for a worker of a later release.",
    why="The release that ordered it, or went on with it, knows what the workers here do not.",
    fix="Start a worker of that release: the run goes on where it was.",
    source="docs/guides/operations.md",
)
STUCK = ProblemType(
    code="run.engine-failed",
    sentence="The engine could not go on with the run.",
    why="Its own records kept failing to be read or written.",
    fix="Run `gctrust doctor` on the store, then resume the run.",
    source="docs/decisions/runner.md",
)
PROBLEMS = (DIVERGED, CANCELLED, CRASHED, NO_SUCH, LATER_RELEASE, STUCK)
