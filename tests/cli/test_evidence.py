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
    for wrong in (("--since", "yesterday"), ("--since", "2026-01-01", "--until", "x")):
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
    offline = json.loads(gctrust(home, "audit", "verify", "1.jsonl", "2.jsonl", "--json").stdout)
    assert (offline["intact"], offline["entries"]) == (True, 104)
