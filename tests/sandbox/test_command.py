"""The command: its one line, its note for the settings, its clock, seed and ends."""

from __future__ import annotations

import asyncio
import json
import signal
import socket
import stat
import subprocess
import sys
import time
from pathlib import Path

import httpx2
import pytest

from gctrust.sandbox.__main__ import main
from gctrust.sandbox.answer import MalformedError
from gctrust.sandbox.clock import VirtualClock
from gctrust.sandbox.seed import load_seed

from .conftest import MAIL, Sandbox, launch


def test_note_is_the_owners_only_and_goes_with_the_process(tmp_path: Path) -> None:
    process, addresses = launch("--home", str(tmp_path))
    port = addresses["api"].rpartition(":")[2]
    note = tmp_path / "sandboxes" / f"{port}.json"
    assert json.loads(note.read_text())["addresses"] == addresses
    assert stat.S_IMODE(note.stat().st_mode) == 0o600
    process.send_signal(signal.SIGTERM)
    assert process.wait(10) == 0
    assert not note.exists()
    assert not Path(addresses["roots"]).exists()


def test_it_ends_when_its_parent_does() -> None:
    process, _ = launch()
    assert process.stdin is not None
    process.stdin.close()
    assert process.wait(10) == 0


def test_seed_clock_and_loose(tmp_path: Path) -> None:
    seed = tmp_path / "seed.json"
    client = {
        "id": "mine",
        "secret": "s",
        "scopes": ["organization:emaildomain:write", "organization:emaildomain:read"],
        "roles": ["Email Administrator"],
    }
    seed.write_text(json.dumps({"clients": [client], "hostile": {"staleListReads": 0}}))
    process, addresses = launch(
        "--seed", str(seed), "--loose", "--clock-start", "1000", "--clock-rate", "100"
    )
    with httpx2.Client(trust_env=False) as http:
        sandbox = Sandbox(addresses, http)
        body = {"domain": "loose.example", "verification": "dns", "unknown": 1}
        assert sandbox.call("POST", MAIL, body).status_code == 201
        assert len(sandbox.call("GET", MAIL).json()["entities"]) == 1
        now = http.get(addresses["api"] + "/sandbox/clock").json()["now"]
        assert 1000 < now < 1000 + 100 * 60
    process.terminate()
    process.wait(10)


