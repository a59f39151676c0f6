"""The Prometheus text of /metrics: what runs learnt, as it is kept, and how the store stands now.

Kept series are text already and only joined; prometheus_client took 350 ms to write the 40,000 of
ten thousand domains (bench/evidence/scrape.py). What is counted at the scrape it writes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from importlib.metadata import version

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from ..adapters.store.samples import Samples
from ..adapters.store.standing import Row, standing
from ..app import App
from ..runner.metrics import METRICS

Family = GaugeMetricFamily | CounterMetricFamily


class _Standing(Collector):
    def __init__(self, rows: Iterable[Row]) -> None:
        self._rows = rows

    def collect(self) -> Iterator[Family]:
        families = {name: _family(name) for name, metric in METRICS.items() if metric.at_scrape}
        for name, labels, value in self._rows:
            families[name].add_metric(labels, value)
        return iter(families.values())


def _family(name: str) -> Family:
    metric = METRICS[name]
    kind = CounterMetricFamily if metric.kind == "counter" else GaugeMetricFamily
    return kind(name, metric.help, labels=metric.labels)


def exposition(app: App, *, leading: bool | None = None) -> tuple[bytes, str]:
    """The text and its media type. `leading`: whether this process drives runs, where it could.

    Raises the store's Problems.
    """
    rows = [*standing(app.store, app.clock.now())]
    rows.append(("gctrust_build_info", (version("gctrust"),), 1.0))
    if leading is not None:
        rows.append(("gctrust_leading", (), float(leading)))
    registry = CollectorRegistry()
    registry.register(_Standing(rows))
    return _kept(Samples(app.store, app.clock)) + generate_latest(registry), CONTENT_TYPE_LATEST


def _kept(samples: Samples) -> bytes:
    blocks = [
        f"# HELP {name} {METRICS[name].help}\n# TYPE {name} {METRICS[name].kind}\n{lines}\n"
        for name, lines in samples.by_metric().items()
        if name in METRICS  # others are of a release that knows more
    ]
    return "".join(blocks).encode()
