"""`gctrust audit` and `gctrust evidence` on a ledger that is there, as an auditor uses them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta

import httpx2
import pytest
from shell import opened

from gctrust.adapters.ledger.entry import Entry
from gctrust.adapters.ledger.ledger import Ledger
from gctrust.adapters.store.store import Store


class Clock:
    def now(self):
        return time.time()


@pytest.fixture
def home(tmp_path):
    """A machine without a platform, with a ledger of three entries."""
    ledger = ledger_of(tmp_path)
    for n in range(3):
        data = {"reason": "new brand", "ticket": f"CHG-{n}"}
        ledger.append(Entry("email-domain.succeeded", f"m{n}.example.com", f"r{n}", n, data=data))
    ledger.store.close()
    return tmp_path


def ledger_of(home):
    store = Store(home / "stores" / "no-platform.db", "organisation")
    return Ledger(store, home / "ledger.key", Clock(), "os:anna")


def gctrust(home, *tokens):
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("GENESYS", "GCTRUST"))}
    env = {**clean, "GCTRUST_HOME": str(home), "HOME": str(home)}
    command = [sys.executable, "-m", "gctrust", *tokens]
    return subprocess.run(command, env=env, capture_output=True, text=True, timeout=60, cwd=home)


def test_a_pack_of_a_period(home):
    done = gctrust(home, "evidence", "--since", "2026-01-01", "--output", "pack", "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert (told["schema"], told["first"], told["entries"]) == ("gctrust.evidence", 0, 3)
    assert "CHG-2" in (home / "pack" / "changes.csv").read_text()
    assert len(list((home / "pack" / "proofs").iterdir())) == 3
    again = gctrust(home, "evidence", "--since", "2026-01-01", "--output", "pack")
    assert again.returncode == 2
    assert "evidence.folder-not-empty" in again.stderr
    for wrong in (
        ("--since", "yesterday"),
        ("--since", "2026-01-01", "--until", "x"),
        ("--since", "2026-01-01", "--until", "2025-01-01"),
    ):
        assert gctrust(home, "evidence", *wrong, "--output", "other").returncode == 2
    assert not (home / "other").exists()


def test_a_pack_needs_neither_platform_nor_its_clock(tmp_path):
    """The store of a sandbox that has ended, and whose time was years ahead of this machine's."""
    with opened(tmp_path) as shell:
        shell.control("POST", "/clock", {"advance": 400 * 86_400})
        for name in ("first", "last"):
            assert shell.run(f"gctrust tokens create {name}").returncode == 0
    with pytest.raises(httpx2.ConnectError):
        shell.control("GET", "/clock")
    told = shell.answer("gctrust evidence --since 2020-01-01 --output all")
    assert (told["first"], told["entries"], told["size"]) == (0, 2, 2)
    last = json.loads((tmp_path / "all" / "changes.jsonl").read_text().splitlines()[1])["entry"]
    ends = datetime.fromisoformat(told["until"]) - datetime.fromisoformat(last["time"])
    assert ends == timedelta(milliseconds=1)
    assert datetime.fromisoformat(told["until"]) > datetime.now(UTC) + timedelta(days=300)
    told = shell.answer(f"gctrust evidence --since 2020-01-01 --until {last['time']} --output some")
    assert (told["entries"], told["until"]) == (1, last["time"])
    told = shell.answer("gctrust evidence --since 2999-01-01 --output none")
    assert (told["entries"], told["until"]) == (0, told["since"])


def test_old_entries_are_sealed_and_verified_with_the_store(home):
    ledger = ledger_of(home)
    ledger.append_all([Entry("more", "x", "r", n) for n in range(100)])
    ledger.store.close()
    looked = gctrust(home, "audit", "seal", "--entries", "90", "--output", "1.jsonl")
    assert looked.returncode == 11
    assert not (home / "1.jsonl").exists()
    done = gctrust(home, "audit", "seal", "--entries", "90", "--output", "1.jsonl", "--yes")
    assert (done.returncode, done.stderr) == (0, "")
    alone = gctrust(home, "audit", "verify")
    assert "entries 0 to 63 are sealed in 1.jsonl: not given, not looked at" in alone.stdout
    both = json.loads(gctrust(home, "audit", "verify", "1.jsonl", "--json").stdout)
    assert both["intact"] is True
    assert [part["verified"] for part in both["sealed"]] == [True]
    assert gctrust(home, "audit", "export", "--output", "2.jsonl").returncode == 0
    spread = gctrust(home, "audit", "export", "--output", "2.csv", "--format", "csv", "--json")
    assert (json.loads(spread.stdout)["first"], json.loads(spread.stdout)["next"]) == (64, 104)
    offline = json.loads(gctrust(home, "audit", "verify", "1.jsonl", "2.jsonl", "--json").stdout)
    assert (offline["intact"], offline["entries"]) == (True, 104)


