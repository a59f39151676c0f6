"""The dashboard, the alert rules and the reference page name metrics that exist, and no others."""

import json
import re
from pathlib import Path

import yaml

from gctrust.runner.metrics import ALL, METRICS

DOCS = Path(__file__).parent.parent / "docs"
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
