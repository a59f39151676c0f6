"""`gctrust runs fork`: an ended run goes on anew from one of its stages or steps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from ..errors import Fact
from .attached import follow
from .change_reason import Why
from .exit_codes import ExitCode
from .session import Options, kept_runs, with_app

if TYPE_CHECKING:
    from .. import app as composition


@dataclass(frozen=True, slots=True)
class Forked:
    """`step` is the first that is done anew."""

    run: str
    source: str
    step: int


def fork(
    run: str,
    /,
    *,
    place: Annotated[str, Parameter(name="--from")],
    wait: float = 0.0,
    why: Why = Why(),  # noqa: B008 - frozen
    options: Options = Options(),  # noqa: B008 - frozen
) -> ExitCode:
    """Begin a new run with what an ended one did before a stage or step, and go on from there.

    Parameters
    ----------
    run
        The id of the ended run.
    place
        A stage's name or a step's number, as `gctrust runs show` has them: the first done anew.
    wait
        Seconds to follow the new run; 0 leaves it to whoever drives the runs.
    """

    async def body(app: composition.App) -> ExitCode:
        from ..adapters.ledger.entry import Entry
        from ..runner.forks import Forks

        new, step = Forks(app.store, kept_runs(app)).fork(run, place)
        entity = run.partition(":")[2].rpartition("@")[0]
        by = app.asker
        told: dict[str, Fact] = {**by.why, "source": run, "step": step}
        app.ledger.append(Entry("run.forked", entity, new, step, "fork", told, by.actor))
        if wait > 0:
            async with app.running():
                return await follow(app, options.out, new, wait)
        lines = [f"{new} goes on from step {step} of {run}", f"watch: gctrust runs watch {new}"]
        options.out.answer("runs.fork", Forked(new, run, step), lines)
        return ExitCode.FINE

    return with_app(options, body, **why.settings)
