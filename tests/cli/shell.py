"""A user's shell: a folder, an environment, and a real sandbox that `gctrust` commands speak to."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import shlex
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2

CLIENT = "5d1c7f3e-2b60-4f0f-9a2e-8c4d6e7f1a23"
RATE = 240  # virtual seconds a second: a rotation's twelve minutes take three


@dataclass
class Shell:
    """`environ` is what the user has exported; `addresses` is empty without a sandbox."""

    home: Path
    environ: dict[str, str]
    addresses: dict[str, Any]

    def tokens(self, command: str) -> list[str]:
        """`gctrust ...` as the process that it is."""
        return [sys.executable, "-m", *shlex.split(command)]

    def run(self, command: str, **env: str) -> subprocess.CompletedProcess[str]:
        """`command` to its end; empty variables are unset."""
        environ = {k: v for k, v in {**self.environ, **env}.items() if v}
        return subprocess.run(
            self.tokens(command),
            env=environ,
            capture_output=True,
            text=True,
            timeout=30,
            cwd=self.home,
        )

    def start(self, command: str, **env: str) -> subprocess.Popen[str]:
        environ = {**self.environ, **env}
        pipe = subprocess.PIPE
        return subprocess.Popen(
            self.tokens(command), env=environ, cwd=self.home, stdout=pipe, stderr=pipe, text=True
        )

    def answer(self, command: str, **env: str) -> dict[str, Any]:
        """The one object that --json prints."""
        told: dict[str, Any] = json.loads(self.run(f"{command} --json", **env).stdout)
        assert told["schema"].startswith("gctrust.")
        assert told["version"] == 1
        return told

    # --- as the sandbox's owner -----------------------------------------------------------------

    def control(self, method: str, path: str, body: object = None) -> Any:
        """A request to the control port."""
        url = self.addresses["control"] + path
        answer = httpx2.request(method, url, json=body, trust_env=False).raise_for_status()
        return answer.json() if answer.content else None

    def effects(self) -> list[str]:
        """ "METHOD path" of every request that changed something."""
        return [
            f"{r['method']} {r['path']}" for r in self.control("GET", "/journal") if r["effect"]
        ]

    def issue(self, name: str, profile: str, **more: object) -> dict[str, str]:
        told: dict[str, str] = self.control(
            "POST", "/ca/issue", {"names": [name], "profile": profile, **more}
        )
        return told

    def publish(self, domain: str) -> list[dict[str, Any]]:
        """What the platform asks for, in the sandbox's DNS; returns the records."""
        wanted = self.answer(f"gctrust domain records {domain}")["records"]
        records = [{"ttl": 60, **{k: r[k] for k in ("name", "type", "value")}} for r in wanted]
        self.control("PUT", "/zones", {"records": records})
        return records

    def write(self, **files: str) -> None:
        """`leaf_pem` becomes leaf.pem, readable by its owner only."""
        for name, text in files.items():
            path = self.home / name.replace("_", ".")
            path.touch(mode=0o600)
            path.write_text(text, "ascii")

    def web_files(self, host: str) -> dict[str, str]:
        """leaf.pem, key.pem and chain.pem of a certificate for `host`, and the guide's names."""
        made = self.issue(host, "server")
        files = (made["certificate"], made["privateKey"], made["chain"])
        self.write(**dict(zip(("leaf_pem", "key_pem", "chain_pem"), files, strict=True)))
        return {"CERT_PATH": "leaf.pem", "KEY_PATH": "key.pem", "CHAIN_PATH": "chain.pem"}

    def pin_files(self, client: str = CLIENT) -> dict[str, str]:
        """old, new and backup certificates, a client with the old one pinned, the guide's names."""
        old, new, backup = (
            self.issue(f"{n}.example.com", "client") for n in ("old", "new", "backup")
        )
        self.write(old_pem=old["certificate"], backup_pem=backup["certificate"])
        self.write(new_pem=new["certificate"], new_key=new["privateKey"])
        self.write(old_key=old["privateKey"])
        body = {"id": client, "mtlsRequired": True, "serviceId": "svc", "pinKind": "certificate"}
        body |= {"certificateChain": old["certificate"], "pins": [pin(old["certificate"])]}
        self.control("PUT", "/clients", body)
        return {
            "PIN_CLIENT_ID": client,
            "SERVICE_ID": "svc",
            "NEW_CERT_PATH": "new.pem",
            "NEW_KEY_PATH": "new.key",
            "OLD_CERT_PATH": "old.pem",
            "BACKUP_CERT_PATH": "backup.pem",
        }


def pin(pem: str) -> str:
    """Base64 SHA-256 of a certificate's DER, by the standard library alone."""
    return base64.b64encode(hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem)).digest()).decode()


def bare_environ(home: Path) -> dict[str, str]:
    """This process's environment without anything that names a platform or a colour."""
    ours = ("GENESYS", "GCTRUST", "NO_COLOR", "FORCE_COLOR", "TERM", "COLUMNS")
    kept = {k: v for k, v in os.environ.items() if not k.startswith(ours)}
    return {**kept, "HOME": str(home), "GCTRUST_HOME": str(home / "state")}


@contextmanager
def opened(home: Path, *arguments: str) -> Iterator[Shell]:
    """A shell with a sandbox whose addresses its environment names."""
    environ = bare_environ(home)
    command = [sys.executable, "-m", "gctrust.sandbox", "--home", environ["GCTRUST_HOME"]]
    process = subprocess.Popen(
        [*command, "--die-with-parent", "--clock-rate", str(RATE), *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        told = json.loads(process.stdout.readline())["addresses"]
        environ["GENESYS_ENV_URL"] = told["api"]
        environ["GENESYS_CLIENT_ID"] = told["client_id"]
        environ["GENESYS_CLIENT_SECRET"] = told["client_secret"]
        environ["WEBHOOK_URL"] = told["inbox"]
        yield Shell(home, environ, told)
    finally:
        process.stdin.close()
        process.wait(10)
