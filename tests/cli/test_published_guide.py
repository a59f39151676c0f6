"""The guide to the published dialect, executed: its blocks are one bash script."""

from __future__ import annotations

import json
import os
import re
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from shell import bare_environ, opened

GUIDE = Path(__file__).parents[2] / "docs" / "guides" / "published-dialect.md"


@pytest.mark.skipif(
    os.environ.get("GCTRUST_LONG") != "1", reason="19 commands, half a minute: GCTRUST_LONG=1"
)
@pytest.mark.skipif(
    not (shutil.which("bash") and shutil.which("curl")), reason="the guide needs bash and curl"
)
def test_the_guide_runs_as_written(tmp_path: Path) -> None:
    blocks = re.findall(r"```bash\n(.*?)```", GUIDE.read_text("utf-8"), re.DOTALL)
    assert len(blocks) == 6
    here = 'gctrust() { "$PYTHON" -m gctrust "$@"; }\n'
    with opened(tmp_path, "--dialect", "platform", "--clock-rate", "60") as shell:
        (tmp_path / "secret").write_text(shell.environ.pop("GENESYS_CLIENT_SECRET"))
        shell.environ["GENESYS_CLIENT_SECRET_FILE"] = str(tmp_path / "secret")
        environ = shell.environ | {
            "CONTROL": shell.addresses["control"],
            "ROOT": shell.addresses["data_action_root"],
            "PYTHON": sys.executable,
            "GCTRUST_DIALECT": "platform",
        }
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", here + "\n".join(blocks)],
            cwd=shell.home, env=environ, capture_output=True, text=True, timeout=300,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
        told = shell.answer("gctrust runs list", GCTRUST_DIALECT="platform")["runs"]
        ended = {run["journey"]: run["status"] for run in told}
        assert ended.pop("data-actions") == "open"
        assert set(ended.values()) == {"succeeded"}
        assert len(ended) == 4
        assert stat.S_IMODE((tmp_path / "crm.env").stat().st_mode) == 0o600
        secret = (tmp_path / "crm.env").read_text().rpartition("=")[2].strip()
        assert secret not in done.stdout + done.stderr


@pytest.mark.skipif(os.environ.get("GCTRUST_LONG") != "1", reason="20 seconds: GCTRUST_LONG=1")
def test_the_demo_plays_the_published_dialect(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "gctrust", "demo", "--dialect", "platform", "--fast", "--json"],
        env=bare_environ(tmp_path), capture_output=True, text=True, timeout=300, cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    journeys = {name: one["status"] for name, one in told["journeys"].items()}
    assert journeys == dict.fromkeys(("email-domain", "custom-domain", "data-actions"), "succeeded")
    assert told["pin_match_rate"]["rate"] == 1.0
    assert told["seconds"] < 60
