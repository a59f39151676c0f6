"""Who asks, and whether they may: the bearer token of a request against the role a route needs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from ..adapters.credentials.api_tokens import ApiToken, ApiTokens, Role
from ..errors import Problem
from .problems import NO_TOKEN, ROLE_MISSING

_BEARER = HTTPBearer(auto_error=False, description="An API token of `gctrust tokens create`.")


def needs(role: Role) -> Callable[..., ApiToken]:
    """A dependency that gives the token, or raises service.no-token or service.role-missing."""

    def allowed(
        request: Request,
        presented: Annotated[HTTPAuthorizationCredentials | None, Depends(_BEARER)],
    ) -> ApiToken:
        tokens: ApiTokens = request.app.state.tokens
        token = tokens.known(presented.credentials) if presented else None
        if token is None:
            raise Problem(NO_TOKEN)
        if not token.role.may(role):
            raise Problem(ROLE_MISSING, {"role": token.role.value, "needed": role.value})
        return token

    return allowed


Viewer = Annotated[ApiToken, Depends(needs(Role.VIEWER))]
Operator = Annotated[ApiToken, Depends(needs(Role.OPERATOR))]
Admin = Annotated[ApiToken, Depends(needs(Role.ADMIN))]
