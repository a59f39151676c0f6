"""Effects that wait on the network, driven by one worker on PostgreSQL and by two.

`python workers.py [RUNS] [STEPS] [MILLISECONDS]` prints steps per second of one, and of two.
"""

from __future__ import annotations

import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path

from rig import Rig, Steps, places, worker


def rate(workers: int, runs: int, steps: int, url: str) -> float:
    with places("postgresql") as (place, folder), ExitStack() as stack:
        rig = Rig(place, folder)
        for _ in range(workers):
            stack.enter_context(worker(place, folder, url))
        for n in range(2 * workers):  # connections are opened, statements prepared
            rig.runner.submit(Steps(f"warm{n}", 3))
        ended(rig, 2 * workers)
        began = time.monotonic()
        for n in range(runs):
            rig.runner.submit(Steps(f"r{n}", steps))
        ended(rig, 2 * workers + runs)
        return runs * steps / (time.monotonic() - began)


def ended(rig: Rig, runs: int) -> None:
    deadline = time.monotonic() + 240
    while rig.ended() < runs:
        if time.monotonic() > deadline:
            raise TimeoutError(f"{rig.ended()} of {runs} runs ended")
        time.sleep(0.1)


def main() -> None:
    runs, steps, pause = (*sys.argv[1:4], *("200", "10", "100")[len(sys.argv) - 1 :])[:3]
    server = str(Path(__file__).with_name("sleeper.py"))
    pipe = subprocess.PIPE
    command = [sys.executable, server, pause]
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as process:
        assert process.stdout
        assert process.stdin
        url = f"http://127.0.0.1:{process.stdout.readline().strip()}/"
        try:
            print(*(rate(count, int(runs), int(steps), url) for count in (1, 2)))
        finally:
            process.stdin.close()


if __name__ == "__main__":
    main()
