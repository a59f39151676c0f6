"""The ledger: what was meant and what came of it, append-only, in a signed RFC 6962 Merkle tree.

Every append commits the entries, the tree's new frontier and a newly signed checkpoint in the
caller's transaction. Without an anchor outside this host, an administrator who has both the
database and the key can rewrite history: a checkpoint saved elsewhere is what shows it.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from uuid import uuid4

import sqlalchemy as sa

from ...errors import Fact, Problem, ProblemKind, ProblemType
from ...ports import Clock
from ..store.changes import NOBODY, Change, changes_in
from ..store.prepared import Lane, Prepared
from ..store.schema import CHECKPOINT, LEDGER, NODES, STORED_LEVEL
from ..store.store import Store
from .archives import Archive
from .entry import Entry, LedgerEntry, Place, rfc3339, text_of
from .key import KEY_LOST, ROTATED, KeyFile, endorsement
from .merkle import Frontier, consistency_path, inclusion_path, leaf_hash
from .signed_note import (
    Checkpoint,
    ConsistencyProof,
    InclusionProof,
    Signer,
    VerifierKey,
    open_note,
)
from .stored_nodes import BROKEN, path_of
from .verify import Verdict, verify_store

NO_ENTRY = ProblemType(
    code="ledger.no-such-entry",
    sentence="The ledger has no entry of this number.",
    why="Entries are numbered from 0 without gaps.",
    fix="Run `gctrust audit list` and use a number from there.",
    kind=ProblemKind.USAGE,
    source="RFC 6962 section 4.6: entries are numbered from 0",
)
PROBLEMS = (BROKEN, NO_ENTRY, KEY_LOST)


ORDERED, RESUMED, SIGNALLED = "run.ordered", "run.resumed", "run.signalled"
Row = tuple[int, str, str, str, str, str, bytes]  # in the order of _INSERT, the leaf last


class Ledger:
    """`key_file` is made at first start, mode 0600. Raises Problem ledger.key-lost."""

    def __init__(
        self, store: Store, key_file: Path, clock: Clock, actor: str, origin: str = ""
    ) -> None:
        self.store, self.clock, self.actor = store, clock, actor
        # One key may sign for several stores: their checkpoints must not be interchangeable.
        self.origin = origin or f"gctrust/ledger/{store.id}"
        self.key_file, self._keys = key_file, KeyFile(key_file)
        self._signer = self._keys.signer(self.origin, self.checkpoint())
        # What this process signed last. A transaction that came to nothing leaves another note.
        self._trusted: tuple[str, bytes, Frontier] | None = None
        self._looked: tuple[str, bytes, Frontier] | None = None

    @property
    def verifier_key(self) -> str:
        return str(self._signer.verifier)

    def checkpoint(self) -> str | None:
        """The newest signed note, None while the ledger is empty."""
        with self.store.read() as connection:
            return connection.execute(sa.select(CHECKPOINT.c.note)).scalar()

    # --- appending -----------------------------------------------------------------------------

    def append(self, entry: Entry) -> int:
        """Append in a transaction of its own. Returns the entry's index."""
        return self.append_all([entry])[0]

    def append_all(self, entries: Sequence[Entry]) -> tuple[int, ...]:
        """Append a group in one transaction, signed once."""
        with self.store.write_prepared() as connection:
            return self.append_all_in(connection, entries)

    def append_in(self, connection: Lane, entry: Entry) -> int:
        """Append in the caller's write transaction. The same (run, slot) is the entry it was."""
        return self.append_all_in(connection, [entry])[0]

    def append_all_in(self, connection: Lane, entries: Sequence[Entry]) -> tuple[int, ...]:
        return self._append(connection, self._frontier(connection), entries)

    def _append(
        self, connection: Lane, before: Frontier, entries: Sequence[Entry]
    ) -> tuple[int, ...]:
        changes = changes_in(connection, {entry.run for entry in entries})
        places: dict[Place, int] = {}
        rows = self._rows(entries, changes, before.size, places)
        # Nearly always all are new. When not, this insert is undone, and those known are left out.
        if rows and _INSERT.run_all(connection, rows) != len(rows):
            _UNDO.run(connection, first=before.size)
            places = _known(connection, entries)
            rows = self._rows(entries, changes, before.size, places)
            if rows:
                _INSERT.run_all(connection, rows)
        if rows:
            self._sign(connection, before, [row[-1] for row in rows])
        if len(rows) == len(entries):
            return tuple(places.values())
        return tuple([places[entry.run, entry.filed] for entry in entries])

    def _rows(
        self,
        entries: Sequence[Entry],
        changes: Mapping[str, Change],
        seq: int,
        places: dict[Place, int],
    ) -> list[Row]:
        """The rows of entries that have no place yet, from number `seq` on; `places` gets theirs.

        A step's own words stand before those of whoever ordered its run.
        """
        rows, now = [], rfc3339(self.clock.now())
        for entry in entries:
            run, filed = place = entry.run, entry.filed
            if place not in places:
                change = changes.get(run, NOBODY)
                data = entry.data if change is NOBODY else {**change.why, **entry.data}
                told = entry.actor or change.actor or self.actor, data, filed, seq, now
                text = text_of(entry, *told)
                leaf = leaf_hash(text.encode())
                rows.append((seq, run, filed, entry.entity, entry.action, text, leaf))
                places[place] = seq
                seq += 1
        return rows

    def _frontier(self, connection: Lane) -> Frontier:
        """Where to append at; the tree so far must be the signed one (BROKEN otherwise)."""
        self.store.alone_in(connection, "ledger")
        last, note, octets = _LAST.first(connection)
        if note is None and last is None:
            return Frontier()
        if self._trusted is None or self._trusted[:2] != (note, octets):
            if note and open_note(note, self._signer.verifier) is None:
                self._signer = self._keys.signer(self.origin, note)  # another process turned it
            self._trusted = (note, octets, self._verified(note or "", octets or b"", self._signer))
        frontier = self._trusted[2]
        if last != frontier.size - 1:
            raise Problem(BROKEN, {"store": self.store.name, "last": last, "signed": frontier.size})
        return frontier

    def _verified(self, note: str, octets: bytes, signer: Signer) -> Frontier:
        signed = open_note(note, signer.verifier)
        frontier = Frontier.read(signed.size, octets) if signed else None
        if signed is None or frontier is None or frontier.root() != signed.root:
            raise Problem(BROKEN, {"store": self.store.name})
        return frontier

    def _sign(self, connection: Lane, before: Frontier, leaves: Sequence[bytes]) -> None:
        frontier = Frontier(before.size, list(before.hashes))
        if nodes := frontier.grow(leaves, STORED_LEVEL):
            _NODE.run_all(connection, nodes)
        note = self._signer.note(Checkpoint(self.origin, frontier.size, frontier.root()))
        octets = frontier.octets()
        (_SIGN if before.size else _SIGN_FIRST).run(connection, n=note, f=octets, one=1)
        self._trusted = (note, octets, frontier)

    def tell(self, action: str, run: str, change: Change, **data: Fact) -> int:
        """That someone ordered, resumed or signalled a run: an entry of its own. Told twice of one
        order, it is one entry."""
        slot = action if action == ORDERED else f"{action}:{uuid4().hex}"
        told = {**change.why, **data}
        entity = run.rpartition("@")[0].partition(":")[2]
        return self.append(Entry(action, entity, run, 0, slot, told, change.actor))

    def signed(self, checkpoint: Checkpoint) -> str:
        """A note by the ledger's key."""
        return self._signer.note(checkpoint)

    def rotate_key(self, by: Change = NOBODY) -> str:
        """Go on with a new key, which the old one endorses in the ledger. Returns its text."""
        with self.store.write() as connection:
            frontier = self._frontier(connection)
            following = self._keys.prepare(self.origin)
            endorsed = self._signer.sign(endorsement(following.verifier))
            data: dict[str, Fact] = {
                **by.why,
                "old": self.verifier_key,
                "new": str(following.verifier),
                "endorsement": base64.b64encode(endorsed).decode(),
            }
            entry = Entry(ROTATED, self.origin, slot=str(following.verifier), data=data)
            before, self._signer = self._signer, following
            try:
                self._append(connection, frontier, [entry])
            except BaseException:
                self._signer, self._trusted = before, None
                raise
        self._keys.turn(following.verifier)
        return self.verifier_key

    def verify(
        self,
        anchor: str | None = None,
        *,
        key: VerifierKey | None = None,
        archives: Sequence[Archive] = (),
        processes: int = 1,
    ) -> Verdict:
        """Recompute everything from the entries' text; findings locate what does not fit. `key`
        is the one to trust, this ledger's own when None."""
        trusted, engine = key or self._signer.verifier, self.store.engine
        return verify_store(engine, trusted, anchor, archives=archives, processes=processes)

    # --- reading -------------------------------------------------------------------------------

    def entries(
        self, *, run: str = "", entity: str = "", action: str = "", since: int = 0, limit: int = 0
    ) -> tuple[LedgerEntry, ...]:
        """Entries in order; a filter left empty admits all. Those of an entity are also all of the
        runs about it: what a run changes may be named by an id that only the platform knows."""
        wanted = {"run": run, "action": action}
        query = sa.select(LEDGER.c.entry).where(LEDGER.c.seq >= since).order_by(LEDGER.c.seq)
        if entity:
            about = LEDGER.c.entity == entity
            runs = sa.select(LEDGER.c.run).where(about, LEDGER.c.run != "")
            query = query.where(sa.or_(about, LEDGER.c.run.in_(runs)))
        for name, value in wanted.items():
            query = query.where(LEDGER.c[name] == value) if value else query
        with self.store.read() as connection:
            rows = connection.execute(query.limit(limit) if limit else query)
            return tuple(LedgerEntry.read(text) for text in rows.scalars())

    def prove(self, seq: int) -> InclusionProof:
        """That the entry is in the newest checkpoint's tree. Raises ledger.no-such-entry."""
        return self.prove_all([seq])[0]

    def prove_all(self, seqs: Iterable[int]) -> tuple[InclusionProof, ...]:
        """All of them in the tree of one checkpoint."""
        with self.store.read() as connection:
            return tuple([self._proof(connection, seq) for seq in seqs])

    def _proof(self, connection: Lane, seq: int) -> InclusionProof:
        text, note, octets = _PROVED.first(connection, seq=seq)
        if text is None or note is None:
            raise Problem(NO_ENTRY, {"entry": seq})
        tree = self._read(note, octets or b"")
        path = path_of(connection, tree, seq, lambda nodes: inclusion_path(seq, tree.size, nodes))
        return InclusionProof(seq, path, note, text.encode())

    def _read(self, note: str, octets: bytes) -> Frontier:
        """As `_frontier`, of a reader's moment: that may be before what this process signed last,
        and leaves the signer alone."""
        known = self._looked
        if known is None or known[:2] != (note, octets):
            signer = self._signer
            if open_note(note, signer.verifier) is None:
                signer = self._keys.signer(self.origin, note)
            known = self._looked = (note, octets, self._verified(note, octets, signer))
        return known[2]

    def consistency(self, old: int) -> ConsistencyProof:
        """That the tree of the first `old` entries begins the newest checkpoint's."""
        with self.store.read() as connection:
            _, note, octets = _PROVED.first(connection, seq=0)
            tree = self._read(note, octets or b"") if note else Frontier()
            if not 0 < old <= tree.size:
                raise Problem(NO_ENTRY, {"entry": old - 1})
            path = path_of(
                connection, tree, old - 1, lambda nodes: consistency_path(old, tree.size, nodes)
            )
        return ConsistencyProof(old, path, note)


