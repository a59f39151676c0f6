"""The dashboard, the alert rules and the reference page name metrics that exist, and no others."""

import json
import re
import tomllib
from pathlib import Path

import yaml

from gctrust.pipelines import effects as fx
from gctrust.runner.metrics import ALL, METRICS
from gctrust.runner.samples import samples_of

DOCS = Path(__file__).parent.parent / "docs"
EXPORTERS = tomllib.loads((Path(__file__).parent / "exporters.toml").read_text())
_NAME = re.compile(r"\b((?:gctrust|ssl|probe)_[a-z_]+)\b")
_LABEL = re.compile(r"\{\{\s*\$labels\.([a-z_]+)|([a-z_]+)=\"|\{\{([a-z_]+)\}\}")


def metric_of(name: str) -> str:
    for end in ("_bucket", "_sum", "_count"):
        if name.endswith(end) and METRICS.get(name.removesuffix(end)):
            return name.removesuffix(end)
    return name


def used(expression: str) -> set[str]:
    return {metric_of(name) for name in _NAME.findall(expression)}


def test_every_panel_asks_for_metrics_and_labels_that_exist():
    dashboard = json.loads((DOCS / "observability" / "dashboard.json").read_text())
    seen = set()
    for panel in dashboard["panels"]:
        for target in panel["targets"]:
            names = used(target["expr"])
            assert names, target
            assert names <= METRICS.keys(), target
            labels = {label for name in names for label in METRICS[name].labels}
            for groups in _LABEL.findall(target["expr"] + target["legendFormat"]):
                assert "".join(groups) in labels, (target, groups)
            seen |= names
    places = [tuple(panel["gridPos"].values()) for panel in dashboard["panels"]]
    assert len(set(places)) == len(places)
    assert len(seen) >= 12


def test_every_alert_asks_for_metrics_and_labels_that_exist():
    rules = yaml.safe_load((DOCS / "observability" / "alerts.yml").read_text())
    for rule in rules["groups"][0]["rules"]:
        names = used(rule["expr"])
        assert len(names) == 1, rule
        assert names <= METRICS.keys(), rule
        labels = {label for name in names for label in METRICS[name].labels}
        for groups in _LABEL.findall(json.dumps(rule["annotations"])):
            assert "".join(groups) in labels, rule
        assert rule["labels"]["severity"] in ("warning", "critical")


def test_the_reference_has_a_row_for_each_metric_and_no_other():
    page = (DOCS / "reference" / "metrics.md").read_text()
    rows = [line for line in page.splitlines() if line.startswith("| `")]
    expected = [
        f"| `{m.name}` | {m.kind} | {', '.join(f'`{label}`' for label in m.labels)} | {m.help} |"
        for m in ALL
    ]
    assert [re.sub(r"\s+", " ", row) for row in rows] == [
        re.sub(r"\s+", " ", row) for row in expected
    ]


def test_what_is_named_as_the_exporters_name_it_is_what_they_show():
    theirs = {**EXPORTERS["ssl_exporter"], **EXPORTERS["blackbox_exporter"]}
    ours = [metric for metric in ALL if metric.name.startswith(("ssl_", "probe_"))]
    assert len(ours) == 5
    for metric in ours:
        more = ("target",) if metric.name.startswith("probe_") else ()
        named = theirs[metric.name]
        assert metric.kind == named["kind"]
        assert set(metric.labels) == {*named["labels"], *more}, metric.name
    assert not [m.name for m in ALL if m not in ours and not m.name.startswith("gctrust_")]


def test_a_tls_version_is_named_as_the_exporters_name_it():
    for version in ("TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"):
        seen = fx.HandshakesSeen(1, 1, 1, 2, 3, (), (version,))
        told = " ".join(one.series for one in samples_of(fx.ProbeEdges("h.io", 1), seen))
        assert re.findall('version="([^"]*)"', told)[0] in EXPORTERS["tls_versions"]


def test_names_keep_the_rules_of_prometheus():
    """prometheus.io/docs/practices/naming: base units, counters that end in _total, and
    OpenMetrics: an info is 1 and ends in _info; suffixes of the format are no name's end."""
    strange = re.compile(r"_(ms|milliseconds|micros|minutes|hours|days|kb|mb|percent)(_|$)")
    for metric in ALL:
        assert re.fullmatch("[a-z][a-z0-9_]*", metric.name)
        assert not strange.search(metric.name), metric.name
        assert metric.name.endswith("_total") == (metric.kind == "counter"), metric.name
        assert not metric.name.endswith(("_bucket", "_sum", "_count", "_created"))
        assert not {"le", "quantile", "job", "instance"} & set(metric.labels), metric.name


def test_what_changes_is_asked_for_as_its_kind_wants():
    """`rate` and `increase` take a fall for a counter that began anew, and `delta` does not."""
    alerts = yaml.safe_load((DOCS / "observability" / "alerts.yml").read_text())
    dashboard = json.loads((DOCS / "observability" / "dashboard.json").read_text())
    asked = [rule["expr"] for rule in alerts["groups"][0]["rules"]]
    asked += [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    seen = set()
    for function, name in re.findall(r"\b(rate|increase|delta)\((\w+)", " ".join(asked)):
        kind = METRICS[metric_of(name)].kind
        assert (kind == "gauge") == (function == "delta"), (function, name)
        seen.add(function)
    assert seen >= {"rate", "delta"}
