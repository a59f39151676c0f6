"""The real command line as a process: exit codes, one JSON object, the journeys on a sandbox."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gctrust.cli.exit_codes import ExitCode
from gctrust.cli.main import COMMANDS

ROOT = Path(__file__).parents[2]


def run(home: Path, *tokens: str, **env: str) -> subprocess.CompletedProcess[str]:
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("GENESYS", "GCTRUST"))}
    return subprocess.run(
        [sys.executable, "-m", "gctrust", *tokens],
        env={**clean, "GCTRUST_HOME": str(home), "HOME": str(home), **env},
        capture_output=True,
        text=True,
        timeout=120,
        cwd=home,
    )


def answer(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    told = json.loads(done.stdout)
    assert told["schema"].startswith("gctrust.")
    assert told["version"] == 1
    return told


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, dict[str, str]]]:
    home = tmp_path_factory.mktemp("home")
    process = subprocess.Popen(
        [sys.executable, "-m", "gctrust", "sandbox", "--json"],
        env={**os.environ, "GCTRUST_HOME": str(home)},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    told = json.loads(process.stdout.readline())
    yield home, told["environment"]
    process.terminate()
    process.wait(10)


def test_help_answers_at_once(tmp_path: Path) -> None:
    done = run(tmp_path, "--help")
    assert done.returncode == 0
    assert all(command.name in done.stdout for command in COMMANDS)


def test_help_loads_nothing_heavy() -> None:
    """What keeps it quick (bench/start.py): no engine, no web framework, no command's module."""
    heavy = ("dbos", "sqlalchemy", "httpx2", "fastapi", "cryptography", "rich", "cyclopts")
    asked = (
        "import sys; from gctrust.cli.main import run; run(['--help']);"
        f"print([m for m in {heavy!r} if m in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "[]\n")


@pytest.mark.parametrize(
    ("tokens", "code", "said"),
    [
        (("bogus",), 2, "usage:"),
        (("explain", "--zz"), 2, "Unknown option"),
        (("explain", "no.such"), 2, "cli.unknown-id"),
        (("pin", "/nowhere.pem"), 2, "cli.unreadable-file"),
        (("domain", "verify"), 2, "config.missing"),
        (("check", "cert", "--cert", "/nowhere.pem"), 2, "cli.unreadable-file"),
    ],
)
def test_a_wrong_command_line_exits_2(
    tmp_path: Path, tokens: tuple[str, ...], code: int, said: str
) -> None:
    done = run(tmp_path, *tokens)
    assert done.returncode == code
    assert said in done.stderr
    assert done.stdout == ""


def test_explain_tells_a_rule_as_one_object(tmp_path: Path) -> None:
    told = answer(run(tmp_path, "explain", "pin.no-backup", "--json"))
    assert told["kind"] == "finding"
    assert told["fix"]


def test_the_exit_code_page_is_the_table() -> None:
    page = (ROOT / "docs/reference/exit-codes.md").read_text()
    for code in ExitCode:
        assert f"| {int(code)} | {code.sentence} |" in page


def test_the_command_page_names_every_command() -> None:
    page = (ROOT / "docs/reference/commands.md").read_text()
    assert all(f"| `gctrust {c.name}` | {c.sentence} |" in page for c in COMMANDS)


def test_a_dry_run_exits_11_and_changes_nothing(sandbox: tuple[Path, dict[str, str]]) -> None:
    home, env = sandbox
    done = run(home, "domain", "verify", "--json", TARGET_DOMAIN="dry.example.com", **env)
    assert done.returncode == 11
    assert answer(done)["schema"] == "gctrust.plan"
    status = run(home, "domain", "status", "dry.example.com", "--json", **env)
    assert answer(status)["status"] == "not-registered"


def test_a_run_left_waiting_exits_8_and_tells_how_to_resume(
    sandbox: tuple[Path, dict[str, str]],
) -> None:
    home, env = sandbox
    done = run(
        home, "domain", "verify", "--yes", "--wait", "2", "--json",
        TARGET_DOMAIN="late.example.com", **env,
    )  # fmt: skip
    assert done.returncode == 8, done.stderr
    assert answer(done)["resume"] == "gctrust runs resume email-domain:late.example.com@1"
    listed = answer(run(home, "runs", "list", "--json", **env))
    assert [r["status"] for r in listed["runs"]] == ["open"]
    assert run(home, "audit", "verify", **env).returncode == 0
    assert env["GENESYS_CLIENT_SECRET_FILE"]
    secret = Path(env["GENESYS_CLIENT_SECRET_FILE"]).read_text()
    assert secret not in done.stdout + done.stderr


def test_the_demo_runs_the_three_journeys(tmp_path: Path) -> None:
    done = run(tmp_path, "demo", "--fast", "--json")
    assert done.returncode == 0, done.stderr
    told = answer(done)
    assert set(told["journeys"]) == {"email-domain", "custom-domain", "pin-rotation"}
    for journey in told["journeys"].values():
        assert journey["status"] == "succeeded"
        assert journey["calls"] > 0
        assert journey["webhook_deliveries"] == 1
    match = told["pin_match_rate"]
    assert match["rate"] == 1.0
    assert match["n"] >= 299
    assert match["lower_bound"] >= 0.99
    verified = answer(run(tmp_path, "audit", "verify", "--json", **told["environment"]))
    assert verified["entries"] == sum(one["ledger_entries"] for one in told["journeys"].values())


def test_help_tells_defaults_that_say_something(tmp_path: Path) -> None:
    told = run(tmp_path, "check", "cert", "--help").stdout
    assert "[default: error]" in told
    nothings = ('[default: ""]', "[default: ()]", "False]", "[default: ]")
    assert not any(nothing in told for nothing in nothings)


def test_a_fifo_is_told_not_waited_for(tmp_path: Path) -> None:
    fifo = tmp_path / "certificate.pem"
    os.mkfifo(fifo)
    done = run(tmp_path, "pin", str(fifo))
    assert done.returncode == 2
    assert "a fifo, not a file" in done.stderr
