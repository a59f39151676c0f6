"""Files and reload commands of the service's own machine, which an order names and never describes:
a path or a command that came over HTTP could be anybody's.

A name is a folder under GCTRUST_HOME/handed-in with `consumer.json` (who reads an OAuth client's
secret) or `gateway.json` (what data actions call) in it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from ...errors import Problem, ProblemKind, ProblemType
from .handed_in import NO_SUCH_NAME

BAD_PLACE = ProblemType(
    "order.bad-place",
    "What was put under this name cannot be used.",
    "A file is missing a field, has one that is not known, or a path in it is not absolute.",
    "Have the file corrected where the service runs; docs/reference/service.md has its fields.",
    kind=ProblemKind.USAGE,
    source="docs/reference/service.md",
)
PROBLEMS = (BAD_PLACE,)
PlaceT = TypeVar("PlaceT")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


@dataclass(frozen=True, slots=True)
class Consumer:
    """Where the user of an OAuth client reads its id and secret, and how it is told to."""

    file: str
    reload: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class GatewayPlace:
    """As the options of `gctrust pins watch`; `gateway` is HOST:PORT."""

    bundle: str
    pins: str
    root: str = ""
    nginx: str = ""
    gateway: str = ""
    reload: tuple[str, ...] = ()


class NamedPlaces:
    """Every method raises Problem order.no-such-name, order.bad-place."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def consumer(self, name: str) -> Consumer:
        return _made(Consumer, name, self._told(name, "consumer.json"))

    def gateway(self, name: str) -> GatewayPlace:
        return _made(GatewayPlace, name, self._told(name, "gateway.json"))

    def _told(self, name: str, file: str) -> object:
        path = self._folder / name / file
        if not _NAME.fullmatch(name) or not path.is_file():
            hint = f"Have {file} put into the folder of that name under GCTRUST_HOME/handed-in."
            raise Problem(NO_SUCH_NAME, {"name": name[:64]}, hint)
        try:
            return json.loads(path.read_text("utf-8"))
        except (OSError, ValueError):
            raise Problem(BAD_PLACE, {"name": name, "seen": f"{file} is not JSON"}) from None


def _made(kind: Callable[..., PlaceT], name: str, told: object) -> PlaceT:
    """Every field is a text, a path of its own machine, or a command as a list of words."""
    fields = told if isinstance(told, dict) else {}
    wrong = [key for key, value in fields.items() if not _fits(str(key), value)]
    try:
        if wrong:
            raise Problem(BAD_PLACE, {"name": name, "seen": f"{wrong[0]} cannot be that"})
        return kind(**fields | {"reload": tuple(fields.get("reload", ()))})
    except TypeError:
        seen = f"the fields {', '.join(sorted(map(str, fields))) or 'are none'}"
        raise Problem(BAD_PLACE, {"name": name, "seen": seen}) from None


def _fits(key: str, value: object) -> bool:
    if key == "reload":
        return isinstance(value, list) and all(isinstance(word, str) for word in value)
    return isinstance(value, str) and (key == "gateway" or Path(value).is_absolute())
