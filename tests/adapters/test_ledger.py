"""The ledger on a real store: what is appended stays, what is tampered with is located."""

from __future__ import annotations

import base64
import hashlib
import json
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from gctrust.adapters.ledger.entry import Entry, canonical, rfc3339
from gctrust.adapters.ledger.ledger import Ledger
from gctrust.adapters.ledger.merkle import EMPTY_ROOT, leaf_hash
from gctrust.adapters.ledger.signed_note import VerifierKey
from gctrust.adapters.ledger.verify import verify_store
from gctrust.adapters.store.schema import CHECKPOINT, LEDGER
from gctrust.adapters.store.store import Store
from gctrust.errors import Problem

from .ledgers import Clock, filled, opened


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
    return {(f.rule, f.subject) for f in ledger.verify().findings}


@pytest.mark.parametrize("count", [0, 1, 2, 3, 4, 7, 8, 11, 33])
def test_root_is_that_of_the_rfc(tmp_path, count):
    ledger = filled(tmp_path, count)
    assert ledger.verify().findings == ()
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
        ["seq", "time", "actor", "action", "entity", "run", "slot", "step", "data"]
    )
    (entry,) = ledger.entries(run="run@2")
    assert (entry.seq, entry.time, entry.actor) == (3, "2027-01-15T08:00:00.250Z", "tester")
    assert [e.seq for e in ledger.entries(action="thing.done", since=1)] == [1, 2]
    assert ledger.entries(entity="nothing") == ()


def test_entries_of_an_entity_are_those_of_its_runs_too(tmp_path):
    """A change may be filed under the platform's own id."""
    ledger = opened(tmp_path)
    ledger.append(Entry("run.ordered", "a.example", "mail:a.example@1", 0))
    ledger.append(Entry("request-verification.done", "39486b2a", "mail:a.example@1", 4))
    ledger.append(Entry("request-verification.done", "b0c1d2e3", "mail:b.example@1", 4))
    ledger.append(Entry("schedule.added", "a.example"))
    ledger.append(Entry("token.created", "bob"))
    assert [e.seq for e in ledger.entries(entity="a.example")] == [0, 1, 3]
    assert [e.seq for e in ledger.entries(entity="bob")] == [4]


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


@pytest.mark.parametrize(
    ("count", "seq", "ranges"), [(11, 5, ["0 to 7"]), (150, 70, ["64 to 127", "0 to 127"])]
)
def test_entry_and_leaf_changed_together(tmp_path, count, seq, ranges):
    ledger = filled(tmp_path, count)
    text = texts(ledger)[seq].replace(f'"n":{seq}', '"n":0')
    change(ledger, LEDGER, LEDGER.c.seq == seq, entry=text, leaf=leaf_hash(text.encode()))
    found = ledger.verify().findings
    assert {f.rule for f in found} == {"ledger.tree-altered", "ledger.root-mismatch"}
    told = [f.message for f in found if f.rule == "ledger.tree-altered"]
    assert [any(r in m for m in told) for r in ranges] == [True] * len(ranges)
    assert len(told) == len(ranges)


def test_whole_tree_rewritten_without_the_key(tmp_path):
    ledger = filled(tmp_path, 3)
    forged = tmp_path / "forged"
    other = filled(forged, 2)
    other.append(Entry("thing.undone", "é2.example", "run@1", 2))
    with ledger.store.write() as connection:
        connection.execute(sa.delete(LEDGER))
        with other.store.read() as source:
            rows = [dict(row._mapping) for row in source.execute(sa.select(LEDGER))]
        connection.execute(sa.insert(LEDGER), rows)
    assert "ledger.root-mismatch" in {f.rule for f in ledger.verify().findings}
    change(ledger, CHECKPOINT, CHECKPOINT.c.id == 1, note=other.checkpoint())
    assert "ledger.checkpoint-invalid" in {f.rule for f in ledger.verify().findings}
    with pytest.raises(Problem) as caught:
        ledger.append(Entry("thing.done", "x"))
    assert caught.value.code == "ledger.broken"


@pytest.mark.parametrize("seq", [0, 4, 10])
def test_a_removed_entry_is_named(tmp_path, seq):
    ledger = filled(tmp_path)
    with ledger.store.write() as connection:
        connection.execute(sa.delete(LEDGER).where(LEDGER.c.seq == seq))
    assert codes(ledger) == {("ledger.entry-missing", f"ledger entry {seq}")}
    if seq == 10:  # an append looks at the end only, and signs nothing that hides the rest
        with pytest.raises(Problem):
            ledger.append(Entry("thing.done", "x"))


