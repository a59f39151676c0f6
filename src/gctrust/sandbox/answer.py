"""What the API answers: a status with a JSON body, or a refusal in the platform's own ErrorBody.

The ErrorBody is the published one: message, code, status, contextId, details[], errors[].
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

JsonObject = dict[str, object]
Headers = tuple[tuple[str, str], ...]

CODES = {
    400: "bad.request",
    401: "bad.credentials",
    403: "missing.any.permissions",
    404: "not.found",
    405: "method.not.allowed",
    408: "request.timeout",
    409: "request.conflict",
    412: "precondition.failed",
    413: "request.entity.too.large",
    415: "unsupported.media.type",
    429: "too.many.requests.retry.after",
    500: "internal.server.error",
    503: "service.unavailable",
    504: "gateway.timeout",
}


class MalformedError(ValueError):
    """A document of the sandbox's owner (seed, fault rules, control) that cannot be read."""


@dataclass(frozen=True, slots=True)
class Answer:
    """`body` is what json.dumps takes, or None for an empty answer."""

    status: int
    body: object = None
    headers: Headers = ()

    def payload(self) -> bytes:
        return b"" if self.body is None else json.dumps(self.body).encode()


@dataclass(frozen=True, slots=True)
class Detail:
    """One entry of ErrorBody.details."""

    error_code: str
    field_name: str = ""
    entity_id: str = ""
    entity_name: str = ""

    def json(self) -> JsonObject:
        named = {
            "errorCode": self.error_code,
            "fieldName": self.field_name,
            "entityId": self.entity_id,
            "entityName": self.entity_name,
        }
        return {name: value for name, value in named.items() if value}


@dataclass(slots=True, eq=False)
class Refusal(Exception):
    """A request the platform turns down. `plain` replaces the ErrorBody (OAuth's form)."""

    status: int
    message: str
    code: str = ""
    details: tuple[Detail, ...] = ()
    headers: Headers = ()
    limit: Mapping[str, object] | None = None
    plain: JsonObject | None = field(default=None)
    template: str = ""  # the message with {holes}, where the published API tells its parameters
    params: Mapping[str, str] = field(default_factory=dict)
    entity: tuple[str, str] | None = None  # id and kind of what the refusal is about

    def __str__(self) -> str:
        return f"{self.status} {self.code or CODES.get(self.status, '')}: {self.message}"

    def answer(self, context_id: str) -> Answer:
        if self.plain is not None:
            return Answer(self.status, self.plain, self.headers)
        return Answer(self.status, self._error_body(context_id), self.headers)

    def _error_body(self, context_id: str) -> JsonObject:
        body: JsonObject = {
            "message": self.message,
            "code": self.code or CODES.get(self.status, f"error.{self.status}"),
            "status": self.status,
            "contextId": context_id,
            "details": [detail.json() for detail in self.details],
            "errors": [],
        }
        if self.limit is not None:
            body["limit"] = dict(self.limit)
        if self.template:
            body |= {"messageWithParams": self.template, "messageParams": dict(self.params)}
        if self.entity is not None:
            body |= {"entityId": self.entity[0], "entityName": self.entity[1]}
        return body


def invalid(field_name: str, message: str, code: str = "invalid.value") -> Refusal:
    """400 naming one field."""
    return Refusal(400, message, code, (Detail(code, field_name),))


def not_found(kind: str, entity_id: str) -> Refusal:
    return Refusal(
        404,
        f"Unable to find {kind} [{entity_id}]",
        "not.found",
        (Detail("not.found", entity_id=entity_id, entity_name=kind),),
    )
