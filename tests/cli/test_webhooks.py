"""`gctrust webhooks` as a person uses it: plans, changes, a test delivery, a listener, replay."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from shell import bare_environ

from gctrust.adapters.ledger.entry import Entry
from gctrust.adapters.webhooks.secret_source import new_signing_secret
from gctrust.app import build_app
from gctrust.cli.main import run
from gctrust.settings import load_settings

SECRET = new_signing_secret().reveal()


@pytest.fixture
def cli(tmp_path, monkeypatch, capsys):
    """Runs a command line; gives exit code, stdout and stderr."""
    for name in os.environ:
        if name.startswith(("GENESYS", "GCTRUST", "WEBHOOK")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("GCTRUST_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)

    def call(*tokens: str, noun: str = "webhooks") -> tuple[int, str, str]:
        code = run([noun, *tokens])
        told = capsys.readouterr()
        return code, told.out, told.err

    return call


def answer(cli, *tokens):
    code, out, _ = cli(*tokens, "--json")
    told = json.loads(out)
    assert told["schema"].startswith("gctrust.webhooks.")
    assert told["version"] == 1
    return code, told


def test_nothing_is_changed_without_yes(cli):
    new = ("add", "pki", "https://pki.example.com/hook", "--events", "certificate_rotation")
    code, told = answer(cli, *new)
    assert (code, told["change"], told["endpoint"]) == (11, "add", "pki")
    assert answer(cli, "list")[1] == {
        "schema": "gctrust.webhooks.list", "version": 1, "endpoints": [], "deliveries": []
    }  # fmt: skip
    code, told = answer(cli, *new, "--yes")
    assert (code, told["change"]) == (0, "added")
    assert told["secret"].startswith("whsec_")
    for change in ("disable", "enable", "remove", "rotate-secret"):
        assert cli(change, "pki")[0] == 11
    (shown,) = answer(cli, "list")[1]["endpoints"]
    assert (shown["name"], shown["state"], shown["auth"]) == ("pki", "fine", ["hmac"])
    assert cli(*new, "--yes")[0] == 2, "the name is taken"
    assert cli("disable", "pki", "--yes")[0] == 0
    assert "pki  disabled" in cli("show", "pki")[1]
    code, told = answer(cli, "rotate-secret", "pki", "--yes")
    assert told["secret"].startswith("whsec_")
    assert answer(cli, "show", "pki")[1]["secrets"] == 2
    assert cli("remove", "pki", "--yes")[0] == 0
    assert cli("show", "pki")[0] == 2


@pytest.mark.parametrize("option", ["--secret", "--bearer"])
def test_a_secret_typed_as_an_argument_is_refused_and_not_echoed(cli, option):
    code, out, err = cli("add", "pki", "https://a.example/", option, SECRET, "--yes")
    assert code == 2
    assert "webhooks.bad-source" in err
    assert SECRET not in out + err


def test_what_does_not_do_is_refused(cli, monkeypatch, tmp_path):
    monkeypatch.setenv("SHORT", "whsec_c2hvcnQ=")
    (tmp_path / "not.pem").write_text("nothing")
    there = ("add", "pki", "https://a.example/")
    assert "bad-secret" in cli(*there, "--secret", "env:SHORT", "--yes")[2]
    assert "They do not do" in cli(*there, "--cert", "not.pem", "--yes")[2]
    assert cli("add", "pki", "http://a.example/", "--yes")[0] == 2
    assert cli(*there, "--events", "no.such", "--yes")[0] == 2
    assert cli("replay")[0] == 2
    assert cli("replay", "--since", "yesterday")[0] == 2
    assert cli("test")[0] == 2
    assert cli("rotate-secret", "environment", "--yes")[0] == 2
    assert "is not there for this process" in cli(*there, "--secret", "env:LATER")[2]


def test_events(cli):
    code, told = answer(cli, "events")
    assert code == 0
    names = [event["name"] for event in told["events"]]
    assert {"certificate_rotation", "expiry.soon", "webhook.test"} <= set(names)
    assert answer(cli, "events", "expiry.soon")[1]["events"][0]["sample"]["threshold"] == 14
    assert cli("events", "no.such")[0] == 2


def listening(tmp_path: Path, *more: str) -> tuple[subprocess.Popen[str], str]:
    environ = {**bare_environ(tmp_path), "HOOK": SECRET}
    command = ["-m", "gctrust", "webhooks", "listen", "--port", "0", "--secret", "env:HOOK", *more]
    pipe = subprocess.PIPE
    process = subprocess.Popen(
        [sys.executable, *command], env=environ, stdout=pipe, stderr=pipe, text=True
    )
    assert process.stderr is not None
    return process, process.stderr.readline().strip().partition("WEBHOOK_URL=")[2]


def test_a_test_delivery_to_a_listener(cli, tmp_path, monkeypatch):
    process, url = listening(tmp_path, "--count", "2", "--json")
    monkeypatch.setenv("HOOK", SECRET)
    monkeypatch.setenv("OTHER", new_signing_secret().reveal())
    for name in ("HOOK", "OTHER"):
        where = (name.lower(), url, "--allow-private", "--secret", f"env:{name}")
        assert cli("add", *where, "--yes")[0] == 0
    code, told = answer(cli, "test", "hook")
    assert (code, told["accepted"], told["status"]) == (0, True, 200)
    code, refused = answer(cli, "test", "other")
    assert (code, refused["accepted"], refused["error"]) == (10, False, "HTTP 401")
    out, _ = process.communicate(timeout=60)
    first, second = (json.loads(line) for line in out.splitlines())
    assert (first["id"], first["event"], first["verified"]) == (told["id"], "webhook.test", True)
    assert (second["verified"], second["why"]) == (False, "No matching signature found")
    assert process.returncode == 10, "something that came was not genuine"


def test_dead_and_replayed(cli, tmp_path, monkeypatch):
    """Deliveries of a store; `replay` makes them due, whoever delivers sends them."""
    monkeypatch.setenv("WEBHOOK_URL", "https://127.0.0.1:9/hook")

    async def enqueue():
        async with build_app(load_settings({}, os.environ, tmp_path, tmp_path)) as app:
            entry = Entry("expiry.soon", "www.example.com", slot="one")
            with app.store.write() as connection:
                app.outbox.record_in(connection, entry, "expiry.soon", {"subject": "www"})
            await app.outbox.deliver("environment")
            await app.outbox.settled()
            with app.store.write() as connection:
                connection.exec_driver_sql("UPDATE webhook_deliveries SET status = 'dead'")

    asyncio.run(enqueue())
    (row,) = answer(cli, "dead")[1]["deliveries"]
    assert "not a public address" in row["attempts"][0]["error"]
    assert row["id"] in cli("list", "--failed")[1]
    assert answer(cli, "show", row["id"])[1]["event"]["subject"] == "www.example.com"
    code, out, _ = cli("replay", "--dead")
    assert (code, "sent again, under their ids: 1" in out) == (11, True)
    assert cli("replay", "msg_none")[0] == 1
    assert answer(cli, "replay", row["id"], "--yes")[1]["deliveries"] == 1
    assert answer(cli, "dead")[1]["deliveries"] == []
    (again,) = answer(cli, "list", "--status", "pending")[1]["deliveries"]
    assert (again["id"], again["tries"]) == (row["id"], 0)
    assert answer(cli, "replay", "--since", "2026-01-01", "--yes")[1]["deliveries"] == 1


def test_reasons_are_told_and_a_checkpoint_reaches_an_endpoint(cli, tmp_path, monkeypatch):
    """Added, and sent a checkpoint, each for a reason; the endpoint can verify what it got."""
    process, url = listening(tmp_path, "--count", "1", "--json")
    monkeypatch.setenv("HOOK", SECRET)
    where = ("witness", url, "--allow-private", "--events", "ledger.*", "--secret", "env:HOOK")
    assert cli("add", *where, "--yes", "--reason", "a witness", "--ticket", "CHG-1")[0] == 0
    code, out, _ = cli("checkpoint", "--webhook", "--reason", "monthly", "--json", noun="audit")
    assert code == 0
    note = json.loads(out)["checkpoint"]

    async def deliver():
        async with build_app(load_settings({}, os.environ, tmp_path, tmp_path)) as app:
            await app.outbox.deliver("witness")
            await app.outbox.settled()
            await app.outbox.aclose()
            return app.ledger.entries()

    entries = asyncio.run(deliver())
    told = [(e.action, e.data.get("reason"), e.data.get("ticket")) for e in entries]
    assert told == [
        ("webhook.endpoint-added", "a witness", "CHG-1"),
        ("ledger.checkpoint-sent", "monthly", None),
        ("webhook.settled", None, None),
    ]
    received = json.loads(process.communicate(timeout=60)[0])
    assert (received["event"], received["verified"]) == ("ledger.checkpoint", True)
    assert json.loads(received["body"])["data"]["checkpoint"] == note
    (tmp_path / "kept.txt").write_text(note)
    verified = cli("verify", "--checkpoint", "kept.txt", "--json", noun="audit")
    assert (verified[0], json.loads(verified[1])["anchored"]) == (0, True)
    assert "accepted" in cli("list", noun="audit")[1].splitlines()[2]
