"""GenesysClient: the platform's calls by name, each a pure build and a pure read around one send.

Every method raises Problem genesys.*; a write whose answer was lost raises genesys.answer-lost, so
that the caller looks before it writes again.
"""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Final, TypeVar
from urllib.parse import quote, urlsplit

from ...errors import Problem
from ...ports import Clock
from ...secret import Secret
from ...settings import Settings
from . import wire
from .breaker import Breaker
from .dialects import DIALECTS, GUIDE, Dialect, Route
from .limiter import Budget
from .oauth import (
    Credentials,
    GetToken,
    Token,
    TokenCache,
    basic,
    check_scopes,
    credentials_of,
    is_rate_limit,
    read_grant,
    token_flow,
    write_grant,
)
from .pacing import Policy
from .problems import ANSWER_LOST, ANSWER_UNREADABLE, NOT_FOUND, of_answer
from .regions import PlatformAddress, platform_address
from .sender import Request, Sender
from .shared import Rows
from .wire import Answer, Read, Unreadable

T = TypeVar("T")
AUDIT_PAGE_SIZE: Final = 50


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds for one try of a call; the guides' numbers."""

    token: float = 10.0
    deployment: float = 30.0
    audit: float = 15.0
    default: float = 30.0

    def of(self, route: Route) -> float:
        by_name = {"deployment": self.deployment, "audit": self.audit}
        return by_name.get(route.timeout, self.default)


def build(
    dialect: Dialect,
    operation: str,
    address: PlatformAddress,
    timeouts: Timeouts,
    *,
    id: str = "",
    query: Mapping[str, str] | None = None,
    body: Secret | None = None,
    if_match: str = "",
) -> Request:
    """The request of a call. Pure. Raises Problem genesys.not-in-dialect."""
    route = dialect.route(operation)
    return Request(
        operation=operation,
        method=route.method,
        origin=address.api,
        path=route.template.replace("{id}", quote(id, safe="")),
        timeout=timeouts.of(route),
        query=tuple((query or {}).items()),
        body=body,
        if_match=if_match,
        harmless=route.looks,
    )


def parse(route: Route, operation: str, answer: Answer, read: Read[T]) -> T:
    """What an answer says. Pure. Raises Problem."""
    if not answer.ok:
        raise of_answer(
            answer,
            operation,
            role=route.role,
            permissions=route.permissions,
            every=route.every,
        )
    try:
        return read(answer)
    except Unreadable as error:
        kind = ANSWER_LOST if route.writes else ANSWER_UNREADABLE
        facts = {"operation": operation, "seen": str(error)}
        raise Problem(kind, {**facts, "correlation_id": answer.correlation_id}) from None


