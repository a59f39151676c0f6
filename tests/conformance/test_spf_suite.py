"""The openspf suite, where it is at hand: every test with its preferred result."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from tests.conformance.spf_suite import main, suite_outcomes

DEFAULT = Path(__file__).parents[2] / ".." / "shared" / "suites"
SUITE = Path(os.environ.get("GCTRUST_SUITES", DEFAULT)) / "email" / "spf" / "rfc7208-tests.yml"


@pytest.mark.skipif(not SUITE.exists(), reason="GCTRUST_SUITES names no folder with the suite")
def test_every_test_agrees() -> None:
    outcomes = list(suite_outcomes(SUITE))
    assert len(outcomes) == 203
    assert [str(one) for one in outcomes if not one.agrees] == []


OWN = Path(__file__).parents[1] / "cases" / "spf" / "checks" / "rfc7208.yaml"


def test_our_own_checks_agree() -> None:
    outcomes = list(suite_outcomes(OWN))
    assert len(outcomes) > 45
    assert [str(one) for one in outcomes if not one.agrees] == []


def test_a_disagreement_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    wrong = tmp_path / "wrong.yaml"
    text = OWN.read_text(encoding="utf-8").replace("result: softfail", "result: [pass, softfail]")
    wrong.write_text(text, encoding="utf-8")
    assert main([str(wrong)]) == 1
    *told, last = capsys.readouterr().out.splitlines()
    total = len(list(suite_outcomes(OWN)))
    assert last == f"{total - len(told)} of {total}"
    assert any("expected pass, got softfail" in line and "because" in line for line in told)
