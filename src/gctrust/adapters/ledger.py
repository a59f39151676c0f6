"""The ledger: what was meant and what came of it, append-only, in a signed RFC 6962 Merkle tree.

Every append commits the entry, its tree hashes and a newly signed checkpoint in the caller's
transaction. The key lies beside the store, not in it. Without an anchor outside this host, an
administrator who has both the database and the key can rewrite history: a saved checkpoint on
another machine is what shows it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import sqlalchemy as sa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from ..errors import Fact, Problem, ProblemType
from ..findings import Finding, Rule, Severity, finding
from ..ports import Clock
from .merkle import (
    Checkpoint,
    grown,
    leaf_hash,
    node_hash,
    open_note,
    root,
    sign_note,
    verifier_key,
)
from .store import CHECKPOINT, LEDGER, NODES, Store

KEY_LOST = ProblemType(
    code="ledger.key-lost",
    sentence="The ledger's signing key is missing or unreadable.",
    why="Entries signed with another key would hide whatever happened to the earlier ones.",
    fix="Put the key file back from a backup, or start a new store in another GCTRUST_HOME.",
)
BROKEN = ProblemType(
    code="ledger.broken",
    sentence="The ledger no longer matches its signed checkpoint.",
    why="Appending would sign over a change that nobody may make.",
    fix="Run `gctrust audit verify` to see which entry was changed, and restore the store.",
)
PROBLEMS = (KEY_LOST, BROKEN)


def _rule(id_: str, sentence: str, why: str) -> Rule:
    return Rule(
        id=id_,
        row="LED",
        severity=Severity.CRITICAL,
        sentence=sentence,
        why=why,
        fix="Restore the store from a backup taken before the change, and find who made it.",
        source="RFC 6962 section 2.1",
    )


ALTERED = _rule(
    "ledger.entry-altered",
    "Entry {seq} is not what was appended.",
    "Its text no longer hashes to the leaf in the tree.",
)
MISSING = _rule(
    "ledger.entry-missing", "Entry {seq} is missing.", "Entries are numbered without gaps."
)
MISFILED = _rule(
    "ledger.entry-misfiled",
    "Entry {seq} is filed under another run, action or entity than it says.",
    "The columns that searches use were changed.",
)
TREE = _rule(
    "ledger.tree-altered",
    "The hash of entries {first} to {last} is not that of their leaves.",
    "A stored subtree hash was changed, or entries and leaves were changed together.",
)
ROOT = _rule(
    "ledger.root-mismatch",
    "The {size} entries do not have the root that was signed.",
    "Entries were changed, cut off or added together with their hashes.",
)
UNSIGNED = _rule(
    "ledger.checkpoint-invalid",
    "The checkpoint is not signed by this ledger's key.",
    "It was changed, or written with another key.",
)
RULES = (ALTERED, MISSING, MISFILED, TREE, ROOT, UNSIGNED)


@dataclass(frozen=True, slots=True)
class Entry:
    """What a caller appends. `slot` is unique in its run and makes appending twice harmless."""

    action: str
    entity: str
    run: str = ""
    step: int = 0
    slot: str = ""
    data: Mapping[str, Fact] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """A stored entry. `time` is RFC 3339 UTC."""

    seq: int
    time: str
    actor: str
    action: str
    entity: str
    run: str
    step: int
    data: Mapping[str, Fact]


def canonical(fields: Mapping[str, object]) -> str:
    """One text for one entry: sorted keys, no spaces, UTF-8."""
    return json.dumps(
        fields, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )


def rfc3339(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _opened(text: str) -> LedgerEntry:
    fields = json.loads(text)
    return LedgerEntry(**{name: fields[name] for name in LedgerEntry.__slots__})


class Ledger:
    """`key_file` is made at first start, mode 0600. Raises Problem ledger.key-lost."""

    def __init__(
        self, store: Store, key_file: Path, clock: Clock, actor: str, origin: str = ""
    ) -> None:
        self.store, self.clock, self.actor = store, clock, actor
        # One key may sign for several stores: their checkpoints must not be interchangeable.
        self.origin = origin or f"gctrust/ledger/{store.id}"
        self._key = self._load(key_file) if key_file.exists() else self._create(key_file)

    def _load(self, file: Path) -> Ed25519PrivateKey:
        try:
            key = load_pem_private_key(file.read_bytes(), None)
        except (OSError, ValueError, TypeError):
            key = None
        if not isinstance(key, Ed25519PrivateKey):
            raise Problem(KEY_LOST, {"path": str(file), "seen": "no readable Ed25519 key"})
        return key

    def _create(self, file: Path) -> Ed25519PrivateKey:
        if self.checkpoint() is not None:
            raise Problem(KEY_LOST, {"path": str(file), "seen": "no such file"})
        key = Ed25519PrivateKey.generate()
        text = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        part = file.with_name(f"{file.name}.{os.getpid()}")
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as out:
            out.write(text)
            os.fsync(out.fileno())
        try:
            os.link(part, file)  # fails when another process was quicker: its key is the key
        except FileExistsError:
            return self._load(file)
        finally:
            part.unlink()
        return key

    @property
    def verifier_key(self) -> str:
        return verifier_key(self.origin, self._key.public_key())

    def checkpoint(self) -> str | None:
        """The newest signed note, None while the ledger is empty."""
        with self.store.read() as connection:
            return connection.execute(sa.select(CHECKPOINT.c.note)).scalar()

    def append(self, entry: Entry) -> int:
        """Append in a transaction of its own. Returns the entry's index."""
        with self.store.write() as connection:
            return self.append_in(connection, entry)

    def append_in(self, connection: sa.Connection, entry: Entry) -> int:
        """Append in the caller's write transaction. The same (run, slot) is the entry it was."""
        slot = entry.slot or f"{entry.step}:{entry.action}:{entry.entity}"
        known = connection.execute(
            sa.select(LEDGER.c.seq).where(LEDGER.c.run == entry.run, LEDGER.c.slot == slot)
        ).scalar()
        if known is not None:
            return int(known)
        seq = self._size_signed(connection)
        text = canonical(
            {
                "seq": seq,
                "time": rfc3339(self.clock.now()),
                "actor": self.actor,
                "action": entry.action,
                "entity": entry.entity,
                "run": entry.run,
                "step": entry.step,
                "data": dict(entry.data),
            }
        )
        row = {"run": entry.run, "slot": slot, "entity": entry.entity, "action": entry.action}
        connection.execute(sa.insert(LEDGER).values(seq=seq, entry=text, **row))
        self._grow(connection, seq, leaf_hash(text.encode()))
        return seq

    def _size_signed(self, connection: sa.Connection) -> int:
        """The size to append at; the tree so far must be the signed one (BROKEN otherwise)."""
        note = connection.execute(sa.select(CHECKPOINT.c.note)).scalar()
        size = connection.execute(sa.select(sa.func.count()).select_from(LEDGER)).scalar_one()
        if note is None and size == 0:
            return 0
        signed = open_note(note or "", self.origin, self._key.public_key())
        if signed is None or signed.size != size or signed.root != self._root(connection, size):
            raise Problem(BROKEN, {"path": str(self.store.path), "entries": size})
        return int(size)

    def _root(self, connection: sa.Connection, size: int) -> bytes:
        return root(size, lambda level, index: self._node(connection, level, index))

    def _node(self, connection: sa.Connection, level: int, index: int) -> bytes:
        found = connection.execute(
            sa.select(NODES.c.hash).where(NODES.c.level == level, NODES.c.index == index)
        ).scalar()
        if found is None:
            raise Problem(BROKEN, {"path": str(self.store.path), "level": level, "index": index})
        return bytes(found)

    def _grow(self, connection: sa.Connection, seq: int, leaf: bytes) -> None:
        nodes = grown(seq, leaf, lambda level, index: self._node(connection, level, index))
        connection.execute(
            sa.insert(NODES), [{"level": lv, "index": ix, "hash": h} for lv, ix, h in nodes]
        )
        size = seq + 1
        note = sign_note(Checkpoint(self.origin, size, self._root(connection, size)), self._key)
        connection.execute(sa.delete(CHECKPOINT))
        connection.execute(sa.insert(CHECKPOINT).values(id=1, size=size, note=note))

    def entries(
        self, *, run: str = "", entity: str = "", action: str = "", since: int = 0, limit: int = 0
    ) -> tuple[LedgerEntry, ...]:
        """Entries in order; a filter left empty admits all."""
        wanted = {"run": run, "entity": entity, "action": action}
        query = sa.select(LEDGER.c.entry).where(LEDGER.c.seq >= since).order_by(LEDGER.c.seq)
        for name, value in wanted.items():
            query = query.where(LEDGER.c[name] == value) if value else query
        with self.store.read() as connection:
            rows = connection.execute(query.limit(limit) if limit else query)
            return tuple(_opened(text) for text in rows.scalars())

    def verify(self) -> tuple[Finding, ...]:
        """Recompute everything from the entries' text; findings locate what does not fit."""
        with self.store.read() as connection:
            rows = connection.execute(sa.select(LEDGER).order_by(LEDGER.c.seq)).all()
            stored = {
                (level, index): bytes(hash_)
                for level, index, hash_ in connection.execute(
                    sa.select(NODES.c.level, NODES.c.index, NODES.c.hash)
                )
            }
            note = connection.execute(sa.select(CHECKPOINT.c.note)).scalar()
        leaves = {row.seq: leaf_hash(row.entry.encode()) for row in rows}
        found = [f for row in rows for f in _entry_findings(row, leaves[row.seq], stored)]
        size = 1 + max((*leaves, *(ix for lv, ix in stored if lv == 0)), default=-1)
        found += [_seen(MISSING, seq=seq) for seq in range(size) if seq not in leaves]
        if not found:
            found += _tree_findings([leaves[seq] for seq in range(size)], stored)
        return tuple(found + self._signature_findings(note, leaves, size))

    def _signature_findings(
        self, note: str | None, leaves: Mapping[int, bytes], size: int
    ) -> list[Finding]:
        if note is None:
            return [_seen(UNSIGNED)] if size else []
        signed = open_note(note, self.origin, self._key.public_key())
        if signed is None:
            return [_seen(UNSIGNED)]
        complete = size == signed.size and len(leaves) == size
        if complete and _root_of([leaves[seq] for seq in range(size)]) == signed.root:
            return []
        return [_seen(ROOT, size=signed.size)]


