"""What an auditor asks first, as tables made of ledger entries alone: each row names its entry."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from ...errors import Fact
from ..ledger.entry import LedgerEntry

# What the page makes its own sheets by as well.
KINDS: Final[Mapping[str, str]] = {
    "email-domain": "domain",
    "custom-domain": "certificate",
    "pin-rotation": "pins",
    "data-actions": "gateway",
    "platform-trust": "trust",
    "client-secret": "client",
}
# How the actions begin that somebody ordered, or did by hand.
APPROVED: Final = (
    "run.ordered", "run.resumed", "run.signalled", "run.forked", "schedule.", "store.", "token.",
    "webhook.endpoint-", "webhook.replayed", "ledger.key-rotated", "ledger.sealed",
    "ledger.checkpoint-sent", "send-test-message.intended",
)  # fmt: skip
# The two journeys name the same measurement as their guides do.
_HANDSHAKES = (
    ("tried", ("handshakes", "pinMatchSample")),
    ("success_rate", ("handshake_success_rate", "pinMatchRate")),
    ("lower_bound", ("pinMatchLowerBound",)),
    ("p50_ms", ("p50_ms",)),
    ("p95_ms", ("p95_ms",)),
    ("p99_ms", ("p99_ms",)),
)


@dataclass(frozen=True, slots=True)
class Sheet:
    names: tuple[str, ...]
    rows: tuple[tuple[Fact, ...], ...]


def kind_of(action: str) -> str | None:
    """What a journey's last entry tells of; None for every other entry."""
    return KINDS.get(action.partition(".")[0])


def inventory(entries: Iterable[LedgerEntry]) -> Sheet:
    """`entries`: the last of each kind and name."""
    names = ("entry", "kind", "name", "seen", "status", "run", "facts")
    rows = (
        (e.seq, kind_of(e.action), e.entity, e.time, e.action.partition(".")[2], e.run, _facts(e))
        for e in entries
    )
    return Sheet(names, tuple(sorted(rows, key=lambda row: (str(row[1]), str(row[2])))))


def approvals(entries: Iterable[LedgerEntry]) -> Sheet:
    names = ("entry", "time", "actor", "action", "what", "run", "reason", "ticket", "allowed")
    return Sheet(names, tuple(_approval(e) for e in entries if e.action.startswith(APPROVED)))


def _approval(e: LedgerEntry) -> tuple[Fact, ...]:
    why = (e.data.get("reason"), e.data.get("ticket"), e.data.get("allowed"))
    return (e.seq, e.time, e.actor, e.action, e.entity, e.run, *why)


def handshakes(entries: Iterable[LedgerEntry]) -> Sheet:
    names = ("entry", "time", "name", "run", *(name for name, _ in _HANDSHAKES))
    return Sheet(names, tuple(_measured(entries)))


def _measured(entries: Iterable[LedgerEntry]) -> Iterator[tuple[Fact, ...]]:
    for e in entries:
        figures = [_first(e.data, names) for _, names in _HANDSHAKES]
        if kind_of(e.action) and figures[0]:
            yield (e.seq, e.time, e.entity, e.run, *figures)


def _first(data: Mapping[str, Fact], names: Sequence[str]) -> Fact:
    return next((data[name] for name in names if name in data), None)


def _facts(entry: LedgerEntry) -> Fact:
    told = (f"{name}: {value}" for name, value in entry.data.items() if value not in (None, "", []))
    return ", ".join(told)
