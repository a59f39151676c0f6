"""The tutorials, executed: each command they name, in order, on a sandbox with a fast clock."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest

TUTORIALS = Path(__file__).parents[2] / "docs" / "tutorials"
COMMAND = re.compile(r"`(gctrust [^`]+)`")
DOMAIN, HOST = "mail.example.com", "chat.example.com"
CLIENT = "5d1c7f3e-2b60-4f0f-9a2e-8c4d6e7f1a23"


@dataclass
class Bench:
    """A sandbox, a folder to work in, and the environment a reader of the tutorial has set."""

    home: Path
    environ: dict[str, str]
    control: httpx2.Client

    def run(self, command: str, **env: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", *command.split()],
            env={**self.environ, **env},
            capture_output=True,
            text=True,
            timeout=30,
            cwd=self.home,
        )

    def issue(self, name: str, profile: str) -> dict[str, Any]:
        told = self.control.post("/ca/issue", json={"names": [name], "profile": profile})
        return told.raise_for_status().json()

    def write(self, **files: str) -> None:
        for name, text in files.items():
            (self.home / name.replace("_", ".")).write_text(text, "ascii")


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    environ = {k: v for k, v in os.environ.items() if not k.startswith(("GENESYS", "GCTRUST"))}
    environ |= {"HOME": str(tmp_path), "GCTRUST_HOME": str(tmp_path / "state")}
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "gctrust.sandbox", "--home", environ["GCTRUST_HOME"]),
            *("--die-with-parent", "--clock-rate", "240"),
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdin is not None
    told = json.loads(process.stdout.readline())["addresses"]
    environ["GENESYS_ENV_URL"] = told["api"]
    environ["GENESYS_CLIENT_ID"] = told["client_id"]
    environ["GENESYS_CLIENT_SECRET"] = told["client_secret"]
    environ["WEBHOOK_URL"] = told["inbox"]
    with httpx2.Client(base_url=told["control"]) as control:
        yield Bench(tmp_path, environ, control)
    process.stdin.close()
    process.wait(10)


def commands(tutorial: str) -> list[str]:
    """Those of the numbered steps; `gctrust sandbox`, named before them, is the bench's."""
    _, first, steps = (TUTORIALS / f"{tutorial}.md").read_text("utf-8").partition("\n1. ")
    assert first
    return COMMAND.findall(steps)


def codes(bench: Bench, tutorial: str, **env: str) -> dict[str, int]:
    """Exit code of each command; a placeholder in capitals takes the only run's id."""
    found: dict[str, int] = {}
    for command in commands(tutorial):
        text = command
        if "RUN" in text.split():
            listed = json.loads(bench.run("gctrust runs list --json", **env).stdout)
            text = text.replace("RUN", listed["runs"][0]["run"])
        done = bench.run(text, **env)
        assert "Traceback" not in done.stderr
        found[command] = done.returncode
    return found


def test_custom_domain(bench: Bench) -> None:
    made = bench.issue(HOST, "server")
    bench.write(leaf_pem=made["certificate"], key_pem=made["privateKey"], chain_pem=made["chain"])
    (bench.home / "key.pem").chmod(0o600)
    paths = {"CERT_PATH": "leaf.pem", "KEY_PATH": "key.pem", "CHAIN_PATH": "chain.pem"}
    seen = codes(bench, "custom-domain", TARGET_DOMAIN=HOST, **paths)
    assert seen["gctrust tls deploy"] == 11
    assert seen["gctrust tls deploy --yes"] == 0
    assert seen["gctrust tls status"] == 0
    effects = [row["path"] for row in bench.control.get("/journal").json() if row["effect"]]
    assert effects.count("/api/v2/customdomains") == 1


def test_pin_rotation(bench: Bench) -> None:
    old, new, backup = (bench.issue(f"{n}.example.com", "client") for n in ("old", "new", "backup"))
    bench.write(old_pem=old["certificate"], new_pem=new["certificate"], new_key=new["privateKey"])
    bench.write(backup_pem=backup["certificate"])
    pin = bench.run("gctrust pin old.pem --json").stdout
    (live,) = re.findall(r'"certificate"[^{}]*?"base64": ?"([^"]+)"', pin) or [""]
    client = {"id": CLIENT, "mtlsRequired": True, "serviceId": "svc", "pinKind": "certificate"}
    client |= {"certificateChain": old["certificate"], "pins": [live or _pin(old["certificate"])]}
    bench.control.put("/clients", json=client).raise_for_status()
    env = {"PIN_CLIENT_ID": CLIENT, "SERVICE_ID": "svc", "NEW_CERT_PATH": "new.pem"}
    env |= {"NEW_KEY_PATH": "new.key", "OLD_CERT_PATH": "old.pem", "BACKUP_CERT_PATH": "backup.pem"}
    seen = codes(bench, "pin-rotation", **env)
    assert seen["gctrust pins status"] == 0
    assert seen["gctrust pins rotate"] == 11
    assert seen["gctrust pins rotate --yes"] == 0
    writes = [
        r for r in bench.control.get("/journal").json() if r["effect"] and r["method"] == "PATCH"
    ]
    assert len(writes) == 2


def _pin(pem: str) -> str:
    import base64
    import hashlib
    import ssl

    return base64.b64encode(hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem)).digest()).decode()


def test_email_domain(bench: Bench) -> None:
    """The reader publishes what the platform asks for while the first command waits for it."""
    env = {"TARGET_DOMAIN": DOMAIN}
    verify = [sys.executable, "-m", "gctrust", "domain", "verify", "--yes"]
    waiting = subprocess.Popen(verify, env={**bench.environ, **env}, cwd=bench.home)
    while (told := bench.run("gctrust domain records --json", **env)).returncode != 0:
        assert waiting.poll() is None
    wanted = json.loads(told.stdout)["records"]
    records = [{"ttl": 60, **{k: r[k] for k in ("name", "type", "value")}} for r in wanted]
    assert len(records) == 4
    bench.control.put("/zones", json={"records": records}).raise_for_status()
    assert waiting.wait(30) == 0
    seen = codes(bench, "email-domain", **env)
    assert seen["gctrust domain verify"] == 11
    assert seen["gctrust runs resume RUN"] == 0
    assert seen["gctrust audit list"] == 0
    made = [r for r in bench.control.get("/journal").json() if r["effect"]]
    assert [r["path"] for r in made if r["path"].endswith("/emaildomains")] == [
        "/api/v2/organization/emaildomains"
    ]
