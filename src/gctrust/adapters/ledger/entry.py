"""An entry of the ledger: as a caller appends it, as it is stored, and the text that is hashed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from json.encoder import encode_basestring as _quoted
from uuid import uuid4

from ...errors import Fact
from ..store.changes import Change

Place = tuple[str, str]  # run and slot


@dataclass(frozen=True, slots=True)
class Entry:
    """What a caller appends. `slot` is unique in its run and makes appending twice harmless.

    `actor` is who wanted it, left empty whoever runs this process.
    """

    action: str
    entity: str
    run: str = ""
    step: int = 0
    slot: str = ""
    data: Mapping[str, Fact] = field(default_factory=dict)
    actor: str = ""

    @classmethod
    def anew(cls, action: str, entity: str, by: Change, /, **data: Fact) -> Entry:
        """That somebody did this by hand: done twice, it is two entries."""
        slot = f"{action}:{uuid4().hex}"
        return cls(action, entity, slot=slot, data={**by.why, **data}, actor=by.actor)

    @property
    def filed(self) -> str:
        return self.slot or f"{self.step}:{self.action}:{self.entity}"


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """A stored entry. `time` is RFC 3339 UTC."""

    seq: int
    time: str
    actor: str
    action: str
    entity: str
    run: str
    slot: str
    step: int
    data: Mapping[str, Fact]

    @classmethod
    def read(cls, text: str) -> LedgerEntry:
        fields = {"slot": "", **json.loads(text)}  # the first entries did not tell their slot
        return cls(**{name: fields[name] for name in cls.__slots__})


_CANONICAL = json.JSONEncoder(
    sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
)


def canonical(fields: Mapping[str, object]) -> str:
    """One text for one entry: sorted keys, no spaces, UTF-8."""
    return _CANONICAL.encode(fields)


def text_of(
    entry: Entry, actor: str, data: Mapping[str, Fact], filed: str, seq: int, now: str
) -> str:
    """The canonical text of an entry, put together at half of what the encoder takes."""
    return (
        f'{{"action":{_quoted(entry.action)},"actor":{_quoted(actor)},'
        f'"data":{canonical(data) if data else "{}"},'
        f'"entity":{_quoted(entry.entity)},"run":{_quoted(entry.run)},"seq":{seq},'
        f'"slot":{_quoted(filed)},"step":{entry.step},"time":"{now}"}}'
    )


def rfc3339(at: float) -> str:
    micros = round(at % 1 * 1e6)
    return f"{_second(int(at) + micros // 1_000_000)}.{micros // 1000 % 1000:03d}Z"


@lru_cache(maxsize=8)
def _second(at: int) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat().removesuffix("+00:00")
