"""`gctrust store`: check, backup, restore and clean, as commands."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from shell import Shell

from gctrust.cli.durations import seconds_of, span_of
from gctrust.errors import Problem


def test_checked_copied_lost_put_back_and_cleaned(shell: Shell) -> None:
    ordered = shell.run("gctrust domain verify kept.example.com --yes --wait 0.5")
    assert ordered.returncode == 8, ordered.stderr
    told = shell.answer("gctrust store check")
    assert (told["runs"], told["open"], told["faults"], told["ledger"]) == (1, 1, [], [])
    copied = shell.answer("gctrust store backup kept.copy")
    assert copied["octets"] > 0
    assert [path.rpartition("/")[2] for path in copied["beside"]] == ["ledger.key"]
    refused = shell.run("gctrust store restore kept.copy")
    assert (refused.returncode, "store.file-exists" in refused.stderr) == (2, True)
    store = Path(told["store"])
    for file in store.parent.glob(f"{store.name}*"):
        file.unlink()
    back = shell.answer("gctrust store restore kept.copy --reason 'disk died' --ticket INC-7")
    assert back["entry"] == told["entries"]
    (entry,) = shell.answer("gctrust audit list action:store.restored")["entries"]
    assert (entry["data"]["reason"], entry["data"]["ticket"]) == ("disk died", "INC-7")
    assert entry["data"]["file"] == "kept.copy"
    whole = shell.answer("gctrust store check")
    assert (whole["entries"], whole["ledger"]) == (told["entries"] + 1, [])

    shell.run("gctrust runs cancel email-domain:kept.example.com@1")
    shell.control("POST", "/clock", {"advance": 100 * 86_400})
    dry = shell.run("gctrust store clean --older-than 90d")
    assert (dry.returncode, "dry run" in dry.stdout) == (11, True)
    assert shell.answer("gctrust store clean --yes --reason tidy")["cleaned"]["runs"] == 1
    (entry,) = shell.answer("gctrust audit list action:store.cleaned")["entries"]
    assert (entry["data"]["reason"], entry["data"]["runs"]) == ("tidy", 1)
    assert entry["actor"].startswith("os:")


def test_a_store_comes_back_though_its_ledgers_key_is_lost(shell: Shell) -> None:
    shell.run("gctrust tokens create for-an-entry", GCTRUST_HOME="other")
    assert shell.run("gctrust store backup o.copy", GCTRUST_HOME="other").returncode == 0
    other = shell.home / "other"
    for file in (other / "ledger.key", *(other / "stores").iterdir()):
        file.unlink()
    back = shell.run("gctrust store restore o.copy --json", GCTRUST_HOME="other")
    assert back.returncode == 0
    assert json.loads(back.stdout)["entry"] is None
    assert "ledger.key-lost" in back.stderr


@pytest.mark.parametrize("bad", ["90", "0d", "-1d", "d", "1y", "", "1 d", "٣d", "9999999d"])
def test_a_span_is_a_number_and_a_unit(bad: str) -> None:
    with pytest.raises(Problem, match=r"cli\.bad-argument"):
        seconds_of("--older-than", bad)


@pytest.mark.parametrize(("text", "seconds"), [("2w", 1_209_600), ("36h", 129_600), ("90s", 90)])
def test_spans(text: str, seconds: int) -> None:
    assert seconds_of("--x", text) == seconds
    assert span_of(seconds) == text
