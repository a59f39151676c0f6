"""The API origin: limits, faults, authentication, routing and journal around the handlers.

Order: fault rule, known path, token, rate limit, rights, media type, handler. Every answer carries
Date (by the virtual clock), ININ-Correlation-Id and the inin-ratelimit-* headers.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from email.utils import formatdate

from uvicorn._types import ASGIReceiveCallable, ASGISendCallable, HTTPScope, Scope

from .answer import Answer, Headers, JsonObject, Refusal
from .asgi import break_off, head_of, read_request, send_answer, send_bytes
from .dialects import Dialect
from .faults import FaultKind, FaultPlan, Rule
from .journal import Entry, Journal
from .limits import Reading, Windows
from .oauth import Token, TokenEndpoint
from .platform import Platform, new_id
from .published.clients import permissions_of
from .routes import Caller, Match, Table, allowed, check_media_type, estranged, merged
from .state import OAuthClient, View
from .wire import Call, Request

_NOBODY = ""  # the rate-limit key of requests without a token: counted, never refused


@dataclass(slots=True)
class _Exchange:
    """What is known of one request while it is answered."""

    request: Request
    correlation_id: str
    rule: Rule | None
    reading: Reading
    client_id: str = ""
    effect: bool = False
    started: float = field(default_factory=time.monotonic)

    def headers(self, now: float) -> Headers:
        skew = self.rule.skew if self.rule is not None else 0.0
        return (
            ("Date", formatdate(max(0.0, now + skew), usegmt=True)),
            ("ININ-Correlation-Id", self.correlation_id),
            *self.reading.headers(),
        )

    def fault(self, *kinds: FaultKind) -> bool:
        return self.rule is not None and self.rule.kind in kinds


class Api:
    """The ASGI application of the API port."""

    def __init__(
        self, platform: Platform, faults: FaultPlan, dialect: Dialect, table: Table
    ) -> None:
        limits = platform.seed.limits
        self.platform = platform
        self.faults = faults
        self.journal: Journal = platform.journal
        self.tokens = platform.tokens
        self._dialect = dialect
        self._table = table
        self.windows = Windows(platform.clock, limits.per_minute)
        self.token_windows = Windows(platform.clock, limits.tokens_per_minute)
        self._token_endpoint = TokenEndpoint(self.tokens, self.token_windows, scoped=dialect.guide)

    async def __call__(
        self, scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable
    ) -> None:
        if scope["type"] != "http":
            return
        try:
            request = await read_request(scope, receive)
        except ConnectionError:
            return
        except Refusal as refusal:
            exchange = self._open(head_of(scope), None)
            await self._finish(
                scope, receive, send, exchange, refusal.answer(exchange.correlation_id)
            )
            return
        exchange = self._open(request, self.faults.strike(request.method, request.path))
        if exchange.rule is not None and exchange.rule.delay:
            await asyncio.sleep(exchange.rule.delay)
        answer = await self._answer(exchange)
        await self._finish(scope, receive, send, exchange, answer)

    def _open(self, request: Request, rule: Rule | None) -> _Exchange:
        return _Exchange(request, new_id(), rule, self.windows.look(_NOBODY))

    async def _answer(self, exchange: _Exchange) -> Answer:
        if exchange.fault(FaultKind.RESET):
            return Answer(0)
        try:
            if exchange.rule is not None and exchange.fault(FaultKind.STATUS):
                raise _scripted(exchange.rule)
            return await self._serve(exchange)
        except Refusal as refusal:
            return refusal.answer(exchange.correlation_id)

    async def _serve(self, exchange: _Exchange) -> Answer:
        request = exchange.request
        match request.method, request.path:
            case "GET", "/sandbox/clock":
                return Answer(200, self.platform.clock.told())
            case "GET", "/.well-known/oauth-authorization-server" if self._dialect.published:
                return Answer(200, _metadata(request))
            case "POST", "/oauth/token":
                return self._token(exchange)
            case "POST", "/api/v2/oauth/token" if self._dialect.guide:
                return self._token(exchange)
        matches = self._table.find(request.method, request.path)
        token, client = self._authenticate(exchange)
        if exchange.reading.exceeded:
            raise exchange.reading.refusal()
        caller = Caller(token, client, permissions_of(self.platform, client))
        matches = allowed(matches, caller)
        check_media_type(matches[0].route, request.headers.get("content-type", ""), request.body)
        stale = exchange.fault(FaultKind.STALE) and request.method == "GET"
        view = self.platform.state.before if stale else self.platform.state.now
        answers = [await self._handle(exchange, match, client, view) for match in matches]
        answer = answers[0] if len(answers) == 1 else merged(answers)
        if any(match.route.dialect == "platform" for match in matches):
            return estranged(answer, self.platform.seed.hostile.strange_fields)
        return answer

    async def _handle(
        self, exchange: _Exchange, match: Match, client: OAuthClient, view: View
    ) -> Answer:
        call = Call(exchange.request, match.params, client, view, self.platform.state)
        try:
            return await match.route.handler(self.platform, call)
        finally:
            exchange.effect |= call.effect

    def _authenticate(self, exchange: _Exchange) -> tuple[Token, OAuthClient]:
        token = self.tokens.find(exchange.request.headers.get("authorization"))
        client = self.platform.state.now.clients.get(token.client_id)
        if client is None or not client.active:
            raise Refusal(401, "Invalid login credentials.", "bad.credentials")
        exchange.client_id = client.id
        whole = self.platform.seed.limits.per_client
        exchange.reading = self.windows.count(client.id if whole else token.key)
        return token, client

    def _token(self, exchange: _Exchange) -> Answer:
        request, clients = exchange.request, self.platform.state.now.clients
        exchange.reading = self.windows.count(_NOBODY)
        if request.path == "/oauth/token":
            return self._token_endpoint.form(request.headers, request.body, clients)
        return self._token_endpoint.json(
            request.headers, request.body, clients, self.platform.strict
        )

    async def _finish(
        self,
        scope: HTTPScope,
        receive: ASGIReceiveCallable,
        send: ASGISendCallable,
        exchange: _Exchange,
        answer: Answer,
    ) -> None:
        """Write the journal first, so that whoever has the answer also finds its entry."""
        lost = exchange.fault(FaultKind.RESET, FaultKind.LOST)
        self._record(exchange, None if lost else answer.status)
        if lost:
            await break_off(scope, receive, politely=False)
        elif exchange.fault(FaultKind.TRUNCATE, FaultKind.MALFORMED) and answer.body is not None:
            await self._spoil(scope, receive, send, exchange, answer)
        else:
            await send_answer(send, answer, exchange.headers(self.platform.clock.now()))

    async def _spoil(
        self,
        scope: HTTPScope,
        receive: ASGIReceiveCallable,
        send: ASGISendCallable,
        exchange: _Exchange,
        answer: Answer,
    ) -> None:
        payload = answer.payload()
        headers = (*answer.headers, *exchange.headers(self.platform.clock.now()))
        half = len(payload) // 2
        if exchange.fault(FaultKind.MALFORMED):
            await send_bytes(send, answer.status, payload[:half] + b"<<", headers)
            return
        await send_bytes(send, answer.status, payload, headers, cut=half)
        await break_off(scope, receive, politely=True)

    def _record(self, exchange: _Exchange, status: int | None) -> None:
        request = exchange.request
        self.journal.add(
            Entry(
                n=self.journal.next_number,
                time=self.platform.clock.now(),
                method=request.method,
                path=request.path,
                query="&".join(f"{name}={value}" for name, value in request.query),
                status=status,
                client_id=exchange.client_id,
                correlation_id=exchange.correlation_id,
                effect=exchange.effect,
                fault=exchange.rule.name if exchange.rule else "",
            )
        )

    def forget(self) -> None:
        """Back to the start: no token, no count, no entry."""
        self.tokens.clear()
        self.journal.clear()
        self.windows.clear()
        self.token_windows.clear()


def _metadata(request: Request) -> JsonObject:
    """RFC 8414, as the login host tells it."""
    origin = f"http://{request.headers.get('host', '127.0.0.1')}"
    return {
        "issuer": origin,
        "token_endpoint": f"{origin}/oauth/token",
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
        "grant_types_supported": ["client_credentials"],
    }


def _scripted(rule: Rule) -> Refusal:
    body: JsonObject | None = rule.body if isinstance(rule.body, dict) else None
    said = f"Fault rule [{rule.name}] of the sandbox answers {rule.status}"
    return Refusal(rule.status, said, headers=rule.headers, plain=body)
