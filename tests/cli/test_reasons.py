"""Why something was changed: given with the command, found in the ledger again."""

from __future__ import annotations

import json


def test_a_reason_and_a_ticket_stand_in_every_entry_of_the_run(shell):
    why = "--reason 'new brand' --ticket CHG-1"
    ran = shell.run(f"gctrust domain verify why.example.com --yes --wait 1 {why}")
    assert ran.returncode in (0, 8), ran.stderr
    run, listed = "email-domain:why.example.com@1", "gctrust audit list entity:why.example.com"
    for _ in range(10):  # a loaded machine takes its time
        entries = shell.answer(listed)["entries"]
        if len(entries) > 2:
            break
        shell.run(f"gctrust runs resume {run} --wait 2")
    assert len(entries) > 2
    assert {(e["data"]["reason"], e["data"]["ticket"]) for e in entries} == {("new brand", "CHG-1")}
    assert entries[0]["action"] == "run.ordered"
    found = shell.answer("gctrust audit list reason:BRAND ticket:CHG-1 action:run.ordered")
    assert [e["entity"] for e in found["entries"]] == ["why.example.com"]
    assert shell.answer("gctrust audit list ticket:CHG-2")["entries"] == []
    shell.run(f"gctrust runs cancel {run} --wait 1", GCTRUST_REASON="not now")
    signalled = shell.answer("gctrust audit list action:run.signalled")["entries"]
    assert [(e["data"]["signal"], e["data"]["reason"]) for e in signalled] == [
        ("cancel", "not now")
    ]
    assert shell.run("gctrust audit verify").returncode == 0


def test_tokens_are_told_too(shell):
    shell.answer("gctrust tokens create ci-why --role viewer --reason 'new pipeline'")
    shell.run("gctrust tokens revoke ci-why --ticket CHG-9")
    made, ended = (
        shell.answer(f"gctrust audit list entity:ci-why action:token.{what}")["entries"]
        for what in ("created", "revoked")
    )
    assert (made[0]["data"]["reason"], made[0]["data"]["role"]) == ("new pipeline", "viewer")
    assert ended[0]["data"] == {"ticket": "CHG-9"}
    assert ended[0]["actor"].startswith("os:")


def test_a_reason_of_two_lines_is_refused(shell):
    ran = shell.run("gctrust tokens create two-lines", GCTRUST_REASON="a\nb")
    assert ran.returncode == 2
    assert "one line" in ran.stderr


def test_a_checkpoint_goes_out_by_webhook(shell):
    shell.run("gctrust tokens create for-an-entry")
    told = shell.answer("gctrust audit checkpoint --webhook")
    assert told["checkpoint"]
    sent = shell.answer("gctrust audit list action:ledger.checkpoint-sent")["entries"]
    size = int(told["checkpoint"].split("\n")[1])
    assert [e["data"]["size"] for e in sent] == [size]
    out = shell.run("gctrust audit checkpoint --output c.txt")
    assert out.returncode == 0
    anchored = shell.run("gctrust audit verify --checkpoint c.txt --json")
    assert json.loads(anchored.stdout)["anchored"] is True