def _known(connection: Lane, entries: Iterable[Entry]) -> dict[Place, int]:
    places = {(entry.run, entry.filed) for entry in entries}
    rows = {place: _KNOWN.first(connection, run=place[0], slot=place[1]) for place in places}
    return {place: row[0] for place, row in rows.items() if row}


_LAST = Prepared(
    sa.select(
        sa.select(sa.func.max(LEDGER.c.seq)).scalar_subquery(),
        sa.select(CHECKPOINT.c.note).scalar_subquery(),
        sa.select(CHECKPOINT.c.frontier).scalar_subquery(),
    )
)
_KNOWN = Prepared(
    sa.select(LEDGER.c.seq).where(
        LEDGER.c.run == sa.bindparam("run"), LEDGER.c.slot == sa.bindparam("slot")
    )
)
# Both databases take this text; the same (run, slot) is left out, and the count tells.
_INSERT = Prepared(
    sa.text(
        "INSERT INTO ledger (seq, run, slot, entity, action, entry, leaf)"
        " VALUES (:seq, :run, :slot, :entity, :action, :entry, :leaf)"
        " ON CONFLICT (run, slot) DO NOTHING"
    )
)
_UNDO = Prepared(sa.delete(LEDGER).where(LEDGER.c.seq >= sa.bindparam("first")))
_NODE = Prepared(
    sa.insert(NODES).values(
        level=sa.bindparam("lv"), index=sa.bindparam("ix"), hash=sa.bindparam("hash")
    )
)
_SIGN = Prepared(sa.update(CHECKPOINT).values(note=sa.bindparam("n"), frontier=sa.bindparam("f")))
_SIGN_FIRST = Prepared(
    sa.insert(CHECKPOINT).values(
        id=sa.bindparam("one"), note=sa.bindparam("n"), frontier=sa.bindparam("f")
    )
)
_PROVED = Prepared(
    sa.select(
        sa.select(LEDGER.c.entry).where(LEDGER.c.seq == sa.bindparam("seq")).scalar_subquery(),
        sa.select(CHECKPOINT.c.note).scalar_subquery(),
        sa.select(CHECKPOINT.c.frontier).scalar_subquery(),
    )
)
