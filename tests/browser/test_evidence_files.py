"""The evidence pack's files, read back as an auditor would, with other programs than ours."""

from __future__ import annotations

import base64
import csv
import hashlib
import json
import shutil
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from gctrust.adapters.evidence.pack import pack_of
from gctrust.adapters.evidence.sheets import approvals
from gctrust.adapters.ledger.entry import Entry, LedgerEntry
from gctrust.adapters.ledger.seal import seal, sealable
from gctrust.errors import Problem

from .conftest import SINCE, UNTIL, empty, filled

TRIALS = Path(__file__).with_name("trials.js")


def root_of(leaf, index, size, path):
    """RFC 6962 section 2.1.1 read backwards."""
    if size == 1:
        return leaf
    half = 1 << (size - 1).bit_length() - 1
    left = index < half
    inner = root_of(leaf, index if left else index - half, half if left else size - half, path[:-1])
    pair = (inner, path[-1]) if left else (path[-1], inner)
    return hashlib.sha256(b"\x01" + pair[0] + pair[1]).digest()


def signed_root(folder):
    """The size and root of the checkpoint, its signature verified."""
    body, _, line = (folder / "checkpoint.txt").read_text().rpartition("\n\n")
    key = base64.b64decode((folder / "key.txt").read_text().split("+", 2)[2])
    signature = base64.b64decode(line.split(" ")[2])[4:]
    Ed25519PublicKey.from_public_bytes(key[1:]).verify(signature, f"{body}\n".encode())
    _, size, root = body.split("\n")
    return int(size), base64.b64decode(root)


def test_every_line_leads_to_the_signed_root(pack):
    size, root = signed_root(pack)
    lines = (pack / "changes.jsonl").read_text().splitlines()
    for line in lines:
        head, _, text = line.partition(',"entry":')
        change = json.loads(head + "}")
        leaf = hashlib.sha256(b"\x00" + text[:-1].encode()).digest()
        path = [base64.b64decode(hash_) for hash_ in change["path"]]
        assert root_of(leaf, change["seq"], size, path) == root
        assert json.loads(line)["entry"]["seq"] == change["seq"]
    period = json.loads((pack / "manifest.json").read_text())["period"]
    seqs = [json.loads(line)["seq"] for line in lines]
    assert seqs[: period["count"]] == list(range(9, 69))
    assert seqs[period["count"] :] == [0, 8, 69]  # the inventory's, and the neighbours


def test_manifest_and_sheets(pack):
    manifest = json.loads((pack / "manifest.json").read_text())
    files = {str(f.relative_to(pack)) for f in pack.rglob("*") if f.is_file()} - {"manifest.json"}
    assert set(manifest["sha256"]) == files
    for name, digest in manifest["sha256"].items():
        assert hashlib.sha256((pack / name).read_bytes()).hexdigest() == digest
    sheets = {
        name: list(csv.DictReader((pack / f"{name}.csv").open()))
        for name in ("changes", "approvals", "inventory", "handshakes")
    }
    assert len(sheets["changes"]) == 60
    (ordered,) = sheets["approvals"]
    assert (ordered["reason"], ordered["ticket"]) == ("new brand", "CHG-1")
    assert "tls.replaces" in ordered["allowed"]
    assert [(row["kind"], row["name"]) for row in sheets["inventory"]] == [
        ("certificate", "www.example.com"),
        ("domain", "mail.example.com"),
    ]
    assert [row["tried"] for row in sheets["handshakes"]] == ["50"]


def test_what_was_done_by_hand_is_approved_as_well():
    def entry(seq, action):
        why = {"reason": "tidy", "ticket": f"CHG-{seq}"}
        return LedgerEntry(seq, UNTIL, "os:anna", action, "x", "", "", 0, why)

    by_hand = ("schedule.paused", "store.cleaned", "token.revoked", "webhook.endpoint-added",
               "run.forked", "send-test-message.intended")  # fmt: skip
    others = ("step.done", "send-test-message", "webhook.settled", "email-domain.succeeded")
    sheet = approvals([entry(seq, action) for seq, action in enumerate(by_hand + others)])
    assert [row[3] for row in sheet.rows] == list(by_hand)
    assert [row[7] for row in sheet.rows] == [f"CHG-{seq}" for seq in range(6)]


@pytest.mark.skipif(not shutil.which("node"), reason="no Node here to run the page's program in")
def test_the_pages_program_in_node(pack, tmp_path):
    ran = subprocess.run(["node", TRIALS, pack], capture_output=True, text=True, timeout=60)
    assert (ran.returncode, ran.stderr) == (0, "")
    copy = tmp_path / "copy"
    shutil.copytree(pack, copy)
    verify = ["node", copy / "verify.js", copy]
    told = subprocess.run(verify, capture_output=True, text=True, timeout=60)
    assert (told.returncode, told.stdout) == (0, "verified: 60 entries\n")
    changes = (copy / "changes.jsonl").read_text()
    (copy / "changes.jsonl").write_text(changes.replace("n10.example", "n11.example", 1))
    told = subprocess.run(verify, capture_output=True, text=True, timeout=60)
    assert told.returncode == 10
    assert told.stdout.startswith("broken at entry 11:")


def test_a_period_without_entries_and_a_ledger_without_any(tmp_path):
    ledger = empty(tmp_path / "empty")
    with pytest.raises(Problem) as caught:
        pack_of(ledger, SINCE, UNTIL, UNTIL)
    assert caught.value.code == "evidence.empty-ledger"
    ledger.append(Entry("thing.done", "x"))
    found = pack_of(ledger, "2020-01-01T00:00:00.000Z", "2020-02-01T00:00:00.000Z", UNTIL)
    assert (found.period.first, found.period.count) == (0, 0)
    late = pack_of(filled(tmp_path), "2030-01-01T00:00:00.000Z", "2031-01-01T00:00:00.000Z", UNTIL)
    assert (late.period.first, late.period.count) == (83, 0)


def verified(folder):
    node = shutil.which("node")
    if node is None:
        pytest.skip("Node is not installed: verify.js is not run")
    done = subprocess.run([node, folder / "verify.js", folder], capture_output=True, text=True)
    return done.returncode, done.stdout.strip()


def test_what_is_said_to_be_sealed_is_said_so_by_the_ledger(tmp_path):
    """Or the period's first entries could be left out under that pretext."""
    ledger = filled(tmp_path)

    def written(name):
        out = tmp_path / name
        (out / "proofs").mkdir(parents=True)
        for file, text in pack_of(ledger, SINCE, UNTIL, UNTIL).files():
            (out / file).write_text(text)
        return out

    lying = written("lying")
    manifest = json.loads((lying / "manifest.json").read_text())
    lines = (lying / "changes.jsonl").read_text().splitlines()
    manifest["period"] |= {"first": 20, "count": 49, "sealed": 20}
    (lying / "manifest.json").write_text(json.dumps(manifest))
    (lying / "changes.jsonl").write_text("\n".join(lines[11:]) + "\n")
    assert verified(lying) == (10, "broken at entry 19: the period is not complete")
    seal(ledger, sealable(ledger, entries=64), tmp_path / "1.jsonl")
    assert verified(written("true")) == (0, "verified: 5 entries")
