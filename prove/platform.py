"""`make prove-platform`: the official Python SDK against a fresh sandbox of the published dialect.

The SDK is installed from PyPI into its own environment, .bench/platform. Exits 0 when every call
succeeded field by field, 1 when one failed, 2 when the SDK cannot be installed.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PLACE = ROOT / ".bench" / "platform"
PACKAGE = "PureCloudPlatformClientV2==269.0.0"
CANNOT = 2


def main() -> int:
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
        return _prove(python, addresses)
    finally:
        sandbox.terminate()
        sandbox.wait(10)


def _prove(python: Path, addresses: object) -> int:
    """The SDK reads a configuration from HOME and watches it: it gets an empty one."""
    with tempfile.TemporaryDirectory() as home:
        environment = {"PATH": os.environ.get("PATH", ""), "HOME": home}
        done = subprocess.run(
            [python, ROOT / "prove" / "sdk_calls.py"],
            input=json.dumps(addresses),
            env=environment,
            text=True,
            check=False,
        )
    return done.returncode


def _installed(python: Path) -> bool:
    if not python.exists():
        venv.create(PLACE, with_pip=True)
    name = PACKAGE.partition("==")[0]
    there = subprocess.run([python, "-m", "pip", "show", "-q", name], check=False)
    if there.returncode == 0:
        return True
    quiet = ["-q", "--disable-pip-version-check"]
    done = subprocess.run([python, "-m", "pip", "install", *quiet, PACKAGE], check=False)
    return done.returncode == 0


if __name__ == "__main__":
    sys.exit(main())
