"""Knot on a loopback port, and a proxy that adds latency; both end with their block."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_CONF = """
server:
    rundir: "{folder}"
    listen: 127.0.0.1@{port}
    udp-workers: 1
    tcp-workers: 1
    background-workers: 1
database:
    storage: "{folder}/db"
log:
  - target: "{folder}/knot.log"
    any: warning
template:
  - id: default
    storage: "{folder}"
    file: "%s.zone"
    journal-content: none
    zonefile-load: whole
zone:
  - domain: ip6.arpa
  - domain: example
  - domain: in-addr.arpa
"""


def knotd() -> str | None:
    return shutil.which("knotd") or shutil.which("knotd", path="/usr/sbin:/usr/local/sbin")


def free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


@contextmanager
def served(folder: Path) -> Iterator[int]:
    """The port where the zones of `folder` are answered."""
    port = free_port()
    (folder / "db").mkdir(exist_ok=True)
    conf = _CONF.format(folder=folder, port=port)
    (folder / "knot.conf").write_text(conf)
    program = knotd()
    assert program is not None
    process = subprocess.Popen(
        [program, "-c", folder / "knot.conf"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        _wait_until_it_answers(port, process, folder)
        yield port
    finally:
        process.terminate()
        process.wait(10)


def _wait_until_it_answers(port: int, process: subprocess.Popen, folder: Path) -> None:
    query = bytes.fromhex("000100000001000000000000") + b"\7example\0\0\6\0\1"
    for _ in range(200):
        if process.poll() is not None:
            raise SystemExit(f"knotd ended: {(folder / 'knot.log').read_text()}")
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
            one.settimeout(0.1)
            one.connect(("127.0.0.1", port))
            try:
                one.send(query)
                if one.recv(512)[3] & 15 == 0:
                    return
            except OSError:
                time.sleep(0.1)
    raise SystemExit("knotd does not answer")


@contextmanager
def delayed(port: int, seconds: float) -> Iterator[int]:
    """A port that answers as `port` does, `seconds` later."""
    process = subprocess.Popen(
        [sys.executable, Path(__file__).parent / "delay.py", str(port), str(seconds)],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        yield int(process.stdout.readline())
    finally:
        process.terminate()
        process.wait(10)
