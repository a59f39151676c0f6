"""What an auditor does with a ledger: proofs, exports, checkpoints kept elsewhere, key rotation."""

from __future__ import annotations

import csv
import json

import pytest

from gctrust.adapters.ledger.entry import Entry
from gctrust.adapters.ledger.export import csv_lines, json_lines
from gctrust.adapters.ledger.exported import read_exports
from gctrust.adapters.ledger.ledger import Ledger
from gctrust.adapters.ledger.merkle import consistent, included, leaf_hash
from gctrust.adapters.ledger.signed_note import (
    InclusionProof,
    VerifierKey,
    open_note,
    read_checkpoint,
)
from gctrust.adapters.ledger.verify import verify_rows, verify_store
from gctrust.adapters.store.store import Store
from gctrust.errors import Problem

from .ledgers import Clock, filled, opened


def rules(verdict):
    return {f.rule for f in verdict.findings}


@pytest.mark.parametrize("count", [1, 63, 64, 65, 200])
def test_every_proof_stands_alone(tmp_path, count):
    ledger = filled(tmp_path, count)
    key = VerifierKey.parse(ledger.verifier_key)
    for seq in {0, count // 2, count - 1}:
        proof = InclusionProof.parse(str(ledger.prove(seq)))
        signed = open_note(proof.note, key)
        assert signed is not None
        assert json.loads(proof.extra)["seq"] == seq
        assert included(leaf_hash(proof.extra), seq, signed.size, proof.path, signed.root)
    with pytest.raises(Problem) as caught:
        ledger.prove(count)
    assert caught.value.code == "ledger.no-such-entry"


def test_an_old_checkpoint_begins_the_new(tmp_path):
    ledger = filled(tmp_path, 70)
    old = read_checkpoint(ledger.checkpoint())
    ledger.append_all([Entry("more", "x", "r", n) for n in range(80)])
    new = read_checkpoint(ledger.checkpoint())
    path = ledger.consistency(old.size).path
    assert consistent(old.size, old.root, new.size, new.root, path)


def test_a_group_holds_what_is_there_already_and_doubles(tmp_path):
    ledger = filled(tmp_path, 3)
    group = [Entry("thing.done", f"é{n}.example", "run@1", n) for n in (1, 7, 7, 2, 8)]
    assert ledger.append_all(group) == (1, 3, 3, 2, 4)
    assert ledger.verify().findings == ()
    assert ledger.append_all([]) == ()


@pytest.mark.parametrize("kept", [1, 63, 64, 100, 150])
def test_a_checkpoint_kept_elsewhere_shows_a_rollback(tmp_path, kept):
    ledger = filled(tmp_path / "a", kept)
    anchor = ledger.checkpoint()
    ledger.append_all([Entry("more", "x", "r", n) for n in range(200 - kept)])
    verdict = ledger.verify(anchor)
    assert (verdict.findings, verdict.anchored, verdict.entries) == ((), True, 200)
    assert not ledger.verify().anchored

    short = filled(tmp_path / "b", 1)  # the same key and name, an earlier state put back
    (tmp_path / "b" / "ledger.key").write_bytes((tmp_path / "a" / "ledger.key").read_bytes())
    (tmp_path / "b" / "store.db").unlink()
    back = Ledger(
        Store(tmp_path / "b" / "store.db", "sandbox"),
        tmp_path / "b" / "ledger.key",
        Clock(),
        "tester",
        ledger.origin,
    )
    assert short.origin != back.origin
    if kept > 1:
        back.append_all([Entry("thing.done", f"é{n}.example", "run@1", n) for n in range(kept - 1)])
        assert rules(back.verify(anchor)) == {"ledger.rolled-back"}
    back.append_all([Entry("forged", "x", "r", n) for n in range(300)])
    assert rules(back.verify(anchor)) == {"ledger.anchor-mismatch"}
    assert rules(back.verify()) == set()
    assert rules(ledger.verify(anchor.replace("\n", "\n ", 1))) == {"ledger.anchor-invalid"}


def test_exports_put_together_are_the_ledger(tmp_path):
    ledger = filled(tmp_path, 90)
    first, second = tmp_path / "1.jsonl", tmp_path / "2.jsonl"
    first.write_text("\n".join(json_lines(ledger)) + "\n")
    cursor = json.loads(first.read_text().splitlines()[-1])["next"]
    anchor = ledger.checkpoint()
    ledger.append(Entry("later", "ü", 'a"b', 1, data={"entity": ',"entity":"x"'}))
    second.write_text("\n".join(json_lines(ledger, cursor)) + "\n")
    export = read_exports([first, second])
    key = VerifierKey.parse(export.key)
    verdict = verify_rows(export.rows, export.note, key, anchor)
    assert (verdict.findings, verdict.entries) == ((), 91)
    for wrong in ([second], [first, first], [tmp_path / "ledger.key"]):
        with pytest.raises(Problem) as caught:
            read_exports(wrong)
        assert caught.value.code == "ledger.not-an-export"
    lines = first.read_text().splitlines()
    for seq in (0, 45, 89):
        damaged = list(lines)
        damaged[seq + 1] = damaged[seq + 1].replace('"tester"', '"nobody"')
        first.write_text("\n".join(damaged))
        export = read_exports([first])
        found = verify_rows(export.rows, export.note, key).findings
        assert "ledger.entry-altered" in {f.rule for f in found}
        assert f"ledger entry {seq}" in {f.subject for f in found}


def test_csv_has_every_entry_and_no_formula(tmp_path):
    ledger = filled(tmp_path, 3)
    ledger.append(Entry("=cmd()", "a,b\n", "r", 1, data={"x": 'q"'}))
    rows = list(csv.DictReader("\n".join(csv_lines(ledger)).splitlines(keepends=True)))
    assert [row["seq"] for row in rows] == ["0", "1", "2", "3"]
    assert rows[3]["action"] == "'=cmd()"
    assert json.loads(rows[3]["data"]) == {"x": 'q"'}


def test_a_new_key_is_endorsed_by_the_old(tmp_path):
    ledger = filled(tmp_path, 5)
    first, anchor = ledger.verifier_key, ledger.checkpoint()
    second = ledger.rotate_key()
    ledger.append(Entry("after", "x", "r", 1))
    third = ledger.rotate_key()
    assert len({first, second, third}) == 3
    again = opened(tmp_path)
    assert again.verifier_key == third
    assert again.append(Entry("after", "x", "r", 2)) == 8
    assert rules(again.verify(anchor)) == set()
    for key in (first, second, third):
        verdict = verify_store(again.store.engine, VerifierKey.parse(key))
        assert (rules(verdict), key) == (set(), key)
    other = filled(tmp_path / "other", 1).verifier_key
    assert rules(verify_store(again.store.engine, VerifierKey.parse(other)))


def test_others_go_on_when_one_turns_the_key(tmp_path):
    ledger = filled(tmp_path, 2)
    other = opened(tmp_path)
    assert other.rotate_key() != ledger.verifier_key
    assert ledger.prove(0).index == 0
    assert ledger.append(Entry("after", "x", "r", 1)) == 3
    assert ledger.verifier_key == other.verifier_key
    assert other.append(Entry("after", "x", "r", 2)) == 4
    assert ledger.verify().findings == other.verify().findings == ()


def test_a_crash_between_the_rotation_and_the_new_file(tmp_path):
    ledger = filled(tmp_path, 2)
    old = (tmp_path / "ledger.key").read_bytes()
    ledger.rotate_key()
    new = (tmp_path / "ledger.key").read_bytes()
    (tmp_path / "ledger.key").write_bytes(old)
    (tmp_path / "ledger.key.next").write_bytes(new)
    again = opened(tmp_path)
    assert again.append(Entry("after", "x", "r", 1)) == 3
    assert (tmp_path / "ledger.key").read_bytes() == new
    assert again.verify().findings == ()


def test_every_bit_of_the_signed_note_says_something(tmp_path):
    """Of its text and its signature, and of the line's end too."""
    ledger = filled(tmp_path, 3)
    key, octets = VerifierKey.parse(ledger.verifier_key), ledger.checkpoint().encode()
    assert open_note(octets.decode(), key)
    for bit in range(len(octets) * 8):
        changed = bytearray(octets)
        changed[bit // 8] ^= 1 << bit % 8
        assert open_note(changed.decode("utf-8", "replace"), key) is None, bit


def test_every_bit_of_an_exported_entry_says_something(tmp_path):
    ledger, file = filled(tmp_path, 3), tmp_path / "1.jsonl"
    lines = "\n".join(json_lines(ledger)).encode().split(b"\n")
    key, line = VerifierKey.parse(ledger.verifier_key), lines[2]
    for bit in range(0, len(line) * 8, 5):
        changed = bytearray(line)
        changed[bit // 8] ^= 1 << bit % 8
        file.write_bytes(b"\n".join([*lines[:2], changed, *lines[3:]]))
        try:
            export = read_exports([file])
        except Problem:
            continue
        found = verify_rows(export.rows, export.note, key).findings
        assert "ledger entry 1" in {f.subject for f in found}, bit


@pytest.mark.parametrize("seq", ["1e999", "[" * 100_000, '"x"'])
def test_an_export_that_means_harm_is_told_as_damaged(tmp_path, seq):
    ledger, file = filled(tmp_path, 3), tmp_path / "1.jsonl"
    lines = list(json_lines(ledger))
    lines[2] = lines[2].replace('"seq":1,', f'"seq":{seq},')
    file.write_text("\n".join(lines))
    export = read_exports([file])
    found = verify_rows(export.rows, export.note, VerifierKey.parse(export.key)).findings
    assert "ledger entry 1" in {f.subject for f in found}