def test_a_long_export_is_verified_and_the_key_is_the_one_that_was_given(home):
    ledger, other = ledger_of(home), ledger_of(home / "other")
    ledger.append_all([Entry("more", "x" * 100, "r", n) for n in range(4000)])
    key, foreign = ledger.verifier_key, other.verifier_key
    ledger.store.close()
    other.store.close()
    assert gctrust(home, "audit", "export", "--output", "1.jsonl").returncode == 0
    assert (home / "1.jsonl").stat().st_size > 1 << 20
    for files in ((), ("1.jsonl",)):
        done = gctrust(home, "audit", "verify", *files, "--key", key, "--json")
        assert (done.returncode, json.loads(done.stdout)["key"]) == (0, key), done.stderr
        done = gctrust(home, "audit", "verify", *files, "--key", foreign)
        assert done.returncode == 10, (files, done.stdout)
    assert gctrust(home, "audit", "verify", "--key", "mine").returncode == 2
    again = gctrust(home, "audit", "export", "--output", "1.jsonl", "--first", "5000")
    assert (again.returncode, "ledger.no-such-entry" in again.stderr) == (2, True)
    assert (home / "1.jsonl").stat().st_size > 1 << 20, "the export of before is left alone"


def test_a_checkpoint_copied_by_hand_without_its_last_line_end(home):
    assert gctrust(home, "audit", "checkpoint", "--output", "kept.txt").returncode == 0
    kept = home / "kept.txt"
    kept.write_text(kept.read_text().rstrip("\n"))
    done = gctrust(home, "audit", "verify", "--checkpoint", "kept.txt")
    assert (done.returncode, "and anchored" in done.stdout) == (0, True)


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("since:2026-01-01", 3),
        ("until:20990101T02:00+02:00", 3),
        ("since:yesterday", None),
        ("until:soon", None),
    ],
)
def test_a_time_that_is_searched_for_is_a_time(home, query, count):
    done = gctrust(home, "audit", "list", query, "--json")
    if count is None:
        assert (done.returncode, "2026-11-01" in done.stderr) == (2, True)
    else:
        assert len(json.loads(done.stdout)["entries"]) == count


def test_a_checkpoint_that_nobody_gets_is_not_said_to_be_sent(home):
    done = gctrust(home, "audit", "checkpoint", "--webhook")
    assert (done.returncode, "No endpoint gets" in done.stderr) == (2, True)
    assert len(json.loads(gctrust(home, "audit", "list", "--json").stdout)["entries"]) == 3


def test_a_back_up_is_verified_elsewhere_with_the_key_alone(home, tmp_path):
    ledger = ledger_of(home)
    key = ledger.verifier_key
    ledger.store.close()
    assert gctrust(home, "store", "backup", "copy.db").returncode == 0
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (home / "copy.db").rename(elsewhere / "copy.db")
    done = gctrust(elsewhere, "audit", "verify", "copy.db", "--key", key)
    assert (done.returncode, "consistent" in done.stdout) == (0, True), done.stderr
    assert "--key" in gctrust(elsewhere, "audit", "verify", "copy.db").stderr
    octets = (elsewhere / "copy.db").read_bytes()
    (elsewhere / "copy.db").write_bytes(octets.replace(b"CHG-1", b"CHG-7"))
    done = gctrust(elsewhere, "audit", "verify", "copy.db", "--key", key)
    assert (done.returncode, "ledger entry 1" in done.stdout) == (10, True)
    assert {file.name for file in elsewhere.iterdir()} == {"copy.db"}, "it made no store, no key"
