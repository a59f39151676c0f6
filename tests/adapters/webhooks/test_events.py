"""The catalogue of events: samples fit, the page is it, and real runs send nothing else."""

from __future__ import annotations

import json
import re
from pathlib import Path

import jsonschema_rs
import pytest

from gctrust.adapters.webhooks.bodies import cloud_event
from gctrust.pipelines.events import EVENTS, wanted

from .events_page import PAGE, page

SOURCE = Path(__file__).parents[3] / "src" / "gctrust"


@pytest.mark.parametrize("event", EVENTS.values(), ids=lambda event: event.name)
def test_the_sample_fits_and_anything_less_does_not(event):
    schema = jsonschema_rs.validator_for(event.schema())
    body = cloud_event("msg_" + "0a" * 12, "gctrust", event.name, "s", 1.8e9, event.sample)
    told = json.loads(body)
    schema.validate(told)
    assert set(event.sample) == {field.name for field in event.fields}
    for field in event.fields:
        less = {**told, "data": {k: v for k, v in told["data"].items() if k != field.name}}
        wrong = {**told, "data": {**told["data"], field.name: {"an": "object"}}}
        assert schema.is_valid(less) is not field.required
        assert not schema.is_valid(wrong)


def test_the_page_is_the_catalogue():
    text = PAGE.read_text("utf-8")
    assert page(text) == text, "run python tests/adapters/webhooks/events_page.py"


def test_every_event_that_a_pipeline_names_is_in_the_catalogue():
    """`Record(action, entity, facts, EVENT, data)`: its fourth argument where it is a text."""
    named = set()
    for file in (SOURCE / "pipelines").glob("*.py"):
        text = file.read_text("utf-8")
        named |= set(re.findall(r'Record\(\s*f?"[^"]+",[^"()]+,\s*"([a-z_.]+)"', text))
        named |= set(re.findall(r'announce: str \| None = "([a-z_.]+)"', text))
    assert len(named) >= 4
    assert named - set(EVENTS) == set()


@pytest.mark.parametrize(
    ("event", "patterns", "is_wanted"),
    [
        ("expiry.soon", ("*",), True),
        ("expiry.soon", ("expiry.*",), True),
        ("expiry.soon", ("expiry",), False),
        ("expiry.soon", ("domain.*", "expiry.soon"), True),
        ("expiry.soon", (), False),
    ],
)
def test_patterns(event, patterns, is_wanted):
    assert wanted(event, patterns) is is_wanted
