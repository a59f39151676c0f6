"""The places a user can write settings to, highest first, and how each is read."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path

import platformdirs

from ..errors import Fact, Problem
from .problems import BAD_VALUE, EXPOSED_SECRET, UNKNOWN_SETTING, UNREADABLE_FILE
from .rows import ROWS, Place, flag_of


class Levels:
    """The five places a user can write to, highest first."""

    def __init__(
        self,
        flags: Mapping[str, object],
        environ: Mapping[str, str],
        cwd: Path,
        home: Path | None,
    ) -> None:
        self._flags = {name: value for name, value in flags.items() if value is not None}
        _known(self._flags, "flag")
        self._environ, self._cwd = environ, cwd
        if home is None:
            config, self.default_home = (
                platformdirs.user_config_path("gctrust"),
                platformdirs.user_data_path("gctrust"),
            )
        else:
            config, self.default_home = home / ".config/gctrust", home / ".local/share/gctrust"
        self._files = tuple(
            (path, _read_own_file(path)) for path in (cwd / "gctrust.toml", config / "config.toml")
        )
        profile = self.find("profile")
        name = profile[0].text if profile else "DEFAULT"
        self._gc_file = (home or Path.home()) / ".gc/config.toml"
        self._gc = _read_gc_profile(self._gc_file, name, asked=bool(profile))

    def find(self, name: str) -> tuple[Place, ...]:
        """The places of the highest level that sets `name`; more than one only within a level."""
        for level in (self._in_flags, self._in_environment, self._in_files, self._in_gc):
            if found := tuple(level(name)):
                return found
        return ()

    def _in_flags(self, name: str) -> Iterator[Place]:
        flag = flag_of(name)
        origin = f"flag {flag}" if flag.startswith("--") else f"argument {flag}"
        if name in self._flags:
            if ROWS[name].secret:
                raise Problem(EXPOSED_SECRET, {"setting": name, "origin": origin})
            yield Place(_as_text(self._flags[name]), origin, self._cwd)
        if (path := self._flags.get(f"{name}_file")) and ROWS[name].secret:
            yield _read_secret(Path(str(path)), f"{origin}-file", self._cwd)

    def _in_environment(self, name: str) -> Iterator[Place]:
        for key in ROWS[name].env:
            if text := self._environ.get(key, ""):
                yield Place(text, f"environment {key}", self._cwd)
            if ROWS[name].secret and (path := self._environ.get(f"{key}_FILE", "")):
                yield _read_secret(Path(path), f"environment {key}_FILE", self._cwd)

    def _in_files(self, name: str) -> Iterator[Place]:
        for path, table in self._files:
            if name in table:
                if ROWS[name].secret:
                    facts: dict[str, Fact] = {"setting": name, "origin": str(path)}
                    hint = f"Write {name.replace('_', '-')}-file = PATH there instead."
                    raise Problem(EXPOSED_SECRET, facts, hint=hint)
                yield Place(_as_text(table[name]), f"file {path}", path.parent)
                return
            if ROWS[name].secret and f"{name}_file" in table:
                source = Path(str(table[f"{name}_file"]))
                yield _read_secret(source, f"file {path}", path.parent)
                return

    def _in_gc(self, name: str) -> Iterator[Place]:
        # `profile` itself is looked up before the profile is read.
        key = ROWS[name].gc
        if key and (text := self._gc.get(key)):
            yield Place(str(text), f"profile in {self._gc_file}", self._gc_file.parent)


def _as_text(value: object) -> str:
    if isinstance(value, list | tuple):
        return " ".join(map(str, value))
    return str(value)


def _known(names: Mapping[str, object], where: str) -> None:
    allowed = {*ROWS, *(f"{name}_file" for name, row in ROWS.items() if row.secret)}
    for name in names:
        if name not in allowed:
            near = get_close_matches(name, allowed, 1)
            facts: dict[str, Fact] = {"setting": name, "origin": where}
            hint = f"Did you mean {near[0].replace('_', '-')}?" if near else ""
            raise Problem(UNKNOWN_SETTING, facts, hint=hint)


def _flat(table: Mapping[str, object], prefix: str = "") -> Iterator[tuple[str, object]]:
    """[timeout] token = 10 is the same as timeout-token = 10."""
    for key, value in table.items():
        name = prefix + key.replace("-", "_")
        if isinstance(value, dict):
            yield from _flat(value, f"{name}_")
        else:
            yield name, value


def _read_toml(path: Path) -> Mapping[str, object]:
    try:
        with path.open("rb") as file:
            return tomllib.load(file)
    except FileNotFoundError:
        return {}
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Problem(UNREADABLE_FILE, {"path": str(path), "seen": str(error)}) from None


def _read_own_file(path: Path) -> Mapping[str, object]:
    table = dict(_flat(_read_toml(path)))
    _known(table, str(path))
    return table


def _read_gc_profile(path: Path, name: str, *, asked: bool) -> Mapping[str, object]:
    profiles = _read_toml(path)
    profile = profiles.get(name)
    if isinstance(profile, dict):
        return profile
    if asked:
        known = [key for key, value in profiles.items() if isinstance(value, dict)]
        raise Problem(
            BAD_VALUE,
            {"setting": "profile", "seen": name, "path": str(path), "profiles": known},
            hint=f"{path} has no profile {name!r}; it has: {', '.join(known) or 'none'}.",
        )
    return {}


def _read_secret(path: Path, origin: str, base: Path) -> Place:
    source = base / path
    try:
        source = base / path.expanduser()
        return Place(source.read_text("utf-8"), origin, base)
    except (OSError, UnicodeDecodeError, RuntimeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "no such user, or not UTF-8 text"
        facts: dict[str, Fact] = {"origin": origin, "path": str(source), "seen": reason}
        raise Problem(UNREADABLE_FILE, facts) from None
