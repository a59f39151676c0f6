"""Sealed segments: what was moved away is still proved, and what is lost is told."""

from __future__ import annotations

import json
import resource

import pytest
import sqlalchemy as sa

from gctrust.adapters.ledger.archives import read_archives
from gctrust.adapters.ledger.entry import Entry
from gctrust.adapters.ledger.export import csv_lines, json_lines
from gctrust.adapters.ledger.exported import read_exports
from gctrust.adapters.ledger.merkle import consistent, included, leaf_hash
from gctrust.adapters.ledger.seal import seal, sealable
from gctrust.adapters.ledger.signed_note import VerifierKey, open_note, read_checkpoint
from gctrust.adapters.ledger.verify import verify_rows
from gctrust.adapters.store.schema import LEDGER, NODES
from gctrust.errors import Problem

from .ledgers import filled, opened


def seal_first(ledger, entries, file):
    return seal(ledger, sealable(ledger, entries=entries), file)


def rules(verdict):
    return {f.rule for f in verdict.findings}


@pytest.fixture
def sealed(tmp_path):
    """A ledger of 300 entries and a turned key, sealed twice: 0 to 127, then to 255."""
    ledger = filled(tmp_path, 100)
    ledger.rotate_key()
    ledger.append_all([Entry("more", "x", "r", n) for n in range(199)])
    files = tmp_path / "1.jsonl", tmp_path / "2.jsonl"
    assert seal_first(ledger, 130, files[0]).end == 128
    assert seal_first(ledger, 290, files[1]).first == 128
    return ledger, files


def test_the_rest_is_proved_and_verified_as_before(sealed):
    ledger, files = sealed
    key = VerifierKey.parse(ledger.verifier_key)
    assert ledger.entries()[0].seq == 256
    ledger.append_all([Entry("later", "x", "l", n) for n in range(70)])
    for seq in (256, 299, 300, 371):
        proof = ledger.prove(seq)
        signed = open_note(proof.note, key)
        assert included(leaf_hash(proof.extra), seq, signed.size, proof.path, signed.root)
    for given in ((), files[:1], files[1:], files):
        verdict = ledger.verify(archives=read_archives(given))
        assert (rules(verdict), verdict.entries) == (set(), 372)
        assert [part.file for part in verdict.sealed] == ["1.jsonl", "2.jsonl"]
        assert {part.file for part in verdict.looked_at} == {file.name for file in given}
    with pytest.raises(Problem) as caught:
        ledger.prove(255)
    assert caught.value.code == "ledger.no-such-entry"
    assert opened(files[0].parent).verify().findings == ()


def test_an_archive_is_signed_and_begins_what_the_store_has(sealed):
    ledger, files = sealed
    export = read_exports([files[0]])
    boundary = open_note(export.note, VerifierKey.parse(ledger.verifier_key))
    assert boundary.size == 128
    tail = json.loads(files[0].read_text().splitlines()[-1])
    newest = read_checkpoint(tail["newest"])
    path = [bytes.fromhex(hash_) for hash_ in tail["path"]]
    assert consistent(128, boundary.root, newest.size, newest.root, path)


def test_archives_and_an_export_are_the_whole_ledger(sealed, tmp_path):
    ledger, files = sealed
    rest = tmp_path / "rest.jsonl"
    rest.write_text("\n".join(json_lines(ledger)) + "\n")
    export = read_exports([*files, rest])
    verdict = verify_rows(export.rows, export.note, VerifierKey.parse(ledger.verifier_key))
    assert (rules(verdict), verdict.entries) == (set(), 302)


@pytest.mark.parametrize("seq", [0, 64, 127])
def test_a_changed_archive_is_found_and_located(sealed, seq):
    ledger, files = sealed
    lines = files[0].read_text().splitlines()
    lines[seq + 1] = lines[seq + 1].replace('"time":"2', '"time":"1')
    files[0].write_text("\n".join(lines) + "\n")
    found = ledger.verify(archives=read_archives(files[:1])).findings
    assert f"ledger entry {seq}" in {f.subject for f in found}
    assert ledger.verify().findings == ()  # the store itself is whole


def test_an_archive_cut_short_or_of_another_ledger(sealed, tmp_path):
    ledger, files = sealed
    lines = files[1].read_text().splitlines()
    files[1].write_text("\n".join([*lines[:-4], lines[-1]]) + "\n")
    found = ledger.verify(archives=read_archives(files)).findings
    assert {f.subject for f in found if f.rule == "ledger.entry-missing"} == {
        f"ledger entry {seq}" for seq in (253, 254, 255)
    }
    other = filled(tmp_path / "other", 300)
    seal_first(other, 64, tmp_path / "other.jsonl")
    seal_first(other, 192, tmp_path / "other2.jsonl")
    with pytest.raises(Problem) as caught:
        ledger.verify(archives=read_archives([tmp_path / "other2.jsonl"]))
    assert caught.value.code == "ledger.foreign-archive"
    twin = filled(tmp_path / "twin", 300)
    seal_first(twin, 128, tmp_path / "twin.jsonl")
    found = ledger.verify(archives=read_archives([tmp_path / "twin.jsonl"])).findings
    assert "ledger.tree-altered" in {f.rule for f in found}


