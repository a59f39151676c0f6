"""The ledger on a real store: what is appended stays, what is tampered with is located."""

from __future__ import annotations

import base64
import hashlib
import json

import pytest
import sqlalchemy as sa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from gctrust.adapters.ledger import Entry, Ledger
from gctrust.adapters.merkle import EMPTY_ROOT, leaf_hash
from gctrust.adapters.store import CHECKPOINT, LEDGER, NODES, Store
from gctrust.errors import Problem


class Clock:
    def now(self):
        return 1_800_000_000.25

    async def sleep_until(self, at):
        raise AssertionError(at)


def opened(folder):
    store = Store(folder / "store.db", "sandbox")
    return Ledger(store, folder / "ledger.key", Clock(), "tester")


def filled(folder, count=11):
    ledger = opened(folder)
    for number in range(count):
        entry = Entry("thing.done", f"é{number}.example", "run@1", number, "", {"n": number})
        assert ledger.append(entry) == number
    return ledger


def reference_root(leaves):
    """RFC 6962 section 2.1, word by word: split at the largest power of two below n."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return hashlib.sha256(b"\x00" + leaves[0]).digest()
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    both = reference_root(leaves[:split]) + reference_root(leaves[split:])
    return hashlib.sha256(b"\x01" + both).digest()


def texts(ledger):
    with ledger.store.read() as connection:
        return list(connection.execute(sa.select(LEDGER.c.entry).order_by(LEDGER.c.seq)).scalars())


def codes(ledger):
    return {(f.rule, f.subject) for f in ledger.verify()}


@pytest.mark.parametrize("count", [0, 1, 2, 3, 4, 7, 8, 11, 33])
def test_root_is_that_of_the_rfc(tmp_path, count):
    ledger = filled(tmp_path, count)
    assert ledger.verify() == ()
    if count == 0:
        assert ledger.checkpoint() is None
        assert reference_root([]) == EMPTY_ROOT
        return
    origin, size, root = ledger.checkpoint().splitlines()[:3]
    assert (origin, size) == (f"gctrust/ledger/{ledger.store.id}", str(count))
    assert base64.b64decode(root) == reference_root([t.encode() for t in texts(ledger)])


def test_note_verifies_with_the_printed_key_alone(tmp_path):
    """Read as the C2SP signed-note specification says, with none of the ledger's code."""
    ledger = filled(tmp_path, 3)
    name, key_id, key = ledger.verifier_key.split("+", 2)
    raw = base64.b64decode(key)
    assert raw[:1] == b"\x01"
    assert hashlib.sha256(name.encode() + b"\n" + raw).digest()[:4].hex() == key_id
    text, _, signature = ledger.checkpoint().partition("\n\n")
    blob = base64.b64decode(signature.split()[2])
    assert blob[:4].hex() == key_id
    Ed25519PublicKey.from_public_bytes(raw[1:]).verify(blob[4:], f"{text}\n".encode())


def test_entries_are_canonical_and_filtered(tmp_path):
    ledger = filled(tmp_path, 3)
    ledger.append(Entry("other.done", "b", "run@2", 1, data={"z": 1, "a": ["ü"]}))
    text = texts(ledger)[-1]
    assert text == json.dumps(
        json.loads(text), sort_keys=True, separators=(",", ":"), ensure_ascii=False
    )
    assert list(json.loads(text)) == sorted(
        ["seq", "time", "actor", "action", "entity", "run", "step", "data"]
    )
    (entry,) = ledger.entries(run="run@2")
    assert (entry.seq, entry.time, entry.actor) == (3, "2027-01-15T08:00:00.250Z", "tester")
    assert [e.seq for e in ledger.entries(action="thing.done", since=1)] == [1, 2]
    assert ledger.entries(entity="nothing") == ()


def test_the_same_slot_is_the_same_entry(tmp_path):
    ledger = opened(tmp_path)
    first = ledger.append(Entry("a.done", "x", "run@1", 4, "4.1:record", {"n": 1}))
    again = ledger.append(Entry("a.done", "x", "run@1", 4, "4.1:record", {"n": 2}))
    assert first == again == 0
    assert ledger.entries()[0].data == {"n": 1}


