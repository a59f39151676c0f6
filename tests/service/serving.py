"""A service process beside a sandbox, and its three tokens."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2
from shell import Shell, opened


@dataclass
class Service:
    shell: Shell
    address: str
    tokens: dict[str, str]
    process: subprocess.Popen[str]

    def ask(self, method: str, path: str, role: str = "", **more: object) -> httpx2.Response:
        if role:
            more["headers"] = {"Authorization": f"Bearer {self.tokens[role]}"}
        return httpx2.request(method, self.address + path, trust_env=False, timeout=20, **more)


@contextmanager
def started(home: Path, *sandbox: str, **environ: str) -> Iterator[Service]:
    with opened(home, *sandbox) as shell:
        shell.environ.update(environ)
        tokens = {
            role: shell.answer(f"gctrust tokens create {role} --role {role}")["token"]
            for role in ("viewer", "operator", "admin")
        }
        process = shell.start("gctrust serve --port 0 --json")
        try:
            assert process.stdout is not None
            address = json.loads(process.stdout.readline())["address"]
            yield Service(shell, address, tokens, process)
        finally:
            process.terminate()
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
