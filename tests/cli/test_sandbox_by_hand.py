"""The guide to the sandbox, executed: its blocks are one bash script, run by a reader's shell."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from shell import Shell

GUIDE = Path(__file__).parents[2] / "docs" / "guides" / "sandbox-by-hand.md"


@pytest.mark.skipif(
    os.environ.get("GCTRUST_LONG") != "1", reason="eleven commands, half a minute: GCTRUST_LONG=1"
)
@pytest.mark.skipif(
    not (shutil.which("bash") and shutil.which("curl")), reason="the guide needs bash and curl"
)
def test_the_guide_runs_as_written(shell: Shell) -> None:
    blocks = re.findall(r"```bash\n(.*?)```", GUIDE.read_text("utf-8"), re.DOTALL)
    assert len(blocks) == 4
    here = 'gctrust() { "$PYTHON" -m gctrust "$@"; }\n'
    environ = shell.environ | {"CONTROL": shell.addresses["control"], "PYTHON": sys.executable}
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", here + "\n".join(blocks)],
        cwd=shell.home,
        env=environ,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    journeys = [run["status"] for run in shell.answer("gctrust runs list")["runs"]]
    assert journeys == ["succeeded"] * 3
    assert sum("PATCH" in effect for effect in shell.effects()) == 2
