"""The tree against the RFC's own definition and pymerkle; notes against Go's published vector."""

from __future__ import annotations

import base64

import pymerkle
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from gctrust.adapters.ledger.merkle import (
    Frontier,
    consistency_path,
    consistent,
    folded,
    included,
    inclusion_path,
    leaf_hash,
    node_hash,
)
from gctrust.adapters.ledger.signed_note import (
    Checkpoint,
    InclusionProof,
    Signer,
    VerifierKey,
    open_note,
)

DATA = [f"entry {n}".encode() for n in range(130)]
LEAVES = [leaf_hash(data) for data in DATA]


def nodes(level, index):
    return folded(LEAVES[index << level : (index + 1) << level])


def grown(size):
    frontier = Frontier()
    made = frontier.grow(LEAVES[:size])
    wanted = [(n, i) for n in range(1, 8) for i in range(size >> n)]
    assert sorted(made) == [(level, index, nodes(level, index)) for level, index in wanted]
    higher = Frontier().grow(LEAVES[:size], 3)
    assert sorted(higher) == [node for node in sorted(made) if node[0] >= 3]
    return frontier


def split(size):
    k = 1
    while k * 2 < size:
        k *= 2
    return k


def root_by_path(leaf, index, size, path):
    """RFC 6962 section 2.1.1 read backwards: nothing of the product's walk."""
    if size == 1:
        assert not path
        return leaf
    k = split(size)
    if index < k:
        return node_hash(root_by_path(leaf, index, k, path[:-1]), path[-1])
    return node_hash(path[-1], root_by_path(leaf, index - k, size - k, path[:-1]))


def test_roots_are_pymerkles():
    tree = pymerkle.InmemoryTree(algorithm="sha256")
    for size, data in enumerate(DATA, 1):
        tree.append_entry(data)
        assert grown(size).root() == tree.get_root()


@given(st.integers(1, 130), st.data())
def test_inclusion(size, data):
    index = data.draw(st.integers(0, size - 1))
    path, root = inclusion_path(index, size, nodes), grown(size).root()
    assert root_by_path(LEAVES[index], index, size, path) == root
    assert included(LEAVES[index], index, size, path, root)
    other = data.draw(st.integers(0, 129).filter(lambda n: n != index))
    assert not included(LEAVES[other], index, size, path, root)
    assert not included(LEAVES[index], other, size, path, root)
    for place in range(len(path)):
        assert not included(LEAVES[index], index, size, path[:place], root)
        changed = [*path[:place], LEAVES[0], *path[place + 1 :]]
        assert changed[place] == path[place] or not included(
            LEAVES[index], index, size, changed, root
        )


@given(st.integers(1, 130), st.data())
def test_consistency(size, data):
    old = data.draw(st.integers(1, size))
    path, root = consistency_path(old, size, nodes), grown(size).root()
    assert consistent(old, grown(old).root(), size, root, path)
    assert not consistent(old, LEAVES[7], size, root, path) or (old, size) == (1, 1)
    assert not consistent(old, grown(old).root(), size, LEAVES[7], path)
    if old < size:
        assert not consistent(old, grown(old).root(), size, root, path[:-1])
        assert not consistent(old, grown(old).root(), size, root, (*path, LEAVES[1]))


# The example of golang.org/x/mod/sumdb/note.
GO_SEED = "AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
GO_KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
GO_TEXT = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
)
GO_SIGNATURE = (
    "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM="
)


def test_gos_vector_octet_by_octet():
    private = Ed25519PrivateKey.from_private_bytes(base64.b64decode(GO_SEED)[1:])
    signer = Signer("PeterNeumann", private)
    assert str(signer.verifier) == GO_KEY
    assert VerifierKey.parse(GO_KEY) == signer.verifier
    blob = signer.verifier.id + signer.sign(GO_TEXT.encode())
    assert base64.b64encode(blob).decode() == GO_SIGNATURE
    assert signer.verifier.verified(GO_TEXT.encode(), blob[4:])
    assert not signer.verifier.verified(GO_TEXT.encode() + b" ", blob[4:])


def test_a_note_among_witnesses_signatures():
    log, witness = (Signer(n, Ed25519PrivateKey.generate()) for n in ("log", "witness"))
    checkpoint = Checkpoint("log", 3, b"r" * 32)
    note = log.note(checkpoint)
    line = "— witness " + base64.b64encode(witness.verifier.id + b"s" * 64).decode()
    body, gap, mine = note.partition("\n\n")
    for signatures in (f"{line}\n{mine}", f"{mine}{line}\n"):
        assert open_note(body + gap + signatures, log.verifier) == checkpoint
    assert open_note(body + gap + line + "\n", log.verifier) is None
    assert open_note(note, witness.verifier) is None
    for place in range(len(note)):
        changed = note[:place] + chr(ord(note[place]) ^ 1) + note[place + 1 :]
        opened = open_note(changed, log.verifier)
        assert opened in (None, checkpoint)


@pytest.mark.parametrize("extra", [b"", b'{"n":1}'])
def test_a_proof_is_read_as_it_was_written(extra):
    note = Signer("log", Ed25519PrivateKey.generate()).note(Checkpoint("log", 9, b"r" * 32))
    proof = InclusionProof(5, list(LEAVES[:3]), note, extra)
    lines = str(proof).splitlines()
    assert lines[0] == "c2sp.org/tlog-proof@v1"
    assert lines[1:3] == (["extra eyJuIjoxfQ==", "index 5"] if extra else ["index 5", lines[2]])
    assert InclusionProof.parse(str(proof)) == proof
    for broken in ("", "c2sp.org/tlog-proof@v1\n", str(proof).replace("index 5", "index x")):
        with pytest.raises(ValueError):
            InclusionProof.parse(broken)
