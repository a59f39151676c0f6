"""Intervals of the published queries: two instants with a slash between (ISO 8601)."""

from __future__ import annotations

from datetime import datetime

from ..platform_refusals import refuse

NOT_A_DATE = "Dates must be specified as ISO-8601 strings. For example: yyyy-MM-ddTHH:mm:ss.SSSZ"


def read_interval(text: str) -> tuple[float, float]:
    """Unix seconds, the first before the second. Raises Refusal 400 invalid.date."""
    begins, _, ends = text.partition("/")
    try:
        first, last = _instant(begins), _instant(ends)
    except (ValueError, OverflowError):
        first, last = 0.0, 0.0
    if first >= last:
        raise refuse(400, "invalid.date", NOT_A_DATE)
    return first, last


def _instant(text: str) -> float:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("an instant without its zone")
    return moment.timestamp()