def test_entries_removed_without_a_seal_are_missing(sealed):
    ledger, _ = sealed
    with ledger.store.write() as connection:
        connection.execute(sa.delete(LEDGER).where(LEDGER.c.seq < 260))
    found = ledger.verify().findings
    assert "ledger entry 259" in {f.subject for f in found}
    assert "ledger.entry-missing" in {f.rule for f in found}


def test_a_kept_hash_that_was_changed_is_found(sealed):
    ledger, files = sealed
    place = (NODES.c.level == 6) & (NODES.c.index == 1)
    with ledger.store.write() as connection:
        connection.execute(sa.update(NODES).where(place).values(hash=b"x" * 32))
    assert "ledger.root-mismatch" in rules(ledger.verify())
    found = ledger.verify(archives=read_archives(files)).findings
    assert [dict(f.facts) for f in found] == [{"first": 64, "last": 127}]


def test_a_checkpoint_of_before_is_compared(tmp_path):
    ledger = filled(tmp_path, 200)
    whole = filled(tmp_path / "same", 64).checkpoint()
    inside = ledger.checkpoint()
    ledger.append_all([Entry("more", "x", "r", n) for n in range(100)])
    file = tmp_path / "1.jsonl"
    seal_first(ledger, 256, file)
    with pytest.raises(Problem) as caught:
        ledger.verify(inside)
    assert caught.value.code == "ledger.anchor-sealed"
    verdict = ledger.verify(inside, archives=read_archives([file]))
    assert (rules(verdict), verdict.anchored) == (set(), True)
    assert rules(ledger.verify(whole)) == {"ledger.anchor-invalid"}


def test_what_cannot_be_sealed(tmp_path):
    ledger = filled(tmp_path, 100)
    for wanted in ({"entries": 63}, {"before": "2000-01-01T00:00:00.000Z"}):
        with pytest.raises(Problem) as caught:
            sealable(ledger, **wanted)
        assert caught.value.code == "ledger.nothing-to-seal"
    assert sealable(ledger, before="2100-01-01T00:00:00.000Z").end == 64
    (tmp_path / "there.jsonl").write_text("mine")
    with pytest.raises(Problem) as caught:
        seal_first(ledger, 64, tmp_path / "there.jsonl")
    assert caught.value.code == "ledger.archive-unwritable"
    assert (tmp_path / "there.jsonl").read_text() == "mine"
    assert len(ledger.entries()) == 100


@pytest.mark.parametrize("damage", ["entry", "entry and leaf", "kept hash"])
def test_what_was_changed_is_not_signed_anew(sealed, tmp_path, damage):
    """Sealing signs a checkpoint at the archive's end: never over another tree than was signed."""
    ledger, _ = sealed
    ledger.append_all([Entry("more", "x", "later", n) for n in range(100)])
    with ledger.store.write() as connection:
        if damage == "kept hash":
            connection.execute(sa.delete(NODES).where(NODES.c.level == 8))
        else:
            text = connection.execute(sa.select(LEDGER.c.entry).where(LEDGER.c.seq == 300)).scalar()
            values = {"entry": text.replace("tester", "nobody")}
            if damage == "entry and leaf":
                values["leaf"] = leaf_hash(values["entry"].encode())
            connection.execute(sa.update(LEDGER).where(LEDGER.c.seq == 300).values(values))
    with pytest.raises(Problem) as caught:
        seal_first(ledger, 384, tmp_path / "3.jsonl")
    assert caught.value.code == "ledger.broken"
    assert not (tmp_path / "3.jsonl").exists()
    assert ledger.entries()[0].seq == 256


def test_an_archive_that_did_not_fit_on_the_disk_is_gone(tmp_path):
    ledger, file = filled(tmp_path, 200), tmp_path / "1.jsonl"
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    span = sealable(ledger, entries=128)
    resource.setrlimit(resource.RLIMIT_FSIZE, (8192, limit[1]))
    try:
        with pytest.raises(Problem) as caught:
            seal(ledger, span, file)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
    assert caught.value.code == "ledger.archive-unwritable"
    assert not file.exists()
    assert seal(ledger, span, file).end == 128


def test_two_that_seal_at_once_seal_nothing_twice(tmp_path):
    ledger = filled(tmp_path, 300)
    spans = [sealable(ledger, entries=count) for count in (128, 256)]
    seal(ledger, spans[0], tmp_path / "1.jsonl")
    with pytest.raises(Problem) as caught:
        seal(ledger, spans[1], tmp_path / "2.jsonl")
    assert caught.value.code == "ledger.nothing-to-seal"
    assert seal_first(ledger, 256, tmp_path / "3.jsonl").first == 128
    archives = read_archives([tmp_path / "1.jsonl", tmp_path / "3.jsonl"])
    assert ledger.verify(archives=archives).findings == ()


def test_a_cursor_after_sealing(sealed):
    """Both forms begin where the store does, and go on where the ledger ends."""
    ledger, _ = sealed
    for form in (json_lines, csv_lines):
        assert told_by(form(ledger)) == (256, 302)
        assert told_by(form(ledger, 300)) == (300, 302)
        assert told_by(form(ledger, 302)) == (302, 302)
        for wrong in (303, -1):
            with pytest.raises(Problem) as caught:
                next(form(ledger, wrong))
            assert caught.value.code == "ledger.no-such-entry"


def told_by(lines):
    while True:
        try:
            next(lines)
        except StopIteration as ended:
            return ended.value
