"""Why something was changed: given with the command, found in the ledger again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from cyclopts import App
from shell import opened

from gctrust.cli.main import build

# Commands that change neither the platform nor what gctrust keeps of it; all others take a reason.
LOOKING = {
    "audit": {"compare", "export", "list", "prove", "verify"},
    "check": {"cert", "domain", "host", "spf"},
    "config": {"show"},
    "ct": {"show", "update"},
    "domain": {"list", "records", "status"},
    "pins": {"check", "status", "trust"},
    "runs": {"items", "list", "show", "watch"},
    "schedules": {"list", "run-due"},
    "secret": {"status"},
    "store": {"backup", "check"},
    "tls": {"affected", "status", "trusted"},
    "tokens": {"list"},
    "webhooks": {"dead", "events", "list", "listen", "show", "test"},
}
ALONE = {"completion", "demo", "doctor", "evidence", "explain", "metrics", "pin", "rehearse"}
ALONE |= {"sandbox", "serve", "worker"}


def commands(app: App, *above: str) -> Iterator[tuple[tuple[str, ...], set[str]]]:
    """Each command by its words, and its options."""
    for name in (name for name in app if not name.startswith("-")):
        below = app[name]
        if any(not one.startswith("-") for one in below):
            yield from commands(below, *above, name)
        else:
            told = below.assemble_argument_collection()
            yield (*above, name), {option for one in told for option in one.names}


def test_whatever_changes_something_takes_a_reason() -> None:
    without = {words for words, options in commands(build()) if "--reason" not in options}
    looking = {(noun, verb) for noun, verbs in LOOKING.items() for verb in verbs}
    assert without == looking | {(name,) for name in ALONE}


def test_runs_of_the_published_dialect_and_test_messages_are_told(tmp_path: Path) -> None:
    with opened(tmp_path, "--dialect", "platform") as shell:
        shell.environ["GCTRUST_DIALECT"] = "platform"
        name, root = "mail.why.example", shell.addresses["roots"]
        trust = f"gctrust tls rotate edges --cert {root} --name sbc --yes --wait 0.2"
        assert shell.run(f"{trust} --reason 'new carrier'").returncode in (0, 8)
        watch = "gctrust pins watch --bundle t.pem --pins p.txt --yes --wait 0.2"
        assert shell.run(f"{watch} --ticket CHG-4").returncode == 8
        sends = f"gctrust domain test {name} --from a@{name} --to b@x.example --yes --ticket CHG-5"
        assert shell.run(sends).returncode != 0, "it is not registered"
        told = shell.answer("gctrust audit list")["entries"]
        ordered = [e["data"] for e in told if e["action"] == "run.ordered"]
        assert ordered == [{"reason": "new carrier"}, {"ticket": "CHG-4"}]
        meant, came = (e["data"] for e in told if e["action"].startswith("send-test-message"))
        assert (meant["to"], meant["ticket"], came["ticket"]) == ("b@x.example", "CHG-5", "CHG-5")
        assert came["works"] is False


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
