"""The one send: a request goes out within the budget, past the breaker, and again as pacing says.

Everything that httpx2 can raise is translated here and nowhere else.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass, replace

import httpx2

from ...errors import Fact, Problem, ProblemType
from ...ports import Clock
from ...secret import Secret
from .breaker import Breaker
from .limiter import Budget
from .pacing import Failure, GiveUp, Policy, Refused, SendAgainAt, pace, read_retry_after
from .problems import (
    ANSWER_LOST,
    ANSWER_UNREADABLE,
    CIRCUIT_OPEN,
    RATE_LIMITED,
    READ_ONLY,
    UNREACHABLE,
    of_answer,
)
from .wire import Answer, Unreadable, read_json

_LARGEST_ANSWER = 16 * 1024 * 1024
_PROBLEM_OF: dict[Failure, ProblemType] = {
    Failure.NOT_SENT: UNREACHABLE,
    Failure.TIMED_OUT: UNREACHABLE,
    Failure.BROKEN: UNREACHABLE,
    Failure.UNREADABLE: ANSWER_UNREADABLE,
}


@dataclass(frozen=True, slots=True)
class Request:
    """A request before it is authorised. `body` is a Secret: it may hold a private key.

    `harmless`: repeating it does nothing, whatever its method (a token request).
    """

    operation: str
    method: str
    origin: str
    path: str
    timeout: float
    query: tuple[tuple[str, str], ...] = ()
    body: Secret | None = None
    content_type: str = "application/json"
    if_match: str = ""
    harmless: bool = False
    budgeted: bool = True

    @property
    def pace_method(self) -> str:
        return "GET" if self.harmless else self.method


@dataclass(frozen=True, slots=True)
class Result:
    """How one try ended: a usable answer, or what pacing needs to know."""

    answer: Answer | None = None
    failure: Failure | Refused | None = None
    seen: str = ""


class Sender:
    """Sends with tries, breakers by host, and one budget. Owns the connection pool."""

    def __init__(
        self,
        clock: Clock,
        policy: Policy,
        *,
        proxy: Secret | None = None,
        fraction: Callable[[], float] = random.random,
        limits_itself: Callable[[Answer], bool] = lambda answer: False,
        read_only: bool = False,
    ) -> None:
        self._clock, self._policy, self._fraction = clock, policy, fraction
        self._limits_itself, self._read_only = limits_itself, read_only
        self._breakers: dict[str, Breaker] = {}
        self.budget = Budget()
        # The environment is read by settings only, so proxies come as an argument.
        self._http = httpx2.AsyncClient(
            follow_redirects=False,
            trust_env=False,
            proxy=proxy.reveal() if proxy else None,
            limits=httpx2.Limits(max_connections=20, max_keepalive_connections=20),
        )

    def breakers(self) -> tuple[Breaker, ...]:
        return tuple(self._breakers.values())

    async def close(self) -> None:
        await self._http.aclose()

    async def send(self, request: Request, authorization: Secret) -> Answer:
        """An answer that is a success or a final refusal. Raises Problem for everything else."""
        if self._read_only and request.pace_method != "GET":
            raise Problem(READ_ONLY, {"operation": request.operation, "method": request.method})
        attempt = 0
        while True:
            attempt += 1
            self._pass_breaker(request)
            if request.budgeted:
                await self._pass_budget(request)
            result = await self._try(request, authorization)
            if result.failure is None and result.answer is not None:
                return result.answer
            next_step = self._pace(request, attempt, result)
            if isinstance(next_step, GiveUp):
                if next_step.retry_at is None and result.answer is not None:
                    return result.answer
                raise _given_up(request, attempt, result, next_step)
            await self._pause(next_step.at)

    def _pace(self, request: Request, attempt: int, result: Result) -> GiveUp | SendAgainAt:
        assert result.failure is not None
        return pace(
            self._policy,
            request.pace_method,
            attempt,
            result.failure,
            self._clock.now(),
            self._fraction(),
            conditional=bool(request.if_match),
        )

    def _pass_breaker(self, request: Request) -> None:
        breaker = self._breakers.get(request.origin) or Breaker(request.origin)
        now = self._clock.now()
        if not breaker.may_send(now):
            facts: dict[str, Fact] = {
                "operation": request.operation,
                "host": request.origin,
                "failures": breaker.failures,
            }
            raise Problem(CIRCUIT_OPEN, facts, retry_at=breaker.blocked_until)
        self._breakers[request.origin] = breaker.sending(now)

    async def _pass_budget(self, request: Request) -> None:
        now = self._clock.now()
        budget, start = self.budget.reserve(now)
        if start - now > self._policy.longest_wait:
            facts: dict[str, Fact] = {
                "operation": request.operation,
                "used": self.budget.used,
                "allowed": self.budget.allowed,
            }
            raise Problem(RATE_LIMITED, facts, retry_at=start)
        self.budget = budget
        if start > now:
            await self._pause(start)

    async def _pause(self, at: float) -> None:
        """Until the clock shows `at`, or as long in real time: a frozen clock must hang no run."""
        left = at - self._clock.now()
        waits = {
            asyncio.ensure_future(self._clock.sleep_until(at)),
            asyncio.ensure_future(asyncio.sleep(max(0.0, left))),
        }
        try:
            done, _ = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            for wait in done:
                wait.result()
        finally:
            for wait in waits:
                wait.cancel()

    async def _try(self, request: Request, authorization: Secret) -> Result:
        try:
            answer = await asyncio.wait_for(self._exchange(request, authorization), request.timeout)
        except (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout) as error:
            return self._failed(request, Failure.NOT_SENT, error)
        except (httpx2.TimeoutException, TimeoutError) as error:
            return self._failed(request, Failure.TIMED_OUT, error)
        except (
            httpx2.LocalProtocolError,
            UnicodeError,
        ):  # its message quotes the header, which holds the token
            return self._failed(request, Failure.NOT_SENT, ValueError("a header is not valid HTTP"))
        except httpx2.DecodingError as error:
            return self._failed(request, Failure.UNREADABLE, error)
        except httpx2.TransportError as error:
            return self._failed(request, Failure.BROKEN, error)
        except Unreadable as error:
            return self._failed(request, Failure.UNREADABLE, error)
        return self._judge(request, answer)

    def _failed(self, request: Request, failure: Failure, error: Exception) -> Result:
        breaker = self._breakers[request.origin]
        self._breakers[request.origin] = breaker.failed(self._clock.now())
        return Result(failure=failure, seen=f"{type(error).__name__}: {error}"[:200])

    def _judge(self, request: Request, answer: Answer) -> Result:
        now = self._clock.now()
        breaker = self._breakers[request.origin]
        broken = answer.status >= 500
        self._breakers[request.origin] = breaker.failed(now) if broken else breaker.succeeded()
        if request.budgeted:
            self.budget = self.budget.told(answer.headers, now)
        if answer.ok:
            return self._judge_success(answer)
        status = 429 if self._limits_itself(answer) else answer.status
        refused = Refused(status, answer.headers.get("retry-after"))
        if status == 429 and request.budgeted:
            named = read_retry_after(refused.retry_after, now)
            self.budget = self.budget.paused(now + (named or 0.0))
        return Result(replace(answer, status=status), refused)

    def _judge_success(self, answer: Answer) -> Result:
        if answer.content:
            try:
                read_json(answer)
            except Unreadable as error:
                return Result(answer, Failure.UNREADABLE, str(error))
        return Result(answer)

    async def _exchange(self, request: Request, authorization: Secret) -> Answer:
        headers = {"Authorization": authorization.reveal(), "Accept": "application/json"}
        if request.body is not None:
            headers["Content-Type"] = request.content_type
        if request.if_match:
            headers["If-Match"] = request.if_match
        body = request.body.reveal().encode() if request.body is not None else None
        async with self._http.stream(
            request.method,
            request.origin + request.path,
            params=list(request.query) or None,
            content=body,
            headers=headers,
            timeout=request.timeout,
        ) as response:
            content = bytearray()
            async for chunk in response.aiter_bytes():
                content += chunk
                if len(content) > _LARGEST_ANSWER:
                    raise Unreadable(f"the answer is larger than {_LARGEST_ANSWER} octets")
            seen = {name.lower(): value for name, value in response.headers.items()}
            return Answer(response.status_code, seen, bytes(content))


def _given_up(request: Request, attempt: int, result: Result, step: GiveUp) -> Problem:
    facts: dict[str, Fact] = {
        "operation": request.operation,
        "host": request.origin,
        "tries": attempt,
    }
    if result.seen:
        facts["seen"] = result.seen
    if result.answer is not None:
        facts |= of_answer(result.answer, request.operation).facts
    if step.lost:
        return Problem(ANSWER_LOST, facts, retry_at=step.retry_at)
    if isinstance(result.failure, Failure):
        return Problem(_PROBLEM_OF[result.failure], facts, retry_at=step.retry_at)
    assert result.answer is not None
    kind = of_answer(result.answer, request.operation).type
    return Problem(kind, facts, retry_at=step.retry_at)
