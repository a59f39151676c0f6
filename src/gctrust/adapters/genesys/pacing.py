"""Pacing: whether and when to send again. Pure: the instant and the random fraction are arguments.

A request that changes something is sent again only when it provably had no effect: no connection
came about, or the platform refused it before doing anything (429).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime
from enum import StrEnum

_REPEATABLE = frozenset({"GET", "HEAD", "PUT", "DELETE", "PATCH"})
_TRANSIENT = frozenset({408, 429, 500, 502, 503, 504})
_LONGEST_BELIEVED = 86_400.0


class Failure(StrEnum):
    """How a request ended without a usable answer."""

    NOT_SENT = "not-sent"  # no connection came about
    TIMED_OUT = "timed-out"
    BROKEN = "broken"  # the connection broke, or the body was cut short
    UNREADABLE = "unreadable"  # a success whose body breaks its contract


@dataclass(frozen=True, slots=True)
class Refused:
    """An answer with a status that is no success."""

    status: int
    retry_after: str | None = None


@dataclass(frozen=True, slots=True)
class SendAgainAt:
    at: float


@dataclass(frozen=True, slots=True)
class GiveUp:
    """`retry_at`: when a later try is worth it, None when it never is. `lost`: look first."""

    retry_at: float | None = None
    lost: bool = False


@dataclass(frozen=True, slots=True)
class Policy:
    """Numbers of the guides: base 2 s doubling to 30 s, 30 s after a server error.

    A wait longer than `longest_wait` is not slept here: the run waits durably instead. In the
    queue for the budget a run keeps its place for `longest_queue`: to leave and come back costs
    it two steps, and would leave budget unused.
    """

    tries: int = 3
    base: float = 2.0
    cap: float = 30.0
    after_server_error: float = 30.0
    longest_wait: float = 30.0
    longest_queue: float = 300.0


def pace(
    policy: Policy,
    method: str,
    attempt: int,
    result: Refused | Failure,
    now: float,
    fraction: float,
    *,
    conditional: bool = False,
) -> GiveUp | SendAgainAt:
    """What to do after try number `attempt` (from 1). `fraction` is random in [0, 1).

    `conditional`: the request has If-Match, so a second copy of one that took effect is refused.
    """
    if isinstance(result, Refused) and result.status not in _TRANSIENT:
        return GiveUp()
    named = read_retry_after(result.retry_after, now) if isinstance(result, Refused) else None
    wait = _wait(policy, attempt, fraction, named)
    if not _had_no_effect(result) and (method not in _REPEATABLE or conditional):
        # A connection that broke is worth a look at once; a server that fails is left alone.
        later = wait if isinstance(result, Failure) else _later(policy, wait, named)
        return GiveUp(now + later, lost=True)
    if attempt >= policy.tries or wait > policy.longest_wait:
        return GiveUp(now + _later(policy, wait, named))
    return SendAgainAt(now + wait)


def read_retry_after(text: str | None, now: float) -> float | None:
    """Seconds to wait by a Retry-After header, of either form (RFC 9110 section 10.2.3)."""
    if text is None:
        return None
    text = text.strip()
    if text.isascii() and text.isdigit():
        return min(float(text), _LONGEST_BELIEVED)
    try:
        at = parsedate_to_datetime(text)
        at = at if at.tzinfo else at.replace(tzinfo=UTC)
        return min(max(0.0, at.timestamp() - now), _LONGEST_BELIEVED)
    except (ValueError, OverflowError):
        return None


def _wait(policy: Policy, attempt: int, fraction: float, named: float | None) -> float:
    """Full jitter: anywhere below the doubled base. A named time is never undercut."""
    if named is not None:
        return named + fraction
    return fraction * min(policy.cap, policy.base * 2.0 ** (attempt - 1))


def _later(policy: Policy, wait: float, named: float | None) -> float:
    return wait if named is not None else max(wait, policy.after_server_error)


def _had_no_effect(result: Refused | Failure) -> bool:
    return result is Failure.NOT_SENT or (isinstance(result, Refused) and result.status == 429)
