"""`make prove-platform`: the official Python SDK against a fresh sandbox of the published dialect.

The SDK is installed from PyPI into its own environment, .bench/platform. Exits 0 when every call
succeeded field by field, 1 when one failed, 2 when the SDK cannot be installed. A run
without a failure writes docs/reference/sdk-fidelity.md with --write; with --check it fails (1) when
that page is not the one it would write.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import venv
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
PLACE = ROOT / ".bench" / "platform"
PACKAGE = "PureCloudPlatformClientV2==269.0.0"
PAGE = ROOT / "docs" / "reference" / "sdk-fidelity.md"
CANNOT = 2
HEAD = """# What the official SDK read

Written by `prove/platform.py --write` from a run without a failure: {package}
against a fresh sandbox of the published dialect, through the SDK's gateway setting. {calls} calls
of {operations} operations; every field sent has a place in the SDK's objects, every value of an
enumeration is one of its own, and every value came out as it went in.

It says nothing of behaviour: that is on [the fidelity page](sandbox-fidelity.md). "Never sent" are
fields of the SDK's objects that no answer of the run had.

| operation | statuses | fields sent | never sent |
| --- | --- | --- | --- |"""


def main(mode: str = "") -> int:
    python = PLACE / "bin" / "python"
    if not _installed(python):
        print(f"0 calls: {PACKAGE} cannot be installed here (no package index reachable?)")
        return CANNOT
    sandbox = subprocess.Popen(
        [sys.executable, "-m", "gctrust.sandbox", "--dialect", "platform", "--die-with-parent"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert sandbox.stdout is not None
        addresses = json.loads(sandbox.stdout.readline())["addresses"]
        return _prove(python, addresses, mode)
    finally:
        sandbox.terminate()
        sandbox.wait(10)


def _prove(python: Path, addresses: object, mode: str) -> int:
    """The SDK reads a configuration from HOME and watches it: it gets an empty one."""
    with tempfile.TemporaryDirectory() as home:
        environment = {"PATH": os.environ.get("PATH", ""), "HOME": home}
        told = Path(home) / "table.json"
        done = subprocess.run(
            [python, ROOT / "prove" / "sdk_calls.py", told],
            input=json.dumps(addresses),
            env=environment,
            text=True,
            check=False,
        )
        if done.returncode or not mode:
            return done.returncode
        written = page(json.loads(told.read_text("utf-8")))
    if mode == "--write":
        PAGE.write_text(written, "utf-8")
    return 0 if PAGE.read_text("utf-8") == written else 1


def page(table: list[dict[str, Any]]) -> str:
    """The run as a page of the docs."""
    rows = [
        f"| `{line['operation']}` | {', '.join(map(str, line['statuses']))} "
        f"| {line['sent']} of {line['known']} | {', '.join(line['unsent']) or 'none'} |"
        for line in table
    ]
    calls = sum(line["calls"] for line in table)
    return "\n".join([HEAD.format(package=PACKAGE, calls=calls, operations=len(table)), *rows, ""])


def _installed(python: Path) -> bool:
    if not python.exists():
        venv.create(PLACE, with_pip=True)
    name = PACKAGE.partition("==")[0]
    show: list[str | Path] = [python, "-m", "pip", "show", "-q", name]
    there = subprocess.run(show, check=False, capture_output=True)
    if there.returncode == 0:
        return True
    quiet = ["-q", "--disable-pip-version-check"]
    done = subprocess.run([python, "-m", "pip", "install", *quiet, PACKAGE], check=False)
    return done.returncode == 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
