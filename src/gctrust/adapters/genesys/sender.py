"""The one send: a request goes out within the budget, past the breaker, and again as pacing says.

Everything that httpx2 can raise is translated here and nowhere else.
"""

from __future__ import annotations

import asyncio
import logging
import random
import ssl
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import httpx2

from ...errors import Fact, Problem, ProblemType
from ...ports import Clock
from ...secret import Secret
from .answered import answered
from .breaker import Breaker
from .caller import caller
from .circuit import Circuit
from .limiter import Budget, Slot, Told
from .pacing import Failure, GiveUp, Policy, Refused, SendAgainAt, pace, read_retry_after
from .problems import (
    ANSWER_LOST,
    ANSWER_UNREADABLE,
    RATE_LIMITED,
    READ_ONLY,
    UNREACHABLE,
    of_answer,
)
from .shared import Rows, Shared
from .turnstile import TooLong, Turnstile
from .wire import Answer, Unreadable, read_json

_LOG = logging.getLogger(__name__)
_LARGEST_ANSWER = 16 * 1024 * 1024
_LONG_WAIT = 2.0  # real seconds, after which a run is asked whether it is still driven here
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
    """Sends with tries, circuits by host, and one budget. Owns the connection pool.

    `rows` gives the rows of the store, if one is open: with them budget (of `identity`) and
    circuits are those of every process. `plain`: no TLS is spoken, as to a sandbox.
    """

    def __init__(
        self,
        clock: Clock,
        policy: Policy,
        *,
        proxy: Secret | None = None,
        fraction: Callable[[], float] = random.random,
        limits_itself: Callable[[Answer], bool] = lambda answer: False,
        read_only: bool = False,
        identity: str = "",
        plain: bool = False,
        rows: Callable[[], Rows | None] = lambda: None,
    ) -> None:
        self._clock, self._policy, self._fraction = clock, policy, fraction
        self._limits_itself, self.read_only = limits_itself, read_only
        self._rows, self._threads = rows, ThreadPoolExecutor(1, "gctrust-budget")
        self._circuits: dict[str, Circuit] = {}
        shared = Shared("request_budgets", identity, Budget(), rows, self._threads)
        self._turnstile = Turnstile(clock, shared, self._pause)
        # The environment is read by settings only, so proxies come as an argument.
        self._http = httpx2.AsyncClient(
            follow_redirects=False,
            trust_env=False,
            # Reading the roots takes 20 ms; without them no TLS connection comes about.
            verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT) if plain else True,
            proxy=proxy.reveal() if proxy else None,
            limits=httpx2.Limits(max_connections=20, max_keepalive_connections=20),
        )

    @property
    def budget(self) -> Budget:
        return self._turnstile.budget

    def breakers(self) -> tuple[Breaker, ...]:
        return tuple(circuit.breaker for circuit in self._circuits.values())

    async def close(self) -> None:
        await self._turnstile.close()
        self._threads.shutdown(wait=False)
        await self._http.aclose()

    def refuse_change(self, request: Request) -> None:
        """Raises Problem genesys.read-only for what may change something, if this only reads."""
        if self.read_only and request.pace_method != "GET":
            raise Problem(READ_ONLY, {"operation": request.operation, "method": request.method})

    async def send(self, request: Request, authorization: Secret) -> Answer:
        """An answer that is a success or a final refusal. Raises Problem for everything else."""
        self.refuse_change(request)
        attempt = 0
        while True:
            attempt += 1
            result = await self._attempt(request, authorization)
            if result.failure is None and result.answer is not None:
                return result.answer
            next_step = self._pace(request, attempt, result)
            if isinstance(next_step, GiveUp):
                if next_step.retry_at is None and result.answer is not None:
                    return result.answer
                raise _given_up(request, attempt, result, next_step)
            await self._pause(next_step.at)

    async def _attempt(self, request: Request, authorization: Secret) -> Result:
        """Past the circuit, within the budget."""
        circuit = self._circuit(request.origin)
        slot = None
        if request.budgeted:
            await circuit.check(request.operation)
            slot = await self._pass_budget(request)
        try:
            await circuit.enter(request.operation)
        except Problem:
            if slot is not None:
                self._turnstile.give_back(slot)
            raise
        sent = self._clock.now()
        result = await self._try(request, authorization)
        broken = result.answer is None or result.answer.status >= 500
        await circuit.answered(well=not broken)
        if slot is not None and result.answer is not None:
            await self._heed(result, slot, sent)
        return result

    def _circuit(self, origin: str) -> Circuit:
        if origin not in self._circuits:
            shared = Shared("circuits", origin, Breaker(origin), self._rows, self._threads)
            self._circuits[origin] = Circuit(self._clock, shared)
        return self._circuits[origin]

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

    async def _pass_budget(self, request: Request) -> Slot:
        who, began = caller(), time.monotonic()
        policy = self._policy
        longest = policy.longest_queue if who.run else policy.longest_wait
        try:
            slot = await self._turnstile.enter(who, longest)
        except TooLong as refused:
            budget = self.budget
            facts: dict[str, Fact] = {
                "operation": request.operation,
                "used": budget.used,
                "allowed": budget.allowed,
            }
            raise Problem(RATE_LIMITED, facts, retry_at=refused.at) from None
        if who.still_allowed is not None and time.monotonic() - began > _LONG_WAIT:
            await who.still_allowed()
        return slot

    async def _heed(self, result: Result, slot: Slot, sent: float) -> None:
        """What the answer says of the budget."""
        assert result.answer is not None
        now, refused = self._clock.now(), result.failure
        told = Told.of(result.answer.headers, sent, now)
        if told is not None:
            self._turnstile.told(told, slot)
        if isinstance(refused, Refused) and refused.status == 429:
            await self._turnstile.hold(now + (read_retry_after(refused.retry_after, now) or 0.0))

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
            async with asyncio.timeout(request.timeout):
                answer = await self._exchange(request, authorization)
        except (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout) as error:
            return _failed(Failure.NOT_SENT, error)
        except (httpx2.TimeoutException, TimeoutError) as error:
            return _failed(Failure.TIMED_OUT, error)
        except (
            httpx2.LocalProtocolError,
            UnicodeError,
        ):  # its message quotes the header, which holds the token
            return _failed(Failure.NOT_SENT, ValueError("a header is not valid HTTP"))
        except httpx2.DecodingError as error:
            return _failed(Failure.UNREADABLE, error)
        except httpx2.TransportError as error:
            return _failed(Failure.BROKEN, error)
        except Unreadable as error:
            return _failed(Failure.UNREADABLE, error)
        self._tell(request, answer)
        return self._judge(answer)

    def _tell(self, request: Request, answer: Answer) -> None:
        told = {"operation": request.operation, "method": request.method, "host": request.origin}
        correlation = answer.correlation_id
        if request.budgeted and request.pace_method != "GET":
            answered(correlation)
        _LOG.info(
            "call",
            extra={
                **told,
                "status": answer.status,
                "correlation": correlation,
                "run": caller().run,
            },
        )

    def _judge(self, answer: Answer) -> Result:
        if answer.ok:
            return self._judge_success(answer)
        status = 429 if self._limits_itself(answer) else answer.status
        refused = Refused(status, answer.headers.get("retry-after"))
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


def _failed(failure: Failure, error: Exception) -> Result:
    return Result(failure=failure, seen=f"{type(error).__name__}: {error}"[:200])


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
