"""What /metrics shows, read from the store at the moment it is asked for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from ..app import App


class _Figures(Collector):
    def __init__(self, app: App) -> None:
        self.app = app

    def collect(self) -> Iterator[GaugeMetricFamily]:
        runs = GaugeMetricFamily(
            "gctrust_runs", "Runs by journey and status.", labels=("journey", "status")
        )
        for (journey, status), count in self.app.runner.count_runs().items():
            runs.add_metric((journey, status), count)
        yield runs
        queue = GaugeMetricFamily(
            "gctrust_webhooks", "Webhooks in the outbox by status.", labels=("status",)
        )
        for status, count in Counter(row.status for row in self.app.outbox.rows()).items():
            queue.add_metric((status,), count)
        yield queue
        leading = GaugeMetricFamily("gctrust_leading", "1 when this process drives the runs.")
        leading.add_metric((), float(self.app.runner.leading))
        yield leading


def exposition(app: App) -> tuple[bytes, str]:
    """The text and its media type."""
    registry = CollectorRegistry()
    registry.register(_Figures(app))
    return generate_latest(registry), CONTENT_TYPE_LATEST
