"""Verifying a ledger: everything is recomputed from the entries' octets, and what does not fit is
named. The same on a database and on an export.

A checkpoint that was kept elsewhere shows what nothing inside the store can: that history was
rolled back or written anew by someone who holds the key.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import pairwise
from multiprocessing import get_context
from typing import Any, NamedTuple

import sqlalchemy as sa

from ...errors import Fact
from ...findings import Finding, Rule, finding
from ..store.schema import CHECKPOINT, LEDGER, NODES, STORED_LEVEL
from .key import ROTATED, endorsement
from .merkle import EMPTY_ROOT, Frontier, folded, leaf_hash, node_hash
from .rules import (
    ALTERED,
    FOREIGN,
    FORKED,
    FRONTIER,
    KEY,
    MISFILED,
    MISSING,
    ROLLED_BACK,
    ROOT,
    RULES,
    TREE,
    UNREADABLE,
    UNSIGNED,
)
from .signed_note import Checkpoint, VerifierKey, open_note, read_checkpoint

BLOCK = 1 << STORED_LEVEL
# Below this many entries a second process costs more than it saves.
SHARED_FROM = 50_000


@dataclass(frozen=True, slots=True)
class Verdict:
    """`anchored`: a checkpoint kept elsewhere was compared. `checkpoint` is the signed one."""

    entries: int
    findings: tuple[Finding, ...]
    anchored: bool = False
    checkpoint: Checkpoint | None = None


class Row(NamedTuple):
    """A stored entry as octets, which may be damaged. A tuple: a million of them are made."""

    seq: int
    run: bytes
    slot: bytes
    entity: bytes
    action: bytes
    entry: bytes
    leaf: bytes


@dataclass(slots=True)
class Counted:
    """What a stretch of rows came to: the hash of each whole block, and the leaves after them.

    `seen` are (rule id, seq); `rotations` the texts of entries that change the key; `kept` the
    leaves of the one block that a checkpoint kept elsewhere ends in.
    """

    seen: list[tuple[str, int]] = field(default_factory=list)
    blocks: list[bytes] = field(default_factory=list)
    tail: list[bytes] = field(default_factory=list)
    rotations: list[bytes] = field(default_factory=list)
    kept: list[bytes] = field(default_factory=list)
    count: int = 0


@lru_cache(maxsize=4096)
def _quoted(text: bytes) -> bytes:
    try:
        return json.dumps(text.decode(), ensure_ascii=False).encode()
    except UnicodeDecodeError:
        return b"\xff"


_ROTATED = ROTATED.encode()


def _is_filed_right(row: Row) -> bool:
    """The columns are what the text says. Its keys are sorted, and none of those after `data`
    can be imitated inside it: a quote within a text is escaped."""
    entry = row.entry
    end = b',"entity":%b,"run":%b,"seq":%d,"slot":%b,"step":' % (
        _quoted(row.entity), _quoted(row.run), row.seq, _quoted(row.slot)
    )  # fmt: skip
    at = entry.rfind(b',"entity":')
    return entry.startswith(end, at) and entry.startswith(
        b'{"action":%b,"actor":' % _quoted(row.action)
    )


def counted(rows: Iterable[Row], first: int, keep: int = -1) -> Counted:
    """Check rows that should be numbered from `first`, a multiple of the block's size. `keep` is
    the number of the block whose leaves are wanted."""
    into = Counted()
    leaves: list[bytes] = []
    expected = first
    for row in rows:
        while expected < row.seq and len(into.seen) < 1000:
            into.seen.append((MISSING.id, expected))
            expected += 1
        leaf = leaf_hash(row.entry)
        if leaf != row.leaf:
            into.seen.append((ALTERED.id, row.seq))
        elif not _is_filed_right(row):
            into.seen.append((MISFILED.id, row.seq))
        if row.action == _ROTATED:
            into.rotations.append(row.entry)
        leaves.append(leaf)
        expected = row.seq + 1
        if len(leaves) == BLOCK:
            if row.seq // BLOCK == keep:
                into.kept = leaves
            into.blocks.append(folded(leaves))
            leaves = []
    into.tail = leaves
    into.count = len(into.blocks) * BLOCK + len(leaves)
    return into


# --- a database --------------------------------------------------------------------------------


def rows_between(engine: sa.Engine, first: int, end: int) -> Iterator[Row]:
    """Every column as octets: a damaged text must reach us, not the driver's decoder."""
    postgres = engine.dialect.name == "postgresql"

    def octets(column: sa.Column[str]) -> sa.ColumnElement[bytes]:
        if postgres:
            return sa.func.convert_to(column, "UTF8", type_=sa.LargeBinary)
        return sa.cast(column, sa.LargeBinary)

    texts = (octets(LEDGER.c[name]) for name in ("run", "slot", "entity", "action", "entry"))
    columns: list[sa.ColumnElement[Any]] = [LEDGER.c.seq, *texts]
    query = sa.select(*columns, sa.cast(LEDGER.c.leaf, sa.LargeBinary))
    query = query.where(LEDGER.c.seq >= first, LEDGER.c.seq < end).order_by(LEDGER.c.seq)
    with engine.connect().execution_options(yield_per=5000) as connection:
        for batch in connection.execute(query).partitions():
            for row in batch:
                yield Row._make(row)


