"""The door: a Problem, or a request that does not fit, becomes problem+json (RFC 9457)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.routing import Match
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ..errors import Fact, Problem, ProblemKind, ProblemType, Retry
from .bodies import ProblemBody

MEDIA_TYPE = "application/problem+json"

BAD_REQUEST = ProblemType(
    code="service.bad-request",
    sentence="The request does not fit the API.",
    why="A field is missing, unknown or out of its range.",
    fix="Correct the fields named; /openapi.json has every shape.",
    kind=ProblemKind.USAGE,
    source="RFC 9110 section 15.5.21",
)
TOO_LARGE = ProblemType(
    code="service.too-large",
    sentence="The request's body is larger than the service reads.",
    why="A certificate chain and a key fit in far less.",
    fix="Send only the certificates the platform needs.",
    kind=ProblemKind.USAGE,
    source="RFC 9110 section 15.5.14",
)
NO_TOKEN = ProblemType(
    code="service.no-token",
    sentence="The request carries no API token that is valid.",
    why="It is missing, unknown, expired or revoked; which of these is not told.",
    fix="Send `Authorization: Bearer TOKEN`; `gctrust tokens create` makes one.",
    kind=ProblemKind.ACCESS,
    source="RFC 6750 section 3",
)
ROLE_MISSING = ProblemType(
    code="service.role-missing",
    sentence="The API token's role may not do this.",
    why="A viewer reads; an operator also orders and signals runs; an admin manages tokens.",
    fix="Use a token of the role named, or have an administrator create one.",
    kind=ProblemKind.ACCESS,
    source="RFC 6750 section 3.1",
)
NO_ROUTE = ProblemType(
    code="service.no-route",
    sentence="The service has no such address, or not with this method.",
    why="Nothing is served here.",
    fix="/openapi.json lists every route.",
    kind=ProblemKind.USAGE,
    source="RFC 9110 section 15.5.5",
)
BAD_CURSOR = ProblemType(
    code="service.bad-cursor",
    sentence="The cursor is none that this service gave.",
    why="A list goes on where the cursor of its last page says.",
    fix="Use `next` of the page before as it is, or begin anew without a cursor.",
    kind=ProblemKind.USAGE,
    source="docs/reference/service.md",
)
OTHER_OPEN = ProblemType(
    code="service.other-run-open",
    sentence="Another run for the same thing is open, with other certificates.",
    why="Two at the same time would replace each other's work.",
    fix="Let it end, or cancel it: GET /v1/runs?status=open&identity=IDENTITY finds it.",
    kind=ProblemKind.USAGE,
    source="docs/reference/service.md",
)
HAZARD = ProblemType(
    code="service.hazard",
    sentence="The order has a hazard that it does not allow, or allows one that nothing knows.",
    why="A change that may hurt is carried out only when it is allowed by name.",
    fix="Remove the hazard, or name it in `allow`.",
    kind=ProblemKind.USAGE,
    source="docs/reference/service.md",
)
TWICE = ProblemType(
    code="service.ordered-twice",
    sentence="Two of the orders are for the same thing.",
    why="The second would join the first's run, whatever it asks for.",
    fix="Order each domain and each client once.",
    kind=ProblemKind.USAGE,
    source="docs/reference/service.md",
)
NO_WORKER = ProblemType(
    code="service.no-worker",
    sentence="Nobody drives the runs of this store.",
    why="This process does not hold the lease, and the holder's heartbeat is too old.",
    fix="Wait: this process takes over when it can. If it lasts, look at the store.",
    retry=Retry.LATER,
    source="docs/reference/service.md",
)
DEFECT = ProblemType(
    code="service.defect",
    sentence="The service met a case it does not handle.",
    why="This is a defect of gctrust; durable runs are as they were.",
    fix="Report it with the facts given here.",
    source="RFC 9110 section 15.6.1",
)
PROBLEMS = (
    *(BAD_REQUEST, TOO_LARGE, NO_TOKEN, ROLE_MISSING, NO_ROUTE, BAD_CURSOR, OTHER_OPEN, HAZARD),
    *(TWICE, NO_WORKER, DEFECT),
)

_STATUS = {ProblemKind.USAGE: 422, ProblemKind.ACCESS: 403, ProblemKind.FAILED: 503}
_OF_STATUS = {404: NO_ROUTE, 405: NO_ROUTE, 413: TOO_LARGE}
_OWN_STATUS = {
    NO_TOKEN.code: 401,
    NO_ROUTE.code: 404,
    DEFECT.code: 500,
    "run.no-such-run": 404,
    "service.no-such-token": 404,
    "service.token-exists": 409,
    OTHER_OPEN.code: 409,
}
_AGAIN = 5  # seconds after which what passes by itself may be asked again


def install(api: FastAPI) -> None:
    """Every answer that is no success is problem+json with a code of the catalogue."""
    api.add_exception_handler(Problem, _of_problem)
    api.add_exception_handler(RequestValidationError, _of_validation)
    api.add_exception_handler(HTTPException, _of_http)
    api.add_exception_handler(Exception, _of_defect)


def answer(
    problem: Problem, status: int | None = None, headers: Mapping[str, str] | None = None
) -> Response:
    status = status or _OWN_STATUS.get(problem.code) or _STATUS[problem.type.kind]
    body = ProblemBody(
        type=f"urn:gctrust:problem:{problem.code}",
        title=problem.type.sentence,
        status=status,
        code=problem.code,
        facts=dict(problem.facts),
        next=problem.next_step,
    )
    more = dict(headers or {})
    if status == 401:
        more["WWW-Authenticate"] = "Bearer"
    if status == 503 and problem.type.retry is Retry.LATER:
        more["Retry-After"] = str(_AGAIN)
    return Response(body.model_dump_json(), status, more, MEDIA_TYPE)


async def _of_problem(_request: Request, error: Exception) -> Response:
    assert isinstance(error, Problem)
    return answer(error)


async def _of_validation(_request: Request, error: Exception) -> Response:
    """Where and why, never the value: a field that does not fit may hold a key."""
    assert isinstance(error, RequestValidationError)
    wrong = [f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()[:20]]
    return answer(Problem(BAD_REQUEST, {"wrong": wrong}))


async def _of_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    facts = {"method": request.method, "path": request.url.path[:200]}
    kind = _OF_STATUS.get(error.status_code, BAD_REQUEST)
    headers = _allow(request) if error.status_code == 405 else error.headers
    return answer(Problem(kind, facts), error.status_code, headers)


class Sized:
    """Refuses a larger body: by its announced length before any of it is read, else by counting.

    The framework has such a limit too, and answers with a text that is no problem+json.
    """

    def __init__(self, app: ASGIApp, largest: int) -> None:
        self.app, self.largest = app, largest

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        lengths = (v for k, v in scope.get("headers", ()) if k == b"content-length")
        announced = next((int(v) for v in lengths if v.isdigit()), 0)
        if announced > self.largest:
            facts: dict[str, Fact] = {"octets": announced, "limit": self.largest}
            await answer(Problem(TOO_LARGE, facts), 413)(scope, receive, send)
            return
        seen = 0

        async def counted() -> Message:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > self.largest:
                raise HTTPException(413)
            return message

        await self.app(scope, counted, send)


def _allow(request: Request) -> Mapping[str, str]:
    """Every method of this address (RFC 9110 section 10.2.1); the framework names one route's."""
    methods: set[str] = set()
    for route in request.app.state.routes:
        if route.matches(request.scope)[0] is not Match.NONE:
            methods |= route.methods
    return {"Allow": ", ".join(sorted(methods))}


async def _of_defect(_request: Request, error: Exception) -> Response:
    return answer(Problem(DEFECT, {"error": type(error).__name__}))


def described(*statuses: int, body: bool = False) -> dict[int | str, dict[str, Any]]:
    """The `responses` of a route for OpenAPI: the problems it may answer; `body`: it reads one."""
    more = (400, 413, 422) if body else ()
    return {status: _DESCRIPTIONS[status] for status in (*statuses, *more)}


_SCHEMA = {"$ref": "#/components/schemas/ProblemBody"}
_DESCRIPTIONS: dict[int, dict[str, Any]] = {
    status: {"description": text, "content": {MEDIA_TYPE: {"schema": _SCHEMA}}}
    for status, text in {
        400: "The body is no JSON text in UTF-8.",
        401: "No valid API token.",
        403: "The token's role may not do this.",
        404: "There is no such thing.",
        409: "It exists already, or stands in the way.",
        413: "The body is too large.",
        422: "The request does not fit.",
        503: "The store or the platform cannot be used now.",
    }.items()
}
