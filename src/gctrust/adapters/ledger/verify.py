"""Verifying a ledger: everything is recomputed from the entries' octets, and what does not fit is
named. The same on a database and on an export.

A checkpoint that was kept elsewhere shows what nothing inside the store can: that history was
rolled back or written anew by someone who holds the key.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from itertools import pairwise
from multiprocessing import get_context
from pathlib import Path

import sqlalchemy as sa

from ...errors import Fact, Problem, ProblemKind, ProblemType
from ...findings import Finding, Rule, finding
from ..store.schema import CHECKPOINT, LEDGER, NODES, STORED_LEVEL
from .archives import Archive, SealedEntry, sealed_in
from .key import endorsement
from .merkle import EMPTY_ROOT, Frontier, node_hash
from .rows import BLOCK, Counted, Row, counted, read_stretch, snapshot
from .rules import (
    FOREIGN,
    FORKED,
    FRONTIER,
    KEY,
    MISSING,
    ROLLED_BACK,
    ROOT,
    RULES,
    TREE,
    UNREADABLE,
    UNSIGNED,
)
from .signed_note import Checkpoint, VerifierKey, open_note, read_checkpoint

STRANGE = ProblemType(
    code="ledger.foreign-archive",
    sentence="The archive is none of those that this ledger was sealed to.",
    why="The ledger's entry about sealing names every archive by its entries and its digest.",
    fix="Give the archives that `gctrust audit verify` lists.",
    kind=ProblemKind.USAGE,
    source="docs/guides/evidence.md",
)
ANCHOR_SEALED = ProblemType(
    code="ledger.anchor-sealed",
    sentence="The checkpoint ends within entries that are sealed.",
    why="It can only be compared with the entries themselves.",
    fix="Give the archive too: gctrust audit verify ARCHIVE --checkpoint FILE.",
    kind=ProblemKind.USAGE,
    source="docs/guides/evidence.md",
)
PROBLEMS = (STRANGE, ANCHOR_SEALED)

# Below this many entries a second process costs more than it saves: half a second to be there.
SHARED_FROM = 250_000
_SQLITE = b"SQLite format 3\0"  # how every file of it begins


@dataclass(frozen=True, slots=True)
class Verdict:
    """`anchored`: a checkpoint kept elsewhere was compared. `checkpoint` is the signed one.
    `sealed`: archives of the beginning; `looked_at` those of them that were verified as well."""

    entries: int
    findings: tuple[Finding, ...]
    anchored: bool = False
    checkpoint: Checkpoint | None = None
    sealed: tuple[SealedEntry, ...] = ()
    looked_at: tuple[SealedEntry, ...] = ()


# --- a database --------------------------------------------------------------------------------


def _stretch(url: str, first: int, end: int, keep: int) -> Counted:
    engine = sa.create_engine(url)
    try:
        with snapshot(engine) as connection:
            return read_stretch(connection, first, end, keep)
    finally:
        engine.dispose()


def verify_store(
    engine: sa.Engine,
    key: VerifierKey,
    anchor: str | None = None,
    *,
    archives: Sequence[Archive] = (),
    processes: int = 1,
    shared_from: int = SHARED_FROM,
) -> Verdict:
    """Recompute the whole ledger of a database. `anchor` is a note that was kept elsewhere;
    `archives` hold sealed entries. Raises Problem ledger.anchor-sealed, ledger.foreign-archive.

    From `shared_from` entries on, `processes` share them; those beside this one begin with the
    caller's main module, which must bear being imported.
    """
    keep = _block_of(anchor)
    try:
        with snapshot(engine) as connection:
            low, high = connection.execute(
                sa.select(sa.func.min(LEDGER.c.seq), sa.func.max(LEDGER.c.seq))
            ).one()
            notes = connection.execute(sa.select(CHECKPOINT.c.note, CHECKPOINT.c.frontier)).all()
            rows = connection.execute(sa.select(NODES.c.level, NODES.c.index, NODES.c.hash)).all()
            nodes = {(level, index): bytes(hash_) for level, index, hash_ in rows}
            beginning = sealed_in(connection, key.name) if low else None
            first = low if beginning and beginning.end == low else 0
            size = 0 if high is None else high + 1
            several = processes if size - first >= shared_from else 1
            stretches = _stretches(connection, first, size, several, keep)
    except (sa.exc.DatabaseError, OverflowError):
        return Verdict(0, (_seen(UNREADABLE.id, 0),))
    parts = beginning.parts if beginning and first else ()
    looked_at, sealed = _sealed(parts, archives, nodes, keep)
    _refuse_within(anchor, first, sealed)
    if sealed and beginning:
        for part in sealed:
            part.rotations.clear()
        sealed[0].rotations += [text.encode() for text in beginning.rotations]
    stretches = sealed + stretches
    note, octets = notes[0] if len(notes) == 1 else ("", b"")
    verdict = _judged(stretches, str(note or ""), key, anchor)
    verdict = replace(verdict, sealed=parts, looked_at=looked_at)
    if any(f.rule in (MISSING.id, UNREADABLE.id) for f in verdict.findings):
        return verdict
    more = _node_findings(stretches, nodes)
    more = more or _frontier_findings(stretches, verdict, octets)
    return replace(verdict, findings=(*verdict.findings, *more))


def is_database(path: Path) -> bool:
    """A store's file, or a back-up of one. Raises OSError."""
    with path.open("rb") as file:
        return file.read(len(_SQLITE)) == _SQLITE


