"""The measured pin-match rate: how many full handshakes matched, and how sure that makes us.

A bare rate says nothing: 3 of 3 is "100 %". The one-sided 95 % Clopper-Pearson lower bound says
what the true rate is at least (0.997 needs 998 handshakes without a miss).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class MatchRate:
    """`matched` of `tried` full, unresumed handshakes that presented a certificate."""

    matched: int
    tried: int

    def __post_init__(self) -> None:
        if not 0 <= self.matched <= self.tried:
            raise ValueError(f"{self.matched} of {self.tried} is no rate")

    @property
    def rate(self) -> float | None:
        """None when nothing was tried: no sample is not a rate of zero."""
        return self.matched / self.tried if self.tried else None

    @property
    def lower_bound(self) -> float:
        return clopper_pearson_lower(self.matched, self.tried)


@lru_cache(maxsize=256)
def clopper_pearson_lower(successes: int, trials: int, confidence: float = CONFIDENCE) -> float:
    """The least true rate under which seeing `successes` or more has probability 1 - confidence.

    Clopper and Pearson, Biometrika 26 (1934). 0.0 when there is no success.
    """
    if not successes:
        return 0.0
    alpha = 1.0 - confidence
    if successes == trials:
        return float(alpha ** (1.0 / trials))
    low, high = 0.0, successes / trials
    while high - low > 1e-12:
        middle = (low + high) / 2
        if _at_least(successes, trials, middle) < alpha:
            low = middle
        else:
            high = middle
    return low


def clean_handshakes_needed(target: float, confidence: float = CONFIDENCE) -> int:
    """How many handshakes without one miss put the lower bound at `target` or above."""
    if not 0.0 < target < 1.0:
        raise ValueError(f"a target rate lies between 0 and 1, not {target}")
    needed = math.ceil(math.log(1.0 - confidence) / math.log(target))
    return needed if (1.0 - confidence) ** (1.0 / needed) >= target else needed + 1


def _at_least(successes: int, trials: int, rate: float) -> float:
    """P(X >= successes) of a binomial; summed over the misses, of which there are few."""
    log_rate, log_miss = math.log(rate), math.log1p(-rate)
    log_all = math.lgamma(trials + 1)
    return math.fsum(
        math.exp(
            log_all
            - math.lgamma(misses + 1)
            - math.lgamma(trials - misses + 1)
            + (trials - misses) * log_rate
            + misses * log_miss
        )
        for misses in range(trials - successes + 1)
    )
