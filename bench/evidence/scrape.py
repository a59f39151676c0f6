"""A scrape of /metrics with 10,000 domains in the store, over HTTP from a real service."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2

from gctrust.adapters.credentials.api_tokens import ApiTokens, Role
from gctrust.adapters.ledger.ledger import Ledger
from gctrust.adapters.store.samples import Samples
from gctrust.adapters.store.store import Store
from gctrust.adapters.system import SystemClock
from gctrust.pipelines import effects as fx
from gctrust.pipelines.orders import EmailDomainOrder, RunEnd
from gctrust.runner.codec import Codec
from gctrust.runner.runs import Runs
from gctrust.runner.samples import Sample, samples_of

DOMAINS = 10_000
ROUNDS = 7


def filled(place: Path) -> str:
    """A store with the runs and figures of DOMAINS domains; returns a viewer's token."""
    store, clock = Store(place), SystemClock()
    seen = fx.MailAssessment((), (), True, (), 0.0)
    told: list[Sample] = []
    for domain in (f"d{number}.example.com" for number in range(DOMAINS)):
        told += samples_of(fx.AssessMail(domain, (), (), ""), seen)
        verified = fx.EmailDomainSeen(domain, domain, "verified", "VERIFIED", ())
        told += samples_of(fx.ReadEmailDomain(domain), verified)
    with store.write() as connection:
        Samples(store, clock).keep_in(connection, told, clock.now())
    runs = Runs(store, Codec(), clock)
    for number in range(100):
        order = EmailDomainOrder(f"d{number}.example.com")
        runs.ended(runs.submit(order), RunEnd("succeeded"))
    ledger = Ledger(store, place.parents[1] / "ledger.key", clock, "bench")
    token = ApiTokens(store, ledger, clock).create("bench", Role.VIEWER).reveal()
    store.close()
    return token


@contextmanager
def service(home: Path) -> Iterator[str]:
    environ = {"PATH": os.environ["PATH"], "GCTRUST_HOME": str(home)}
    environ |= {"GENESYS_REGION": "us-east-1", "GENESYS_CLIENT_ID": "bench"}  # never called
    environ |= {"GENESYS_CLIENT_SECRET": "bench"}
    command = [sys.executable, "-m", "gctrust", "serve", "--port", "0", "--json"]
    process = subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield json.loads(process.stdout.readline())["address"]
    finally:
        process.terminate()
        process.wait(30)


def rows() -> list[tuple[str, str, str]]:
    """(what, figure, goal)."""
    with tempfile.TemporaryDirectory(prefix="gctrust-scrape-") as folder:
        home = Path(folder)
        token = filled(home / "stores" / "api.mypurecloud.com.db")
        with service(home) as address, httpx2.Client(trust_env=False) as http:
            taken = []
            for _ in range(ROUNDS):
                start = time.perf_counter()
                headers = {"Authorization": f"Bearer {token}"}
                text = http.get(f"{address}/metrics", headers=headers).raise_for_status().text
                taken.append(1000 * (time.perf_counter() - start))
            assert text.count("gctrust_domain_record_ok{") == 4 * DOMAINS
    middle = statistics.median(taken)
    lines = len(text.splitlines())
    return [(f"scrape, {DOMAINS:,} domains, {lines:,} lines", f"{middle:.0f} ms", "200 ms")]


if __name__ == "__main__":
    for row in rows():
        print("  ".join(row))
