"""The routes an orchestrator asks (/healthz, /readyz, /metrics), and those of API tokens.

Store calls block, so the routes that make them are plain functions: the framework runs them in its
thread pool.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Request, Response

from ..adapters.credentials.api_tokens import ApiTokens
from ..app import App
from ..errors import Problem
from .access import Admin, Viewer
from .asked import Asked
from .bodies import HealthBody, NewTokenBody, ReadyBody, TokenBody, TokenOrderBody, TokensBody
from .exposition import exposition
from .problems import NO_WORKER, described

PROBES = APIRouter(tags=["probes"])
TOKENS = APIRouter(prefix="/v1/tokens", tags=["tokens"])


def _tokens(request: Request) -> ApiTokens:
    tokens: ApiTokens = request.app.state.tokens
    return tokens


@PROBES.get("/healthz")
def health(request: Request) -> HealthBody:
    """The process answers. Says nothing of the store or the platform: that is /readyz."""
    return HealthBody(status="ok", version=request.app.version)


@PROBES.get("/readyz", responses=described(503))
def ready(request: Request) -> ReadyBody:
    """The store can be read, and somebody drives its runs: this process, or one whose heartbeat
    is fresh."""
    app: App = request.app.state.app
    leading = app.runner.leading
    if not app.runner.driven():
        raise Problem(NO_WORKER)
    return ReadyBody(status="ready", leading=leading)


@PROBES.get("/metrics", response_class=Response, responses=described(401, 403, 503))
def metrics(request: Request, _token: Viewer) -> Response:
    """The Prometheus text format."""
    app: App = request.app.state.app
    text, media_type = exposition(app, leading=app.runner.leading)
    return Response(text, media_type=media_type)


@TOKENS.get("", responses=described(401, 403, 503))
def list_tokens(request: Request, _token: Admin) -> TokensBody:
    """Every token that was made, without its text."""
    return TokensBody(tokens=tuple(TokenBody.of(token) for token in _tokens(request).all()))


@TOKENS.post("", status_code=201, responses=described(401, 403, 409, 503, body=True))
def create_token(order: TokenOrderBody, request: Request, _token: Admin, by: Asked) -> NewTokenBody:
    """A new token. Its text is in this answer only."""
    lifetime = order.days * 86400.0 if order.days is not None else None
    token = _tokens(request).create(order.name, order.role, lifetime, by)
    return NewTokenBody(name=order.name, role=order.role, token=token.reveal())


@TOKENS.delete("/{name}", status_code=204, responses=described(401, 403, 404, 422, 503))
def revoke_token(
    name: Annotated[str, Path(pattern=r"^[A-Za-z0-9._-]{1,40}$")],
    request: Request,
    _token: Admin,
    by: Asked,
) -> None:
    """End a token at once."""
    _tokens(request).revoke(name, by)
