"""`gctrust store`: check, backup, restore and clean, as commands."""

from __future__ import annotations

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
    assert shell.run("gctrust store restore kept.copy").returncode == 0
    assert shell.answer("gctrust store check")["entries"] == told["entries"]

    shell.run("gctrust runs cancel email-domain:kept.example.com@1")
    shell.control("POST", "/clock", {"advance": 100 * 86_400})
    dry = shell.run("gctrust store clean --older-than 90d")
    assert (dry.returncode, "dry run" in dry.stdout) == (11, True)
    assert shell.answer("gctrust store clean --yes")["cleaned"]["runs"] == 1


@pytest.mark.parametrize("bad", ["90", "0d", "-1d", "d", "1y", "", "1 d", "٣d", "9999999d"])
def test_a_span_is_a_number_and_a_unit(bad: str) -> None:
    with pytest.raises(Problem, match=r"cli\.bad-argument"):
        seconds_of("--older-than", bad)


@pytest.mark.parametrize(("text", "seconds"), [("2w", 1_209_600), ("36h", 129_600), ("90s", 90)])
def test_spans(text: str, seconds: int) -> None:
    assert seconds_of("--x", text) == seconds
    assert span_of(seconds) == text