def _stretch(url: str, first: int, end: int, keep: int) -> Counted:
    engine = sa.create_engine(url)
    try:
        return _read(engine, first, end, keep)
    finally:
        engine.dispose()


def _read(engine: sa.Engine, first: int, end: int, keep: int) -> Counted:
    at = first

    def noted() -> Iterator[Row]:
        nonlocal at
        for row in rows_between(engine, first, end):
            at = row.seq
            yield row

    try:
        return counted(noted(), first, keep)
    except (sa.exc.DatabaseError, OverflowError, TypeError):
        return Counted(seen=[(UNREADABLE.id, at)])


def verify_store(
    engine: sa.Engine, key: VerifierKey, anchor: str | None = None, *, processes: int = 1
) -> Verdict:
    """Recompute the whole ledger of a database. `anchor` is a note that was kept elsewhere.

    More `processes` begin with the caller's main module, which must bear being imported.
    """
    try:
        with engine.connect() as connection:
            last = connection.execute(sa.select(sa.func.max(LEDGER.c.seq))).scalar()
            notes = connection.execute(sa.select(CHECKPOINT.c.note, CHECKPOINT.c.frontier)).all()
            nodes = connection.execute(sa.select(NODES.c.level, NODES.c.index, NODES.c.hash)).all()
    except (sa.exc.DatabaseError, OverflowError):
        return Verdict(0, (_seen(UNREADABLE.id, 0),))
    size = 0 if last is None else last + 1
    keep = _block_of(anchor)
    stretches = _stretches(engine, size, processes, keep)
    note, octets = notes[0] if len(notes) == 1 else ("", b"")
    verdict = _judged(stretches, str(note or ""), key, anchor)
    if any(f.rule in (MISSING.id, UNREADABLE.id) for f in verdict.findings):
        return verdict
    more = _node_findings(stretches, {(lv, ix): hash_ for lv, ix, hash_ in nodes})
    more = more or _frontier_findings(stretches, verdict, octets)
    return replace(verdict, findings=(*verdict.findings, *more))


