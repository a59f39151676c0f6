"""Histories that releases left are replayed by this code: it must ask for the same, step by step.

A failure here means that a pipeline changed in a way that runs under way would meet: ask for the
change by `version("name")` (pipelines/versions.py). Never record an old release anew.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from gctrust.pipelines.effects import Done, Segment
from gctrust.pipelines.journeys import journeys
from gctrust.pipelines.versions import Taken, Version
from gctrust.runner.codec import Codec

RECORDED = sorted((Path(__file__).parent / "recorded").glob("*/*.json"))


def replayed(file: Path) -> list[str]:
    """The names of the steps asked for; AssertionError at the first that is another."""
    told, codec = json.loads(file.read_text("utf-8")), Codec()
    steps = iter(enumerate(told["steps"], 1))
    upcoming = next(steps, None)
    asked: list[str] = []
    pipeline = journeys()[file.stem](codec.decode(told["order"], object))
    answer: object = None
    problem = None
    while True:
        try:
            effect = pipeline.throw(problem) if problem else pipeline.send(answer)
        except StopIteration as stop:
            end = stop.value
            break
        problem = None
        if isinstance(effect, Segment):
            answer = Done()
            continue
        assert upcoming is not None, f"it asks for more: {effect}"
        number, step = upcoming
        name = f"{number} {type(effect).__name__} {effect.key}".rstrip()
        if isinstance(effect, Version):
            taken = step["name"] == f"DBOS.patch-{effect.name}"
            upcoming, answer = next(steps, None) if taken else upcoming, Taken(taken)
            continue
        assert name == step["name"]
        assert codec.digest(effect) == step["answer"]["digest"], f"another question: {effect}"
        asked.append(name)
        upcoming = next(steps, None)
        if step["answer"]["kind"] == "done":
            answer = codec.decode(step["answer"]["outcome"], type(effect).outcome)
        else:
            problem = codec.decode_problem(step["answer"]["problem"])
    assert upcoming is None, f"it ended before {upcoming}"
    assert codec.encode(end) == told["end"]
    return asked


def test_every_journey_is_recorded():
    assert {file.stem for file in RECORDED} == {"custom-domain", "email-domain", "pin-rotation"}


@pytest.mark.parametrize("seed", ["0", "1", "4242"])
def test_the_same_questions_whatever_the_order_of_sets(seed):
    """In a process of its own: a set's order is settled when the interpreter starts."""
    environ = {**os.environ, "PYTHONHASHSEED": seed}
    done = subprocess.run(
        [sys.executable, __file__], env=environ, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 60


def test_a_pipeline_that_asks_for_something_else_is_noticed(tmp_path):
    told = json.loads(RECORDED[0].read_text("utf-8"))
    for change in ("name", "digest"):
        steps = json.loads(json.dumps(told["steps"]))
        if change == "name":
            steps[5]["name"] += "x"
        else:
            steps[5]["answer"]["digest"] = "0" * 64
        file = tmp_path / RECORDED[0].name
        file.write_text(json.dumps({**told, "steps": steps}))
        with pytest.raises(AssertionError):
            replayed(file)


if __name__ == "__main__":
    print(sum(len(replayed(file)) for file in RECORDED))
