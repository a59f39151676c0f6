"""A bounded sample of bench/evidence/tampering.py; all 10,000 trials with GCTRUST_LONG=1."""

from __future__ import annotations

import os
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2] / "bench" / "evidence"))

import tampering

TRIALS = 10_000 if os.environ.get("GCTRUST_LONG") else 200


def test_tampering_of_every_kind_is_seen_and_located(tmp_path):
    told = tampering.trials(tmp_path, TRIALS)
    assert told["seen"] == TRIALS
    assert len(told) == 1 + 15  # kinds


def test_what_was_not_done_is_not_seen(tmp_path):
    """The trials can fail: an untouched copy has nothing to be found."""
    known = tampering.house(tmp_path)
    copy = tmp_path / "copy.db"
    copy.write_bytes(known.whole)
    engine = tampering.sa.create_engine(f"sqlite:///{copy}")
    verdict = tampering.verify_store(engine, known.key, known.anchor)
    engine.dispose()
    assert (verdict.findings, verdict.anchored) == ((), True)
    assert not tampering.located(tampering.Trial("removed", 3), verdict)
