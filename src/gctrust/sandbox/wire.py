"""One HTTP request as read from the wire, and what a handler knows of the call it serves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from .state import OAuthClient, State, View


@dataclass(frozen=True, slots=True)
class Request:
    """`headers` have lower-case names; `body` is complete."""

    method: str
    path: str
    query: tuple[tuple[str, str], ...]
    headers: Mapping[str, str]
    body: bytes = field(repr=False)


@dataclass(slots=True)
class Call:
    """A request after authentication and routing. `view` is what reads see: now, or the past."""

    request: Request
    params: Mapping[str, str]
    client: OAuthClient
    view: View
    state: State
    effect: bool = False

    def change(self) -> State:
        """Say that this call changes the platform, and get the state to change."""
        self.state.keep_before()
        self.effect = True
        return self.state
