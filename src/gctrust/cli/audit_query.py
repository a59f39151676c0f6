"""A search in the ledger: entries joined with how their webhooks settled, and the qualifiers
actor:NAME, since:DATE and the like, which all must fit."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..errors import Fact
from .evidence import rfc3339_of
from .findings_shown import bad_argument

if TYPE_CHECKING:
    from ..adapters.ledger.entry import LedgerEntry

SETTLED = "webhook.settled"
_QUALIFIERS = ("actor", "action", "entity", "run", "reason", "ticket", "since", "until")


@dataclass(frozen=True, slots=True)
class EntryShown:
    """`delivery_accepted` is joined from the entries that the webhooks' settling wrote."""

    seq: int
    time: str
    actor: str
    action: str
    entity: str
    run: str
    data: dict[str, Fact]
    delivery_accepted: Fact


def joined(entries: Iterable[LedgerEntry]) -> Iterator[EntryShown]:
    """Entries in order; a settling is shown with the entry it refers to as well as by itself."""
    every = tuple(entries)
    settlings: dict[Fact, dict[Fact, LedgerEntry]] = {}  # the last, by entry and endpoint
    for e in every:
        if e.action == SETTLED:
            settlings.setdefault(e.data.get("entry"), {})[e.data.get("endpoint")] = e
    for e in every:
        of_it = settlings.get(e.seq, {}).values()
        accepted = _by_all(of_it) if of_it else e.data.get("delivery_accepted")
        yield EntryShown(e.seq, e.time, e.actor, e.action, e.entity, e.run, dict(e.data), accepted)


def _by_all(settlings: Collection[LedgerEntry]) -> bool | None:
    """False when an endpoint refused, None while one has not settled."""
    if not all(e.data.get("delivery_accepted") for e in settlings):
        return False
    newest = max(settlings, key=lambda e: e.seq)
    return None if newest.data.get("waiting") else True


def qualifiers(query: Iterable[str]) -> dict[str, str]:
    wanted: dict[str, str] = {}
    for word in query:
        name, colon, value = word.partition(":")
        if name not in _QUALIFIERS or not colon or not value:
            known = ", ".join(f"{name}:" for name in _QUALIFIERS)
            raise bad_argument("QUERY", word, f"A qualifier is one of {known} and a value.")
        wanted[name] = _moment(name, value) if name in ("since", "until") else value
    return wanted


def _moment(name: str, text: str) -> str:
    """As entries tell their time. A day is within `until` to its end."""
    moment = rfc3339_of(f"{name}:", text)
    return moment[:10] if name == "until" and len(text) <= len("2026-11-01") else moment


def matches(entry: EntryShown, wanted: dict[str, str]) -> bool:
    return all(_fits(entry, name, value) for name, value in wanted.items())


def _fits(entry: EntryShown, name: str, value: str) -> bool:
    """Times are compared as the texts they are: RFC 3339 in UTC, or the day alone."""
    match name:
        case "since":
            return entry.time >= value
        case "until":
            return entry.time[: len(value)] <= value
        case "reason":
            return value.lower() in str(entry.data.get("reason", "")).lower()
        case "ticket":
            return entry.data.get("ticket") == value
        case "entity":
            return True  # those that were read are of it, or of a run about it
    return bool(getattr(entry, name) == value)
