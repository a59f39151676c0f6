"""A pack of a ledger with two journeys in it, and a browser to open its page in."""

from __future__ import annotations

import re
import shutil
import subprocess

import pytest

from gctrust.adapters.evidence.pack import pack_of
from gctrust.adapters.ledger.entry import Entry
from gctrust.adapters.ledger.ledger import Ledger
from gctrust.adapters.store.store import Store

# Every entry is a minute after the one before: the period is entries 9 to 68 of 83.
START, SINCE, UNTIL = 1_800_000_000.0, "2027-01-15T08:10:00.000Z", "2027-01-15T09:10:00.000Z"
ODD = '<b>"x"</script><!--'
QUIET = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip


class Clock:
    at = START

    def now(self):
        self.at += 60
        return self.at


def empty(folder):
    return Ledger(Store(folder / "s.db", "sandbox"), folder / "key", Clock(), "os:anna")


def filled(folder):
    ledger = empty(folder)
    mail = {"domain": "mail.example.com", "status": "active", "latency_ms": 1200.5}
    served = {"handshakes": 50, "handshake_success_rate": 1.0, "p50_ms": 2.5, "p99_ms": 8.25}
    ordered = {"reason": "new brand", "ticket": "CHG-1", "allowed": ["tls.replaces"]}
    ledger.append(Entry("email-domain.succeeded", "mail.example.com", "mail@1", data=mail))
    steps = [Entry("step.done", f"n{n}.example", "many", n, data={"odd": ODD}) for n in range(29)]
    for step in steps:
        ledger.append(step)
    ledger.append(Entry("run.ordered", "www.example.com", "tls@1", data=ordered))
    ledger.append(Entry("custom-domain.succeeded", "www.example.com", "tls@1", 9, data=served))
    for n in range(51):
        ledger.append(Entry("step.done", "later.example", "later", n))
    return ledger


@pytest.fixture(scope="session")
def pack(tmp_path_factory):
    """The folder of the pack. Nobody changes it."""
    folder = tmp_path_factory.mktemp("evidence")
    ledger = filled(folder)
    out = folder / "pack"
    (out / "proofs").mkdir(parents=True)
    for name, text in pack_of(ledger, SINCE, UNTIL, UNTIL).files():
        (out / name).write_text(text)
    ledger.store.close()
    return out


@pytest.fixture(scope="session")
def opened(tmp_path_factory):
    """What a page has become when its program has run: (verdict's text, the whole document)."""
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if browser is None:
        pytest.skip("no Chromium here to open the page in")

    def open_page(file):
        profile = tmp_path_factory.mktemp("profile")
        command = [browser, *QUIET, f"--user-data-dir={profile}", "--dump-dom", file.as_uri()]
        told = subprocess.run(command, capture_output=True, text=True, timeout=60).stdout
        found = re.search(r'id="verdict" role="status">([^<]*)<', told)
        return found[1] if found else "", told

    return open_page
