"""What a scheduled look comes to: its result is kept, and told when it is another than before."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from math import floor

from ..errors import Fact
from .check_effects import CheckOrder, KeepLook, LookAt, Looked
from .effect import do
from .effects import Now, Pipeline, Record
from .orders import RunEnd

DAY = 86_400.0
THRESHOLDS = (0, 1, 7, 14, 30)  # days left at which a certificate's end is told
DUE = (0, 1, 7)  # and a rotation's date
FINE = "fine"


def scheduled_check(order: CheckOrder, _state: None = None) -> Pipeline[RunEnd]:
    now = (yield from do(Now())).at
    looked = Looked(order.at)
    if order.kind != "rotation":
        looked = yield from do(LookAt(order.kind, order.subject))
    result, event, data = _judged(order, looked, now)
    if event and result != order.before:
        yield from do(Record(f"check.{event}", order.subject, data, event, data))
    yield from do(KeepLook(order.kind, order.subject, result, now))
    return RunEnd("succeeded", {"result": result, "before": order.before, **looked.facts})


def _judged(order: CheckOrder, looked: Looked, now: float) -> tuple[str, str, Mapping[str, Fact]]:
    """The result, and the event that tells of it; "" when nobody need hear."""
    if order.kind == "expiry":
        return _expiry(order.subject, looked.not_after, now)
    if order.kind == "rotation":
        return _rotation(order.subject, looked.not_after, now)
    result = ",".join(sorted(looked.ids)) or FINE
    if order.kind == "domain" and order.before:
        return result, "domain.drifted", _drift(order.subject, order.before, result)
    return result, "", {}


def _expiry(subject: str, end: float | None, now: float) -> tuple[str, str, Mapping[str, Fact]]:
    if end is None:
        return "no certificate seen", "", {}
    left = floor((end - now) / DAY)
    passed = _passed(left, THRESHOLDS)
    if passed is None:
        return FINE, "", {}
    ends = datetime.fromtimestamp(end, UTC).isoformat(timespec="milliseconds")
    ends = ends.replace("+00:00", "Z")
    data: dict[str, Fact] = {"subject": subject, "not_after": ends}
    data |= {"days_left": left, "threshold": passed}
    return f"{passed} days or less, ends {ends}", "expiry.soon", data


def _rotation(client: str, at: float | None, now: float) -> tuple[str, str, Mapping[str, Fact]]:
    left = floor(((at or now) - now) / DAY)
    passed = _passed(left, DUE)
    if passed is None:
        return FINE, "", {}
    day = datetime.fromtimestamp(at or now, UTC).date().isoformat()
    data: dict[str, Fact] = {"clientId": client, "due": day, "days_left": left}
    return f"{passed} days or less, due {day}", "rotation.due", data


def _passed(left: int, thresholds: tuple[int, ...]) -> int | None:
    return next((days for days in thresholds if left <= days), None)


def _drift(domain: str, before: str, after: str) -> Mapping[str, Fact]:
    old, new = ({*text.split(",")} - {FINE} for text in (before, after))
    changed = [*(f"+{id_}" for id_ in sorted(new - old)), *(f"-{id_}" for id_ in sorted(old - new))]
    word = {True: "findings", False: FINE}
    return {
        "domain": domain,
        "before": word[bool(old)],
        "after": word[bool(new)],
        "changed": changed,
    }


def next_due(kind: str, now: float, changed: float, every: float | None) -> float:
    """`every` seconds; where nobody said, daily, and a domain the rarer the longer it is as it is:
    half its age, from an hour to a week. `changed` is since when."""
    if every is not None:
        return now + every
    if kind != "domain":
        return now + DAY
    return now + min(max((now - changed) / 2, 3600.0), 7 * DAY)
