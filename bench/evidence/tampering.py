"""Seeded tampering with a stored ledger: each trial changes a copy of the file in one way, and the
ledger is verified against a checkpoint kept elsewhere. Every change must be seen, and located."""

from __future__ import annotations

import random
import re
import sqlite3
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from gctrust.adapters.ledger.entry import Entry
from gctrust.adapters.ledger.ledger import Ledger
from gctrust.adapters.ledger.signed_note import VerifierKey
from gctrust.adapters.ledger.verify import Verdict, verify_store
from gctrust.adapters.store.store import Store

COUNT, EARLIER = 150, 100  # entries, and how many there were in the copy that is rolled back to
COLUMNS = ("run", "slot", "entity", "action", "entry", "leaf")


class WallClock:
    def now(self) -> float:
        return time.time()


@dataclass(frozen=True, slots=True)
class Trial:
    """What was done, and the entry it was done to (None: to something else than entries)."""

    kind: str
    seq: int | None


@dataclass(slots=True)
class House:
    """A ledger's file as it is, as it was earlier, and rewritten by somebody who has the key."""

    whole: bytes
    earlier: bytes
    forged: bytes
    key: VerifierKey
    anchor: str


def house(folder: Path) -> House:
    folder.mkdir(exist_ok=True)
    file = folder / "ledger.db"
    ledger = Ledger(Store(file, "sandbox"), folder / "key", WallClock(), "bench")
    add(ledger, 0, EARLIER, "done")
    earlier = octets(ledger, file)
    add(ledger, EARLIER, COUNT, "done")
    anchor, key = ledger.checkpoint() or "", VerifierKey.parse(ledger.verifier_key)
    whole = octets(ledger, file)
    ledger.store.close()
    file.write_bytes(earlier)
    again = Ledger(Store(file, "sandbox"), folder / "key", WallClock(), "bench")
    add(again, EARLIER, COUNT + 20, "forged")
    forged = octets(again, file)
    again.store.close()
    return House(whole, earlier, forged, key, anchor)


def add(ledger: Ledger, first: int, end: int, action: str) -> None:
    ledger.append_all([Entry(action, f"m{n}.example.com", f"run{n}", n) for n in range(first, end)])


def octets(ledger: Ledger, file: Path) -> bytes:
    with ledger.store.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    return file.read_bytes()


def flipped(value: object, chance: random.Random) -> bytes:
    changed = bytearray(value if isinstance(value, bytes) else str(value).encode())
    place = chance.randrange(len(changed) * 8)
    changed[place // 8] ^= 1 << place % 8
    return bytes(changed)


def flip(database: sqlite3.Connection, chance: random.Random) -> Trial:
    seq, column = chance.randrange(COUNT), chance.choice(COLUMNS)
    (value,) = database.execute(f"SELECT {column} FROM ledger WHERE seq = ?", (seq,)).fetchone()
    kind = "BLOB" if column == "leaf" else "TEXT"
    change = f"UPDATE ledger SET {column} = CAST(? AS {kind}) WHERE seq = ?"
    database.execute(change, (flipped(value, chance), seq))
    return Trial(f"bit of {column}", seq)


def remove(database: sqlite3.Connection, chance: random.Random) -> Trial:
    seq = chance.randrange(COUNT)
    database.execute("DELETE FROM ledger WHERE seq = ?", (seq,))
    return Trial("removed", seq)


def insert(database: sqlite3.Connection, chance: random.Random) -> Trial:
    seq = chance.choice([COUNT, COUNT + 7, -1, -9])
    copied = "SELECT ?, run, slot || 'x', entity, action, entry, leaf FROM ledger WHERE seq = ?"
    database.execute(f"INSERT INTO ledger {copied}", (seq, chance.randrange(COUNT)))
    return Trial("inserted", None)


def reorder(database: sqlite3.Connection, chance: random.Random) -> Trial:
    one, other = chance.sample(range(COUNT), 2)
    for old, new in ((one, 10**6), (other, one), (10**6, other)):
        database.execute("UPDATE ledger SET seq = ? WHERE seq = ?", (new, old))
    return Trial("reordered", one)


def cut(database: sqlite3.Connection, chance: random.Random) -> Trial:
    seq = chance.randrange(COUNT)
    database.execute("DELETE FROM ledger WHERE seq >= ?", (seq,))
    return Trial("truncated", seq)


def damage_tree(database: sqlite3.Connection, chance: random.Random) -> Trial:
    level, index, value = chance.choice(database.execute("SELECT * FROM ledger_nodes").fetchall())
    where = 'WHERE level = ? AND "index" = ?'
    changed = flipped(value, chance)
    database.execute(f"UPDATE ledger_nodes SET hash = ? {where}", (changed, level, index))
    return Trial("bit of a node", None)


def damage_frontier(database: sqlite3.Connection, chance: random.Random) -> Trial:
    (value,) = database.execute("SELECT frontier FROM ledger_checkpoint").fetchone()
    database.execute("UPDATE ledger_checkpoint SET frontier = ?", (flipped(value, chance),))
    return Trial("bit of the frontier", None)


def damage_note(database: sqlite3.Connection, chance: random.Random) -> Trial:
    (note,) = database.execute("SELECT note FROM ledger_checkpoint").fetchone()
    change = "UPDATE ledger_checkpoint SET note = CAST(? AS TEXT)"
    database.execute(change, (flipped(note, chance),))
    return Trial("bit of the checkpoint", None)


WAYS: tuple[Callable[[sqlite3.Connection, random.Random], Trial], ...] = (
    flip, flip, flip, remove, insert, reorder, cut, damage_tree, damage_frontier, damage_note,
)  # fmt: skip


def tampered(copy: Path, known: House, chance: random.Random) -> Trial:
    way = chance.randrange(len(WAYS) + 2)
    copy.write_bytes((known.whole, known.earlier, known.forged)[max(0, way - len(WAYS) + 1)])
    if way >= len(WAYS):
        return Trial(("rolled back", "written anew with the key")[way - len(WAYS)], None)
    database = sqlite3.connect(copy)
    database.execute("PRAGMA synchronous=OFF")
    trial = WAYS[way](database, chance)
    database.commit()
    database.close()
    return trial


def located(trial: Trial, verdict: Verdict) -> bool:
    """A finding names the entry itself, or a range that it lies in; what was done to something
    else than an entry is named by its rule."""
    if trial.seq is None:
        return bool(verdict.findings)
    for found in verdict.findings:
        numbers = [int(n) for n in re.findall(r"\d+", found.subject)]
        first, last = found.facts.get("first"), found.facts.get("last")
        inside = isinstance(first, int) and isinstance(last, int) and first <= trial.seq <= last
        if trial.seq in numbers or inside:
            return True
    return False


def trials(folder: Path, count: int, seed: int = 6962) -> Counter[str]:
    """How many were tried, seen and located, and how many of each kind. Raises AssertionError for
    one that was not seen: its number and kind make it again."""
    known, chance, told = house(folder), random.Random(seed), Counter[str]()
    copy = folder / "copy.db"
    for number in range(count):
        trial = tampered(copy, known, chance)
        engine = sa.create_engine(f"sqlite:///{copy}")
        verdict = verify_store(engine, known.key, known.anchor)
        engine.dispose()
        assert verdict.findings, (number, trial)
        assert located(trial, verdict), (number, trial, verdict.findings)
        told.update(("seen", f"kind: {trial.kind}"))
    return told
