"""Each line of the exit-code table, by a real process against a real sandbox."""

from __future__ import annotations

import signal
import time

import pytest
from shell import Shell

from gctrust.cli.exit_codes import ExitCode

NOWHERE = {"GENESYS_ENV_URL": "http://127.0.0.1:9", "GCTRUST_REQUEST_TRIES": "1"}
LOST = {"PIN_CLIENT_ID": "c", "SERVICE_ID": "s", "BACKUP_CERT_PATH": "/nope"}
LOST |= dict.fromkeys(("NEW_CERT_PATH", "NEW_KEY_PATH", "OLD_CERT_PATH"), "/nope")
TABLE = [
    (0, "gctrust config show", {}, ""),
    (1, "gctrust domain status a.example.com", NOWHERE, "genesys.unreachable"),
    (2, "gctrust runs show no-such-run", {}, "run.no-such-run"),
    (2, "gctrust nonsense", {}, "usage:"),
    (2, "gctrust tls deploy --yes --cert /nope --key /nope a.example.com", {}, "/nope"),
    (2, "gctrust pins rotate --yes", LOST, "/nope"),
    (2, "gctrust domain status a.example.com", {"GENESYS_CLIENT_ID": ""}, "config.missing"),
    (4, "gctrust domain status a.example.com", {"GENESYS_CLIENT_SECRET": "no"}, "genesys."),
    (8, "gctrust domain verify --yes --wait 0.5 waits.example.com", {}, ""),
    (10, "gctrust domain status unknown.example.com", {}, ""),
    (11, "gctrust domain verify planned.example.com", {}, ""),
]


@pytest.mark.parametrize(("code", "command", "env", "said"), TABLE)
def test_a_line_of_the_table(
    shell: Shell, code: int, command: str, env: dict[str, str], said: str
) -> None:
    done = shell.run(command, **env)
    assert done.returncode == code, done.stdout + done.stderr
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_no_line_is_left_out() -> None:
    tested = {row[0] for row in TABLE} | {ExitCode.INTERRUPTED}
    assert tested == {int(code) for code in ExitCode}


def test_a_missing_scope_exits_4_and_is_named(shell: Shell) -> None:
    client = {"id": "reader", "secret": "s3cret-of-reader"}
    client["scopes"] = ["organization:emaildomain:read"]  # type: ignore[assignment]
    shell.control("PUT", "/clients", client)
    login = {"GENESYS_CLIENT_ID": "reader", "GENESYS_CLIENT_SECRET": "s3cret-of-reader"}
    assert shell.run("gctrust domain status a.example.com", **login).returncode == 10
    done = shell.run("gctrust domain verify --yes scoped.example.com", **login)
    assert done.returncode == 4
    assert "organization:emaildomain:write" in done.stdout + done.stderr
    assert shell.answer("gctrust domain status scoped.example.com")["status"] == "not-registered"


def test_ctrl_c_exits_130_and_the_run_is_resumed_to_its_end(shell: Shell) -> None:
    domain = "stopped.example.com"
    waiting = shell.start(f"gctrust domain verify --yes {domain}")
    while shell.run(f"gctrust domain status {domain} --json").stdout.count('"pending"') == 0:
        assert waiting.poll() is None
        time.sleep(0.1)
    waiting.send_signal(signal.SIGINT)
    out, talk = waiting.communicate(timeout=10)
    assert waiting.returncode == 130
    assert out == ""
    assert f"gctrust runs resume email-domain:{domain}@1" in talk
    assert "Traceback" not in talk
    shell.publish(domain)
    resumed = shell.run(f"gctrust runs resume email-domain:{domain}@1")
    assert resumed.returncode == 0, resumed.stdout + resumed.stderr
    assert shell.answer(f"gctrust domain status {domain}")["status"] == "verified"
    entries = shell.answer(f"gctrust audit list --entity {domain}")["entries"]
    assert sum(e["action"] == "email-domain.succeeded" for e in entries) == 1