def refused(*arguments: str) -> str:
    """What the command says when it ends with 2, before anything listens."""
    ended = subprocess.run(
        [sys.executable, "-m", "gctrust.sandbox", *arguments],
        capture_output=True, text=True, timeout=20, check=False, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert ended.returncode == 2, ended.stderr
    assert ended.stdout == ""
    assert "Traceback" not in ended.stderr
    return ended.stderr


BAD_SEEDS = {
    "{": "not JSON",
    "[" * 5000: "not JSON",
    "[]": "must be a JSON object",
    '{"colour": 1}': "colour: no such part",
    '{"limits": {"perMinute": "x"}}': "limits.perMinute: must be a whole number",
    '{"limits": {"perHour": 1}}': "limits.perHour: no such field",
    '{"hostile": {"auditLagSeconds": -1}}': "hostile.auditLagSeconds: must not be negative",
    '{"hostile": []}': "hostile: must be an object",
    '{"servers": {"nameservers": 0}}': "servers: numbers from 1",
    '{"randomSeed": true}': "randomSeed: must be a whole number",
    '{"clients": [{"name": "x"}]}': "clients[0]: must be an object with an id",
    '{"clients": [{"id": "a"}, {"id": "b", "scopes": [1]}]}': "clients[1].scopes",
    '{"clients": [{"id": "a"}, {"id": "a"}]}': "two have the same id",
    '{"clients": [{"id": "a", "pins": ["x"]}]}': "a pin is not base64",
    '{"clients": [{"id": "a", "tokenSeconds": 0}]}': "clients[0].tokenSeconds",
    '{"zones": [{"name": "a", "type": "A", "value": "x"}]}': "zones[0]: a A 'x'",
    '{"zones": [{"name": "a", "type": "ZZ", "value": "x"}]}': "zones[0]: 'ZZ' is no record type",
    '{"label": 1}': "label: must be a text",
}


@pytest.mark.parametrize(("text", "said"), BAD_SEEDS.items(), ids=lambda text: text[:30])
def test_a_bad_seed_is_refused_with_its_place(text: str, said: str) -> None:
    with pytest.raises(MalformedError, match=r"^seed") as refusal:
        load_seed(text)
    assert said in str(refusal.value)


def test_files_are_named_when_they_cannot_be_used(tmp_path: Path) -> None:
    file = tmp_path / "given.json"
    file.write_text('{"zones": [{"name": "a", "type": "A", "value": "x"}]}')
    said = refused("--seed", str(file))
    assert said.startswith(f"gctrust.sandbox: {file}: seed: zones[0]: ")
    file.write_text('[{"kind": "status"}, {"kind": "explode"}]')
    assert f"{file}: rule 1: kind must be one of" in refused("--faults", str(file))
    file.write_text('[{"kind": "delay", "delay": NaN}]')
    assert f"{file}: rule 0: delay" in refused("--faults", str(file))
    file.write_text("[" * 5000)
    assert str(file) in refused("--faults", str(file))
    file.write_bytes(b"\xff\xfe")
    assert str(file) in refused("--seed", str(file))
    assert "/nowhere.json" in refused("--seed", "/nowhere.json")


@pytest.mark.parametrize(
    ("option", "value"),
    [("--clock-rate", v) for v in ("0", "-1", "nan", "inf", "x", "1e9")]
    + [("--clock-start", v) for v in ("-1", "nan", "1e300")]
    + [("--api-port", v) for v in ("-1", "65536", "x")],
)
def test_a_bad_number_is_refused_with_its_option(option: str, value: str) -> None:
    with pytest.raises(SystemExit) as ended:
        main([f"{option}={value}"])
    assert ended.value.code == 2


def test_the_whole_command_refuses_a_bad_rate() -> None:
    assert "--clock-rate: 'nan'" in refused("--clock-rate", "nan")


def test_what_cannot_be_started_is_told_and_leaves_nothing(tmp_path: Path) -> None:
    assert "pipe" in refused("--die-with-parent")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        assert "already in use" in refused("--api-port", port, "--home", str(tmp_path))
    assert list(tmp_path.rglob("*.json")) == []
    file = tmp_path / "file"
    file.touch()
    assert str(file) in refused("--home", str(file))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_no_secret_is_left_when_the_command_ends(tmp_path: Path, number: int) -> None:
    """`gctrust sandbox` keeps the client secret in a file while it runs, and no longer."""
    process = subprocess.Popen(
        [sys.executable, "-m", "gctrust", "sandbox", "--json", "--home", str(tmp_path)],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    told = json.loads(process.stdout.readline())
    kept = Path(told["client_secret_file"])
    assert kept.exists()
    assert told["environment"]["WEBHOOK_SECRET_FILE"] == told["webhook_secret_file"]
    secret = Path(told["webhook_secret_file"])
    assert secret.stat().st_mode & 0o777 == 0o600
    assert secret.read_text() not in json.dumps(told)
    process.send_signal(number)
    process.wait(10)
    deadline = time.monotonic() + 5
    while any(kept.parent.iterdir()) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert list(kept.parent.iterdir()) == []


def test_reset_forgets_everything_but_the_seed(sandbox: Sandbox) -> None:
    token = sandbox.token()
    sandbox.call("POST", MAIL, {"domain": "gone.example", "verification": "dns"}, token)
    sandbox.control("POST", "/reset")
    assert sandbox.control("GET", "/journal") == []
    assert sandbox.call("GET", MAIL, token=token).status_code == 401
    sandbox.call("GET", MAIL)
    assert sandbox.call("GET", MAIL).json()["total"] == 0


async def test_a_frozen_clock_wakes_its_sleepers_when_it_jumps() -> None:
    clock = VirtualClock(100.0)
    clock.freeze()
    sleeper = asyncio.create_task(clock.wait_until(5000.0))
    await asyncio.sleep(0.05)
    assert not sleeper.done()
    assert 100.0 <= clock.now() == clock.now() < 100.05
    clock.advance(4000)
    await asyncio.sleep(0.05)
    assert not sleeper.done()
    clock.to(5000.0)
    await asyncio.wait_for(sleeper, 1)
    clock.to(4000.0)
    assert 5000.0 <= clock.now() < 5000.001
    with pytest.raises(ValueError, match="backwards"):
        clock.advance(-1)


@pytest.mark.parametrize("turns", range(4))
async def test_a_cancellation_is_not_lost_when_it_meets_the_wake_up(turns: int) -> None:
    clock = VirtualClock(100.0)
    sleeper = asyncio.create_task(clock.wait_until(200.0))
    await asyncio.sleep(0.01)
    clock.set_rate(2)  # wakes it
    for _ in range(turns):
        await asyncio.sleep(0)
    sleeper.cancel()
    await asyncio.wait([sleeper], timeout=1)
    assert sleeper.cancelled()
