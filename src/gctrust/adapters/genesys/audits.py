"""The platform's audits of what gctrust keeps, read whole: an asynchronous query for each service
and stretch of time, its results by cursor, and what else belongs to the action of one of them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Final

from ...errors import Problem, ProblemType, Retry
from ...ports import Clock
from ...secret import Secret
from .client import GenesysClient
from .published import Published
from .wire import Answer, Body, Unreadable, read_instant, write_json
from .wire_platform import Enumerated, Page, page_of

QUERY_FAILED = ProblemType(
    "genesys.audit-query",
    "The platform's audit query came to nothing.",
    "It failed or was cancelled there, or did not end in time; what it would have told is unknown.",
    "Compare again later: it goes on where the last whole reading ended.",
    Retry.LATER,
    source="the published API's states of an audit query",
)
# Entity types of what gctrust keeps in order, as the audit notification topic lists them.
WATCHED: Final = frozenset(
    {
        "inbounddomain", "outbounddomain", "inboundroute", "emailsetting", "oauthclient",
        "identityprovider", "credential",
    }
)  # fmt: skip
STRETCH: Final = 14 * 86_400.0  # of one query; the platform's own maximum is not documented
LATE: Final = 3600.0  # an audit may be written so long after its change: read that again
PATIENCE: Final = 300.0  # for one query
_LOOK: Final = 2.0
_STATES: Final = frozenset({"queued", "running", "succeeded", "failed", "cancelled"})
_OUTCOMES: Final = frozenset({"success", "failure", "warning"})


@dataclass(frozen=True, slots=True)
class AuditMessage:
    """One change at the platform. `at` is Unix seconds; `action`, `entity_type` and `outcome` are
    the platform's words; "" for what it does not tell. `transaction` is shared by all of one
    action; `correlation` is the call's, where the context has it."""

    id: str
    at: float
    service: str
    entity_type: str
    entity: str
    name: str
    action: str
    outcome: str
    client: str
    user: str
    transaction: str
    correlation: str

    @property
    def changes(self) -> bool:
        """A refused attempt changed nothing; an outcome nobody knows may have."""
        return Enumerated.of(self.outcome, _OUTCOMES).value != "failure"

    @property
    def text(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def kept(cls, text: str) -> AuditMessage:
        return cls(**json.loads(text))


@dataclass(frozen=True, slots=True)
class Query:
    id: str
    state: Enumerated


class Audits:
    """Every method raises Problem genesys.*."""

    def __init__(self, client: GenesysClient, clock: Clock) -> None:
        self._client, self._clock = client, clock
        self._published = Published(client)

    async def between(self, begins: float, ends: float) -> dict[str, AuditMessage]:
        """By id: all that the platform has of that time, of every service with a watched type."""
        found: dict[str, AuditMessage] = {}
        services = await self._client.call("audit.services", read_services)
        for service in services:
            for first, last in stretches(begins, ends):
                query = await self._run(service, first, last)
                results = self._published.by_mark("audit.results", read_audits, "cursor", id=query)
                async for one in results:
                    if one.entity_type.lower() in WATCHED:
                        found[one.id] = one
        return found

    async def related(self, id: str) -> tuple[AuditMessage, ...]:
        """All of the same action. Only for what is recent, and not for every service."""
        body = write_json({"auditId": id})
        return (await self._client.call("audit.related", read_audits, body=body)).entities

    async def _run(self, service: str, begins: float, ends: float) -> str:
        """The id of a query that has succeeded."""
        body = write_query(service, begins, ends)
        query = await self._client.call("audit.start", read_query, body=body)
        until = self._clock.now() + PATIENCE
        while query.state.value != "succeeded":
            if query.state.value in ("failed", "cancelled") or self._clock.now() > until:
                raise Problem(QUERY_FAILED, {"service": service, "state": str(query.state)})
            await self._clock.sleep_until(self._clock.now() + _LOOK)
            query = await self._client.call("audit.state", read_query, id=query.id)
        return query.id


def stretches(begins: float, ends: float) -> Iterator[tuple[float, float]]:
    while begins < ends:
        last = min(begins + STRETCH, ends)
        yield begins, last
        begins = last


def read_services(answer: Answer) -> tuple[str, ...]:
    """Those that have an entity type of ours."""
    return tuple(
        service.text("name")
        for service in Body.of(answer).bodies("services")
        if any(one.word("name").lower() in WATCHED for one in service.bodies("entities"))
    )


def read_query(answer: Answer) -> Query:
    body = Body.of(answer)
    return Query(body.text("id"), Enumerated.of(body.word("state"), _STATES))


def read_audits(answer: Answer) -> Page[AuditMessage]:
    return page_of(answer, _message)


def write_query(service: str, begins: float, ends: float) -> Secret:
    return write_json(
        {
            "interval": f"{_instant(begins)}/{_instant(ends)}",
            "serviceName": service,
            "sort": [{"name": "Timestamp", "sortOrder": "ascending"}],
        }
    )


def _message(body: Body) -> AuditMessage:
    entity, context = body.part("entity"), body.part("context")
    return AuditMessage(
        id=body.text("id"),
        at=_seconds(body.text("eventDate")),
        service=body.word("serviceName"),
        entity_type=body.word("entityType"),
        entity=entity.word("id"),
        name=entity.word("name"),
        action=body.word("action"),
        outcome=body.word("status"),
        client=body.part("client").word("id"),
        user=body.part("user").word("id"),
        transaction=body.part("initiatingAction").word("transactionId"),
        correlation=context.word("correlationId"),
    )


def _seconds(text: str) -> float:
    at = read_instant(text)
    if at is None:
        raise Unreadable(f"eventDate {text[:40]!r} is no instant")
    return at


def _instant(at: float) -> str:
    text = datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")