def verify_file(path: Path, key: VerifierKey, anchor: str | None = None) -> Verdict:
    """As verify_store, of a copy of a SQLite store, with nothing but the verifier key."""
    engine = sa.create_engine(f"sqlite:///{path.resolve().as_uri()}?mode=ro&uri=true")
    try:
        return verify_store(engine, key, anchor)
    finally:
        engine.dispose()


def _stretches(
    connection: sa.Connection, first: int, size: int, processes: int, keep: int
) -> list[Counted]:
    """Rows from `size` on were appended after the moment that is looked at."""
    if processes < 2:
        return [read_stretch(connection, first, size, keep)]
    share = -(-(size - first) // processes // BLOCK) * BLOCK
    own, *others = pairwise([*range(first, size, share), size])
    url = connection.engine.url.render_as_string(hide_password=False)
    with ProcessPoolExecutor(processes - 1, mp_context=get_context("spawn")) as pool:
        jobs = [pool.submit(_stretch, url, begin, end, keep) for begin, end in others]
        return [read_stretch(connection, *own, keep), *(job.result() for job in jobs)]


# --- its sealed beginning ----------------------------------------------------------------------


def _sealed(
    parts: Sequence[SealedEntry],
    archives: Sequence[Archive],
    nodes: Mapping[tuple[int, int], bytes],
    keep: int,
) -> tuple[tuple[SealedEntry, ...], list[Counted]]:
    """Each part from its archive, or where that is not at hand from the hashes that were kept."""
    given = {archive.first: archive for archive in archives}
    strange = given.keys() - {part.first for part in parts}
    if strange:
        raise Problem(STRANGE, {"path": given[min(strange)].path, "begins_at": min(strange)})
    stretches = []
    for part in parts:
        if part.first in given:
            stretches.append(counted(given[part.first].rows, part.first, keep))
            lost = range(part.first + stretches[-1].count, part.end)
            stretches[-1].seen += [(MISSING.id, seq) for seq in lost[:1000]]
        else:
            blocks = range(part.first // BLOCK, part.end // BLOCK)
            hashes = [nodes.get((STORED_LEVEL, index), b"") for index in blocks]
            stretches.append(Counted(blocks=hashes, count=part.end - part.first))
    return tuple(part for part in parts if part.first in given), stretches


def _refuse_within(anchor: str | None, first: int, sealed: Sequence[Counted]) -> None:
    """A checkpoint that ends within a sealed block can only be compared with its entries."""
    try:
        size = read_checkpoint(anchor).size if anchor else 0
    except ValueError:
        return
    if size < first and size % BLOCK and not any(part.kept for part in sealed):
        raise Problem(ANCHOR_SEALED, {"kept": size, "sealed": first})


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
    frontier.grow(tail if size is None else tail[: size - whole * BLOCK])
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
