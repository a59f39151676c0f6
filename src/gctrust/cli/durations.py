"""Spans of time as the command line takes them: 90d, 12h, 30m, 2w."""

from __future__ import annotations

import re

from .findings_shown import bad_argument

_SECONDS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0, "w": 604_800.0}
_SPAN = re.compile(r"([0-9]{1,6})([smhdw])")


def seconds_of(flag: str, text: str) -> float:
    """Raises Problem cli.bad-argument."""
    found = _SPAN.fullmatch(text.strip())
    if found is None or found[1].strip("0") == "":
        raise bad_argument(flag, text, "Give a number and a unit, such as 90d, 12h, 30m or 2w.")
    return int(found[1]) * _SECONDS[found[2]]


def span_of(seconds: float) -> str:
    """The shortest text that `seconds_of` reads as the same."""
    for unit in "wdhm":
        if seconds % _SECONDS[unit] == 0:
            return f"{int(seconds // _SECONDS[unit])}{unit}"
    return f"{int(seconds)}s"
