"""The routes under /v1/runs: order, list, show, signal and resume.

Store calls block, so the routes that make them are plain functions: the framework runs them in its
thread pool.
"""

from __future__ import annotations

import base64
import hashlib
import math
import re
from collections import Counter
from datetime import datetime
from typing import Annotated, Literal
from urllib.parse import quote

from fastapi import APIRouter, Body, Depends, Header, Path, Query, Request, Response
from pydantic import AwareDatetime, BeforeValidator

from ..adapters.store.idempotency import IdempotencyKeys
from ..app import App
from ..errors import Problem
from ..runner.runs import RunRow, Sought
from .access import Operator, Viewer
from .asked import Asked
from .bodies import (
    RUN_ID,
    ItemBody,
    ItemsBody,
    RunBody,
    RunDetailBody,
    RunsBody,
    SignalBody,
    StepBody,
)
from .order_bodies import OrderBody
from .ordering import Ordering
from .problems import BAD_CURSOR, described
from .slashes import slashed

RUNS = APIRouter(prefix="/v1/runs", tags=["runs"])


def _dated(given: object) -> object:
    """An instant is written out: a bare number is none, though the parser would take it."""
    if not re.match(r"\d{4}-\d\d-\d\d[Tt ]", str(given)):
        raise ValueError("an instant is written as in RFC 3339, with its zone")
    return given


RunId = Annotated[
    str,
    Path(pattern=RUN_ID, description="As `gctrust runs list` shows it; a slash in it as %2F."),
    BeforeValidator(slashed),
]
Journey = Literal[
    "email-domain", "custom-domain", "pin-rotation", "many",
    "client-secret", "platform-trust", "data-actions", "check",
]  # fmt: skip
Key = Annotated[str | None, Header(alias="Idempotency-Key", pattern=r"^[!-~]{1,255}$")]
Limit = Annotated[int, Query(ge=1, le=1000)]
Since = Annotated[AwareDatetime, BeforeValidator(_dated)]
_LONGEST = 3600  # seconds of Retry-After: a signal may end a wait before its time


def _app(request: Request) -> App:
    app: App = request.app.state.app
    return app


async def _digest(request: Request) -> str:
    """Of the body as it came: it was read for its shape already, and is kept by the request."""
    return hashlib.sha256(await request.body()).hexdigest()


@RUNS.post("", status_code=201, responses=described(401, 403, 409, 503, body=True))
def order_run(
    order: Annotated[OrderBody, Body()],
    request: Request,
    response: Response,
    token: Operator,
    digest: Annotated[str, Depends(_digest)],
    by: Asked,
    key: Key = None,
) -> RunBody:
    """Order a run, or join the open run for the same thing: the answer is that run. Sent again
    with its Idempotency-Key an order is answered with its run, whether that has ended or not."""
    app, ordering = _app(request), Ordering(_app(request))
    keys = IdempotencyKeys(app.store, app.clock)
    run = keys.run_of(token.actor, key, digest) if key else None
    if run is None:
        run = ordering.submit(order, by)
        if key:
            keys.keep(token.actor, key, digest, run)
    response.headers["Location"] = f"/v1/runs/{quote(run, safe=':@')}"
    return _shown(app, app.runner.runs.get(run, history=False), response)


@RUNS.get("", responses=described(401, 403, 422, 503))
def list_runs(
    request: Request,
    _token: Viewer,
    limit: Limit = 100,
    cursor: Annotated[str, Query(max_length=600)] = "",
    status: Annotated[str, Query(max_length=40)] = "",
    journey: Journey | None = None,
    identity: Annotated[str, Query(max_length=320)] = "",
    since: Since | None = None,
) -> RunsBody:
    """Runs, newest first, a page at a time."""
    start = _unix(since) if since else None
    sought = Sought(status, journey or "", identity, start)
    rows = _app(request).runner.runs.page(sought, limit + 1, _read_cursor(cursor))
    page = rows[:limit]
    more = _cursor(page[-1]) if len(rows) > limit else None
    return RunsBody(runs=tuple(RunBody.of(row) for row in page), next=more)


@RUNS.get("/{run}", responses=described(401, 403, 404, 422, 503))
def show_run(run: RunId, request: Request, response: Response, _token: Viewer) -> RunDetailBody:
    """One run with its history. Retry-After says when it may have got further."""
    app = _app(request)
    row = app.runner.show(run)
    history = tuple(StepBody.of(step) for step in row.history)
    return RunDetailBody(run=_shown(app, row, response), history=history)


@RUNS.get("/{run}/items", responses=described(401, 403, 404, 422, 503))
def list_items(
    run: RunId,
    request: Request,
    _token: Viewer,
    after: Annotated[int, Query(ge=0, le=10_000)] = 0,
    limit: Limit = 1000,
) -> ItemsBody:
    """The orders of a run of many as they stand, those beyond number `after`; none for others."""
    items = _app(request).bulk.items_of(run)
    page = tuple(ItemBody.of(one) for one in items[after : after + limit])
    return ItemsBody(counts=dict(Counter(one.status for one in items)), items=page)


@RUNS.post("/{run}/signals", status_code=202, responses=described(401, 403, 404, 503, body=True))
def signal_run(run: RunId, signal: SignalBody, request: Request, by: Asked) -> RunBody:
    """Tell a run something. It hears of it at its next wait."""
    runner = _app(request).runner
    runner.signal(run, signal.name, by)
    return RunBody.of(runner.show(run))


@RUNS.post("/{run}/resume", status_code=202, responses=described(401, 403, 404, 422, 503))
def resume_run(run: RunId, request: Request, by: Asked) -> RunBody:
    """Take a failed or cancelled run up again at the step it failed at."""
    runner = _app(request).runner
    runner.show(run)
    runner.resume(run, by)
    return RunBody.of(runner.show(run))


def _shown(app: App, row: RunRow, response: Response) -> RunBody:
    """With Retry-After while it waits."""
    if row.ended is None and row.waiting_until is not None:
        left = math.ceil(row.waiting_until - app.clock.now())
        response.headers["Retry-After"] = str(min(max(left, 1), _LONGEST))
    return RunBody.of(row)


def _unix(at: datetime) -> float:
    return at.timestamp()


def _cursor(row: RunRow) -> str:
    """The place of a run in the list. Opaque, but nobody's secret."""
    return base64.urlsafe_b64encode(f"{row.started!r} {row.id}".encode()).decode()


def _read_cursor(text: str) -> tuple[float, str] | None:
    """Raises Problem service.bad-cursor."""
    if not text:
        return None
    try:
        started, space, run = base64.urlsafe_b64decode(text.encode()).decode().partition(" ")
        at = float(started)
    except ValueError:
        raise Problem(BAD_CURSOR) from None
    if not space or not math.isfinite(at):
        raise Problem(BAD_CURSOR)
    return at, run
