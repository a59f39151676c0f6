"""Settings: everything a user can choose, read once, with the origin of each value.

Flags win over the environment, then gctrust.toml, the user file, the `gc` profile, a running
sandbox's own note, and the default. This is the only package that reads the environment.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from ..errors import Fact, Problem
from .levels import Levels
from .model import Settings
from .problems import BAD_VALUE, CONFLICT, PROBLEMS
from .rows import ROWS, Place, missing, without_user_info
from .sandbox_note import add_sandbox, answers_from, loopback_origin

__all__ = [
    "PROBLEMS",
    "Settings",
    "Shown",
    "answers_from",
    "environment",
    "load_settings",
    "loopback_origin",
    "missing",
    "origins",
    "without_user_info",
]


@dataclass(frozen=True, slots=True)
class Shown:
    """A setting as `gctrust config show --origin` prints it."""

    name: str
    value: str
    origin: str


def environment() -> Mapping[str, str]:
    """The process's environment: the one place that asks for it."""
    return os.environ


def load_settings(
    flags: Mapping[str, object], environ: Mapping[str, str], cwd: Path, home: Path | None = None
) -> Settings:
    """Read every level once. `home` is the user's home folder (None: this user's).

    `flags` maps setting names to values; None means not given. Raises Problem config.*.
    """
    levels = Levels(flags, environ, cwd, home)
    values: dict[str, object] = {}
    origins: dict[str, str] = {}
    for name in ROWS:
        found = levels.find(name)
        if found:
            values[name] = _parsed(name, found)
            origins[name] = " and ".join(place.origin for place in found)
    if "home" not in values:
        values["home"] = levels.default_home
    if "grant_body" not in values and origins.get("client_id", "").endswith("GENESYS_API_KEY"):
        values["grant_body"], origins["grant_body"] = "json", "follows GENESYS_API_KEY"
    add_sandbox(values, origins)
    return Settings(**values, origins=MappingProxyType(origins))  # type: ignore[arg-type]


def origins(settings: Settings) -> tuple[Shown, ...]:
    """Each setting with its value as it may be shown, and where it came from."""
    return tuple(
        Shown(name, _shown(name, getattr(settings, name)), settings.origins.get(name, "default"))
        for name in ROWS
    )


def _shown(name: str, value: object) -> str:
    if ROWS[name].secret:
        return "set" if value else "not set"
    if isinstance(value, tuple):
        return without_user_info(", ".join(map(str, value))) or "not set"
    return "not set" if value is None else without_user_info(str(value))


def _parsed(name: str, found: tuple[Place, ...]) -> object:
    row = ROWS[name]
    if row.several:
        return tuple(dict.fromkeys(place.text.strip() for place in found))
    try:
        first, *others = (row.parse(place) for place in found)
    except ValueError as error:
        where = " and ".join(place.origin for place in found)
        seen: Fact = "(secret)" if row.secret else without_user_info(found[0].text)[:120]
        facts: dict[str, Fact] = {"setting": name, "origin": where, "seen": seen}
        raise Problem(BAD_VALUE, facts, hint=f"For {name}, {error}.") from None
    if any(other != first for other in others):
        names = [place.origin for place in found]
        raise Problem(
            CONFLICT,
            {"setting": name, "names": names},
            hint=f"{' and '.join(names)} both set {name}, to different values: unset one.",
        )
    return first