class GenesysClient:
    """One platform, one token, one budget. Shared by all runs of a process.

    `scopes` are asked for in the token request (form only); none means all that the client has.
    `read_only`: whatever would change something is refused before it is sent. `rows`: those of the
    store, if one is open, where budget and circuits are shared with every other process.
    """

    def __init__(
        self,
        platform: PlatformAddress,
        credentials: Credentials,
        clock: Clock,
        *,
        dialect: Dialect = GUIDE,
        scopes: tuple[str, ...] = (),
        grant_body: str = "form",
        timeouts: Timeouts | None = None,
        policy: Policy | None = None,
        proxy: Secret | None = None,
        read_only: bool = False,
        fraction: Callable[[], float] = random.random,
        rows: Callable[[], Rows | None] = lambda: None,
    ) -> None:
        self.platform, self._dialect = platform, dialect
        self._credentials, self._scopes, self._proxy = credentials, scopes, proxy
        # The published API has one token endpoint, at the login host.
        self._grant_body = "form" if dialect.name == "platform" else grant_body
        self._clock, self._timeouts = clock, timeouts or Timeouts()
        self._tokens = TokenCache()
        self._sender = Sender(
            clock,
            policy or Policy(),
            proxy=None if platform.loopback else proxy,
            fraction=fraction,
            limits_itself=is_rate_limit,
            read_only=read_only,
            plain=platform.loopback,
            identity=f"{credentials.client_id}@{urlsplit(platform.api).netloc}",
            rows=rows,
        )

    @classmethod
    def of(
        cls,
        settings: Settings,
        clock: Clock,
        scopes: tuple[str, ...] = (),
        *,
        read_only: bool = False,
        rows: Callable[[], Rows | None] = lambda: None,
    ) -> GenesysClient:
        """The client of the settings. Raises Problem config.*."""
        return cls(
            platform_address(settings),
            credentials_of(settings),
            clock,
            dialect=DIALECTS[settings.dialect],
            scopes=scopes,
            grant_body=settings.grant_body,
            timeouts=Timeouts(
                settings.timeout_token, settings.timeout_deployment, settings.timeout_audit
            ),
            policy=Policy(tries=settings.request_tries),
            proxy=settings.proxy,
            read_only=read_only or settings.read_only,
            rows=rows,
        )

    @property
    def client_id(self) -> str:
        return self._credentials.client_id

    def with_credentials(self, id: str, secret: Secret) -> GenesysClient:
        """Another client of the same platform, to prove a secret with."""
        other = Credentials(id, secret)
        return GenesysClient(
            self.platform, other, self._clock, dialect=self._dialect, timeouts=self._timeouts,
            proxy=self._proxy, read_only=self._sender.read_only,
        )  # fmt: skip

    async def __aenter__(self) -> GenesysClient:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        await self._sender.close()

    def breakers(self) -> tuple[Breaker, ...]:
        """The circuit breaker of each host spoken to."""
        return self._sender.breakers()

    @property
    def dialect(self) -> str:
        """ "guide" or "platform"."""
        return self._dialect.name

    @property
    def budget(self) -> Budget:
        return self._sender.budget

    async def require(self, *operations: str) -> None:
        """Raises Problem genesys.missing-scope when the token shows that one would be refused."""
        routes = {operation: self._dialect.route(operation) for operation in operations}
        check_scopes(await self._token(None), routes)

    # --- email domains

    async def create_email_domain(self, domain: str) -> wire.EmailDomain:
        """409 raises genesys.conflict: look it up and adopt it."""
        body = wire.write_registration(domain)
        return await self.call("email-domain.create", wire.read_email_domain, body=body)

    async def get_email_domain(self, id: str) -> wire.EmailDomain:
        return await self.call("email-domain.get", wire.read_email_domain, id=id)

    async def find_email_domain(self, domain: str) -> wire.EmailDomain | None:
        query = {"domain": domain}
        listed = await self.call("email-domain.find", wire.read_email_domains, query=query)
        return next((one for one in listed if one.domain.lower() == domain.lower()), None)

    async def delete_email_domain(self, id: str) -> None:
        """One that is gone already is no problem."""
        await self._delete("email-domain.delete", id)

    async def verify_email_domain(self, id: str) -> wire.EmailDomain:
        return await self.call("email-domain.verify", wire.read_email_domain, id=id)

    # --- custom domains

    async def create_custom_domain(
        self, domain: str, upload: wire.CertificateUpload
    ) -> wire.CustomDomain:
        body = wire.write_upload(upload, domain)
        return await self.call("custom-domain.create", wire.read_custom_domain, body=body)

    async def get_custom_domain(self, id: str) -> wire.CustomDomain:
        return await self.call("custom-domain.get", wire.read_custom_domain, id=id)

    async def find_custom_domain(self, domain: str) -> wire.CustomDomain | None:
        query = {"domain": domain}
        listed = await self.call("custom-domain.find", wire.read_custom_domains, query=query)
        return next((one for one in listed if one.domain.lower() == domain.lower()), None)

    async def replace_custom_domain(
        self, id: str, upload: wire.CertificateUpload, etag: str
    ) -> wire.CustomDomain:
        """Raises genesys.changed-meanwhile when it is no longer what `etag` names."""
        return await self.call(
            "custom-domain.replace",
            wire.read_custom_domain,
            id=id,
            body=wire.write_upload(upload),
            if_match=etag,
        )

    async def delete_custom_domain(self, id: str) -> None:
        await self._delete("custom-domain.delete", id)

    # --- audit log of custom domains

    async def audit_page(self, page: str = "1") -> wire.AuditPage:
        query = {
            "pageSize": str(AUDIT_PAGE_SIZE),
            "entityType": "customdomain",
            "eventId": "customdomain.update",
            "page": page,
        }
        return await self.call("audit.page", wire.read_audit_page, query=query)

    async def audit_pages(self) -> AsyncIterator[wire.AuditPage]:
        """Page after page until `nextPage` is empty, or names a page already seen."""
        page, seen = "1", set[str]()
        while page and page not in seen:
            seen.add(page)
            read = await self.audit_page(page)
            yield read
            page = read.next_page

    # --- OAuth clients

    async def get_oauth_client(self, id: str) -> wire.OAuthClient:
        return await self.call("oauth-client.get", wire.read_oauth_client, id=id)

    async def update_pins(self, id: str, update: wire.PinUpdate, etag: str) -> wire.OAuthClient:
        """Raises genesys.changed-meanwhile when the client is no longer what `etag` names."""
        body = wire.write_pins(update)
        return await self.call(
            "oauth-client.patch", wire.read_oauth_client, id=id, body=body, if_match=etag
        )

    # --- how a call is made

    async def _delete(self, operation: str, id: str) -> None:
        try:
            await self.call(operation, wire.read_nothing, id=id)
        except Problem as problem:
            if problem.type is not NOT_FOUND:
                raise

    async def call(
        self,
        operation: str,
        read: Read[T],
        *,
        id: str = "",
        query: Mapping[str, str] | None = None,
        body: Secret | None = None,
        if_match: str = "",
    ) -> T:
        request = build(
            self._dialect, operation, self.platform, self._timeouts,
            id=id, query=query, body=body, if_match=if_match,
        )  # fmt: skip
        self._sender.refuse_change(request)  # before a token is asked for
        route = self._dialect.route(operation)
        return parse(route, operation, await self._authorised(request, route), read)

    async def _authorised(self, request: Request, route: Route) -> Answer:
        """Drive the token flow: it decides, this does."""
        flow = token_flow(route, request.operation)
        step = next(flow)
        while True:
            given: Token | Answer
            if isinstance(step, GetToken):
                given = await self._token(step.refused)
            else:
                bearer = Secret(f"Bearer {step.token.value.reveal()}")
                given = await self._sender.send(request, bearer)
            try:
                step = flow.send(given)
            except StopIteration as end:
                answer: Answer = end.value
                return answer

    async def _token(self, refused: Token | None) -> Token:
        return await self._tokens.get(refused, self._clock.now, self._fetch_token)

    async def _fetch_token(self) -> Token:
        asked_at = self._clock.now()
        answer = await self._sender.send(self._grant_request(), basic(self._credentials))
        if not answer.ok:
            raise of_answer(answer, "token")
        try:
            return Token.of(read_grant(answer, self._scopes), asked_at)
        except Unreadable as error:
            raise Problem(ANSWER_UNREADABLE, {"operation": "token", "seen": str(error)}) from None

    def _grant_request(self) -> Request:
        form = self._grant_body == "form"
        return Request(
            operation="token",
            method="POST",
            origin=self.platform.login if form else self.platform.api,
            path="/oauth/token" if form else "/api/v2/oauth/token",
            timeout=self._timeouts.token,
            body=write_grant(self._credentials, self._scopes, self._grant_body),
            content_type="application/x-www-form-urlencoded" if form else "application/json",
            harmless=True,
            budgeted=False,
        )
