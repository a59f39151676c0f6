"""How much of one client's request budget two workers use, counted by the sandbox's own journal.

`python budget.py [DOMAINS] [RATE] [SECONDS] [DIALECT]`: email domains brought to verified on
PostgreSQL, in a sandbox of DIALECT (guide, or platform: inbound domains) whose clock runs RATE
times as fast, for SECONDS at the most. A window counts when orders that nobody had begun were left
from its beginning to its end. Five requests a second times RATE must be fewer than the machine can
make.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import zip_longest
from pathlib import Path
from typing import Any

import httpx2
import sqlalchemy as sa
from rig import places

from gctrust.adapters.store.schema import RUNS
from gctrust.adapters.store.store import Store
from gctrust.adapters.system import SystemClock
from gctrust.app import build_app
from gctrust.pipelines.orders import EmailDomainOrder
from gctrust.runner.codec import Codec
from gctrust.runner.runs import Runs
from gctrust.settings import environment, load_settings

ALLOWED, WINDOW = 300, 60.0
# Stricter than the platform, which counts each token alone: both workers' tokens are one count.
LIMITS = {"perMinute": ALLOWED, "perClient": True}
GOAL = 0.98
WATCHER, SCOPE, PERMISSION = "watcher", "organization:emaildomain:read", "routing:email:view"
DOMAINS = "/api/v2/organization/emaildomains"
INBOUND = "/api/v2/routing/email/domains"


@dataclass
class Sandbox:
    """A sandbox in a process of its own, and its owner's hands."""

    home: Path
    addresses: dict[str, Any]
    http: httpx2.Client
    dialect: str
    published: set[str] = field(default_factory=set)
    token: str = ""

    def control(self, method: str, path: str, body: object = None) -> Any:
        answer = self.http.request(method, self.addresses["control"] + path, json=body)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def environ(self, url: str) -> dict[str, str]:
        ours = ("GENESYS", "GCTRUST", "WEBHOOK")
        kept = {k: v for k, v in os.environ.items() if not k.startswith(ours)}
        return kept | {
            "GCTRUST_HOME": str(self.home),
            "GCTRUST_STORE_URL": url,
            "GENESYS_ENV_URL": self.addresses["api"],
            "GENESYS_CLIENT_ID": self.addresses["client_id"],
            "GENESYS_CLIENT_SECRET": self.addresses["client_secret"],
            "GCTRUST_DIALECT": self.dialect,
        }

    def publish(self, wanted: set[str]) -> None:
        """The records of these domains, looked up by a client of its own."""
        records = [one for domain in wanted - self.published for one in self._required(domain)]
        if records:
            self.control("PUT", "/zones", {"records": records})

    def _required(self, domain: str) -> list[dict[str, Any]]:
        """None of them while the platform does not tell all."""
        told = self._of_guide(domain) if self.dialect == "guide" else self._of_platform(domain)
        if told:
            self.published.add(domain)
        kept = ("name", "type", "value")
        return [{name: one[name] for name in kept} | {"ttl": 60} for one in told]

    def _of_guide(self, domain: str) -> list[dict[str, Any]]:
        listed = self._ask(DOMAINS, domain=domain).get("entities", [])
        return [record for one in listed for record in one["verification"]]

    def _of_platform(self, domain: str) -> list[dict[str, Any]]:
        told = [self._ask(f"{INBOUND}/{domain}/{what}") for what in ("verification", "dkim")]
        return [one for part in told for one in part["records"]] if all(told) else []

    def _ask(self, path: str, **query: str) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {self.token or self._log_in()}"}
        answer = self.http.get(self.addresses["api"] + path, headers=headers, params=query)
        if answer.status_code != 200:  # its own budget is used up, or its token has ended
            self.token = ""
            return {}
        return dict(answer.json())

    def _log_in(self) -> str:
        secret = "watching-the-benchmark"
        rights = {"scopes": [SCOPE], "permissions": [PERMISSION]}
        self.control("PUT", "/clients", {"id": WATCHER, "secret": secret, **rights})
        answer = self.http.post(
            self.addresses["login"] + "/oauth/token",
            data={"grant_type": "client_credentials"},
            auth=(WATCHER, secret),
        )
        self.token = str(answer.json()["access_token"])
        return self.token


