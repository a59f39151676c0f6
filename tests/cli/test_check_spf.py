"""`gctrust check spf`: the verdict, the tree and "what if I add this include", on a real server."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from gctrust.sandbox.zone.data import Record
from gctrust.sandbox.zone.server import ZoneServers

POLICIES = {
    "example.com": "v=spf1 include:a.example.net mx -all",
    "a.example.net": "v=spf1 include:b.example.net include:gone.example.net ~all",
    "b.example.net": "v=spf1 ip4:192.0.2.0/24 -all",
    "big.example.net": "v=spf1 " + " ".join(f"a:h{n}.example.net" for n in range(8)) + " -all",
}


class HandClock:
    def now(self) -> float:
        return 1_800_000_000.0


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    loop, servers = asyncio.new_event_loop(), ZoneServers(HandClock(), 1)
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    asyncio.run_coroutine_threadsafe(servers.start(), loop).result(10)
    rows = ({"name": n, "type": "TXT", "ttl": 60, "value": v} for n, v in POLICIES.items())
    servers.put_records(Record.parse(row) for row in rows)
    yield servers.addresses[0]
    asyncio.run_coroutine_threadsafe(servers.stop(), loop).result(10)
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


def check(home: Path, server: str, *tokens: str) -> subprocess.CompletedProcess[str]:
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("GENESYS", "GCTRUST"))}
    done = subprocess.run(
        [sys.executable, "-m", "gctrust", "check", "spf", *tokens],
        env={**clean, "GCTRUST_HOME": str(home), "HOME": str(home), "GCTRUST_NAMESERVERS": server},
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert "Traceback" not in done.stderr
    return done


def test_the_tree(tmp_path: Path, server: str) -> None:
    done = check(tmp_path, server, "--mail-from", "a@example.com", "--tree")
    assert done.returncode == 0
    assert "4 of 10 look-ups  example.com" in done.stdout
    assert "no SPF record" in done.stdout
    told = json.loads(check(tmp_path, server, "--helo", "example.com", "--tree", "--json").stdout)
    assert [(b["depth"], b["domain"], b["total"]) for b in told["branches"]] == [
        (0, "example.com", 4), (1, "a.example.net", 2), (2, "b.example.net", 0),
        (2, "gone.example.net", 0),
    ]  # fmt: skip


def test_what_if(tmp_path: Path, server: str) -> None:
    done = check(
        tmp_path, server, "--mail-from", "a@example.com", "--what-if-include", "big.example.net"
    )
    assert done.returncode == 10
    assert "13 look-ups  does not fit" in done.stdout
    record = "v=spf1 include:a.example.net mx include:big.example.net -all"
    assert f'example.com. TXT "{record}"' in done.stdout
    fits = check(tmp_path, server, "--helo", "b.example.net", "--what-if-include", "a.example.net")
    assert fits.returncode == 0


@pytest.mark.parametrize(
    "tokens",
    [
        ("--mail-from", "a@example.com"),
        ("--tree",),
        ("--mail-from", "a@exa mple", "--tree"),
        ("--mail-from", "a@example.com", "--what-if-include", "a..b"),
        ("--mail-from", "a@example.com", "--ip", "nonsense"),
    ],
)
def test_arguments_that_are_none(tmp_path: Path, server: str, tokens: tuple[str, ...]) -> None:
    assert check(tmp_path, server, *tokens).returncode == 2
