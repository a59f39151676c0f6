"""What can go wrong with the platform: the catalogue, and the Problem of an answer that refuses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from ...errors import Fact, Problem, ProblemKind, ProblemType, Retry, problem_catalogue
from .wire import Answer, ErrorBody, error_body

if TYPE_CHECKING:
    from ...settings import Settings

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
    "Use the dialect that has it: see docs/reference/dialects.md.",
    kind=ProblemKind.USAGE,
    source="docs/reference/sandbox-fidelity.md: the contract of each endpoint",
)
LIMIT_REACHED = ProblemType(
    "genesys.limit-reached",
    "The organisation holds as many of these as it may.",
    "The platform limits domains per organisation: 2 inbound, 15 for campaigns by default.",
    "Delete one that is no longer used, or ask the vendor for more.",
    source="the published API's error code postino.max.domains.exceeded",
)
NOT_SHOWN_YET = ProblemType(
    "genesys.not-shown-yet",
    "The platform says that this exists, and does not show it.",
    "It was made a moment ago, or it belongs to another organisation.",
    "Wait: the run looks again. If it stays, ask who else registered the name.",
    Retry.LATER,
    source="a domain belongs to one organisation; new things are answered 404 for a while",
)
CAMPAIGN_NAME = ProblemType(
    "genesys.campaign-domain",
    "This name cannot be a campaign domain.",
    "Campaign mail has a sub-domain of its own, so that its reputation is not everybody's.",
    "Take a sub-domain that nothing else uses, as in news.example.com.",
    kind=ProblemKind.USAGE,
    source="the vendor's guide on domains for outbound email campaigns",
)
MAIL_FROM_NAME = ProblemType(
    "genesys.mail-from",
    "This name cannot be the MAIL FROM domain.",
    "Bounces come back to it, so it needs an MX of its own below the domain that sends.",
    "Take a sub-domain of the domain that has no mail yet, as in bounce.example.com.",
    kind=ProblemKind.USAGE,
    source="Amazon SES, custom MAIL FROM domain; RFC 5321 section 4.4",
)
READ_ONLY = ProblemType(
    "genesys.read-only",
    "This client only reads; the change was not sent.",
    "It was made so that it cannot change anything at the platform.",
    "Ask for the change with a client that may write.",
    kind=ProblemKind.USAGE,
    source="docs/reference/dialects.md",
)
DIALECT_UNTOLD = ProblemType(
    "genesys.dialect-untold",
    "What the platform answers does not tell its dialect.",
    "Calls of the wrong dialect would only be refused, or mean something else.",
    "`gctrust doctor` shows the answers; name the dialect with --dialect guide or platform.",
    source="docs/reference/dialects.md",
)
ENDLESS = ProblemType(
    "genesys.endless-listing",
    "A listing of the platform goes on beyond what is read of one.",
    "Half of a listing would be taken for the whole: what is not in it would seem to be gone.",
    "Ask for less, such as a shorter time. When it stays, tell the vendor the correlation id.",
    source="docs/reference/dialects.md",
)
PROBLEMS = problem_catalogue(
    RATE_LIMITED, BAD_CREDENTIALS, MISSING_SCOPE, FORBIDDEN, NOT_FOUND, CONFLICT,
    CHANGED_MEANWHILE, BAD_REQUEST, UNAVAILABLE, UNREACHABLE, ANSWER_LOST, ANSWER_UNREADABLE,
    CIRCUIT_OPEN, NOT_IN_DIALECT, LIMIT_REACHED, NOT_SHOWN_YET, CAMPAIGN_NAME, MAIL_FROM_NAME,
    READ_ONLY, DIALECT_UNTOLD, ENDLESS,
)  # fmt: skip


def refuse_runs(settings: Settings) -> None:
    """Raises Problem genesys.read-only: who drives runs changes what they change."""
    if settings.read_only:
        raise Problem(READ_ONLY, {"operation": "run"})


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


# The published API tells some conflicts and limits as 400.
_BY_CODE: Mapping[str, ProblemType] = {
    "postino.domain.exists": CONFLICT,
    "postino.max.domains.exceeded": LIMIT_REACHED,
    "auth.too.many.clients": LIMIT_REACHED,
    "postino.error.request.timeout": UNAVAILABLE,
}


def of_status(status: int) -> ProblemType:
    if status >= 500:
        return UNAVAILABLE
    return _BY_STATUS.get(status, BAD_REQUEST if 400 <= status < 500 else ANSWER_UNREADABLE)


def of_answer(
    answer: Answer,
    operation: str,
    *,
    role: str = "",
    permissions: tuple[str, ...] = (),
    every: bool = False,
    retry_at: float | None = None,
) -> Problem:
    """The Problem of an answer that is no success. `role`, `permissions`: what this call needs, if
    known; what the refusal itself names comes first."""
    body = error_body(answer)
    kind = _BY_CODE.get(body.code) or of_status(answer.status)
    facts = {"operation": operation, "status": answer.status, **_said(answer, body)}
    hint = ""
    if kind is FORBIDDEN and (needed := body.permissions or permissions):
        facts["permissions"] = list(needed)
        hint = _permission_hint(needed, every or body.code == "missing.permissions")
    elif kind is FORBIDDEN and role and "scope" not in body.code:
        facts["role"] = role
        hint = f"Give the OAuth client the role {role!r}."
    return Problem(kind, facts, hint, retry_at)


def _permission_hint(permissions: tuple[str, ...], every: bool) -> str:
    wanted = (" and " if every else " or ").join(permissions)
    noun = "permissions" if every and len(permissions) > 1 else "permission"
    return f"Give a role of the OAuth client the {noun} {wanted}."


def _said(answer: Answer, body: ErrorBody) -> dict[str, Fact]:
    said: dict[str, Fact] = {
        "code": body.code,
        "message": body.message,
        "fields": list(body.fields),
        "correlation_id": answer.correlation_id or body.context_id,
    }
    return {name: value for name, value in said.items() if value}
