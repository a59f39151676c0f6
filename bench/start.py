"""How long a newcomer waits: `gctrust --help`, a sandbox that is ready, and the first call of the
published API, ours beside the official SDK's where `make prove-platform` has installed it.

Medians of 7, and the best beside them: what a neighbour takes away is not in the best. The
interpreter alone is measured too: nothing written in Python starts faster.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SDK = ROOT / ".bench" / "platform" / "bin" / "python"
FIRST_CALL = ROOT / "bench" / "first_call.py"
TIMES = 7


@dataclass(frozen=True)
class Took:
    """Medians, and the least wall clock. `processor` is of the process itself."""

    seconds: float
    best: float
    processor: float = 0.0
    mebibytes: float = 0.0

    def __str__(self) -> str:
        told = f"{self.seconds:.3f} s (best {self.best:.3f} s)"
        if self.mebibytes:
            told += f", {self.processor:.3f} s of processor, {self.mebibytes:.0f} MiB"
        return told


def timed(work: Callable[[], None]) -> Took:
    took = []
    for _ in range(TIMES):
        started = time.perf_counter()
        work()
        took.append(time.perf_counter() - started)
    return Took(statistics.median(took), min(took))


def ended(*command: str) -> None:
    subprocess.run([sys.executable, *command], check=True, stdout=subprocess.DEVNULL)


@contextmanager
def sandbox(*arguments: str) -> Iterator[dict[str, object]]:
    with tempfile.TemporaryDirectory() as home:
        command = [sys.executable, "-m", "gctrust.sandbox", "--home", home, "--die-with-parent"]
        process = subprocess.Popen(
            [*command, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        assert process.stdin
        assert process.stdout
        yield json.loads(process.stdout.readline())["addresses"]
        process.stdin.close()
        process.wait(10)


def sandbox_ready() -> None:
    with sandbox():
        pass


def first_call(python: str | Path, whose: str, addresses: dict[str, object]) -> Took:
    """The first run fills the byte-code cache, as an installation has it, and does not count."""
    rows = []
    with tempfile.TemporaryDirectory() as cache:
        environ = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
        environ |= {"PYTHONPYCACHEPREFIX": cache, "HOME": cache}
        for _ in range(TIMES + 1):
            started = time.monotonic()  # one clock for all processes of a machine
            done = subprocess.run(
                [python, FIRST_CALL, whose],
                input=json.dumps(addresses),
                env=environ,
                capture_output=True,
                text=True,
                check=True,
            )
            told = json.loads(done.stdout)
            rows.append((told["answered"] - started, told["processor"], told["mebibytes"]))
    walls, processor, memory = zip(*rows[1:], strict=True)
    median = statistics.median
    return Took(median(walls), min(walls), median(processor), median(memory))


def lines() -> Iterator[tuple[str, Took | str, str]]:
    yield "python -c pass", timed(lambda: ended("-c", "pass")), ""
    yield "gctrust --help", timed(lambda: ended("-m", "gctrust", "--help")), "0.150 s"
    yield "sandbox ready and ended", timed(sandbox_ready), "ready in 1 s"
    with sandbox("--dialect", "platform") as addresses:
        goal = "0.300 s, 60 MiB"
        yield "first call, gctrust", first_call(sys.executable, "ours", addresses), goal
        if SDK.exists():
            yield "first call, official SDK", first_call(SDK, "official", addresses), ""
        else:
            yield "first call, official SDK", "not installed: make prove-platform", ""


def main() -> None:
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors")
    for what, took, goal in lines():
        print(f"{what:<28} {took}   {goal}".rstrip(), flush=True)


if __name__ == "__main__":
    main()
