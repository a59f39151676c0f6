"""OAuth client credentials: the token flow as a generator, and the token request, both pure.

`token_flow` says what to do next (get a token, send with it) and never does it: early refresh, one
replay after a 401, no more. `TokenCache` holds the one token and lets one task at a time renew it.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import json
import re
from collections.abc import Awaitable, Callable, Generator
from dataclasses import dataclass
from urllib.parse import urlencode

from ...errors import Fact, Problem
from ...secret import Secret
from ...settings import Settings, missing
from .dialects import Route
from .problems import MISSING_SCOPE
from .wire import Answer, TokenGrant, Unreadable, read_json

_EARLY_SECONDS = 60.0
_EARLY_SHARE = 0.1
_LONGEST_LIFE = 366 * 86_400.0  # what is told beyond is no promise to rely on
_B64TOKEN = re.compile(r"[!-~]+")  # wider than RFC 6750 section 2.1 asks, still one header value


@dataclass(frozen=True, slots=True)
class Credentials:
    client_id: str
    secret: Secret


@dataclass(frozen=True, slots=True)
class Token:
    """`renew_at` lies before the end of its life; `scopes` is None when they are not told."""

    value: Secret
    renew_at: float
    scopes: frozenset[str] | None

    @classmethod
    def of(cls, grant: TokenGrant, asked_at: float) -> Token:
        early = min(_EARLY_SECONDS, grant.expires_in * _EARLY_SHARE)
        return cls(grant.access_token, asked_at + grant.expires_in - early, grant.scopes)


@dataclass(frozen=True, slots=True)
class GetToken:
    """Give a token other than `refused`."""

    refused: Token | None = None


@dataclass(frozen=True, slots=True)
class SendWith:
    token: Token


TokenFlow = Generator[GetToken | SendWith, Token | Answer, Answer]


def token_flow(route: Route, operation: str) -> TokenFlow:
    """One authorised request. Raises Problem genesys.missing-scope before anything is sent."""
    token = yield from _token(None)
    check_scopes(token, {operation: route})
    answer = yield from _send(token)
    if answer.status == 401:
        # Revoked or expired early. Nothing was done, so even a POST may go out once more.
        answer = yield from _send((yield from _token(token)))
    return answer


def _token(refused: Token | None) -> Generator[GetToken | SendWith, Token | Answer, Token]:
    given = yield GetToken(refused)
    assert isinstance(given, Token)
    return given


def _send(token: Token) -> TokenFlow:
    given = yield SendWith(token)
    assert isinstance(given, Answer)
    return given


def check_scopes(token: Token, routes: dict[str, Route]) -> None:
    """Raises Problem genesys.missing-scope when the token shows that a call would be refused."""
    if token.scopes is None:
        return
    asked = {name: r.scope for name, r in routes.items() if r.scope}
    lacking = {name: scope for name, scope in asked.items() if scope not in token.scopes}
    if not lacking:
        return
    scopes = sorted(set(lacking.values()))
    facts: dict[str, Fact] = {
        "missing": scopes,
        "operation": ", ".join(lacking),
        "granted": sorted(token.scopes),
    }
    hint = f"Give the OAuth client the scope {' and '.join(scopes)}; nothing was sent."
    raise Problem(MISSING_SCOPE, facts, hint)


class TokenCache:
    """The one token of a client: fetched once however many tasks ask at the same time."""

    def __init__(self) -> None:
        self._token: Token | None = None
        self._lock = asyncio.Lock()

    async def get(
        self, refused: Token | None, now: Callable[[], float], fetch: Callable[[], Awaitable[Token]]
    ) -> Token:
        async with self._lock:
            held = self._token
            if held is None or held is refused or now() >= held.renew_at:
                held = self._token = await fetch()
            return held


def basic(credentials: Credentials) -> Secret:
    """The value of the Authorization header (RFC 7617)."""
    pair = f"{credentials.client_id}:{credentials.secret.reveal()}"
    return Secret("Basic " + base64.b64encode(pair.encode()).decode())


def write_grant(credentials: Credentials, scopes: tuple[str, ...], style: str) -> Secret:
    """The body of a token request: "form" at the login host, "json" as the second guide has it."""
    fields = {"grant_type": "client_credentials"}
    if style == "json":
        return Secret(json.dumps(fields | {"client_id": credentials.client_id}))
    return Secret(urlencode(fields | ({"scope": " ".join(scopes)} if scopes else {})))


def read_grant(answer: Answer, asked: tuple[str, ...]) -> TokenGrant:
    """Raises Unreadable. Scopes: told, or in the token, or as asked (RFC 6749 section 5.1)."""
    body = read_json(answer)
    token, seconds, told = body.get("access_token"), body.get("expires_in"), body.get("scope")
    if not isinstance(token, str) or not _B64TOKEN.fullmatch(token):
        raise Unreadable("the token answer has no access_token that a header can carry")
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not seconds > 0:
        raise Unreadable("the token answer has no expires_in above 0")
    scopes = frozenset(told.split()) if isinstance(told, str) else _claimed(token)
    return TokenGrant(
        Secret(token), float(min(seconds, _LONGEST_LIFE)), scopes or frozenset(asked) or None
    )


def is_rate_limit(answer: Answer) -> bool:
    """The token endpoint tells its rate limit as 400 invalid_request (Terraform provider)."""
    if answer.status != 400:
        return False
    try:
        said = read_json(answer).get("error_description")
    except Unreadable:
        return False
    return isinstance(said, str) and said.lower().startswith("rate limit exceeded")


def credentials_of(settings: Settings) -> Credentials:
    """Raises Problem config.missing that names what is not set."""
    if settings.client_id is None or settings.client_secret is None:
        given = {"client_id": settings.client_id, "client_secret": settings.client_secret}
        raise missing(*(name for name, value in given.items() if value is None))
    return Credentials(settings.client_id, settings.client_secret)


def _claimed(token: str) -> frozenset[str] | None:
    """The `scope` claim of a JWT. Only to refuse early: the platform alone judges the token."""
    parts = token.split(".")
    if len(parts) != 3:
        return None
    try:
        claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (ValueError, binascii.Error, RecursionError):
        return None
    scope = claims.get("scope") if isinstance(claims, dict) else None
    if isinstance(scope, list):
        return frozenset(map(str, scope))
    return frozenset(scope.split()) if isinstance(scope, str) else None
