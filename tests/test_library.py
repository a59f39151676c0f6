"""The public library: its names, its documentation, and that importing it costs nothing."""

from __future__ import annotations

import ast
import asyncio
import doctest
import importlib
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import gctrust
from gctrust.sandbox.zone.data import Record
from gctrust.sandbox.zone.server import ZoneServers

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "reference" / "library.md"
RECORDS = [
    {"name": "example.com", "type": "TXT", "ttl": 60,
     "value": "v=spf1 include:_spf.example.net ip4:192.0.2.0/24 -all"},
    {"name": "_spf.example.net", "type": "TXT", "ttl": 60, "value": "v=spf1 ip4:198.51.100.7 ~all"},
]  # fmt: skip


class HandClock:
    def now(self) -> float:
        return 1_800_000_000.0


@contextmanager
def name_server() -> Iterator[str]:
    """A name server in a thread of its own, as the page's own code runs an event loop."""
    loop, servers = asyncio.new_event_loop(), ZoneServers(HandClock(), 1)
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    asyncio.run_coroutine_threadsafe(servers.start(), loop).result(10)
    servers.put_records(Record.parse(row) for row in RECORDS)
    try:
        yield servers.addresses[0]
    finally:
        asyncio.run_coroutine_threadsafe(servers.stop(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def test_the_page_is_true() -> None:
    blocks = PAGE.read_text("utf-8").split("```pycon\n")[1:]
    text = "\n".join(block.partition("```")[0] for block in blocks)
    with name_server() as address:
        test = doctest.DocTestParser().get_doctest(text, {"NAMESERVER": address}, "page", None, 0)
        runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE)
        result = runner.run(test)
    assert result.attempted > 20
    assert result.failed == 0


@pytest.mark.parametrize("name", gctrust.__all__)
def test_every_name_is_there_and_told(name: str) -> None:
    value = getattr(gctrust, name)
    assert value.__doc__
    assert name in dir(gctrust)
    assert re.search(rf"[`.]{name}\b", PAGE.read_text("utf-8"))


def test_type_checkers_are_told_the_same() -> None:
    """The table says where a name lives; so does the block that only type checkers read."""
    tree = ast.parse((ROOT / "src" / "gctrust" / "__init__.py").read_text("utf-8"))
    told = {
        alias.name: node.module
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.level == 1
        for alias in node.names
    }
    assert told == gctrust._HOME
    for name, home in told.items():
        assert hasattr(importlib.import_module(f"gctrust.{home}"), name)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no_such_thing"):
        _ = gctrust.no_such_thing


def test_importing_costs_nothing() -> None:
    loaded = "import sys, gctrust; print([m for m in sys.modules if m.startswith('gctrust.')])"
    out = subprocess.run([sys.executable, "-c", loaded], capture_output=True, check=True).stdout
    assert out.strip() == b"[]"


def test_wrong_arguments() -> None:
    with pytest.raises(ValueError, match="nonsense"):
        gctrust.check_spf("nonsense", "a@example.com", "h", {})
    with pytest.raises(gctrust.BadName):
        gctrust.check_domain("a b", {})
    with pytest.raises(ValueError, match="no-such-kind"):
        gctrust.check_record("v=spf1", "no-such-kind")


async def test_the_checker_looks_beyond_dns_and_stays_off_this_machine() -> None:
    """Addresses of this machine are not connected to: said, never a verdict."""
    rows = [
        *RECORDS,
        {"name": "example.com", "type": "MX", "ttl": 60, "value": "10 mx.example.com."},
        {"name": "mx.example.com", "type": "A", "ttl": 60, "value": "127.0.0.1"},
        {"name": "mta-sts.example.com", "type": "A", "ttl": 60, "value": "127.0.0.1"},
        {"name": "_mta-sts.example.com", "type": "TXT", "ttl": 60, "value": "v=STSv1; id=1;"},
    ]
    servers = ZoneServers(HandClock(), 1)
    await servers.start()
    servers.put_records(Record.parse(row) for row in rows)
    try:
        async with gctrust.MailChecker([servers.addresses[0]], beyond_dns=True) as mail:
            report = await mail.check_domain("example.com", authoritative=servers.addresses)
            tree = await mail.spf_tree("example.com")
            more = await mail.what_if("example.com", "_spf.example.net")
    finally:
        await servers.stop()
    (said,) = [f for f in report.findings if f.rule == "mta-sts.policy-unavailable"]
    assert "not a public address" in said.message
    assert any("TLS-01" in line for line in report.not_judged)
    assert (tree.total, more.after) == (1, 1)
