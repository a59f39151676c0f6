"""Every SPF rule: a zone that triggers it and a near one that does not, with all findings told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from gctrust.mailauth.questions import Status
from gctrust.mailauth.spf_lint import SpfSender, assess_spf
from gctrust.mailauth.spf_rules import SPF_RULES
from gctrust.mailauth.zone import DictZone, run

CASES = Path(__file__).parents[1] / "cases" / "spf"
DOCUMENTS = [
    pytest.param(path, index, id=f"{path.stem}-{'triggers' if index == 0 else 'spares'}")
    for path in sorted(CASES.glob("*.yaml"))
    for index in (0, 1)
]


def zone_of(names: dict[str, dict[str, Any]]) -> DictZone:
    """A case file writes a failing type as "!timeout"."""
    return DictZone(
        {
            name: {
                kind: Status(value[1:])
                if isinstance(value, str) and value.startswith("!")
                else value
                for kind, value in types.items()
            }
            for name, types in names.items()
        }
    )


@pytest.mark.parametrize(("path", "index"), DOCUMENTS)
def test_case(path: Path, index: int) -> None:
    case = list(yaml.safe_load_all(path.read_text(encoding="utf-8")))[index]
    ask = dict(case.get("ask") or {})
    senders = [one if isinstance(one, str) else SpfSender(**one) for one in ask.pop("senders", ())]
    report = run(assess_spf("example.com", senders, **ask), zone_of(case["zone"]))
    found = sorted(one.rule for one in report.findings)
    assert found == sorted(case["findings"]), [one.message for one in report.findings]
    assert (f"spf.{path.stem}" in found) is (index == 0)


def test_every_rule_has_a_case() -> None:
    assert {f"spf.{path.stem}" for path in CASES.glob("*.yaml")} == {r.id for r in SPF_RULES}


@pytest.mark.parametrize("rule", SPF_RULES, ids=lambda rule: rule.id)
def test_a_rule_tells_all(rule: Any) -> None:
    assert rule.sentence
    assert rule.why.endswith(".")
    assert rule.fix.endswith((".", '"', ";"))
    assert rule.source
    assert rule.example
    assert rule.row.startswith("SPF-")
