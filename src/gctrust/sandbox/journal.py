"""Every request the API saw and what it did, with assertions a test can ask for."""

from __future__ import annotations

import fnmatch
from collections.abc import Mapping
from dataclasses import asdict, dataclass

from .answer import JsonObject, MalformedError


@dataclass(frozen=True, slots=True)
class Entry:
    """One request, without body or secret. `effect`: it changed the platform's state."""

    n: int
    time: float
    method: str
    path: str
    query: str
    status: int | None  # None when no answer reached the client
    client_id: str
    correlation_id: str
    effect: bool
    fault: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """What entries to count; a field left None matches all. `path` is a shell pattern."""

    method: str | None = None
    path: str | None = None
    effect: bool | None = None
    status: int | None = None
    client_id: str | None = None
    fault: str | None = None

    @classmethod
    def parse(cls, body: Mapping[str, object]) -> Wanted:
        """From an assertion's JSON. Raises MalformedError on an unknown name or a wrong type."""
        types: dict[str, type] = {"effect": bool, "status": int}
        for name, value in body.items():
            if name not in cls.__slots__:
                raise MalformedError(f"unknown field {name}")
            if not isinstance(value, types.get(name, str)):
                raise MalformedError(f"{name} has the wrong type")
        return cls(**body)  # type: ignore[arg-type]

    def accepts(self, entry: Entry) -> bool:
        pairs = (
            (self.effect, entry.effect),
            (self.status, entry.status),
            (self.client_id, entry.client_id),
            (self.fault, entry.fault),
            (self.method and self.method.upper(), entry.method),
        )
        if any(wanted is not None and wanted != seen for wanted, seen in pairs):
            return False
        return self.path is None or fnmatch.fnmatchcase(entry.path, self.path)


class Journal:
    def __init__(self) -> None:
        self.entries: list[Entry] = []

    def add(self, entry: Entry) -> None:
        self.entries.append(entry)

    @property
    def next_number(self) -> int:
        return len(self.entries) + 1

    def matching(self, wanted: Wanted) -> list[Entry]:
        return [entry for entry in self.entries if wanted.accepts(entry)]

    def json(self) -> list[JsonObject]:
        return [asdict(entry) for entry in self.entries]

    def clear(self) -> None:
        self.entries.clear()
