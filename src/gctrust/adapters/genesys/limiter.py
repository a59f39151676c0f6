"""Request budget of one token, led by the platform's own headers. Pure state, like the breaker.

The first half of a window is spent as fast as it is asked for; the rest evenly until it ends, so
that bulk work does not stall for the end of the window. A 429's Retry-After stops all.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

_FREE_SHARE = 0.5


@dataclass(frozen=True, slots=True)
class Budget:
    """`used` counts what the headers told and what was sent since; times are Unix seconds."""

    used: int = 0
    allowed: int = 0  # 0: no header was seen yet
    resets_at: float = 0.0
    next_at: float = 0.0
    paused_until: float = 0.0

    def reserve(self, now: float) -> tuple[Budget, float]:
        """Take one request; the second value is the instant from which it may go out."""
        start = max(now, self.paused_until)
        if not self.allowed or start >= self.resets_at:
            return replace(self, used=self.used + 1), start
        left = self.allowed - self.used
        if left <= 0:
            return replace(self, used=self.used + 1), self.resets_at
        if self.used < self.allowed * _FREE_SHARE:
            return replace(self, used=self.used + 1), start
        start = max(start, self.next_at)
        step = max(0.0, self.resets_at - start) / left
        return replace(self, used=self.used + 1, next_at=start + step), start

    def told(self, headers: Mapping[str, str], now: float) -> Budget:
        """What an answer says. Within one window the larger count is the newer one."""
        try:
            count = int(headers["inin-ratelimit-count"])
            allowed = int(headers["inin-ratelimit-allowed"])
            reset = float(headers["inin-ratelimit-reset"])
        except (KeyError, ValueError):
            return self
        if allowed <= 0 or not 0 <= reset <= 3600:
            return self
        # Whole seconds are rounded, so the same window's end may be told one second apart.
        same_window = abs(now + reset - self.resets_at) <= 2
        used = max(count, self.used) if same_window else count
        resets_at = max(self.resets_at, now + reset) if same_window else now + reset
        return replace(self, used=used, allowed=allowed, resets_at=resets_at)

    def paused(self, until: float) -> Budget:
        return replace(self, paused_until=max(self.paused_until, until))
