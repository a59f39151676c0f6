"""The routes under /v1, and those an orchestrator asks: /health, /ready, /metrics.

Store calls block, so the routes that make them are plain functions: the framework runs them in its
thread pool.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response

from ..adapters.store.api_tokens import ApiTokens
from ..app import App
from ..pipelines.orders import EmailDomainOrder
from .access import Admin, Operator, Viewer
from .bodies import (
    RUN_ID,
    EmailDomainBody,
    HealthBody,
    NewTokenBody,
    ReadyBody,
    RunBody,
    RunDetailBody,
    RunsBody,
    SignalBody,
    StepBody,
    TokenBody,
    TokenOrderBody,
    TokensBody,
)
from .figures import exposition
from .problems import described

PROBES = APIRouter(tags=["probes"])
RUNS = APIRouter(prefix="/v1/runs", tags=["runs"])
TOKENS = APIRouter(prefix="/v1/tokens", tags=["tokens"])

RunId = Annotated[str, Path(pattern=RUN_ID, description="As `gctrust runs list` shows it.")]


def _app(request: Request) -> App:
    app: App = request.app.state.app
    return app


def _tokens(request: Request) -> ApiTokens:
    tokens: ApiTokens = request.app.state.tokens
    return tokens


@PROBES.get("/health")
def health(request: Request) -> HealthBody:
    """The process answers. Says nothing of the store or the platform: that is /ready."""
    return HealthBody(status="ok", version=request.app.version)


@PROBES.get("/ready", responses=described(503))
def ready(request: Request) -> ReadyBody:
    """The store can be read, so runs can be ordered and shown."""
    app = _app(request)
    app.runner.list_runs(1)
    return ReadyBody(status="ready", leading=app.runner.leading)


@PROBES.get("/metrics", response_class=Response, responses=described(401, 403, 503))
def metrics(request: Request, _token: Viewer) -> Response:
    """The Prometheus text format."""
    text, media_type = exposition(_app(request))
    return Response(text, media_type=media_type)


@RUNS.post("", status_code=201, responses=described(401, 403, 503, body=True))
def order_run(
    order: EmailDomainBody, request: Request, response: Response, _token: Operator
) -> RunBody:
    """Order a run, or join the open run for the same thing: the answer is that run."""
    app = _app(request)
    settings = app.settings
    run = app.runner.submit(
        EmailDomainOrder(
            domain=order.domain,
            selectors=order.selectors or settings.dkim_selectors,
            include=settings.spf_include.removeprefix("include:"),
            horizon=order.horizon or settings.horizon_hours * 3600.0,
        )
    )
    response.headers["Location"] = f"/v1/runs/{run}"
    return RunBody.of(app.runner.show(run))


@RUNS.get("", responses=described(401, 403, 422, 503))
def list_runs(
    request: Request,
    _token: Viewer,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> RunsBody:
    """The newest runs."""
    rows = _app(request).runner.list_runs(limit)
    return RunsBody(runs=tuple(RunBody.of(row) for row in rows))


@RUNS.get("/{run}", responses=described(401, 403, 404, 422, 503))
def show_run(run: RunId, request: Request, _token: Viewer) -> RunDetailBody:
    """One run with its history."""
    row = _app(request).runner.show(run)
    history = tuple(StepBody.of(step) for step in row.history)
    return RunDetailBody(run=RunBody.of(row), history=history)


@RUNS.post("/{run}/signals", status_code=202, responses=described(401, 403, 404, 503, body=True))
def signal_run(run: RunId, signal: SignalBody, request: Request, _token: Operator) -> RunBody:
    """Tell a run something. It hears of it at its next wait."""
    runner = _app(request).runner
    runner.signal(run, signal.name)
    return RunBody.of(runner.show(run))


@RUNS.post("/{run}/resume", status_code=202, responses=described(401, 403, 404, 422, 503))
def resume_run(run: RunId, request: Request, _token: Operator) -> RunBody:
    """Take a failed or cancelled run up again at the step it failed at."""
    runner = _app(request).runner
    runner.show(run)
    runner.resume(run)
    return RunBody.of(runner.show(run))


@TOKENS.get("", responses=described(401, 403, 503))
def list_tokens(request: Request, _token: Admin) -> TokensBody:
    """Every token that was made, without its text."""
    return TokensBody(tokens=tuple(TokenBody.of(token) for token in _tokens(request).all()))


@TOKENS.post("", status_code=201, responses=described(401, 403, 409, 503, body=True))
def create_token(order: TokenOrderBody, request: Request, _token: Admin) -> NewTokenBody:
    """A new token. Its text is in this answer only."""
    lifetime = order.days * 86400.0 if order.days is not None else None
    token = _tokens(request).create(order.name, order.role, lifetime)
    return NewTokenBody(name=order.name, role=order.role, token=token.reveal())


@TOKENS.delete("/{name}", status_code=204, responses=described(401, 403, 404, 422, 503))
def revoke_token(
    name: Annotated[str, Path(pattern=r"^[A-Za-z0-9._-]{1,40}$")],
    request: Request,
    _token: Admin,
) -> None:
    """End a token at once."""
    _tokens(request).revoke(name)
