"""`make bench-mail`: gctrust beside its peers, same machine, same server, medians of three.

In each round every contender of a line has its turn, so that a busy machine slows all alike.
`--quick` takes under a minute: fewer domains, one round. What is missing (knotd, npm, a package
index) is said, and the lines that need it are counted as skipped.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import server
import world

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
PEERS = ROOT / ".bench" / "mail"
MAILAUTH = "4.13.3"


@dataclass(frozen=True, slots=True)
class Sizes:
    rounds: int
    domains: int
    slow: int  # domains given to a peer that does a hundred a second
    late: int  # domains given to a peer that does two a second
    bulk: int


FULL = Sizes(3, 3000, 600, 60, 100_000)
QUICK = Sizes(1, 3000, 60, 10, 5_000)


@dataclass(slots=True)
class Table:
    rows: list[tuple[str, str, str, str, str]] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)

    def add(self, what: str, ours: float, peer: str, theirs: float, goal: float) -> None:
        ratio = ours / theirs if theirs else 0.0
        verdict = f"{goal:g}x" + ("" if ratio >= goal else "  MISSED")
        self._say((what, f"{ours:,.0f}/s", f"{peer} {theirs:,.1f}/s", f"{ratio:.1f}x", verdict))

    def note(self, what: str, ours: str, peer: str = "", goal: str = "") -> None:
        self._say((what, ours, peer, "", goal))

    def skip(self, what: str, why: str) -> None:
        self.skipped.append(f"{what}: {why}")
        print(f"SKIPPED {what}: {why}", flush=True)

    def _say(self, row: tuple[str, str, str, str, str]) -> None:
        self.rows.append(row)
        print("  ".join(cell for cell in row if cell), flush=True)

    def show(self) -> None:
        rows = [("what", "gctrust", "peer", "ratio", "goal"), *self.rows]
        widths = [max(len(row[n]) for row in rows) for n in range(5)]
        print()
        for row in rows:
            cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=True)]
            print("  ".join(cells).rstrip())
        load = ", ".join(f"{one:.1f}" for one in os.getloadavg())
        print(f"{len(self.rows)} lines, {len(self.skipped)} skipped; load average {load}")


Rate = Callable[[], float]  # measures once: things a second


class Bench:
    def __init__(self, sizes: Sizes, folder: Path, port: int, table: Table) -> None:
        self.sizes, self.folder, self.port, self.table = sizes, folder, port, table
        self.python = PEERS / "venv" / "bin" / "python"
        self.list = folder / "list"
        made = world.make(sizes.domains)
        self.list.write_text("\n".join(made.domains))
        senders = [{"ip": s.ip, "mail_from": s.mail_from, "helo": s.helo} for s in made.senders]
        (folder / "senders.json").write_text(json.dumps(senders))

    # --- one measurement ------------------------------------------------------------------------

    def medians(self, *contenders: Rate) -> list[float]:
        rounds = [[once() for once in contenders] for _ in range(self.sizes.rounds)]
        return [statistics.median(rates) for rates in zip(*rounds, strict=True)]

    def ours(self, what: str, count: int) -> Rate:
        line = [sys.executable, HERE / "ours.py", what, str(self.port), str(count)]
        return lambda: count / _seconds(line)

    def peer(self, what: str, count: int, *modes: int, port: int | None = None) -> Rate:
        program = [self.python, HERE / "peers.py", what, str(port or self.port), str(count)]
        line = [*program, *map(str, modes)]
        return lambda: count / _seconds(line)

    def tool(self, port: int, processes: int) -> Rate:
        """The whole command, its start included."""

        def once() -> float:
            out = self.folder / "out.jsonl"
            out.unlink(missing_ok=True)
            started = time.perf_counter()
            _command(self.list, out, port, self.folder, processes).wait()
            took = time.perf_counter() - started
            assert out.read_bytes().count(b"\n") == self.sizes.domains
            return self.sizes.domains / took

        return once

    # --- the lines ------------------------------------------------------------------------------

    def run(self) -> None:
        self.dns()
        self.spf()
        self.whole_tool()
        self.late()

    def whole_tool(self) -> None:
        slow = self.sizes.slow
        modes = ((1, 1), (2, 1), (2, 8))
        one, two, *peers = self.medians(
            self.tool(self.port, 1),
            self.tool(self.port, 2),
            *(self.peer("checkdmarc", slow, *mode) for mode in modes),
        )
        best, (processes, threads) = max(zip(peers, modes, strict=True))
        name = f"checkdmarc ({processes} processes, {threads} threads)"
        self.table.add("SPF, DMARC, MX of cold domains", max(one, two), name, best, 20)

    def late(self) -> None:
        with server.delayed(self.port, 0.02) as port:
            one, two, peer, many = self.medians(
                self.tool(port, 1),
                self.tool(port, 2),
                self.peer("checkdmarc", self.sizes.late, 1, 1, port=port),
                self.peer("checkdmarc", self.sizes.late * 5, 2, 16, port=port),
            )
        self.table.add("the same, 20 ms away", max(one, two), "checkdmarc", peer, 400)
        name = "checkdmarc (2 processes, 16 threads)"
        self.table.note("", "", f"{name} {many:,.1f}/s")

    def spf(self) -> None:
        count = self.sizes.domains
        cached, plain, theirs = self.medians(
            self.ours("spf_network", count),
            self.ours("spf_network_uncached", count),
            self.peer("pyspf_network", self.sizes.slow),
        )
        self.table.add("SPF over the network", cached, "pyspf", theirs, 2)
        if (PEERS / "node" / "node_modules" / "mailauth").is_dir():
            line = ["node", HERE / "mailauth.mjs", PEERS / "node", str(self.port)]
            line.append(self.folder / "senders.json")
            cached, plain, theirs = self.medians(
                self.ours("spf_network", count),
                self.ours("spf_network_uncached", count),
                lambda: count / _seconds(line),
            )
            self.table.add("SPF over the network", cached, "mailauth", theirs, 2)
            self.table.add("SPF over the network, no cache", plain, "mailauth", theirs, 2)
        else:
            self.table.skip("SPF against mailauth", "npm could not install it")
        few = count // 3  # ten messages for each
        ours, theirs = self.medians(self.ours("spf_memory", few), self.peer("pyspf_memory", few))
        self.table.add("SPF in memory, 10 messages a domain", 10 * ours, "pyspf", 10 * theirs, 5)
        ours, theirs = self.medians(
            self.ours("spf_memory_cold", count), self.peer("pyspf_memory_cold", count)
        )
        self.table.add("SPF in memory, each domain once", ours, "pyspf", theirs, 5)

    def dns(self) -> None:
        count = self.sizes.domains
        plain, fast, peer, peer_fast, dnspython = self.medians(
            self.ours("dns", count),
            self.ours("dns_uvloop", count),
            self.peer("aiodns", count),
            self.peer("aiodns_uvloop", count),
            self.peer("dnspython", self.sizes.slow),
        )
        ours = 4 * max(plain, fast)  # four questions a domain
        self.table.add("DNS questions", ours, "aiodns", 4 * max(peer, peer_fast), 3)
        self.table.add("DNS questions", ours, "dnspython", 4 * dnspython, 3)
        self._limit()

    def _limit(self) -> None:
        program = shutil.which("dnsperf")
        if program is None:
            self.table.skip("the server's own limit", "dnsperf is not installed")
            return
        asked = self.folder / "asked"
        names = self.list.read_text().split()
        asked.write_text("".join(f"{name} {kind}\n" for name in names for kind in ("TXT", "MX")))
        line = [program, "-s", "127.0.0.1", "-p", str(self.port), "-d", asked, "-l", "3", "-c", "4"]
        told = subprocess.run(line, capture_output=True, text=True, check=False).stdout
        rates = [one.split()[-1] for one in told.splitlines() if "Queries per second" in one]
        if rates:
            self.table.note("the server's own limit", "", f"dnsperf {float(rates[0]):,.0f}/s")


def memory(sizes: Sizes, folder: Path, table: Table) -> None:
    """A bulk check of many domains: its memory at a quarter and at the end."""
    made = world.make(sizes.bulk)
    made.write(folder)
    (folder / "list").write_text("\n".join(made.domains))
    with server.served(folder) as port:
        out = folder / "out.jsonl"
        started = time.perf_counter()
        process = _command(folder / "list", out, port, folder)
        seen = list(_watch(process, out, sizes.bulk))
        took = time.perf_counter() - started
    quarter = max((mb for share, mb in seen if share <= 0.25), default=0.0)
    most = max(mb for _, mb in seen)
    table.note(
        f"memory, {sizes.bulk:,} domains in bulk ({sizes.bulk / took:,.0f}/s)",
        f"{most:.0f} MB ({quarter:.0f} MB at a quarter)",
        goal="300 MB" + ("" if most < 300 else "  MISSED"),
    )


def _watch(
    process: subprocess.Popen[bytes], out: Path, total: int
) -> Iterator[tuple[float, float]]:
    done, at = 0, 0
    while process.poll() is None:
        if out.exists():
            with out.open("rb") as stream:
                stream.seek(at)
                new = stream.read()
            done, at = done + new.count(b"\n"), at + len(new)
        status = Path(f"/proc/{process.pid}/status").read_text()
        resident = [line.split()[1] for line in status.splitlines() if line.startswith("VmRSS")]
        if resident:
            yield done / total, int(resident[0]) / 1024
        time.sleep(0.25)


def _command(
    names: Path, out: Path, port: int, home: Path, processes: int = 1
) -> subprocess.Popen[bytes]:
    only = [word for one in ("spf", "dmarc", "mx") for word in ("--only", one)]
    line = [sys.executable, "-m", "gctrust", "check", "domain", "--from", names, "--output", out]
    line += ["--processes", str(processes)]
    env = {**os.environ, "HOME": str(home), "GCTRUST_HOME": str(home / "state")}
    return subprocess.Popen(
        [*line, *only, "--nameserver", f"127.0.0.1#{port}", "--quiet"], env=env, cwd=home
    )


def _seconds(line: list[object]) -> float:
    done = subprocess.run(
        [str(word) for word in line], capture_output=True, text=True, check=False, cwd=HERE
    )
    if done.returncode:
        raise SystemExit(f"{line[:3]} failed:\n{done.stderr[-2000:]}")
    return json.loads(done.stdout.splitlines()[-1])["seconds"]


def install(table: Table) -> None:
    """The peers, each in a place of its own."""
    PEERS.mkdir(parents=True, exist_ok=True)
    if not (PEERS / "venv" / "ready").exists():
        subprocess.run([sys.executable, "-m", "venv", PEERS / "venv"], check=True)
        pip = [PEERS / "venv" / "bin" / "python", "-m", "pip", "install", "-q"]
        subprocess.run([*pip, "-r", HERE / "requirements.txt"], check=True)
        (PEERS / "venv" / "ready").touch()
    node = PEERS / "node"
    if shutil.which("npm") and not (node / "node_modules" / "mailauth").is_dir():
        node.mkdir(exist_ok=True)
        (node / "package.json").write_text('{"private": true}')
        subprocess.run(
            ["npm", "install", "--silent", f"mailauth@{MAILAUTH}"], cwd=node, check=False
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    sizes = QUICK if parser.parse_args().quick else FULL
    table = Table()
    if server.knotd() is None:
        table.skip("every line", "knotd is not installed (Debian: apt-get install knot dnsperf)")
        table.show()
        return
    install(table)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        many = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        world.make(max(sizes.domains, sizes.slow)).write(folder)
        with server.served(folder) as port:
            Bench(sizes, folder, port, table).run()
        memory(sizes, many, table)
    table.show()


if __name__ == "__main__":
    main()
