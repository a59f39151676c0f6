"""What a platform is, learned from harmless GETs: whether it answers, its clock, its dialect.

Nothing is created, changed or listed beyond one page, and an answer's body is not kept.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from email.utils import parsedate_to_datetime
from typing import Final

from ...errors import Problem
from ...ports import Clock
from ...secret import Secret
from ...settings import Settings
from .client import GenesysClient
from .dialects import DIALECTS, GUIDE
from .oauth import Token
from .pacing import Policy
from .problems import DIALECT_UNTOLD, RATE_LIMITED
from .regions import PlatformAddress, platform_address
from .sender import Request, Sender
from .shared import Rows
from .wire import error_body

# Collections, so that 404 can only mean that there is no such route.
GUIDE_PATHS: Final = tuple(
    GUIDE.routes[name].template
    for name in ("email-domain.find", "custom-domain.find", "audit.page")
)
PUBLISHED_PATHS: Final = (
    "/api/v2/organizations/me",
    "/api/v2/routing/email/domains",
    "/api/v2/oauth/clients",
)
_ANY_PATH = "/api/v2/date"
_ABSENT = frozenset({404, 410})
_UNTOLD = frozenset({401, 408, 429})


@dataclass(frozen=True, slots=True)
class Seen:
    """One GET and its status; 0 when no answer came. `code` is the ErrorBody's, or a Problem's."""

    path: str
    status: int
    code: str = ""

    def __str__(self) -> str:
        return f"GET {self.path} {self.status or 'no answer'} {self.code}".rstrip()

    @property
    def there(self) -> bool | None:
        """Whether the route exists; None when the status does not tell."""
        if self.status in _ABSENT:
            return False
        answered = 200 <= self.status < 300 or 400 <= self.status < 500
        return True if answered and self.status not in _UNTOLD else None


@dataclass(frozen=True, slots=True)
class FirstAnswer:
    """An answer to a GET without a token. `skew` is how many seconds the platform's clock is
    ahead of ours (negative: behind), None when the answer has no Date."""

    status: int
    skew: float | None


async def first_answer(settings: Settings, clock: Clock) -> FirstAnswer:
    """Raises Problem config.*, genesys.unreachable and what else can befall a GET."""
    address = platform_address(settings)
    proxy = None if address.loopback else settings.proxy
    sender = Sender(clock, Policy(tries=1), proxy=proxy, plain=address.loopback)
    try:
        before = clock.now()
        answer = await sender.send(_get(address, _ANY_PATH, settings.timeout_token), Secret(""))
        return FirstAnswer(answer.status, skew(answer.headers.get("date"), before, clock.now()))
    finally:
        await sender.close()


class Inquiry(GenesysClient):
    """The client of one who asks what the platform is, not what it holds."""

    @classmethod
    def of(
        cls,
        settings: Settings,
        clock: Clock,
        scopes: tuple[str, ...] = (),
        *,
        read_only: bool = True,
        rows: Callable[[], Rows | None] = lambda: None,
    ) -> Inquiry:
        """One try a call: who asks wants to know what is, not wait until it is better. It cannot
        write.

        Raises Problem config.*."""
        known = "guide" if settings.dialect == "auto" else settings.dialect
        once = replace(settings, request_tries=1, dialect=known)
        client = super().of(once, clock, scopes, read_only=read_only, rows=rows)
        assert isinstance(client, Inquiry)
        return client

    async def token(self) -> Token:
        """Raises Problem genesys.bad-credentials, genesys.rate-limited, ..."""
        return await self._token(None)

    async def look(self, path: str) -> Seen:
        """Raises Problem genesys.rate-limited; any other failure is seen as a status."""
        token = await self.token()
        request = _get(self.platform, path, self._timeouts.default)
        try:
            answer = await self._sender.send(request, Secret(f"Bearer {token.value.reveal()}"))
        except Problem as problem:
            if problem.type is RATE_LIMITED:
                raise
            status = problem.facts.get("status")
            return Seen(path, status if isinstance(status, int) else 0, problem.code)
        return Seen(path, answer.status, "" if answer.ok else error_body(answer).code[:80])

    def speak(self, dialect: str) -> None:
        """Go on in the dialect that was found."""
        self._dialect = DIALECTS[dialect]

    async def looks(self, paths: Iterable[str]) -> list[Seen]:
        return [await self.look(path) for path in paths]


def settled(settings: Settings, clock: Clock) -> Settings:
    """These settings with the dialect that the platform answers, where they leave it open. Who
    asks first waits, whatever loop it is on. Raises Problem config.*, genesys.*."""
    if settings.dialect != "auto":
        return settings
    with ThreadPoolExecutor(1) as thread:
        found = thread.submit(asyncio.run, _asked(settings, clock)).result()
    return replace(settings, dialect=found)


async def _asked(settings: Settings, clock: Clock) -> str:
    inquiry = Inquiry.of(settings, clock)
    try:
        guide = await inquiry.looks(GUIDE_PATHS)
        published = await inquiry.looks(PUBLISHED_PATHS)
    finally:
        await inquiry.close()
    found = dialect_of(guide, published)
    if found == "unknown":
        raise Problem(DIALECT_UNTOLD, {"seen": [str(seen) for seen in (*guide, *published)]})
    return found


def _get(address: PlatformAddress, path: str, seconds: float) -> Request:
    return Request("inquiry", "GET", address.api, path, seconds)


def skew(date: str | None, before: float, after: float) -> float | None:
    """Seconds between a Date header and our clock, which showed `before` and `after` around it.

    What the round trip and the header's whole seconds explain is no skew (RFC 9110 section 6.6.1).
    """
    try:
        told = parsedate_to_datetime(date or "").timestamp()
    except (ValueError, OverflowError):
        return None
    if told > after:
        return told - after
    return min(0.0, told + 1 - before)


def dialect_of(guide: Sequence[Seen], published: Sequence[Seen]) -> str:
    """ "guide", "platform", or "unknown" when the statuses agree with neither. Pure."""
    if all(seen.there for seen in guide):
        return "guide"
    if all(seen.there is False for seen in guide) and any(seen.there for seen in published):
        return "platform"
    return "unknown"
