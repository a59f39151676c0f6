"""Request limits as fixed windows of one virtual minute, counted per token.

The platform documents 300 requests a minute per client-credentials token; that it counts fixed
windows is our assumption, said on the fidelity page.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from .answer import Detail, Headers, Refusal
from .clock import VirtualClock

WINDOW_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Reading:
    """A key's window after one more request."""

    count: int
    allowed: int
    reset: int  # whole seconds until the window ends, at least 1

    @property
    def exceeded(self) -> bool:
        return self.count > self.allowed

    def headers(self) -> Headers:
        return (
            ("inin-ratelimit-count", str(self.count)),
            ("inin-ratelimit-allowed", str(self.allowed)),
            ("inin-ratelimit-reset", str(self.reset)),
        )

    def refusal(self) -> Refusal:
        return Refusal(
            429,
            f"Rate limit exceeded the maximum. Retry the request in [{self.reset}] seconds",
            "too.many.requests.retry.after",
            headers=(("Retry-After", str(self.reset)),),
            limit={
                "key": "client.credentials.token.rate.per.minute",
                "namespace": "platform.api",
                "value": self.allowed,
            },
        )

    def oauth_refusal(self) -> Refusal:
        """The token endpoint's own form: 400 invalid_request, as the official tools know it."""
        said = f"rate limit exceeded; retry in {self.reset} seconds"
        return Refusal(
            400,
            said,
            "invalid.request",
            (Detail("too.many.requests"),),
            headers=(("Retry-After", str(self.reset)),),
            plain={"error": "invalid_request", "error_description": said},
        )


class Windows:
    """Counters by key for the current window."""

    def __init__(self, clock: VirtualClock, allowed: int) -> None:
        self._clock = clock
        self.allowed = allowed
        self._window = -1
        self._counts: dict[str, int] = {}

    def count(self, key: str) -> Reading:
        """Count one request."""
        reset = self._turn()
        self._counts[key] = self._counts.get(key, 0) + 1
        return Reading(self._counts[key], self.allowed, reset)

    def look(self, key: str) -> Reading:
        """The window as it is, without counting."""
        reset = self._turn()
        return Reading(self._counts.get(key, 0), self.allowed, reset)

    def clear(self) -> None:
        self._counts.clear()

    def _turn(self) -> int:
        now = self._clock.now()
        window = int(now // WINDOW_SECONDS)
        if window != self._window:
            self._window, self._counts = window, {}
        return max(1, math.ceil((window + 1) * WINDOW_SECONDS - now))