def test_every_flipped_byte_of_an_entry_is_located(tmp_path):
    ledger = filled(tmp_path)
    original = texts(ledger)[5]
    for place in range(0, len(original), 7):
        flipped = original[:place] + chr(ord(original[place]) ^ 1) + original[place + 1 :]
        change(ledger, LEDGER, LEDGER.c.seq == 5, entry=flipped)
        assert ("ledger.entry-altered", "ledger entry 5") in codes(ledger)
    change(ledger, LEDGER, LEDGER.c.seq == 5, entry=original)
    assert codes(ledger) == set()


def change(ledger, table, where, **values):
    with ledger.store.write() as connection:
        assert connection.execute(sa.update(table).where(where).values(**values)).rowcount == 1


def test_entry_and_leaf_changed_together(tmp_path):
    ledger = filled(tmp_path)
    text = texts(ledger)[5].replace('"n":5', '"n":6')
    change(ledger, LEDGER, LEDGER.c.seq == 5, entry=text)
    leaf = (NODES.c.level == 0) & (NODES.c.index == 5)
    change(ledger, NODES, leaf, hash=leaf_hash(text.encode()))
    found = {f.rule for f in ledger.verify()}
    assert found == {"ledger.tree-altered", "ledger.root-mismatch"}
    assert "4 to 5" in next(f for f in ledger.verify() if f.rule == "ledger.tree-altered").message


def test_whole_tree_rewritten_without_the_key(tmp_path):
    ledger = filled(tmp_path, 3)
    forged = tmp_path / "forged"
    other = filled(forged, 2)
    other.append(Entry("thing.undone", "é2.example", "run@1", 2))
    with ledger.store.write() as connection:
        for table in (NODES, LEDGER):
            connection.execute(sa.delete(table))
            with other.store.read() as source:
                rows = [dict(row._mapping) for row in source.execute(sa.select(table))]
            connection.execute(sa.insert(table), rows)
    assert {f.rule for f in ledger.verify()} == {"ledger.root-mismatch"}
    change(ledger, CHECKPOINT, CHECKPOINT.c.id == 1, note=other.checkpoint())
    assert {f.rule for f in ledger.verify()} == {"ledger.checkpoint-invalid"}
    with pytest.raises(Problem) as caught:
        ledger.append(Entry("thing.done", "x"))
    assert caught.value.code == "ledger.broken"


@pytest.mark.parametrize("seq", [0, 4, 10])
def test_a_removed_entry_is_named(tmp_path, seq):
    ledger = filled(tmp_path)
    with ledger.store.write() as connection:
        connection.execute(sa.delete(LEDGER).where(LEDGER.c.seq == seq))
    assert ("ledger.entry-missing", f"ledger entry {seq}") in codes(ledger)
    with pytest.raises(Problem):
        ledger.append(Entry("thing.done", "x"))


def test_the_last_entries_cut_off_with_their_hashes(tmp_path):
    ledger = filled(tmp_path, 5)
    with ledger.store.write() as connection:
        connection.execute(sa.delete(LEDGER).where(LEDGER.c.seq == 4))
        connection.execute(sa.delete(NODES).where(NODES.c.level == 0, NODES.c.index == 4))
    assert {f.rule for f in ledger.verify()} == {"ledger.root-mismatch"}


def test_a_column_that_says_otherwise(tmp_path):
    ledger = filled(tmp_path)
    change(ledger, LEDGER, LEDGER.c.seq == 2, entity="another.example")
    assert codes(ledger) == {("ledger.entry-misfiled", "ledger entry 2")}


def test_the_key(tmp_path):
    filled(tmp_path, 1)
    key = tmp_path / "ledger.key"
    assert key.stat().st_mode & 0o777 == 0o600
    assert key.read_bytes() not in (tmp_path / "store.db").read_bytes()
    assert opened(tmp_path).verify() == ()
    for content in (None, b"no key", b""):
        key.unlink()
        if content is not None:
            key.write_bytes(content)
        with pytest.raises(Problem) as caught:
            opened(tmp_path)
        assert caught.value.code == "ledger.key-lost"
        key.touch()


def test_one_key_for_two_stores_does_not_mix_their_checkpoints(tmp_path):
    one = filled(tmp_path, 3)
    other = Ledger(Store(tmp_path / "b.db", "sandbox"), tmp_path / "ledger.key", Clock(), "tester")
    for number in range(3):
        other.append(Entry("thing.undone", "x", "run@1", number))
    change(one, CHECKPOINT, CHECKPOINT.c.id == 1, note=other.checkpoint())
    assert {f.rule for f in one.verify()} == {"ledger.checkpoint-invalid"}
