"""The certificate figures beside their peers, in one run: `make bench-certs`, or run.py --quick.

Three rounds (one with --quick) in which every contender has its turn, so that a busy machine slows
all alike; a figure is the median. Peers live in environments of their own under .bench/, made at
the first run; one that cannot be had is skipped, and the skips are counted.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import judge

from gctrust.adapters.tls.sample import sample
from gctrust.sandbox.authority import Authority

ROOT = Path(__file__).parents[2]
BENCH = ROOT / ".bench"
HOST = "edge.example.org"
PEERS = {  # environment: what pip brings, and a script that is there when it did
    "certs": (("pkilint",), "lint_cabf_serverauth_cert"),
    "sslyze": (("sslyze", "cryptography<47"), "sslyze"),
}
Measure = Callable[[], float]


@dataclass(frozen=True, slots=True)
class Line:
    """One comparison. `goal` is for our figure, or, with `times`, for our share of the peer's."""

    what: str
    unit: str
    ours: str
    peer: str
    goal: float
    times: bool = False

    @property
    def less_is_better(self) -> bool:
        return self.unit == "ms"


LINES = (
    Line("PATH verdict", "/s", "path", "cryptography alone", 4000),
    Line("PATH verdict", "/s", "path", "openssl verify, one process", 4000),
    Line("full catalogue", "/s", "catalogue", "pkilint, fewer checks", 5, times=True),
    Line("SCT signature", "/s", "sct", "", 10_000),
    Line("handshakes, chain and staple", "/s", "handshakes", "openssl s_time, chain alone", 1000),
    Line("check cert, whole process", "ms", "process", "openssl verify, a process", 250),
    Line("check cert, whole process", "ms", "process", "sslyze --certinfo", 250),
)
_JUDGE = {
    "path": "PATH verdict: gctrust",
    "cryptography alone": "PATH verdict: cryptography alone",
    "openssl verify, one process": "PATH verdict: openssl verify, one process",
    "catalogue": "full catalogue: gctrust",
    "pkilint, fewer checks": "full catalogue: pkilint, fewer checks",
    "sct": "SCT signature: gctrust",
}


class Now:
    def now(self) -> float:
        return time.time()


def peer_python(name: str, *, install: bool) -> Path | None:
    """The peer's own interpreter; made when it is not there and may be."""
    packages, script = PEERS[name]
    folder = BENCH / name / "bin"
    python = folder / "python"
    if not (folder / script).exists() and install:
        print(f"installing {', '.join(packages)} under .bench/{name}", file=sys.stderr)
        steps = (
            [sys.executable, "-m", "venv", str(BENCH / name)],
            [str(python), "-m", "pip", "install", "-q", *packages],
        )
        try:
            for step in steps:
                subprocess.run(step, check=True, capture_output=True, timeout=300)
        except (OSError, subprocess.SubprocessError):
            return None
    return python if (folder / script).exists() else None


