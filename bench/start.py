"""How long a newcomer waits: `gctrust --help`, and a sandbox that is ready. Medians of 7.

The interpreter alone is measured beside them: nothing written in Python starts faster.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable


def seconds(work: Callable[[], None]) -> float:
    took = []
    for _ in range(7):
        started = time.perf_counter()
        work()
        took.append(time.perf_counter() - started)
    return statistics.median(took)


def ended(*command: str) -> None:
    subprocess.run([sys.executable, *command], check=True, stdout=subprocess.DEVNULL)


def sandbox_ready() -> None:
    with tempfile.TemporaryDirectory() as home:
        process = subprocess.Popen(
            [sys.executable, "-m", "gctrust.sandbox", "--home", home, "--die-with-parent"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert process.stdin
        assert process.stdout
        json.loads(process.stdout.readline())
        process.stdin.close()
        process.wait(10)


def main() -> None:
    rows = (
        ("python -c pass", seconds(lambda: ended("-c", "pass")), ""),
        ("gctrust --help", seconds(lambda: ended("-m", "gctrust", "--help")), "0.150 s"),
        ("sandbox ready and ended", seconds(sandbox_ready), "ready in 1 s"),
    )
    for what, took, goal in rows:
        print(f"{what:<28} {took:.3f} s   {goal}".rstrip())


if __name__ == "__main__":
    main()
