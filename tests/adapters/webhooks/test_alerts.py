"""What scheduled looks tell: on changes only, and as the catalogue says."""

from __future__ import annotations

import jsonschema_rs

from gctrust.pipelines.check_effects import CheckOrder, KeepLook, LookAt, Looked
from gctrust.pipelines.effects import Done, Instant, Now, Record, Recorded
from gctrust.pipelines.events import EVENTS
from gctrust.pipelines.scheduled_check import scheduled_check

DAY = 86_400.0
NOW = 1_800_000_000.0


def look(kind, now, before, **seen):
    """One look's result, and the events it records."""
    at = seen.pop("at", None)
    pipeline = scheduled_check(CheckOrder(kind, "www.example.com", now, before, at))
    told, result, answer = [], before, None
    while True:
        try:
            effect = pipeline.send(answer)
        except StopIteration:
            return result, told
        match effect:
            case Now():
                answer = Instant(now, now + DAY, 0)
            case LookAt():
                answer = Looked(**seen)
            case Record():
                told.append(effect)
                answer = Recorded(1)
            case KeepLook():
                result, answer = effect.result, Done()


def looks(kind, days, seen):
    """Daily looks, each knowing the result before; the data of every event, which fits."""
    before, events = "", []
    for day in range(days):
        before, told = look(kind, NOW + day * DAY, before, **seen(day))
        events += told
    for event in events:
        assert event.event is not None
        known = EVENTS[event.event]
        jsonschema_rs.validate(known.data_schema(), dict(event.data))
        assert set(event.data) <= {field.name for field in known.fields}
    return [event.data for event in events]


def test_expiry_is_told_once_for_each_threshold():
    end = NOW + 40 * DAY
    told = looks("expiry", 45, lambda day: {"not_after": end if day < 44 else end + 300 * DAY})
    assert [one["threshold"] for one in told] == [30, 14, 7, 1, 0]


def test_drift_is_told_when_it_comes_and_when_it_goes():
    ids = [(), ("spf.none",), ("spf.none",), ("spf.none",), ()]
    told = looks("domain", 5, lambda day: {"ids": ids[day]})
    assert [one["changed"] for one in told] == [["+spf.none"], ["-spf.none"]]


def test_a_rotation_that_is_due():
    told = looks("rotation", 12, lambda day: {"at": NOW + 8.5 * DAY})
    assert [one["days_left"] for one in told] == [7, 1, 0]
