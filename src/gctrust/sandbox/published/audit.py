"""Audits of the published dialect: an asynchronous query with pages by cursor, a synchronous one
for the last fourteen days, and what belongs to one action.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from ..answer import Answer, JsonObject
from ..platform import Platform, new_id
from ..platform_records import AuditMessage, Job
from ..platform_refusals import invalid_value, missing, refuse
from ..wire import Call
from .interval import read_interval
from .models import read_body
from .paging import chosen, cursor_at, number, offset_of, query_of

MOST_RESULTS = 500
REALTIME_SECONDS = 14 * 86_400.0
_KEPT = ("Create", "Update", "Delete")
SERVICES: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "Emails": {
        "EmailSetting": _KEPT,
        "InboundDomain": (*_KEPT, "Verify"),
        "InboundRoute": _KEPT,
        "OutboundDomain": (*_KEPT, "Activate"),
    },
    "Integrations": {"Credential": _KEPT},
    "PeoplePermissions": {"IdentityProvider": _KEPT, "OAuthClient": (*_KEPT, "Rotate")},
}


async def mapping(platform: Platform, call: Call) -> Answer:
    query_of(call, platform.strict)
    services = [
        {
            "name": service,
            "entities": [
                {"name": name, "actions": list(actions)} for name, actions in entities.items()
            ],
        }
        for service, entities in SERVICES.items()
    ]
    return Answer(200, {"services": services})


async def start(platform: Platform, call: Call) -> Answer:
    body = read_body(call.request.body, "AuditQueryRequest", platform.strict)
    read_interval(str(body["interval"]))
    _known_service(body)
    job = Job(new_id(), body, platform.clock.now(), call.client.id)
    call.state.now.published.jobs[job.id] = job
    return Answer(202, _status(platform, job))


async def status(platform: Platform, call: Call) -> Answer:
    job = _job(platform, call)
    return Answer(200 if _state(platform, job) == "Succeeded" else 202, _status(platform, job))


async def results(platform: Platform, call: Call) -> Answer:
    """Pages of what was there when the query began: late entries cannot shift them."""
    query = query_of(call, platform.strict, "cursor", "pageSize", "expand", "allowRedirect")
    chosen(query, "expand", "user")
    chosen(query, "allowRedirect", "true", "false")
    job = _job(platform, call)
    if _state(platform, job) != "Succeeded":
        raise refuse(409, "request.conflict", "The query has not succeeded yet")
    size = number(query, "pageSize", 25, MOST_RESULTS)
    at = offset_of(query["cursor"]) if query.get("cursor") else 0
    found = _found(platform, job.body, job.started)
    body: JsonObject = {
        "id": job.id,
        "pageSize": size,
        "entities": [_json(platform, one) for one in found[at : at + size]],
    }
    if at + size < len(found):
        body["cursor"] = cursor_at(at + size)
    return Answer(200, body)


async def realtime(platform: Platform, call: Call) -> Answer:
    chosen(query_of(call, platform.strict, "expand"), "expand", "user")
    body = read_body(call.request.body, "AuditRealtimeQueryRequest", platform.strict)
    begins, _ = read_interval(str(body["interval"]))
    _known_service(body)
    now = platform.clock.now()
    if begins < now - REALTIME_SECONDS:
        raise refuse(400, "bad.request", "Only the last 14 days can be asked for in real time")
    size, page = _whole(body, "pageSize", 25, MOST_RESULTS), _whole(body, "pageNumber", 1, 10_000)
    found = _found(platform, body, now)
    shown = found[(page - 1) * size : page * size]
    told: JsonObject = {
        "entities": [_json(platform, one) for one in shown],
        "pageSize": size,
        "pageNumber": page,
        "total": len(found),
        "pageCount": math.ceil(len(found) / size),
    }
    return Answer(200, told)


async def related(platform: Platform, call: Call) -> Answer:
    chosen(query_of(call, platform.strict, "expand"), "expand", "user")
    body = read_body(call.request.body, "AuditRealtimeRelatedRequest", platform.strict)
    held = platform.state.now.published.audits
    one = next((m for m in held if m.id == body["auditId"]), None)
    if one is None:
        raise missing("audit", str(body["auditId"])[:100])
    same = [m for m in held if m.transaction_id == one.transaction_id]
    return Answer(200, {"entities": [_json(platform, m) for m in same]})


def _found(platform: Platform, body: Mapping[str, object], seen_at: float) -> list[AuditMessage]:
    begins, ends = read_interval(str(body["interval"]))
    service = body.get("serviceName")
    found = [
        one
        for one in platform.state.now.published.audits
        if one.visible_at <= seen_at
        and begins <= one.time < ends
        and service in (None, one.service)
        and all(_passes(one, told) for told in _objects(body.get("filters")))
    ]
    ascending = any(told["sortOrder"] == "ascending" for told in _objects(body.get("sort")))
    return sorted(found, key=lambda one: one.time, reverse=not ascending)


def _passes(message: AuditMessage, told: Mapping[str, object]) -> bool:
    known = {
        "ClientId": message.client_id,
        "Action": message.action,
        "EntityType": message.entity_type,
        "EntityId": message.entity_id,
    }
    return known.get(str(told["property"]), "") == told["value"]


def _objects(value: object) -> Sequence[Mapping[str, object]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _known_service(body: Mapping[str, object]) -> None:
    service = body.get("serviceName")
    if service is not None and service not in SERVICES:
        raise invalid_value(service, "serviceName", list(SERVICES))


def _whole(body: Mapping[str, object], name: str, default: int, most: int) -> int:
    return number({name: str(body.get(name, default))}, name, default, most)


def _job(platform: Platform, call: Call) -> Job:
    key = call.params["transactionId"]
    job = call.view.published.jobs.get(key)
    if job is None or job.owner != call.client.id:
        raise missing("audit query", key)
    return job


def _state(platform: Platform, job: Job) -> str:
    waited = platform.clock.now() - job.started
    needed = platform.seed.organisation.audit_query_seconds
    if waited < needed / 2:
        return "Queued"
    return "Running" if waited < needed else "Succeeded"


def _status(platform: Platform, job: Job) -> JsonObject:
    return {
        "id": job.id,
        "state": _state(platform, job),
        "startDate": platform.instant(job.started),
        **job.body,
    }


def _json(platform: Platform, message: AuditMessage) -> JsonObject:
    client = {"id": message.client_id, "selfUri": f"/api/v2/oauth/clients/{message.client_id}"}
    said = f"{message.action} {message.entity_type} {message.entity_name}"
    return {
        "id": message.id,
        "userHomeOrgId": platform.seed.organisation.id,
        "client": client,
        "remoteIp": ["127.0.0.1"],
        "serviceName": message.service,
        "level": "USER",
        "eventDate": platform.instant(message.time),
        "message": {"message": said},
        "action": message.action,
        "entity": {"id": message.entity_id, "name": message.entity_name},
        "entityType": message.entity_type,
        "status": "SUCCESS",
        "application": "Public API",
        "initiatingAction": {"transactionId": message.transaction_id},
        "transactionInitiator": True,
        "propertyChanges": [
            {"property": one.property, "oldValues": [one.old], "newValues": [one.new]}
            for one in message.changes
        ],
        "context": {},
    }
