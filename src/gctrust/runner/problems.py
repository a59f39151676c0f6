"""The catalogue of the runner's own Problems."""

from __future__ import annotations

import traceback

from ..errors import Problem, ProblemKind, ProblemType, Retry

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
CUT_OFF = ProblemType(
    code="run.cut-off",
    sentence="A try before was cut off, and what it did may not be shown yet.",
    why="The process was killed between a change and its record; lists lag behind changes.",
    fix="Wait: the run looks again when the list has had its time, and creates nothing twice.",
    retry=Retry.LATER,
    source="docs/guides/published-dialect.md",
)
PROBLEMS = (DIVERGED, CANCELLED, CRASHED, NO_SUCH, LATER_RELEASE, STUCK, CUT_OFF)


def crash(error: Exception, where: str) -> Problem:
    """Names the kind and the place, not the message: that one could quote a secret."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f"{frames[-1].filename.rpartition('/')[2]}:{frames[-1].lineno}" if frames else ""
    return Problem(CRASHED, {"error": type(error).__name__, "at": place, "in": where})
