"""`gctrust doctor`: this machine, the settings and the organisation, each line with its fix."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ..errors import Problem
from .doctor_looks import LOOKS, Bad, Consultation, Look, Skipped
from .exit_codes import ExitCode, of_problem
from .output import Block
from .session import Options, with_app

if TYPE_CHECKING:
    from .. import app as composition


@dataclass(frozen=True, slots=True)
class Line:
    """`verdict` is "ok", "problem" or "skipped"; `code` the Problem's, where there is one.

    `role` is a role to create, a body for POST /api/v2/authorization/roles."""

    what: str
    verdict: str
    seen: str
    fix: str = ""
    code: str = ""
    role: str = ""


@dataclass(frozen=True, slots=True)
class Diagnosis:
    lines: tuple[Line, ...]


def doctor(
    *,
    options: Options = Options(),  # noqa: B008 - frozen
) -> ExitCode:
    """Check what gctrust needs: Python, store, DNS, roots, region, clock, credentials, scopes,
    request budget, and which dialect the organisation answers. Nothing is changed.

    The exit code is that of the first line that is no good."""

    async def body(app: composition.App) -> ExitCode:
        diagnosis, code = await diagnose(app)
        options.out.answer("doctor", diagnosis, _blocks(diagnosis))
        return code

    try:
        return with_app(options, body)
    except Problem as problem:  # settings that nothing can be built from
        line = Line("settings", "problem", str(problem), problem.next_step, problem.code)
        diagnosis = Diagnosis((line,))
        options.out.answer("doctor", diagnosis, _blocks(diagnosis))
        return of_problem(problem)


async def diagnose(app: composition.App) -> tuple[Diagnosis, ExitCode]:
    """Every line, and the exit code of the first that is no good."""
    lines: list[Line] = []
    code = ExitCode.FINE
    good: set[str] = set()
    visit = Consultation(app)
    for look in LOOKS:
        if missing := [name for name in look.needs if name not in good]:
            lines.append(Line(look.what, "skipped", f"not looked at without {missing[0]}"))
            continue
        line, ending = await _line(look, visit)
        line, visit.role = replace(line, role=visit.role), ""
        lines.append(line)
        if line.verdict == "ok":
            good.add(look.what)
        code = code or ending
    return Diagnosis(tuple(lines)), code


async def _line(look: Look, visit: Consultation) -> tuple[Line, ExitCode]:
    what = look.what
    try:
        return Line(what, "ok", await look.see(visit)), ExitCode.FINE
    except Skipped as skipped:
        return Line(what, "skipped", str(skipped)), ExitCode.FINE
    except Bad as bad:
        return Line(what, "problem", bad.seen, bad.fix), ExitCode.FINDINGS
    except Problem as problem:
        if problem.code == "config.missing":
            return Line(what, "skipped", str(problem), problem.next_step), ExitCode.FINE
        line = Line(what, "problem", str(problem), problem.next_step, problem.code)
        return line, of_problem(problem)


def _blocks(diagnosis: Diagnosis) -> Iterator[Block]:
    for line in diagnosis.lines:
        yield f"{line.verdict:<8} {line.what}: {line.seen}"
        if line.fix:
            yield f"{'':8} fix: {line.fix}"
        if line.role:
            yield f"{'':8} role: {line.role}"
