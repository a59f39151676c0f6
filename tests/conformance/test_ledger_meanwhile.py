"""A ledger that is verified, proved and exported while others append to it: one moment each."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager

import pytest

from gctrust.adapters.ledger.entry import Entry
from gctrust.adapters.ledger.export import json_lines
from gctrust.adapters.ledger.ledger import Ledger
from gctrust.adapters.ledger.merkle import consistent, included, leaf_hash
from gctrust.adapters.ledger.signed_note import VerifierKey, open_note, read_checkpoint
from gctrust.adapters.store.store import Store

LOOKS = 25


class Clock:
    def now(self):
        return 1_800_000_000.25


@pytest.fixture
def ledger(place, tmp_path):
    store = Store(place)
    yield Ledger(store, tmp_path / "ledger.key", Clock(), "tester")
    store.close()


@contextmanager
def appending(ledger, mark):
    """Another thread appends until the block ends."""
    over, started = threading.Event(), threading.Event()

    def work():
        number = 0
        while not over.is_set():
            group = [Entry("more", "x", mark, number + n) for n in range(7)]
            ledger.append_all(group)
            number += len(group)
            started.set()

    thread = threading.Thread(target=work)
    thread.start()
    try:
        started.wait(10)
        yield
    finally:
        over.set()
        thread.join()


def test_verifying_while_others_append(ledger):
    with appending(ledger, "verify"):
        for _ in range(LOOKS):
            verdict = ledger.verify()
            assert [f.message for f in verdict.findings] == []
            assert verdict.checkpoint.size == verdict.entries


def test_proofs_while_others_append(ledger):
    key = VerifierKey.parse(ledger.verifier_key)
    with appending(ledger, "prove"):
        for _ in range(LOOKS):
            old = read_checkpoint(ledger.checkpoint())
            proof = ledger.prove(old.size - 1)
            signed = open_note(proof.note, key)
            leaf = leaf_hash(proof.extra)
            assert included(leaf, proof.index, signed.size, proof.path, signed.root)
            grown = ledger.consistency(old.size)
            new = open_note(grown.note, key)
            assert consistent(old.size, old.root, new.size, new.root, grown.path)


def test_exports_while_others_append(ledger):
    """Each begins where the one before ended: no gap, no double, and the last verifies all."""
    following, seen = 0, []
    with appending(ledger, "export"):
        for look in range(LOOKS):
            if look % 10 == 9:
                ledger.rotate_key()
            head, *entries, tail = (json.loads(line) for line in json_lines(ledger, following))
            assert (head["first"], len(entries)) == (following, tail["next"] - following)
            assert read_checkpoint(tail["checkpoint"]).size == tail["next"]
            seen += [line["entry"]["seq"] for line in entries]
            following = tail["next"]
    assert seen == list(range(following))
    assert ledger.verify().findings == ()


def test_keys_turned_by_two_processes_while_others_append_and_prove(ledger):
    """A reader's moment may be before the turn: what it looks at never changes who signs."""
    other = Ledger(ledger.store, ledger.key_file, Clock(), "other")
    with appending(ledger, "turn"):
        for _ in range(5):
            other.rotate_key()
            ledger.rotate_key()
            ledger.prove(0)
            other.prove(0)
    assert ledger.verify().findings == ()
    assert ledger.append(Entry("after", "x", "r", 1)) + 1 == other.append(Entry("on", "x", "r", 2))