def _seen(rule: Rule, **facts: Fact) -> Finding:
    subject = f"ledger entry {facts['seq']}" if "seq" in facts else "ledger"
    return finding(rule, subject, severity=rule.severity, fix=rule.fix, **facts)


def _entry_findings(
    row: sa.Row[tuple[object, ...]], leaf: bytes, stored: Mapping[tuple[int, int], bytes]
) -> list[Finding]:
    if stored.get((0, row.seq)) != leaf:
        return [_seen(ALTERED, seq=row.seq)]
    says = json.loads(row.entry)
    if all(says[name] == getattr(row, name) for name in ("seq", "run", "action", "entity")):
        return []
    return [_seen(MISFILED, seq=row.seq)]


def _levels(leaves: list[bytes]) -> list[list[bytes]]:
    """Complete subtrees by level, recomputed from the leaves alone."""
    levels = [leaves]
    while len(levels[-1]) > 1:
        below = levels[-1]
        levels.append([node_hash(below[i], below[i + 1]) for i in range(0, len(below) - 1, 2)])
    return levels


def _root_of(leaves: list[bytes]) -> bytes:
    levels = _levels(leaves)
    return root(len(leaves), lambda level, index: levels[level][index])


def _tree_findings(leaves: list[bytes], stored: Mapping[tuple[int, int], bytes]) -> list[Finding]:
    return [
        _seen(TREE, first=index << level, last=((index + 1) << level) - 1)
        for level, hashes in enumerate(_levels(leaves))
        for index, hash_ in enumerate(hashes)
        if stored.get((level, index)) != hash_
    ]