@contextmanager
def sandbox(home: Path, rate: float, dialect: str, domains: int) -> Iterator[Sandbox]:
    home.mkdir()
    seed = {"limits": LIMITS, "organisation": {"inboundDomains": domains}}
    (home / "seed.json").write_text(json.dumps(seed))
    command = [sys.executable, "-m", "gctrust.sandbox", "--die-with-parent", "--home", str(home)]
    told = ["--seed", str(home / "seed.json"), "--clock-rate", str(rate), "--dialect", dialect]
    process = subprocess.Popen(
        [*command, *told],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        addresses = json.loads(process.stdout.readline())["addresses"]
        with httpx2.Client(timeout=60, trust_env=False) as http:
            yield Sandbox(home, addresses, http, dialect)
    finally:
        process.stdin.close()
        process.wait(15)


@contextmanager
def worker(environ: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, __file__, "worker"], env=environ, stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "working\n"
        yield process
    finally:
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@dataclass
class Watch:
    """Samples of whether orders were left that nobody had begun, by the sandbox's window."""

    store: Store
    box: Sandbox
    left: dict[int, list[bool]] = field(default_factory=dict)
    over: threading.Event = field(default_factory=threading.Event)

    def look(self) -> None:
        now = self.box.control("GET", "/clock")["now"]
        free = sa.select(RUNS.c.id).where(RUNS.c.ended.is_(None), RUNS.c.owner.is_(None))
        with self.store.read() as connection:
            left = connection.execute(free.limit(1)).first() is not None
        self.left.setdefault(int(now // WINDOW), []).append(left)

    def run(self) -> None:
        looked = 0.0
        while not self.over.wait(0.2):
            self.look()
            if time.monotonic() - looked > 1.0:
                looked = time.monotonic()
                self.box.publish(self.lacking())

    def lacking(self) -> set[str]:
        """The domains whose runs say that they wait for DNS: what a DNS team would be told."""
        says = RUNS.c.waiting_for.startswith("DNS lacks")
        query = sa.select(RUNS.c.identity).where(RUNS.c.ended.is_(None), says)
        with self.store.read() as connection:
            return {str(one).rpartition(":")[2] for one in connection.execute(query).scalars()}

    def busy(self) -> set[int]:
        return {window for window, seen in self.left.items() if seen and all(seen)}


@dataclass(frozen=True, slots=True)
class Figures:
    """`used` of the budget of the windows counted; `most` requests in any window."""

    dialect: str
    domains: int
    verified: int
    calls: int
    windows: int
    used: float
    most: int
    refused: int  # answers 429 after the first window
    kinds: tuple[tuple[str, int], ...]  # calls by what they ask
    seconds: float
    processor: float  # seconds of both workers, without their start

    def rows(self) -> list[str]:
        verified = max(1, self.verified)
        return [self.row(), *(f"  {kind:<60} {n / verified:6.2f}" for kind, n in self.kinds)]

    def row(self) -> str:
        missed = "" if self.used >= GOAL and not self.refused else "   MISSED"
        return (
            f"budget used, {self.dialect}, {self.verified} of {self.domains} domains, 2 workers  "
            f"{self.used:6.1%}   {GOAL:.0%}   {self.refused} of 0 answers 429, "
            f"at most {self.most} in a window of {ALLOWED}, "
            f"{self.windows} windows, {self.calls / max(1, self.verified):.2f} calls a domain, "
            f"{self.seconds:.0f} s, {1000 * self.processor / max(1, self.calls):.0f} ms of a "
            f"processor a call{missed}"
        )


def measure(
    domains: int, rate: float, url: str, folder: Path, limit: float, dialect: str
) -> Figures:
    """Two workers bring `domains` to verified; at most `limit` real seconds."""
    with ExitStack() as stack:
        box = stack.enter_context(sandbox(folder / "home", rate, dialect, domains))
        store = Store(url, "sandbox")
        stack.callback(store.close)
        runs = Runs(store, Codec(), SystemClock())
        for n in range(domains):
            runs.submit(EmailDomainOrder(f"d{n}.bench.example"))
        begun = time.monotonic()
        workers = [stack.enter_context(worker(box.environ(url))) for _ in range(2)]
        watch = Watch(store, box)
        thread = threading.Thread(target=watch.run)
        thread.start()
        spent = -sum(processor(one) for one in workers)
        try:
            while _count(store, RUNS.c.ended.is_(None)) and time.monotonic() - begun < limit:
                assert all(one.poll() is None for one in workers), "a worker ended"
                time.sleep(0.5)
        finally:
            watch.over.set()
            thread.join()
        seconds, spent = time.monotonic() - begun, spent + sum(map(processor, workers))
        verified = _count(store, RUNS.c.status == "succeeded")
        return _figures(box, watch, domains, verified, (seconds, spent))


def processor(process: subprocess.Popen[str]) -> float:
    """Seconds of processor time so far (proc(5), fields utime and stime)."""
    told = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(told[11]) + int(told[12])) / os.sysconf("SC_CLK_TCK")


def _count(store: Store, which: sa.ColumnElement[bool]) -> int:
    with store.read() as connection:
        query = sa.select(sa.func.count()).select_from(RUNS).where(which)
        return int(connection.execute(query).scalar_one())


def _figures(
    box: Sandbox, watch: Watch, domains: int, verified: int, spent: tuple[float, float]
) -> Figures:
    ours = [
        entry
        for entry in box.control("GET", "/journal")
        if entry["client_id"] == box.addresses["client_id"]
    ]
    counts = Counter(int(entry["time"] // WINDOW) for entry in ours)
    first, last = min(counts), max(counts)
    busy = sorted(w for w in watch.busy() if first < w < last)
    refused = sum(e["status"] == 429 and int(e["time"] // WINDOW) > first for e in ours)
    used = sum(counts[w] for w in busy) / max(1, ALLOWED * len(busy))
    return Figures(
        box.dialect,
        domains,
        verified,
        len(ours),
        len(busy),
        used,
        max(counts.values()),
        refused,
        tuple(Counter(map(_kind, ours)).most_common()),
        *spent,
    )


def _kind(entry: dict[str, Any]) -> str:
    path = re.sub(r"/d\d+\.bench\.example|/[0-9a-f-]{36}", "/{id}", entry["path"])
    return f"{entry['method']} {path} {entry['status']}"


def rows(
    domains: int = 1000, rate: float = 2.0, limit: float = 1300.0, dialect: str = "guide"
) -> list[str]:
    """For the table of `make bench-durable`."""
    with places("postgresql") as (url, folder):
        return measure(domains, rate, url, folder, limit, dialect).rows()


async def work() -> None:
    """What `gctrust worker` does."""
    over = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, over.set)
    settings = load_settings({}, environment(), Path.cwd(), Path.home())
    async with build_app(settings) as app, app.running():
        print("working", flush=True)
        await over.wait()


if __name__ == "__main__":
    if sys.argv[1:] == ["worker"]:
        asyncio.run(work())
        sys.exit()
    given = zip_longest(sys.argv[1:5], ("1000", "2", "1300", "guide"))
    count, pace, longest, spoken = (said or default for said, default in given)
    for line in rows(int(count), float(pace), float(longest), spoken):
        print(line)
    print(f"load average {os.getloadavg()[0]:.1f}")
