"""RFC 6962 Merkle trees: growing one by its frontier, and proofs of inclusion and consistency."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

EMPTY_ROOT = hashlib.sha256(b"").digest()
OCTETS = 32

# The hash of the complete subtree number `index` of 2**level leaves.
Nodes = Callable[[int, int], bytes]


def leaf_hash(entry: bytes) -> bytes:
    """Section 2.1: the prefix keeps leaves and nodes apart."""
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def folded(hashes: Sequence[bytes]) -> bytes:
    """The root of a complete subtree with these 2**n hashes at its foot."""
    while len(hashes) > 1:
        hashes = [node_hash(hashes[i], hashes[i + 1]) for i in range(0, len(hashes), 2)]
    return hashes[0]


@dataclass(slots=True)
class Frontier:
    """The complete subtrees a tree of `size` leaves is made of, largest first: one for each bit.

    All that is needed to go on growing the tree, and to know its root.
    """

    size: int = 0
    hashes: list[bytes] = field(default_factory=list)

    @classmethod
    def read(cls, size: int, octets: bytes) -> Frontier | None:
        """None when the octets are not one hash for each bit of `size`."""
        if len(octets) != size.bit_count() * OCTETS:
            return None
        return cls(size, [octets[i : i + OCTETS] for i in range(0, len(octets), OCTETS)])

    def octets(self) -> bytes:
        return b"".join(self.hashes)

    def grow(self, leaves: Iterable[bytes], lowest: int = 1) -> list[tuple[int, int, bytes]]:
        """Append leaves; returns what subtrees they complete from the level `lowest` upwards:
        (level, index, hash)."""
        made = []
        for hash_ in leaves:
            level, index = 0, self.size
            while index & 1:
                hash_ = node_hash(self.hashes.pop(), hash_)
                level, index = level + 1, index >> 1
                if level >= lowest:
                    made.append((level, index, hash_))
            self.hashes.append(hash_)
            self.size += 1
        return made

    def nodes(self) -> dict[tuple[int, int], bytes]:
        """Its subtrees by (level, index): the right edge that every proof's walk ends in."""
        levels = [n for n in reversed(range(self.size.bit_length())) if self.size >> n & 1]
        return {
            (n, (self.size >> n) - 1): hash_ for n, hash_ in zip(levels, self.hashes, strict=True)
        }

    def root(self) -> bytes:
        if not self.hashes:
            return EMPTY_ROOT
        root = self.hashes[-1]
        for left in reversed(self.hashes[:-1]):
            root = node_hash(left, root)
        return root


def _split(size: int) -> int:
    """The largest power of two smaller than `size`."""
    return 1 << (size - 1).bit_length() - 1


def _root_of(first: int, end: int, nodes: Nodes) -> bytes:
    size = end - first
    if size & (size - 1) == 0:
        level = size.bit_length() - 1
        return nodes(level, first >> level)
    middle = first + _split(size)
    return node_hash(_root_of(first, middle, nodes), _root_of(middle, end, nodes))


def inclusion_path(index: int, size: int, nodes: Nodes) -> tuple[bytes, ...]:
    """The audit path of leaf `index` in the tree of `size` leaves (RFC 6962 section 2.1.1)."""

    def path(first: int, end: int) -> Iterator[bytes]:
        if end - first > 1:
            middle = first + _split(end - first)
            if index < middle:
                yield from path(first, middle)
                yield _root_of(middle, end, nodes)
            else:
                yield from path(middle, end)
                yield _root_of(first, middle, nodes)

    return tuple(path(0, size))


def consistency_path(old: int, size: int, nodes: Nodes) -> tuple[bytes, ...]:
    """Proof that the tree of `old` leaves is the beginning of that of `size` (section 2.1.2)."""

    def path(first: int, end: int, whole: bool) -> Iterator[bytes]:
        if old == end:
            if not whole:
                yield _root_of(first, end, nodes)
            return
        middle = first + _split(end - first)
        if old <= middle:
            yield from path(first, middle, whole)
            yield _root_of(middle, end, nodes)
        else:
            yield from path(middle, end, False)
            yield _root_of(first, middle, nodes)

    return tuple(path(0, size, True)) if 0 < old < size else ()


def included(leaf: bytes, index: int, size: int, path: Sequence[bytes], root: bytes) -> bool:
    """Whether the path leads from the leaf to the root (RFC 9162 section 2.1.3.2)."""
    if not 0 <= index < size:
        return False
    node, last, hash_ = index, size - 1, leaf
    for sibling in path:
        if last == 0:
            return False
        if node & 1 or node == last:
            hash_ = node_hash(sibling, hash_)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            hash_ = node_hash(hash_, sibling)
        node, last = node >> 1, last >> 1
    return last == 0 and hash_ == root


def consistent(old: int, old_root: bytes, size: int, root: bytes, path: Sequence[bytes]) -> bool:
    """Whether the path shows that the old tree begins the new (RFC 9162 section 2.1.4.2)."""
    if not 0 < old <= size:
        return False
    if old == size:
        return not path and old_root == root
    hashes = [old_root, *path] if old & (old - 1) == 0 else list(path)
    if not hashes:
        return False
    node, last = old - 1, size - 1
    while node & 1:
        node, last = node >> 1, last >> 1
    left = right = hashes[0]
    for sibling in hashes[1:]:
        if last == 0:
            return False
        if node & 1 or node == last:
            left, right = node_hash(sibling, left), node_hash(sibling, right)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            right = node_hash(right, sibling)
        node, last = node >> 1, last >> 1
    return last == 0 and left == old_root and right == root
