"""The evidence pack: a period of the ledger as a folder that proves itself, to anyone, offline."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from functools import cached_property
from string import Template

import sqlalchemy as sa

from ...errors import Problem, ProblemKind, ProblemType
from ..ledger.archives import SEALED
from ..ledger.entry import LedgerEntry
from ..ledger.export import safe_cells
from ..ledger.ledger import Ledger
from ..ledger.signed_note import InclusionProof, read_checkpoint
from ..store.schema import LEDGER
from .page import page_of, resource
from .sheets import Sheet, approvals, handshakes, inventory, kind_of

NOTHING = ProblemType(
    code="evidence.empty-ledger",
    sentence="The ledger has no entry yet, so there is nothing to prove.",
    why="A pack is made of entries and the checkpoint that was signed over them.",
    fix="Order a run first, or name the organisation with --org.",
    kind=ProblemKind.USAGE,
    source="docs/guides/evidence.md",
)
PROBLEMS = (NOTHING,)


@dataclass(frozen=True, slots=True)
class Period:
    """`first` and `count`: the entries of it. Times are RFC 3339 in UTC; the end is not in it."""

    since: str
    until: str
    first: int
    count: int
    sealed: int


@dataclass(frozen=True)
class Pack:
    """`proofs`: those of the period in order, then those of neighbours and of the inventory."""

    period: Period
    proofs: tuple[InclusionProof, ...]
    note: str
    key: str
    made: str
    standing: frozenset[int]  # the entries that the inventory is made from

    @cached_property
    def entries(self) -> tuple[LedgerEntry, ...]:
        return tuple(LedgerEntry.read(proof.extra.decode()) for proof in self.proofs)

    @cached_property
    def inside(self) -> tuple[LedgerEntry, ...]:
        return self.entries[: self.period.count]

    @cached_property
    def sheets(self) -> Mapping[str, Sheet]:
        return {
            "approvals": approvals(self.inside),
            "inventory": inventory(e for e in self.entries if e.seq in self.standing),
            "handshakes": handshakes(self.inside),
        }

    def files(self) -> Iterator[tuple[str, str]]:
        """(name, text) of every file; the manifest comes last and has the digests of the others."""
        digests: dict[str, str] = {}
        for name, text in self._contents():
            digests[name] = hashlib.sha256(text.encode()).hexdigest()
            yield name, text
        manifest = {"schema": "gctrust.evidence-pack", "version": 1, "made": self.made}
        manifest |= {"period": asdict(self.period), "key": self.key, "sha256": digests}
        yield "manifest.json", json.dumps(manifest, indent=2) + "\n"

    def _contents(self) -> Iterator[tuple[str, str]]:
        yield "checkpoint.txt", self.note
        yield "key.txt", f"{self.key}\n"
        yield "changes.jsonl", "".join(f"{_change(proof)}\n" for proof in self.proofs)
        yield "changes.csv", _csv(_changes(self.inside))
        for name, sheet in self.sheets.items():
            yield f"{name}.csv", _csv(sheet)
        for proof in self.proofs:
            yield f"proofs/{proof.index}.txt", str(proof)
        yield "verify.js", resource("verify.js")
        yield "README.md", self._readme()
        about = {"period": asdict(self.period), "key": self.key, "checkpoint": self.note}
        yield "index.html", page_of(about, [_line(proof) for proof in self.proofs])

    @property
    def size(self) -> int:
        return read_checkpoint(self.note).size

    def _readme(self) -> str:
        sealed = self.period.sealed
        told = (
            f"\nEntries 0 to {sealed - 1} are sealed in archives of their own.\n" if sealed else ""
        )
        period = {"since": self.period.since, "until": self.period.until}
        return Template(resource("README.md")).substitute(period, sealed=told).rstrip() + "\n"


def pack_of(ledger: Ledger, since: str, until: str, made: str) -> Pack:
    """The entries from the first at or after `since` to the last before `until` (RFC 3339 UTC), to
    the last of all when that is empty. `made` is when, by this machine's clock.

    Raises Problem evidence.empty-ledger.
    """
    found = _search(ledger, since, until)
    period, end = found.period, found.period.first + found.period.count
    beside = {seq for seq in (period.first - 1, end) if period.sealed <= seq < found.size}
    beside |= found.sealing
    inside = range(period.first, end)
    proofs = ledger.prove_all([*inside, *sorted((beside | found.standing) - set(inside))])
    if not proofs:
        raise Problem(NOTHING, {"store": ledger.store.name})
    return Pack(period, proofs, proofs[0].note, ledger.verifier_key, made, found.standing)


@dataclass(frozen=True, slots=True)
class _Found:
    """`standing`: the last entry of each kind and name before the period's end; `sealing`: the
    one that says what begins the ledger no more, if any."""

    period: Period
    standing: frozenset[int]
    sealing: frozenset[int]
    size: int


def _search(ledger: Ledger, since: str, until: str) -> _Found:
    lowest, first, last, seq, newest = None, None, -1, -1, ""
    standing: dict[tuple[str, str], int] = {}
    sealing: frozenset[int] = frozenset()
    query = sa.select(LEDGER.c.seq, LEDGER.c.entry).order_by(LEDGER.c.seq)
    with ledger.store.read() as connection:
        for seq, text in connection.execute(query, execution_options={"yield_per": 5000}):
            entry = LedgerEntry.read(text)
            lowest = seq if lowest is None else lowest
            if first is None and entry.time >= since:
                first = seq
            newest = max(newest, entry.time)
            sealing = frozenset({seq}) if entry.action == SEALED else sealing
            if not until or entry.time < until:
                last = seq
                if kind := kind_of(entry.action):
                    standing[kind, entry.entity] = seq
    first = seq + 1 if first is None else first
    until = until or max(since, _just_after(newest))
    period = Period(since, until, first, max(0, last + 1 - first), lowest or 0)
    return _Found(period, frozenset(standing.values()), sealing, seq + 1)


def _just_after(time: str) -> str:
    """The next millisecond, which is as finely as entries tell their time; "" is before all."""
    if not time:
        return ""
    after = datetime.fromisoformat(time) + timedelta(milliseconds=1)
    return after.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _change(proof: InclusionProof) -> str:
    path = json.dumps([base64.b64encode(hash_).decode() for hash_ in proof.path])
    return f'{{"seq":{proof.index},"path":{path},"entry":{proof.extra.decode()}}}'


def _line(proof: InclusionProof) -> str:
    octets = (proof.extra, *proof.path)
    return " ".join([str(proof.index), *(base64.b64encode(part).decode() for part in octets)])


def _changes(entries: Sequence[LedgerEntry]) -> Sheet:
    names = ("seq", "time", "actor", "action", "entity", "run", "reason", "ticket", "data")
    rows = (
        (e.seq, e.time, e.actor, e.action, e.entity, e.run, e.data.get("reason"),
         e.data.get("ticket"), json.dumps(dict(e.data), ensure_ascii=False, sort_keys=True))
        for e in entries
    )  # fmt: skip
    return Sheet(names, tuple(rows))


def _csv(sheet: Sheet) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(sheet.names)
    writer.writerows(safe_cells(row) for row in sheet.rows)
    return out.getvalue()
