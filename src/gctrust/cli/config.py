"""`gctrust config`: the settings in force and where each comes from. Secrets show as "set"."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from cyclopts import App, Parameter

from .exit_codes import ExitCode
from .output import Table
from .session import Options, settings_of

if TYPE_CHECKING:
    from ..settings import Shown

app = App(name="config", help="The settings in force, and where each comes from.")


@dataclass(frozen=True, slots=True)
class ShownSettings:
    settings: tuple[Shown, ...]


@app.command
def show(
    *,
    origin: Annotated[bool, Parameter(negative="")] = False,
    options: Options = Options(),  # noqa: B008 - frozen
) -> ExitCode:
    """Every setting with its value.

    Parameters
    ----------
    origin
        Also say where each value comes from.
    """
    from ..settings import origins

    shown = origins(settings_of(options))
    columns = ("setting", "value", "origin") if origin else ("setting", "value")
    rows = tuple((s.name, s.value, s.origin) if origin else (s.name, s.value) for s in shown)
    options.out.answer("config.show", ShownSettings(shown), [Table(columns, rows)])
    return ExitCode.FINE
