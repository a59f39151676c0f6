"""The index of every rule and Problem, collected from the modules that declare them.

Whatever a module of these packages binds at its top, alone or in a table, is found.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from importlib import import_module
from pkgutil import walk_packages

from ..errors import ProblemType
from ..findings import Rule

Entry = Rule | ProblemType

PACKAGES = ("mailauth", "certs", "pins", "pipelines", "runner", "adapters", "service", "cli")
MODULES = ("settings", "app")


@cache
def catalogue() -> Mapping[str, Entry]:
    """Every entry by its id. The same id with two meanings is an error of ours: ValueError."""
    index: dict[str, Entry] = {}
    for entry in _entries():
        name = id_of(entry)
        if index.setdefault(name, entry) != entry:
            raise ValueError(f"{name} has two meanings")
    return index


def id_of(entry: Entry) -> str:
    return entry.id if isinstance(entry, Rule) else entry.code


def _entries() -> Iterator[Entry]:
    for name in _module_names():
        for value in vars(import_module(name)).values():
            yield from _in(value)


def _module_names() -> Iterator[str]:
    root = __name__.partition(".")[0]
    for package in PACKAGES:
        path = import_module(f"{root}.{package}").__path__
        for found in walk_packages(path, f"{root}.{package}."):
            yield found.name
    for module in MODULES:
        yield f"{root}.{module}"


def _in(value: object) -> Iterator[Entry]:
    if isinstance(value, Rule | ProblemType):
        yield value
    elif isinstance(value, Mapping):
        yield from (item for item in value.values() if isinstance(item, Rule | ProblemType))
    elif isinstance(value, tuple | list):
        items: Iterable[object] = value
        yield from (item for item in items if isinstance(item, Rule | ProblemType))
