"""Who serves a domain's required records already: name servers and resolvers, each by itself."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .attached import instant
from .output import Block, Table

if TYPE_CHECKING:
    from ..adapters.dns.propagation import RecordSpread, ServerLook, Spread


@dataclass(frozen=True, slots=True)
class ServerShown:
    """`answered` tells a failed look-up from an answer; `lame` an answer without authority.
    Instants are RFC 3339 UTC, None when nothing tells."""

    server: str
    name: str
    resolver: bool
    status: str
    answered: str
    lame: bool
    found: tuple[str, ...]
    cached: str | None
    expected: str | None

    @classmethod
    def of(cls, one: ServerLook) -> ServerShown:
        return cls(
            one.address, one.name, one.is_resolver, str(one.status), one.answered, one.lame,
            one.found, _instant(one.cached_at), _instant(one.expected_at),
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class SpreadRecordShown:
    """`negative_ttl` is how long the zone lets caches hold an absence, in seconds."""

    type: str
    name: str
    negative_ttl: int | None
    servers: tuple[ServerShown, ...]

    @classmethod
    def of(cls, record: RecordSpread) -> SpreadRecordShown:
        servers = tuple(map(ServerShown.of, record.servers))
        return cls(record.type, record.name, record.negative_ttl, servers)


@dataclass(frozen=True, slots=True)
class SpreadShown:
    """`published`: every name server of the zone has all; `everywhere`: every resolver too, which
    is `expected` at the latest then."""

    published: bool
    everywhere: bool
    expected: str | None
    next_look: str
    records: tuple[SpreadRecordShown, ...]

    @classmethod
    def of(cls, seen: Spread) -> SpreadShown:
        return cls(
            seen.published, seen.everywhere, _instant(seen.expected_at), instant(seen.next_look),
            tuple(map(SpreadRecordShown.of, seen.records)),
        )  # fmt: skip


def _instant(at: float | None) -> str | None:
    return None if at is None else instant(at)


def spread_blocks(shown: SpreadShown) -> Iterator[Block]:
    """What lacks where, and until when; one line when nothing does."""
    behind: dict[tuple[str, str, str, str], list[str]] = {}
    for record in shown.records:
        for one in record.servers:
            if one.status != "live":
                alike = (record.type, record.name, _state(one), one.expected or "-")
                behind.setdefault(alike, []).append(_server(one))
    if behind:
        rows = tuple((*alike, ", ".join(servers)) for alike, servers in behind.items())
        yield Table(("record", "name", "seen", "expected by", "at"), rows)
    yield f"  {_sum(shown)}"


def _sum(shown: SpreadShown) -> str:
    if shown.everywhere:
        return "every name server and resolver asked has every record"
    if not shown.published:
        own = [one for record in shown.records for one in record.servers if not one.resolver]
        if not own:
            return "the zone's name servers could not be looked up"
        if any(one.status not in ("live", "unknown") for one in own):
            return "not published on every name server yet; only publishing helps"
        return "a name server gives no answer for the zone, so nothing is known of it"
    until = f", expected by {shown.expected}" if shown.expected else ""
    return f"published on every name server; resolvers hold what was there before{until}"


def _server(one: ServerShown) -> str:
    named = f"{one.name} ({one.server})" if one.name else one.server
    return f"{named}, resolver" if one.resolver else named


def _state(one: ServerShown) -> str:
    if one.lame:
        return "no authority for the zone"
    if one.status == "unknown":
        return one.answered
    return f"{one.status}: {', '.join(one.found)[:120]}" if one.found else one.status
