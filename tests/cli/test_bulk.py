"""Many orders from a list: by real processes against a real sandbox."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from pathlib import Path

from shell import Shell

FLAGS = "--handshakes 1 --profile private --canary 0"


def certificates(shell: Shell, *hosts: str, wrong: str = "") -> str:
    """A list of certificates for these hosts; the one of `wrong` is another's."""
    rows = ["domain,certificate,key,chain"]
    for host in hosts:
        made = shell.issue(host if host != wrong else "other.example.com", "server")
        parts = {"pem": made["certificate"], "key": made["privateKey"], "chain": made["chain"]}
        for part, text in parts.items():
            (shell.home / f"{host}.{part}").write_text(text)
        rows.append(",".join((host, *(f"{host}.{part}" for part in parts))))
    path = shell.home / f"{hosts[0]}.csv"
    path.write_text("\n".join(rows) + "\n")
    return str(path)


def uploads(shell: Shell) -> int:
    return sum("custom" in one.lower() for one in shell.effects())


def test_a_partial_failure_is_told_item_by_item_and_a_second_run_does_the_rest(
    shell: Shell,
) -> None:
    hosts = ("one.example.com", "two.example.com", "three.example.com")
    source = certificates(shell, *hosts, wrong=hosts[1])
    command = f"gctrust tls deploy --from {source} --yes {FLAGS} --results seen.jsonl --json"
    before = uploads(shell)
    done = shell.run(command)
    assert done.returncode == 10, done.stdout + done.stderr
    told = json.loads(done.stdout)
    assert told["schema"] == "gctrust.bulk"
    assert told["status"] == "unverified"
    assert told["counts"] == {"succeeded": 2, "refused": 1}
    lines = [json.loads(line) for line in (shell.home / "seen.jsonl").read_text().splitlines()]
    assert [(one["identity"], one["status"]) for one in lines] == [
        ("custom-domain:one.example.com", "succeeded"),
        ("custom-domain:two.example.com", "refused"),
        ("custom-domain:three.example.com", "succeeded"),
    ]
    assert {one["many"] for one in lines} == {told["run"]}
    again = shell.run(f"gctrust runs items {told['run']} --lines")
    assert [json.loads(line) for line in again.stdout.splitlines()] == lines
    table = shell.run(f"gctrust runs items {told['run']}").stdout
    assert "custom-domain:two.example.com  refused" in table
    assert "custom-domain:one" not in table, "people are shown what needs them"
    sent = uploads(shell) - before
    assert sent == 2

    certificates(shell, hosts[1])  # the right one now
    done = shell.run(command)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 of 3 were done before" in done.stderr
    assert [one["identity"] for one in json.loads(done.stdout)["items"]] == [
        "custom-domain:two.example.com"
    ]
    assert uploads(shell) - before == 3
    done = shell.run(command)
    assert done.returncode == 0
    assert json.loads(done.stdout)["run"] == ""
    assert json.loads(done.stdout)["counts"] == {"succeeded": 3}
    assert shell.run(f"{command} --again").returncode == 0
    assert uploads(shell) - before == 3, "what serves already is left alone"


def test_nothing_is_ordered_when_a_line_is_bad_unless_it_is_left_out(shell: Shell) -> None:
    text = "domain\ngood.example.com\nbad name\n-.example\n"
    command = "gctrust domain verify --from - --yes --wait 0 --json"

    def piped(command: str) -> subprocess.CompletedProcess[str]:
        tokens = shell.tokens(command)
        return subprocess.run(
            tokens, input=text, env=shell.environ, cwd=shell.home, capture_output=True, text=True,
            timeout=30,
        )  # fmt: skip

    done = piped(command)
    assert done.returncode == 2
    told = json.loads(done.stdout)
    assert told["code"] == "bulk.bad-list"
    assert [line[:14] for line in told["facts"]["lines"]] == ["line 3, domain", "line 4, domain"]
    assert shell.answer("gctrust runs list --journey many --status open")["runs"] == []

    done = piped(f"{command} --skip-bad")
    assert done.returncode == 8, done.stderr
    assert "left out: line 3, domain" in done.stderr
    told = json.loads(done.stdout)
    assert [one["identity"] for one in told["items"]] == ["email-domain:good.example.com"]
    assert told["resume"] == f"gctrust runs resume {told['run']}"
    assert shell.run(f"gctrust runs cancel {told['run']}").returncode == 0


def test_ctrl_c_leaves_the_run_and_the_same_command_goes_on_with_it(shell: Shell) -> None:
    path = Path(shell.home, "mail.yaml")
    path.write_text("- domain: late.example.com\n- domain: later.example.com\n")
    command = f"gctrust domain verify --from {path} --yes --canary 0"
    process = shell.start(command)
    end = time.monotonic() + 20
    while len(shell.answer("gctrust runs list --status open --journey email-domain")["runs"]) < 2:
        assert time.monotonic() < end
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=15)
    assert process.returncode == 130, said
    run = next(line for line in said.splitlines() if line.startswith("run "))
    assert f"gctrust runs resume {run[4:]}" in said

    second = shell.start(f"{command} --json")
    try:
        for domain in ("late.example.com", "later.example.com"):
            while "POST" not in str(shell.effects()) or not _published(shell, domain):
                assert time.monotonic() < end + 20
                time.sleep(0.2)
        told, said = second.communicate(timeout=30)
    finally:
        second.kill()
    assert second.returncode == 0, told + said
    assert json.loads(told)["run"] == run[4:]
    assert json.loads(told)["counts"] == {"succeeded": 2}


def _published(shell: Shell, domain: str) -> bool:
    return bool(shell.publish(domain))


def test_a_plan_tells_waves_windows_and_freezes_and_orders_nothing(shell: Shell) -> None:
    path = Path(shell.home, "plan.csv")
    path.write_text("domain\n" + "".join(f"p{n}.example.com\n" for n in range(4)))
    done = shell.run(
        f"gctrust domain verify --from {path} --wave-size 2 --window '22:00-04:00' "
        "--freeze 2026-12-20..2027-01-04"
    )
    assert done.returncode == 11, done.stderr
    assert "wave 1: p0.example.com" in done.stdout
    assert "wave 3: p3.example.com" in done.stdout
    assert "22:00-04:00, not on 2026-12-20..2027-01-04" in done.stdout
    assert not any("p0" in one["run"] for one in shell.answer("gctrust runs list")["runs"])
