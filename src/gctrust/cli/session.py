"""What every command has: the options on output and settings, and the App opened for its body."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Group, Parameter

from .exit_codes import ExitCode
from .output import Output

if TYPE_CHECKING:
    from ..app import App
    from ..runner.runs import Runs
    from ..settings import Settings

_GROUP = Group("Output and settings", sort_key=100)
_TEXT = Parameter(group=_GROUP, show_default=False)
_FLAG = Parameter(negative="", group=_GROUP, show_default=False)
_QUIET = Parameter(name=["--quiet", "-q"], negative="", group=_GROUP, show_default=False)


@Parameter(name="*")
@dataclass(frozen=True, slots=True, kw_only=True)
class LocalOptions:
    """Accepted by every command, also by those that start a platform of their own."""

    json: Annotated[bool, _FLAG] = field(default=False)
    "One JSON object on stdout, with `schema` and `version`."
    output: Annotated[str, _TEXT] = ""
    "Write the answer to this file."
    quiet: Annotated[bool, _QUIET] = False
    "Nothing on stderr but problems."
    no_color: Annotated[bool, _FLAG] = False
    "No colour (also: NO_COLOR)."
    org: Annotated[str, _TEXT] = ""
    "The organisation: a profile of ~/.gc/config.toml (also: GCTRUST_PROFILE)."
    home: Annotated[str, _TEXT] = ""
    "Folder of gctrust's own state (also: GCTRUST_HOME)."

    @property
    def out(self) -> Output:
        return self._output(self.output)

    @property
    def on_stdout(self) -> Output:
        """For a command whose --output takes something else than its answer."""
        return self._output("")

    def _output(self, file: str) -> Output:
        return Output(json=self.json, quiet=self.quiet, color=not self.no_color, file=file)

    def flags(self) -> dict[str, str]:
        """The settings among them; "" was not given."""
        return {"profile": self.org, "home": self.home}


@Parameter(name="*")
@dataclass(frozen=True, slots=True, kw_only=True)
class Options(LocalOptions):
    """Accepted by every command that may speak to a platform."""

    dialect: Annotated[str, _TEXT] = ""
    "guide, platform, or auto: as the organisation answers (also: GCTRUST_DIALECT)."
    read_only: Annotated[bool, _FLAG] = field(default=False)
    "Change nothing at the platform: refuse whatever would (also: GCTRUST_READ_ONLY)."

    def flags(self) -> dict[str, str]:
        given = LocalOptions.flags(self)
        return given | {"dialect": self.dialect, "read_only": "yes" if self.read_only else ""}


def settings_of(options: LocalOptions, **flags: str) -> Settings:
    """The Settings of this command line; an empty flag was not given. Raises Problem config.*."""
    from ..settings import environment, load_settings

    given = {**options.flags(), **flags}
    return load_settings(
        {name: value or None for name, value in given.items()}, environment(), Path.cwd()
    )


def with_app(
    options: Options, body: Callable[[App], Awaitable[ExitCode]], **flags: str
) -> ExitCode:
    """Open the App, run `body` in it, close it."""

    async def opened() -> ExitCode:
        from ..app import build_app

        async with build_app(settings_of(options, **flags)) as app:
            return await body(app)

    return asyncio.run(opened())


def kept_runs(app: App) -> Runs:
    """The runs of the store, to look at: needs no credentials, as what drives them does."""
    from ..runner.codec import Codec
    from ..runner.runs import Runs

    return Runs(app.store, Codec(), app.clock)
