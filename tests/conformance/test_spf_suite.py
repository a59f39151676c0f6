"""The openspf suite, where it is at hand: every test with its preferred result."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from tests.conformance.spf_suite import suite_outcomes

DEFAULT = Path(__file__).parents[2] / ".." / "shared" / "suites"
SUITE = Path(os.environ.get("GCTRUST_SUITES", DEFAULT)) / "email" / "spf" / "rfc7208-tests.yml"


@pytest.mark.skipif(not SUITE.exists(), reason="GCTRUST_SUITES names no folder with the suite")
def test_every_test_agrees() -> None:
    outcomes = list(suite_outcomes(SUITE))
    assert len(outcomes) == 203
    assert [str(one) for one in outcomes if not one.agrees] == []
