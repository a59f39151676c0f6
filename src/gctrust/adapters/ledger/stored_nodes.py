"""The hashes that a proof walks over, from what the store keeps of the tree: a node for every 64
entries and above, the leaves, and the frontier."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache

import sqlalchemy as sa

from ...errors import Problem, ProblemType
from ..store.prepared import Lane, Prepared
from ..store.schema import LEDGER, NODES, STORED_LEVEL
from .merkle import Frontier, Nodes, folded

BROKEN = ProblemType(
    code="ledger.broken",
    sentence="The ledger no longer matches its signed checkpoint.",
    why="Appending would sign over a change that nobody may make.",
    fix="Run `gctrust audit verify` to see which entry was changed, and restore the store.",
    source="RFC 6962 section 2.1",
)
Node = tuple[int, int]  # level and index


def path_of(
    connection: Lane, tree: Frontier, seq: int, walk: Callable[[Nodes], tuple[bytes, ...]]
) -> tuple[bytes, ...]:
    """A proof's walk, made twice: to learn which nodes it wants, then with them at hand.

    Those of the tree's right edge are its frontier; those below the stored level lie in the
    block of entry `seq`, whose leaves are read at once. Raises ledger.broken.
    """
    wanted: list[Node] = []

    def want(level: int, index: int) -> bytes:
        wanted.append((level, index))
        return b""

    walk(want)
    hashes = tree.nodes()
    places = [place for place in wanted if place not in hashes]
    hashes |= nodes_in(connection, [place for place in places if place[0] >= STORED_LEVEL])
    first = seq >> STORED_LEVEL << STORED_LEVEL
    foot = _LEAVES.all(connection, first=first, end=first + (1 << STORED_LEVEL))
    for level, index in places:
        begin = (index << level) - first
        if level < STORED_LEVEL and begin >= 0 and begin + (1 << level) <= len(foot):
            leaves = [bytes(row[0]) for row in foot[begin : begin + (1 << level)]]
            hashes[level, index] = folded(leaves)
    lost = [f"{level}/{index}" for level, index in places if (level, index) not in hashes]
    if lost:
        raise Problem(BROKEN, {"lost_nodes": lost})
    return walk(lambda level, index: hashes[level, index])


def nodes_in(connection: Lane, places: Sequence[Node]) -> dict[Node, bytes]:
    """Those that are stored."""
    if not places:
        return {}
    values = {f"l{n}": level for n, (level, _) in enumerate(places)}
    values |= {f"i{n}": index for n, (_, index) in enumerate(places)}
    rows = _nodes_at(len(places)).all(connection, **values)
    return {(level, index): bytes(hash_) for level, index, hash_ in rows}


_LEAVES = Prepared(
    sa.select(LEDGER.c.leaf)
    .where(LEDGER.c.seq >= sa.bindparam("first"), LEDGER.c.seq < sa.bindparam("end"))
    .order_by(LEDGER.c.seq)
)


@lru_cache(maxsize=64)
def _nodes_at(count: int) -> Prepared:
    """A list of (level, index) each of which the primary key finds."""
    places = [
        (NODES.c.level == sa.bindparam(f"l{n}")) & (NODES.c.index == sa.bindparam(f"i{n}"))
        for n in range(count)
    ]
    return Prepared(sa.select(NODES.c.level, NODES.c.index, NODES.c.hash).where(sa.or_(*places)))
