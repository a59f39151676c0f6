"""How often each OAuth client called what: counted from the sandbox's own journal."""

from __future__ import annotations

from collections import Counter, defaultdict

from ..answer import Answer, JsonObject
from ..platform import Platform, new_id
from ..platform_records import Job
from ..platform_refusals import missing
from ..wire import Call
from .interval import read_interval
from .models import read_body
from .paging import chosen, query_of

_DAY = 86_400.0


async def summary(platform: Platform, call: Call) -> Answer:
    days = chosen(query_of(call, platform.strict, "days"), "days", "7", "30", "90") or "7"
    now = platform.clock.now()
    return _started(platform, call, now - int(days) * _DAY, now, 200)


async def query(platform: Platform, call: Call) -> Answer:
    body = read_body(call.request.body, "ApiUsageClientQuery", platform.strict)
    first, last = read_interval(str(body["interval"]))
    return _started(platform, call, first, last, 202)


async def results(platform: Platform, call: Call) -> Answer:
    client = _client(platform, call)
    job = call.view.published.jobs.get(call.params["executionId"])
    if job is None or job.owner != client:
        raise missing("usage query", call.params["executionId"])
    waited = platform.clock.now() - job.started
    if waited < platform.seed.organisation.audit_query_seconds:
        return Answer(200, {"queryStatus": "Running", "results": []})
    return Answer(200, {"queryStatus": "Complete", "results": _rows(platform, client, job)})


def _started(platform: Platform, call: Call, first: float, last: float, status: int) -> Answer:
    client = _client(platform, call)
    job = Job(new_id(), {}, platform.clock.now(), client, (first, last))
    call.state.now.published.jobs[job.id] = job
    uri = f"/api/v2/oauth/clients/{client}/usage/query/results/{job.id}"
    return Answer(status, {"executionId": job.id, "resultsUri": uri})


def _rows(platform: Platform, client: str, job: Job) -> list[JsonObject]:
    first, last = job.span
    counts: defaultdict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for entry in platform.journal.entries:
        if entry.client_id == client and first <= entry.time < last:
            template = platform.template_of(entry.method, entry.path)
            counts[template, entry.method][_class(entry.status)] += 1
    name = platform.state.now.clients[client].name
    return [
        {
            "clientId": client,
            "clientName": name,
            "organizationId": platform.seed.organisation.id,
            "templateUri": template,
            "httpMethod": method,
            **{status: seen[status] for status in _CLASSES},
            "requests": seen.total(),
        }
        for (template, method), seen in sorted(counts.items())
    ]


_CLASSES = ("status200", "status300", "status400", "status500", "status429")


def _class(status: int | None) -> str:
    if status == 429:
        return "status429"
    return f"status{(status or 500) // 100}00"


def _client(platform: Platform, call: Call) -> str:
    key = call.params["clientId"]
    if key not in call.view.clients:
        raise missing("client", key, "client.not.found")
    return key
