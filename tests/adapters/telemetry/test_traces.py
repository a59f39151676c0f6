"""A collector that is down or silent costs a run nothing, and its end a moment."""

from __future__ import annotations

import logging
import socket
import time

import pytest

from gctrust.adapters.telemetry.traces import FLUSH, Performed, Traces


@pytest.fixture
def silent():
    """Connections are taken, and never answered."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


@pytest.fixture
def nobody():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    return f"http://127.0.0.1:{port}"


@pytest.mark.parametrize("collector", ["silent", "nobody"])
def test_a_dead_collector_holds_nobody_up(collector, request, capfd, caplog):
    traces = Traces(request.getfixturevalue(collector), None, "scope")
    taken = []
    for step in range(3000):  # more than are queued
        began = time.monotonic()
        traces.effect(Performed("r@1", 0, step, "1 AssessFiles x", "done", "", 1, 1.0, 2.0))
        taken.append(time.monotonic() - began)
    assert max(taken[1:]) < 1.0, "the first loads the library"
    began = time.monotonic()
    with caplog.at_level(logging.WARNING, "gctrust"):
        traces.close()
    assert time.monotonic() - began < FLUSH + 2.0
    told = [one.getMessage() for one in caplog.records if one.name.startswith("gctrust")]
    assert told == ["the collector of traces does not answer: spans are lost"]
    assert capfd.readouterr().err == ""
