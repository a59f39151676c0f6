"""The qualifiers of a search in the ledger: actor:NAME, since:DATE and the like; all must fit."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ..errors import Fact
from .findings_shown import bad_argument

_QUALIFIERS = ("actor", "action", "entity", "run", "reason", "ticket", "since", "until")


@dataclass(frozen=True, slots=True)
class EntryShown:
    """`delivery_accepted` is joined from the entry that the webhook's settling wrote."""

    seq: int
    time: str
    actor: str
    action: str
    entity: str
    run: str
    data: dict[str, Fact]
    delivery_accepted: Fact


def qualifiers(query: Iterable[str]) -> dict[str, str]:
    wanted: dict[str, str] = {}
    for word in query:
        name, colon, value = word.partition(":")
        if name not in _QUALIFIERS or not colon or not value:
            known = ", ".join(f"{name}:" for name in _QUALIFIERS)
            raise bad_argument("QUERY", word, f"A qualifier is one of {known} and a value.")
        wanted[name] = value
    return wanted


def matches(entry: EntryShown, wanted: dict[str, str]) -> bool:
    return all(_fits(entry, name, value) for name, value in wanted.items())


def _fits(entry: EntryShown, name: str, value: str) -> bool:
    """Times are compared as the texts they are: RFC 3339 in UTC, or the beginning of one."""
    match name:
        case "since":
            return entry.time >= value
        case "until":
            return entry.time[: len(value)] <= value
        case "reason":
            return value.lower() in str(entry.data.get("reason", "")).lower()
        case "ticket":
            return entry.data.get("ticket") == value
    return bool(getattr(entry, name) == value)
