"""`gctrust pins`: confirmed, taken back, told while it runs; clients switched from a list."""

from __future__ import annotations

import json
import os
import time

import pytest
from shell import CLIENT, Shell


def rotation(shell: Shell, env: dict[str, str]) -> dict[str, str]:
    told = json.loads(shell.run("gctrust pins status --json", **env).stdout)
    return told["rotation"] or {"stage": "", "waiting_for": ""}


def until(shell: Shell, env: dict[str, str], word: str) -> None:
    end = time.monotonic() + 60
    while word not in rotation(shell, env)["waiting_for"]:
        assert time.monotonic() < end
        time.sleep(0.2)


@pytest.mark.skipif(
    os.environ.get("GCTRUST_LONG") != "1", reason="GCTRUST_LONG=1 runs whole rotations by commands"
)
def test_an_operator_confirms_and_the_stages_are_told(shell: Shell) -> None:
    env = shell.pin_files()
    sample = "--handshakes 60 --target-rate 0.9"
    run = shell.start(f"gctrust pins rotate --yes --operator {sample}", **env)
    for _ in range(2):
        until(shell, env, "your word")
        assert shell.run("gctrust pins advance --wait 0", **env).returncode == 8
        time.sleep(0.5)
    out, told = run.communicate(timeout=90)
    assert run.returncode == 0, out + told
    stages = [line.split()[0] for line in told.splitlines() if "[live:" in line]
    assert {"soak", "canary", "switch", "drain"} <= set(stages)
    assert "60 of 60 matched, at least 0.95" in told
    assert "pinsOverTime" in out
    again = shell.run("gctrust pins advance", **env)
    assert (again.returncode, "pins.no-open-rotation" in again.stderr) == (2, True)


def test_a_rotation_is_taken_back(shell: Shell) -> None:
    env = shell.pin_files()
    before = json.loads(shell.run("gctrust pins status --json", **env).stdout)
    run = shell.start("gctrust pins rotate --yes --soak 7200 --wait 60", **env)
    until(shell, env, "propagation")
    early = shell.run("gctrust pins advance", **env)
    assert (early.returncode, "pins.nothing-to-confirm" in early.stderr) == (2, True)
    assert shell.run("gctrust pins rollback", **env).returncode == 0
    run.communicate(timeout=60)
    assert run.returncode == 10
    after = json.loads(shell.run("gctrust pins status --json", **env).stdout)
    assert [after[role] for role in ("primary", "fallback", "backup")] == [
        before[role] for role in ("primary", "fallback", "backup")
    ]
    assert after["client_id"] == CLIENT


def test_a_list_of_clients_that_cannot_be_read_is_a_usage_problem(shell: Shell) -> None:
    env = shell.pin_files()
    for text in ("{", "[]", '[{"name": "a"}]', '[{"name": "a", "reload": "x y"}]'):
        (shell.home / "clients.json").write_text(text)
        done = shell.run("gctrust pins rotate --clients clients.json", **env)
        assert (done.returncode, "cli.bad-argument" in done.stderr) == (2, True)


def test_trust_stores_take_authorities_only(shell: Shell) -> None:
    env = shell.pin_files()
    done = shell.run("gctrust pins trust old.pem --bundle bundle.pem", **env)
    assert (done.returncode, "pins.not-an-authority" in done.stderr) == (2, True)
    assert not (shell.home / "bundle.pem").exists()
