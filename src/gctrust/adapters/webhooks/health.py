"""How an endpoint fares: its circuit, and when it is given up. Pure: attempts in, health out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from .send import Attempt

OPEN_AFTER = 5  # failures in a row, after which an endpoint is left alone for a while
LONGEST_OPEN = 300.0  # seconds until one delivery tries it again
DISABLE_AFTER = 5 * 86_400.0  # seconds of nothing but failures


@dataclass(frozen=True, slots=True)
class Health:
    """`failures` in a row, since `failing_since`; nothing is sent before `open_until`, and nothing
    at all while `disabled` (since when) is set."""

    failures: int = 0
    failing_since: float | None = None
    open_until: float = 0.0
    disabled: float | None = None
    why: str = ""

    @property
    def probing(self) -> bool:
        """One delivery is to show whether it is there again."""
        return self.failures >= OPEN_AFTER


def fared(
    before: Health, attempts: Sequence[Attempt], schedule: Sequence[float], now: float
) -> Health:
    """The health after these attempts of one batch, in the order they ended in."""
    health = _counted(before, attempts, now)
    if health == before:
        return before
    if health.probing:
        health = replace(health, open_until=now + _pause(schedule, health.failures))
    since = health.failing_since
    over = since is not None and now - since >= DISABLE_AFTER
    if health.disabled is None and (over or any(attempt.gone for attempt in attempts)):
        health = replace(health, disabled=now, why=attempts[-1].error)
    return health


def _counted(before: Health, attempts: Iterable[Attempt], now: float) -> Health:
    """Those of one batch fail for one cause: together they open the circuit once."""
    health, most = before, max(OPEN_AFTER, before.failures + 1)
    for attempt in attempts:
        if attempt.accepted:
            health = Health(disabled=before.disabled, why=before.why)
        else:
            since = now if health.failing_since is None else health.failing_since
            failures = min(health.failures + 1, most)
            health = replace(health, failures=failures, failing_since=since)
    return health


def _pause(schedule: Sequence[float], failures: int) -> float:
    pauses = (*schedule, LONGEST_OPEN)
    return min(LONGEST_OPEN, pauses[min(failures - OPEN_AFTER, len(pauses) - 1)])
