"""How long to wait for answers, and who has not given any lately: a server, or a name.

Both are asked more briefly for a while, so that several silent look-ups in one assessment do not
add up, and a bulk check does not wait for the same dead server a thousand times. Times are those
of the monotonic clock, in seconds.
"""

from __future__ import annotations

from dataclasses import dataclass

_LEAST_QUESTIONS = 3
_FIRST_REST, _LONGEST_REST = 2.0, 60.0
_NAME_SECONDS = 30.0
_MOST = 10_000


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait, in seconds. Each transmission waits `growth` times as long as the one
    before; an answer to an earlier one still counts. Silent ones get a single transmission; a
    server that answers nothing for `dead_after` seconds is taken for dead."""

    first: float = 0.8
    tries: int = 3
    deadline: float = 4.0
    growth: float = 1.5
    dead_after: float = 3.0


@dataclass(frozen=True, slots=True)
class Silence:
    """A server that answered nothing since `since`; nobody waits for it before `until`."""

    server: str
    questions: int
    since: float
    until: float = 0.0
    rest: float = 0.0


class SilentOnes:
    """What a resolver remembers of silence. An answer makes a server good again at once.

    A server is taken for dead when three questions and `dead_after` seconds have gone by without.
    """

    def __init__(self, dead_after: float = 3.0) -> None:
        self._dead_after = dead_after
        self._servers: dict[str, Silence] = {}
        self._names: dict[str, float] = {}

    @property
    def servers(self) -> tuple[Silence, ...]:
        """Those that answered nothing to the last questions, longest silence first."""
        return tuple(sorted(self._servers.values(), key=lambda one: one.since))

    @property
    def is_known(self) -> bool:
        """Whether there is anything to remember."""
        return bool(self._servers or self._names)

    def heard(self, server: str) -> None:
        if self._servers:
            self._servers.pop(server, None)

    def unheard(self, server: str, sent: float, now: float) -> None:
        """A question sent at `sent` got nothing."""
        known = self._servers.get(server)
        if known is None:
            _bound(self._servers)
            self._servers[server] = Silence(server, 1, sent)
            return
        questions, until, rest = known.questions + 1, known.until, known.rest
        dead = questions >= _LEAST_QUESTIONS and now - known.since >= self._dead_after
        if dead and now >= until:
            rest = min(rest * 2, _LONGEST_REST) if rest else _FIRST_REST
            until = now + rest
        self._servers[server] = Silence(server, questions, known.since, until, rest)

    def rank(self, server: str) -> int:
        """To sort servers by: 0 good, 1 silent lately, 2 taken for dead."""
        known = self._servers.get(server)
        return 0 if known is None else 2 if known.rest else 1

    def is_resting(self, server: str, now: float) -> bool:
        known = self._servers.get(server)
        return known is not None and now < known.until

    def name_unheard(self, name: str, now: float) -> None:
        _bound(self._names)
        self._names[name.lower()] = now + _NAME_SECONDS

    def name_heard(self, name: str) -> None:
        self._names.pop(name.lower(), None)

    def is_silent_name(self, name: str, now: float) -> bool:
        """Whether no answer came for this name or one above it lately."""
        if not self._names:
            return False
        name = name.lower()
        while name:
            if self._names.get(name, 0.0) > now:
                return True
            name = name.partition(".")[2]
        return False


def _bound(memory: dict[str, Silence] | dict[str, float]) -> None:
    if len(memory) >= _MOST:
        del memory[next(iter(memory))]