@contextmanager
def server(folder: Path) -> Iterator[int]:
    """`openssl s_server` with a chain and a staple, on a free port, until the block ends."""
    authority = Authority(Now())
    issued = authority.issue([HOST])
    files = {
        "leaf.pem": issued.certificate_pem,
        "chain.pem": issued.chain_pem,
        "leaf.key": issued.private_key_pem,
        "root.pem": authority.roots_pem,
    }
    for name, text in files.items():
        (folder / name).write_text(text)
    (folder / "leaf.key").chmod(0o600)
    (folder / "staple.der").write_bytes(authority.ocsp_response(issued.certificate_pem))
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    words = ["openssl", "s_server", "-accept", f"127.0.0.1:{port}", "-quiet", "-www"]
    words += ["-cert", "leaf.pem", "-cert_chain", "chain.pem", "-key", "leaf.key"]
    words += ["-status_file", "staple.der", "-num_tickets", "0"]
    process = subprocess.Popen(
        words, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        _wait_for(port)
        yield port
    finally:
        process.terminate()
        process.wait(10)


def _wait_for(port: int) -> None:
    for _ in range(100):
        try:
            socket.create_connection(("127.0.0.1", port), 0.2).close()
            return
        except OSError:
            time.sleep(0.05)
    raise SystemExit("openssl s_server does not answer")


def handshakes(port: int, count: int) -> float:
    made = asyncio.run(sample("127.0.0.1", port, HOST, n=count, concurrency=4))
    assert made.succeeded == count, made.causes
    assert made.first is not None
    assert len(made.first.chain) == 2
    assert made.first.staple
    return count / made.seconds


def s_time(port: int, seconds: int) -> float:
    words = ["openssl", "s_time", "-connect", f"127.0.0.1:{port}", "-new", "-time", str(seconds)]
    start = time.perf_counter()
    told = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    took = time.perf_counter() - start
    found = re.search(r"(\d+) connections in", told)
    assert found, told[-200:]
    return int(found.group(1)) / took


def process_ms(words: list[str], folder: Path) -> float:
    """Wall time of one process; a first one warms the disk's cache."""
    quiet = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    quiet["GCTRUST_HOME"] = str(folder / "home")
    start = time.perf_counter()
    done = subprocess.run(words, cwd=folder, env=quiet, capture_output=True, text=True)
    took = 1000 * (time.perf_counter() - start)
    assert done.returncode == 0, (words, done.stdout[-500:], done.stderr[-500:])
    return took


def contenders(port: int, folder: Path, *, quick: bool) -> dict[str, Measure]:
    rows = judge.contenders(judge.make())
    found = {short: rows[long] for short, long in _JUDGE.items() if long in rows}
    chain = ["-CAfile", "root.pem", "-untrusted", "chain.pem", "leaf.pem"]
    ours = [sys.executable, "-m", "gctrust", "check", "cert", "--cert", "leaf.pem", "--chain"]
    ours += ["chain.pem", "--key", "leaf.key", "--roots", "root.pem", "--host", HOST]
    found |= {
        "handshakes": lambda: handshakes(port, 600 if quick else 4000),
        "openssl s_time, chain alone": lambda: s_time(port, 1 if quick else 3),
        "process": lambda: process_ms(ours, folder),
        "openssl verify, a process": lambda: process_ms(["openssl", "verify", *chain], folder),
    }
    sslyze = peer_python("sslyze", install=not quick)
    if sslyze is not None:
        words = [str(sslyze), "-m", "sslyze", "--certinfo", f"127.0.0.1:{port}"]
        found["sslyze --certinfo"] = lambda: process_ms(words, folder)
    return found


def measure(rows: dict[str, Measure], rounds: int) -> dict[str, float]:
    for name in ("process", "openssl verify, a process", "sslyze --certinfo"):
        if name in rows:
            rows[name]()  # for warmth
    seen: dict[str, list[float]] = {name: [] for name in rows}
    for turn in range(rounds):
        for name, take in rows.items():
            print(f"round {turn + 1} of {rounds}: {name}", file=sys.stderr)
            seen[name].append(take())
    return {name: statistics.median(values) for name, values in seen.items()}


def table(middle: dict[str, float]) -> Iterator[tuple[str, ...]]:
    yield "what", "ours", "peer", "the peer's", "ratio", "goal", ""
    for line in LINES:
        ours, peer = middle[line.ours], middle.get(line.peer)
        digits = 1 if line.less_is_better else 0
        if line.peer and peer is None:
            yield line.what, _with_unit(ours, line, digits), line.peer, "skipped", "", "", ""
            continue
        share = ours / peer if peer else 0.0
        figure = share if line.times else ours
        met = figure <= line.goal if line.less_is_better else figure >= line.goal
        goal = f"{line.goal:g} times" if line.times else _with_unit(line.goal, line, 0)
        yield (
            line.what,
            _with_unit(ours, line, digits),
            line.peer,
            _with_unit(peer, line, digits) if peer else "",
            f"{share:.2f}" if peer else "",
            f"under {goal}" if line.less_is_better else goal,
            "met" if met else "MISSED",
        )


def _with_unit(value: float, line: Line, digits: int) -> str:
    return f"{value:,.{digits}f}{'' if line.unit == '/s' else ' '}{line.unit}"


def main() -> int:
    flags = argparse.ArgumentParser(description=__doc__)
    flags.add_argument("--quick", action="store_true", help="one short round; nothing is installed")
    quick = flags.parse_args().quick
    if shutil.which("openssl") is None:
        raise SystemExit("openssl is needed: it is the server, and a peer")
    judge.SECONDS = 0.2 if quick else 1.0
    pkilint = peer_python("certs", install=not quick)
    judge.PEER = pkilint or Path("/nonexistent")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with server(folder) as port:
            middle = measure(contenders(port, folder, quick=quick), 1 if quick else 3)
    rows = list(table(middle))
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    for row in rows:
        print(
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        )
    skipped = sum(row[3] == "skipped" for row in rows)
    missed = sum(row[-1] == "MISSED" for row in rows)
    print(f"{missed} goals missed, {skipped} peers skipped")
    load, cores = os.getloadavg()[0], os.cpu_count()
    print(
        f"{cores} cores, load average {load:.1f}; the goals are for an idle machine (a load near 1)"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
