"""Circuit breaker of one host. Pure state: every method takes the instant and returns a Breaker."""

from __future__ import annotations

from dataclasses import dataclass, replace

FAILURES_TO_OPEN = 5
SECONDS_OPEN = 30.0


@dataclass(frozen=True, slots=True)
class Breaker:
    """closed: all pass; open: none until `opens_at`; half-open: one probe is out.

    A probe that never reports (its task was cancelled) blocks no longer than one more period.
    """

    host: str
    failures: int = 0
    blocked_until: float = 0.0
    probing: bool = False

    def state(self, now: float) -> str:
        if self.failures < FAILURES_TO_OPEN:
            return "closed"
        if self.probing:
            return "half-open"
        return "open" if now < self.blocked_until else "half-open"

    def may_send(self, now: float) -> bool:
        return self.failures < FAILURES_TO_OPEN or now >= self.blocked_until

    def sending(self, now: float) -> Breaker:
        """A request goes out; of an open breaker it is the one probe."""
        if self.failures < FAILURES_TO_OPEN:
            return self
        return replace(self, probing=True, blocked_until=now + SECONDS_OPEN)

    def succeeded(self) -> Breaker:
        return Breaker(self.host)

    def failed(self, now: float) -> Breaker:
        failures = self.failures + 1
        blocked = now + SECONDS_OPEN if failures >= FAILURES_TO_OPEN else self.blocked_until
        return Breaker(self.host, failures, blocked)