def test_a_column_that_says_otherwise(tmp_path):
    ledger = filled(tmp_path)
    for column in ("run", "slot", "entity", "action"):
        before = {column: getattr(row(ledger, 2), column)}
        change(ledger, LEDGER, LEDGER.c.seq == 2, **{column: before[column] + "x"})
        assert codes(ledger) == {("ledger.entry-misfiled", "ledger entry 2")}
        change(ledger, LEDGER, LEDGER.c.seq == 2, **before)
    assert codes(ledger) == set()


def row(ledger, seq):
    with ledger.store.read() as connection:
        return connection.execute(sa.select(LEDGER).where(LEDGER.c.seq == seq)).one()


def test_the_key(tmp_path):
    filled(tmp_path, 1)
    key = tmp_path / "ledger.key"
    assert key.stat().st_mode & 0o777 == 0o600
    assert key.read_bytes() not in (tmp_path / "store.db").read_bytes()
    assert opened(tmp_path).verify().findings == ()
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
    assert {f.rule for f in one.verify().findings} == {"ledger.checkpoint-invalid"}


ODD = ["", "é", 'a"b\\', "\x00\x1f\x7f", "\u2028", "\U0001f600", ',"entity":"x"', "</script>"]


@pytest.mark.parametrize("odd", ODD)
def test_an_entry_has_one_text_only(tmp_path, odd):
    """Sorted keys, no spaces, whatever its fields hold: canonical JSON of what it says."""
    ledger = opened(tmp_path)
    ledger.append(Entry(odd, odd, odd, 3, odd, {odd: [odd, 1.5, None, True]}, odd or "someone"))
    text = texts(ledger)[0]
    assert text == canonical(json.loads(text))
    assert json.loads(text)["data"] == {odd: [odd, 1.5, None, True]}
    assert ledger.verify().findings == ()


@pytest.mark.parametrize("group", [1, 50])
def test_a_full_disk_leaves_nothing_half_written(tmp_path, group):
    """SQLite's own limit on pages answers as a full disk does: SQLITE_FULL, wherever it strikes."""
    ledger, told = opened(tmp_path), 0

    def room(pages):
        with ledger.store.read() as connection:
            connection.exec_driver_sql(f"PRAGMA max_page_count={pages}").close()

    def append():
        nonlocal told
        batch = [Entry("more", "x", "r", told + n, data={"n": "x" * 99}) for n in range(group)]
        told += len(ledger.append_all(batch))

    def fill():
        while True:
            append()

    with ledger.store.read() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
    for more in (40, 41, 42, 60):
        room(pages + more)
        with pytest.raises(Problem) as caught:
            fill()
        assert caught.value.code == "store.full"
        verdict = ledger.verify()
        assert (verdict.findings, verdict.entries) == ((), told)
    room(1_000_000)
    append()
    assert ledger.verify().entries == told
    assert opened(tmp_path).verify().findings == ()


@pytest.mark.parametrize("at", [0.0, 1_799_999_999.9996, 1_799_999_999.9999996, 1_234.0005, 1e9])
def test_an_instant_is_told_as_datetime_tells_it(at):
    told = datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")
    assert rfc3339(at) == told.replace("+00:00", "Z")


@pytest.mark.parametrize("changed", [None, 20, 250])
def test_two_processes_find_what_one_finds(tmp_path, changed):
    ledger = filled(tmp_path, 150)
    anchor = ledger.checkpoint()
    ledger.append_all([Entry("more", f"{n}.example", "r", n) for n in range(150)])
    if changed is not None:
        with ledger.store.write() as connection:
            text = LEDGER.c.entry
            damaged = sa.update(LEDGER).where(LEDGER.c.seq == changed)
            connection.execute(damaged.values(entry=sa.func.replace(text, "tester", "nobody")))
    key = VerifierKey.parse(ledger.verifier_key)
    alone, shared = (
        verify_store(ledger.store.engine, key, anchor, processes=count, shared_from=100)
        for count in (1, 2)
    )
    assert alone == shared
    assert (shared.entries, shared.anchored) == (300, True)
    assert ("ledger.entry-altered" in {found.rule for found in shared.findings}) == (
        changed is not None
    )
