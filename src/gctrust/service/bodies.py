"""What the service reads and writes, as frozen shapes; OpenAPI is made from them.

Instants are RFC 3339 in UTC, durations seconds.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from ..adapters.credentials.api_tokens import ApiToken, Role
from ..errors import Fact, Problem
from ..findings import Finding
from ..names import DomainName, HostName
from ..runner.bulk import ItemSeen
from ..runner.runs import RunRow, StepRow

RUN_ID = r"^[a-z-]+:[ -~]{1,300}@[0-9]{1,9}$"


class Body(BaseModel):
    """Fields that are not listed are refused; texts are taken as they are."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class ProblemBody(Body):
    """RFC 9457, with the catalogue's code, the facts seen and the next step."""

    type: str
    title: str
    status: int
    code: str
    facts: dict[str, Fact]
    next: str

    @classmethod
    def in_run(cls, problem: Problem) -> ProblemBody:
        """A run's Problem, which is no answer's: its status is 0."""
        return cls(
            type=f"urn:gctrust:problem:{problem.code}",
            title=problem.type.sentence,
            status=0,
            code=problem.code,
            facts=dict(problem.facts),
            next=problem.next_step,
        )


def _host(text: str) -> str:
    """The A-label form of a host name; BadName is a ValueError, as the framework wants it."""
    return HostName.parse(text).text


def _selector(text: str) -> str:
    return DomainName.parse(text).text


Host = Annotated[str, Field(min_length=1, max_length=253), AfterValidator(_host)]
Selector = Annotated[str, Field(min_length=1, max_length=63), AfterValidator(_selector)]


class SignalBody(Body):
    """`cancel` asks the run to stop, which may undo things first; `advance` confirms what an
    operator has done; `roll-back` takes a rotation back."""

    name: Literal["cancel", "advance", "roll-back"]


class FindingBody(Body):
    rule: str
    severity: str
    subject: str
    message: str
    fix: str
    facts: dict[str, Fact]

    @classmethod
    def of(cls, finding: Finding) -> FindingBody:
        return cls(
            rule=finding.rule,
            severity=finding.severity.word,
            subject=finding.subject,
            message=finding.message,
            fix=finding.fix,
            facts=dict(finding.facts),
        )


class EndBody(Body):
    status: str
    summary: dict[str, Fact]
    findings: tuple[FindingBody, ...]
    not_judged: tuple[str, ...]


class RunBody(Body):
    """A run: `status` is "open" until it ends; `waiting_until` and `waiting_for` while it waits."""

    id: str
    journey: str
    status: str
    stage: str
    note: str
    started: datetime
    ended: datetime | None
    waiting_for: str
    waiting_until: datetime | None
    problem: ProblemBody | None
    end: EndBody | None

    @classmethod
    def of(cls, row: RunRow) -> RunBody:
        return cls(
            id=row.id,
            journey=row.journey,
            status=row.status,
            stage=row.stage,
            note=row.note,
            started=_instant(row.started),
            ended=_instant(row.ended) if row.ended is not None else None,
            waiting_for=row.waiting_for,
            waiting_until=_instant(row.waiting_until) if row.waiting_until is not None else None,
            problem=ProblemBody.in_run(row.problem) if row.problem is not None else None,
            end=_end(row),
        )


class StepBody(Body):
    step: int
    name: str
    came_of_it: str
    problem: str
    started: datetime
    ended: datetime

    @classmethod
    def of(cls, step: StepRow) -> StepBody:
        return cls(
            step=step.step,
            name=step.name,
            came_of_it=step.kind,
            problem=step.problem,
            started=_instant(step.started),
            ended=_instant(step.ended),
        )


class RunDetailBody(Body):
    run: RunBody
    history: tuple[StepBody, ...]


class RunsBody(Body):
    """Newest first. `next` is the `cursor` of the page after this one, null on the last."""

    runs: tuple[RunBody, ...]
    next: str | None


class ItemBody(Body):
    """One order of many. `status` is "not-begun", "open", how its run ended, or "other-run-open";
    `problem` the code of what it failed with."""

    number: int
    identity: str
    run: str
    status: str
    problem: str

    @classmethod
    def of(cls, item: ItemSeen) -> ItemBody:
        return cls(
            number=item.number,
            identity=item.identity,
            run=item.run,
            status=item.status,
            problem=item.code,
        )


class ItemsBody(Body):
    """In the order they were given; `counts` is of all of them, by status."""

    counts: dict[str, int]
    items: tuple[ItemBody, ...]


class TokenOrderBody(Body):
    """`days` is how long the token is valid; left out, until it is revoked."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,40}$")]
    role: Role
    days: Annotated[int, Field(gt=0, le=3650)] | None = None


class TokenBody(Body):
    name: str
    role: Role
    created: datetime
    expires: datetime | None
    revoked: datetime | None

    @classmethod
    def of(cls, token: ApiToken) -> TokenBody:
        return cls(
            name=token.name,
            role=token.role,
            created=_instant(token.created),
            expires=_instant(token.expires) if token.expires is not None else None,
            revoked=_instant(token.revoked) if token.revoked is not None else None,
        )


class NewTokenBody(Body):
    """The token is in this answer and nowhere else: only its digest is stored."""

    name: str
    role: Role
    token: str


class TokensBody(Body):
    tokens: tuple[TokenBody, ...]


class HealthBody(Body):
    status: Literal["ok"]
    version: str


class ReadyBody(Body):
    """`leading`: this process drives runs; when it is false another does, and its heartbeat is
    younger than its lease lasts."""

    status: Literal["ready"]
    leading: bool


def _instant(at: float) -> datetime:
    return datetime.fromtimestamp(at, UTC)


def _end(row: RunRow) -> EndBody | None:
    if row.end is None:
        return None
    return EndBody(
        status=row.end.status,
        summary=dict(row.end.summary),
        findings=tuple(FindingBody.of(finding) for finding in row.end.findings),
        not_judged=row.end.not_judged,
    )
