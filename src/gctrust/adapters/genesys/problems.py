"""What can go wrong with the platform: the catalogue, and the Problem of an answer that refuses."""

from __future__ import annotations

from collections.abc import Mapping

from ...errors import Fact, Problem, ProblemKind, ProblemType, Retry, problem_catalogue
from .wire import Answer, ErrorBody, error_body

_GUIDE = "the guides' error tables; ErrorBody of the published API"

RATE_LIMITED = ProblemType(
    "genesys.rate-limited",
    "The platform's request limit is used up.",
    "The limit is counted per OAuth token; every tool that uses the same client shares it.",
    "Wait: the run goes on by itself at the time the platform named.",
    Retry.LATER,
    source=_GUIDE,
)
BAD_CREDENTIALS = ProblemType(
    "genesys.bad-credentials",
    "The platform does not accept the client id and secret.",
    "They are wrong, expired, deleted, or belong to another region.",
    "Check the client id, the secret and the region with `gctrust config show --origin`.",
    kind=ProblemKind.ACCESS,
    source="RFC 6749 section 5.2",
)
MISSING_SCOPE = ProblemType(
    "genesys.missing-scope",
    "The OAuth client lacks a scope that this call needs.",
    "The token names its scopes, so the call was not sent: it could only be refused.",
    "Give the OAuth client the scope named, then try again.",
    kind=ProblemKind.ACCESS,
    source=_GUIDE,
)
FORBIDDEN = ProblemType(
    "genesys.forbidden",
    "The platform refuses this call to the OAuth client.",
    "The client lacks a scope or its user roles lack a permission.",
    "Give the OAuth client the role named (in the right division), then try again.",
    kind=ProblemKind.ACCESS,
    source=_GUIDE,
)
NOT_FOUND = ProblemType(
    "genesys.not-found",
    "The platform knows no such thing.",
    "The id is wrong, or it was deleted, or it belongs to another organisation.",
    "Check the id, and that the region and client are those of its organisation.",
    source=_GUIDE,
)
CONFLICT = ProblemType(
    "genesys.conflict",
    "The platform already has this, or is changing it now.",
    "A name can be registered once.",
    "Look the existing one up and adopt it, or remove it first.",
    source=_GUIDE,
)
CHANGED_MEANWHILE = ProblemType(
    "genesys.changed-meanwhile",
    "Somebody changed this after it was read; nothing was written.",
    "Writing would have undone their change.",
    "Read it again, compare, and plan the change anew.",
    source="RFC 9110 section 15.5.13",
)
BAD_REQUEST = ProblemType(
    "genesys.bad-request",
    "The platform finds the request malformed.",
    "A field has a value it does not take; the answer names it.",
    "Correct the field named.",
    source=_GUIDE,
)
UNAVAILABLE = ProblemType(
    "genesys.unavailable",
    "The platform answers with a server error.",
    "It is a fault of the platform, mostly a passing one.",
    "Wait: the run tries again by itself. Quote the correlation id to the vendor if it stays.",
    Retry.LATER,
    source=_GUIDE,
)
UNREACHABLE = ProblemType(
    "genesys.unreachable",
    "The platform cannot be reached.",
    "No connection came about, or it broke before an answer: network, DNS, proxy, TLS or region.",
    "Check the region and the network; `gctrust doctor` looks at each part.",
    Retry.LATER,
    source="POSIX connect(2)",
)
ANSWER_LOST = ProblemType(
    "genesys.answer-lost",
    "A change was sent and no clear answer came back; it may have taken effect.",
    "Sending it again without looking could do it twice.",
    "Look at the platform's state first; send again only what is missing.",
    Retry.LATER,
    source="RFC 9110 section 9.2.2",
)
ANSWER_UNREADABLE = ProblemType(
    "genesys.answer-unreadable",
    "The platform's answer is not what its contract says.",
    "Acting on a half-understood answer could do harm.",
    "Try again; when it stays, a proxy in between or a change of the platform is likely.",
    Retry.LATER,
    source="docs/reference/sandbox-fidelity.md: the contract of each endpoint",
)
CIRCUIT_OPEN = ProblemType(
    "genesys.circuit-open",
    "The platform failed several times in a row; it is left alone for a while.",
    "More requests would only add to its load and use up the limit.",
    "Wait: the next request goes out at the time named.",
    Retry.LATER,
    source="RFC 9110 section 15.6.4; the circuit breaker of Nygard, Release It!",
)
NOT_IN_DIALECT = ProblemType(
    "genesys.not-in-dialect",
    "The chosen dialect has no such call.",
    "The published API has no endpoint for it.",
    "Use the dialect that has it: see docs/reference/sandbox-fidelity.md.",
    kind=ProblemKind.USAGE,
    source="docs/reference/sandbox-fidelity.md: the contract of each endpoint",
)
PROBLEMS = problem_catalogue(
    RATE_LIMITED, BAD_CREDENTIALS, MISSING_SCOPE, FORBIDDEN, NOT_FOUND, CONFLICT,
    CHANGED_MEANWHILE, BAD_REQUEST, UNAVAILABLE, UNREACHABLE, ANSWER_LOST, ANSWER_UNREADABLE,
    CIRCUIT_OPEN, NOT_IN_DIALECT,
)  # fmt: skip

_BY_STATUS: Mapping[int, ProblemType] = {
    400: BAD_REQUEST,
    401: BAD_CREDENTIALS,
    403: FORBIDDEN,
    404: NOT_FOUND,
    408: UNAVAILABLE,
    409: CONFLICT,
    410: NOT_FOUND,
    412: CHANGED_MEANWHILE,
    413: BAD_REQUEST,
    415: BAD_REQUEST,
    422: BAD_REQUEST,
    429: RATE_LIMITED,
}


def of_status(status: int) -> ProblemType:
    if status >= 500:
        return UNAVAILABLE
    return _BY_STATUS.get(status, BAD_REQUEST if 400 <= status < 500 else ANSWER_UNREADABLE)


def of_answer(
    answer: Answer, operation: str, *, role: str = "", retry_at: float | None = None
) -> Problem:
    """The Problem of an answer that is no success. `role`: the role this call needs, if known."""
    kind = of_status(answer.status)
    body = error_body(answer)
    facts = {"operation": operation, "status": answer.status, **_said(answer, body)}
    hint = ""
    if kind is FORBIDDEN and role and "scope" not in body.code:
        facts["role"] = role
        hint = f"Give the OAuth client the role {role!r}."
    return Problem(kind, facts, hint, retry_at)


def _said(answer: Answer, body: ErrorBody) -> dict[str, Fact]:
    said: dict[str, Fact] = {
        "code": body.code,
        "message": body.message,
        "fields": list(body.fields),
        "correlation_id": answer.correlation_id or body.context_id,
    }
    return {name: value for name, value in said.items() if value}
