"""Which request is which call: tables of both dialects in one index, and the rights each asks for.

Where both dialects have a call of the same name, a caller gets the fields of every dialect it has
the rights for, in one body.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Protocol

from .answer import Answer, Refusal
from .oauth import Token
from .platform import Platform
from .platform_refusals import missing_permissions
from .state import OAuthClient
from .wire import Call

Handler = Callable[[Platform, Call], Awaitable[Answer]]


@dataclass(frozen=True, slots=True)
class Caller:
    """Whoever holds the token, with all it may do."""

    token: Token
    client: OAuthClient
    permissions: frozenset[str]

    def may(self, permission: str) -> bool:
        return any(fnmatch.fnmatchcase(permission, granted) for granted in self.permissions)


class Route(Protocol):
    """`template` has {names} for one path segment each."""

    @property
    def dialect(self) -> str: ...
    @property
    def method(self) -> str: ...
    @property
    def template(self) -> str: ...
    @property
    def handler(self) -> Handler: ...
    @property
    def needs_body(self) -> bool: ...

    def check(self, caller: Caller) -> None:
        """Raises Refusal 403 that names what is missing."""


@dataclass(frozen=True, slots=True)
class PublishedRoute:
    """One of `permissions` is enough unless `every`; none at all needs a token only."""

    method: str
    template: str
    permissions: tuple[str, ...]
    handler: Handler
    every: bool = False
    dialect: ClassVar[str] = "platform"
    needs_body: ClassVar[bool] = False  # a missing one is malformed, not of the wrong media type

    def check(self, caller: Caller) -> None:
        held = [caller.may(permission) for permission in self.permissions]
        if self.permissions and not (all(held) if self.every else any(held)):
            raise missing_permissions(self.permissions, self.every)


@dataclass(frozen=True, slots=True)
class Match:
    route: Route
    params: Mapping[str, str]


class Table:
    """Routes by their number of segments; the first of a dialect that matches is meant."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self._routes: dict[int, list[tuple[list[str], Route]]] = {}
        for route in routes:
            segments = route.template.split("/")
            self._routes.setdefault(len(segments), []).append((segments, route))

    def find(self, method: str, path: str) -> list[Match]:
        """Raises Refusal 404 for an unknown path, 405 for a known one with another method."""
        there = self._matching(path)
        found = {m.route.dialect: m for m in reversed(there) if m.route.method == method}
        if found:
            return list(found.values())
        if not there:
            raise Refusal(404, f"No resource at [{path}]", "not.found")
        allowed = ", ".join(sorted({match.route.method for match in there}))
        raise Refusal(405, f"{method} is not allowed here", headers=(("Allow", allowed),))

    def template(self, method: str, path: str) -> str:
        """The template a path is of, or the path itself."""
        matches = [m for m in self._matching(path) if m.route.method == method]
        return matches[0].route.template if matches else path

    def _matching(self, path: str) -> list[Match]:
        given = path.split("/")
        matches = []
        for segments, route in self._routes.get(len(given), ()):
            params = _params(segments, given)
            if params is not None:
                matches.append(Match(route, params))
        return matches


def allowed(matches: Sequence[Match], caller: Caller) -> list[Match]:
    """Those the caller has the rights for. Raises Refusal 403 when there is none."""
    held, refusals = [], []
    for match in matches:
        try:
            match.route.check(caller)
            held.append(match)
        except Refusal as refusal:
            refusals.append(refusal)
    if not held:
        raise refusals[-1]
    return held


def check_media_type(route: Route, content_type: str, body: bytes) -> None:
    """Raises Refusal 415 unless a body that a call needs is said to be JSON."""
    told = content_type.partition(";")[0].strip().lower()
    if (route.needs_body or body) and told != "application/json":
        raise Refusal(415, "The body must be application/json")


def merged(answers: Sequence[Answer]) -> Answer:
    """One answer with the fields of all."""
    body: dict[str, object] = {}
    for answer in answers:
        body |= answer.body if isinstance(answer.body, dict) else {}
    headers = tuple(header for answer in answers for header in answer.headers)
    return Answer(answers[0].status, body, headers)


def estranged(answer: Answer, fields: int) -> Answer:
    """With so many fields nobody has heard of, in the body and in each entity of a list."""
    if not fields or not isinstance(answer.body, dict):
        return answer
    strange = {f"sandboxStrange{n}": {"since": "tomorrow"} for n in range(fields)}
    body = dict(answer.body) | strange
    listed = body.get("entities")
    if isinstance(listed, list):
        body["entities"] = [one | strange if isinstance(one, dict) else one for one in listed]
    return replace(answer, body=body)


def _params(segments: Sequence[str], given: Sequence[str]) -> dict[str, str] | None:
    params: dict[str, str] = {}
    for wanted, segment in zip(segments, given, strict=True):
        if wanted.startswith("{"):
            if not segment:
                return None
            params[wanted[1:-1]] = segment
        elif wanted != segment:
            return None
    return params