def _stretches(engine: sa.Engine, size: int, processes: int, keep: int) -> list[Counted]:
    if size < SHARED_FROM or processes < 2:
        return [_read(engine, 0, 1 << 62, keep)]
    share = -(-size // processes // BLOCK) * BLOCK
    ends = [*range(0, size, share), 1 << 62]
    url = engine.url.render_as_string(hide_password=False)
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        jobs = [pool.submit(_stretch, url, first, end, keep) for first, end in pairwise(ends)]
        return [job.result() for job in jobs]


def _node_findings(
    stretches: Sequence[Counted], stored: Mapping[tuple[int, int], bytes]
) -> list[Finding]:
    found: list[Finding] = []
    level, hashes = STORED_LEVEL, [hash_ for part in stretches for hash_ in part.blocks]
    left = dict(stored)
    while hashes:
        for index, hash_ in enumerate(hashes):
            if left.pop((level, index), None) != hash_:
                found.append(_range(index << level, ((index + 1) << level) - 1))
        hashes = [node_hash(hashes[i], hashes[i + 1]) for i in range(0, len(hashes) - 1, 2)]
        level += 1
    return found + [_range(index << level, ((index + 1) << level) - 1) for level, index in left]


def _frontier_findings(
    stretches: Sequence[Counted], verdict: Verdict, octets: bytes
) -> list[Finding]:
    """Where the stored frontier is the signed one, it tells which subtree was changed."""
    frontier, signed = _frontier(stretches), verdict.checkpoint
    if frontier.octets() == octets:
        return []
    if signed is None or frontier.root() == signed.root:
        return [finding(FRONTIER, "ledger")]
    stored = Frontier.read(frontier.size, octets)
    if stored is None or stored.root() != signed.root:
        return []
    first, found = 0, []
    bits = [1 << n for n in reversed(range(frontier.size.bit_length())) if frontier.size >> n & 1]
    for span, mine, theirs in zip(bits, frontier.hashes, stored.hashes, strict=True):
        if mine != theirs:
            found.append(_range(first, first + span - 1))
        first += span
    return found


# --- an export ---------------------------------------------------------------------------------


def verify_rows(
    rows: Iterable[Row], note: str, key: VerifierKey, anchor: str | None = None
) -> Verdict:
    """Recompute a ledger from its rows alone, in order from entry 0."""
    return _judged([counted(rows, 0, _block_of(anchor))], note, key, anchor)


def _block_of(anchor: str | None) -> int:
    """The block that the checkpoint kept elsewhere ends in, by what it claims."""
    try:
        return read_checkpoint(anchor).size // BLOCK if anchor else -1
    except ValueError:
        return -1


# --- both --------------------------------------------------------------------------------------


def _judged(
    stretches: Sequence[Counted], note: str, key: VerifierKey, anchor: str | None
) -> Verdict:
    found = [_seen(rule, seq) for part in stretches for rule, seq in part.seen]
    size = sum(part.count for part in stretches)
    whole = not any(f.rule in (MISSING.id, UNREADABLE.id) for f in found)
    keys, endorsed = _keys(key, [text for part in stretches for text in part.rotations])
    found += endorsed
    signed = _opened(note, keys[-1:])
    if signed is None and (size or note):
        found.append(finding(UNSIGNED, "ledger"))
    if signed and whole:
        found += _root_findings(stretches, size, signed)
    if anchor is not None:
        found += _anchor_findings(stretches, size, whole, _opened(anchor, keys))
    return Verdict(size, tuple(found), anchor is not None, signed)


def _root_findings(stretches: Sequence[Counted], size: int, signed: Checkpoint) -> list[Finding]:
    """Entries cut off at the end are named; anything else is somewhere in the tree."""
    if size < signed.size:
        return [_seen(MISSING.id, seq) for seq in range(size, min(signed.size, size + 1000))]
    if (size, _root_at(stretches, size)) == (signed.size, signed.root):
        return []
    return [_seen_of(ROOT, entries=size, signed=signed.size)]


def _opened(note: str, keys: Iterable[VerifierKey]) -> Checkpoint | None:
    return next((opened for key in keys if (opened := open_note(note, key))), None)


def _anchor_findings(
    stretches: Sequence[Counted], size: int, whole: bool, kept: Checkpoint | None
) -> list[Finding]:
    if kept is None:
        return [finding(FOREIGN, "ledger")]
    if kept.size > size:
        return [_seen_of(ROLLED_BACK, entries=size, kept=kept.size)]
    if whole and _root_at(stretches, kept.size) != kept.root:
        return [_seen_of(FORKED, kept=kept.size)]
    return []


def _keys(key: VerifierKey, rotations: Sequence[bytes]) -> tuple[list[VerifierKey], list[Finding]]:
    """The trusted key and those that followed it, each endorsed by the one before.

    The key that is trusted may be any of them: an auditor keeps the first, a store has the last.
    """
    keys: list[VerifierKey] = []
    found: list[Finding] = []
    for text in rotations:
        try:
            entry = json.loads(text)
            data = entry["data"]
            old, new = VerifierKey.parse(data["old"]), VerifierKey.parse(data["new"])
            signature = base64.b64decode(data["endorsement"], validate=True)
        except (ValueError, KeyError, TypeError):
            continue  # its leaf does not fit either, which is told already
        keys = keys or [old]
        if old != keys[-1] or not old.verified(endorsement(new), signature):
            found.append(_seen(KEY.id, entry["seq"]))
        keys.append(new)
    if not keys:
        return [key], found
    return (keys, found) if key in keys else ([*keys, key], found)


def _frontier(stretches: Sequence[Counted], size: int | None = None) -> Frontier:
    """The tree's frontier at `size` leaves, all of them when None; blocks count as 64 leaves."""
    blocks = [hash_ for part in stretches for hash_ in part.blocks]
    tail = stretches[-1].tail if stretches else []
    frontier = Frontier()
    whole = len(blocks) if size is None else min(len(blocks), size // BLOCK)
    for hash_ in blocks[:whole]:
        _add_block(frontier, hash_)
    if whole < len(blocks):
        tail = [leaf for part in stretches for leaf in part.kept]
    for leaf in tail if size is None else tail[: size - whole * BLOCK]:
        for _ in frontier.add(leaf):
            pass
    return frontier


def _add_block(frontier: Frontier, hash_: bytes) -> None:
    index = frontier.size >> STORED_LEVEL
    while index & 1:
        hash_ = node_hash(frontier.hashes.pop(), hash_)
        index >>= 1
    frontier.hashes.append(hash_)
    frontier.size += BLOCK


def _root_at(stretches: Sequence[Counted], size: int) -> bytes:
    return _frontier(stretches, size).root() if size else EMPTY_ROOT


def _seen(rule: str, seq: int) -> Finding:
    found = next(known for known in RULES if known.id == rule)
    return finding(found, f"ledger entry {seq}", seq=seq)


def _seen_of(rule: Rule, **facts: Fact) -> Finding:
    return finding(rule, "ledger", severity=None, fix="", **facts)


def _range(first: int, last: int) -> Finding:
    return _seen_of(TREE, first=first, last=last)
