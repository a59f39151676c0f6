"""`gctrust doctor`: this machine, the settings and the organisation, each line with its fix."""

from __future__ import annotations

import asyncio
import platform
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..errors import Problem
from .exit_codes import ExitCode
from .output import Block
from .session import Options, with_app

if TYPE_CHECKING:
    from .. import app as composition

OLDEST = (3, 11)
SCOPED = ("email-domain.find", "custom-domain.find", "oauth-client.get")


@dataclass(frozen=True, slots=True)
class Line:
    """`verdict` is "ok", "problem" or "skipped"."""

    what: str
    verdict: str
    seen: str
    fix: str = ""


@dataclass(frozen=True, slots=True)
class Diagnosis:
    lines: tuple[Line, ...]


Look = Callable[["composition.App"], Awaitable[str]]


def doctor(
    *,
    options: Options = Options(),  # noqa: B008 - frozen
) -> ExitCode:
    """Check what gctrust needs: Python, state folder, DNS, roots, platform, clock, login."""

    async def body(app: composition.App) -> ExitCode:
        lines = [await _line(app, what, look) for what, look in LOOKS]
        options.out.answer("doctor", Diagnosis(tuple(lines)), _blocks(lines))
        bad = any(line.verdict == "problem" for line in lines)
        return ExitCode.FINDINGS if bad else ExitCode.FINE

    return with_app(options, body)


def _blocks(lines: list[Line]) -> list[Block]:
    blocks: list[Block] = []
    for line in lines:
        blocks.append(f"{line.verdict:<8} {line.what}: {line.seen}")
        if line.fix:
            blocks.append(f"{'':8} fix: {line.fix}")
    return blocks


async def _line(app: composition.App, what: str, look: Look) -> Line:
    try:
        return Line(what, "ok", await look(app))
    except Problem as problem:
        verdict = "skipped" if problem.code == "config.missing" else "problem"
        return Line(what, verdict, str(problem), problem.next_step)


async def _python(app: composition.App) -> str:
    # pip refuses an older Python; a copied tree does not.
    enough = sys.version_info[:2] >= OLDEST
    return f"{platform.python_version()}{'' if enough else ' is older than 3.11'}"


async def _store(app: composition.App) -> str:
    store = await asyncio.to_thread(lambda: app.store)
    return f"{store.path} ({store.kind})"


async def _dns(app: composition.App) -> str:
    from ..mailauth.questions import Question

    (answer,) = await app.resolver.resolve_all([Question("genesyscloud.com", "TXT", fresh=True)])
    return f"{answer.status} from {answer.server or ', '.join(app.resolver.servers)}"


async def _roots(app: composition.App) -> str:
    roots = await asyncio.to_thread(lambda: app.certificates.roots)
    where = app.settings.roots_file or "the public roots"
    return f"{where} can be read ({type(roots).__name__})"


async def _platform(app: composition.App) -> str:
    app.settings.require("platform")
    return f"{', '.join(app.settings.platform)}, {app.settings.dialect} dialect"


async def _clock(app: composition.App) -> str:
    from .attached import instant

    return instant(await asyncio.to_thread(app.clock.now))


async def _login(app: composition.App) -> str:
    app.settings.require("platform")
    await app.genesys.require(*SCOPED)
    budget = app.genesys.budget
    spent = (
        f"{budget.used} of {budget.allowed} requests used" if budget.allowed else "no limit seen"
    )
    return f"token granted with the scopes needed to read; {spent}"


LOOKS: tuple[tuple[str, Look], ...] = (
    ("python", _python),
    ("store", _store),
    ("dns", _dns),
    ("roots", _roots),
    ("platform", _platform),
    ("clock", _clock),
    ("login", _login),
)
