"""Audits of the published dialect: asynchronous with cursors, in real time, and complete."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from .conftest import Sandbox

QUERY = "/api/v2/audits/query"
DOMAINS = "/api/v2/routing/email/outbound/domains"


def body(sandbox: Sandbox, days: float = 1, **fields: object) -> dict[str, Any]:
    now = datetime.fromtimestamp(sandbox.control("GET", "/clock")["now"], UTC)
    begins = (now - timedelta(days=days)).isoformat().replace("+00:00", "Z")
    return {"interval": f"{begins}/{(now + timedelta(hours=1)).isoformat()}", **fields}


def changes(sandbox: Sandbox, count: int = 3) -> None:
    for n in range(count):
        name = f"news{n}.example.com"
        made = sandbox.call("POST", f"{DOMAINS}/simulated", {"id": name, "name": name})
        assert made.status_code == 202
    sandbox.advance(3)


def collected(sandbox: Sandbox, asked: dict[str, Any], size: int = 2) -> list[dict[str, Any]]:
    started = sandbox.call("POST", QUERY, asked)
    assert (started.status_code, started.json()["state"]) == (202, "Queued")
    path = f"{QUERY}/{started.json()['id']}"
    assert sandbox.call("GET", f"{path}/results").status_code == 409
    sandbox.advance(3)
    assert sandbox.call("GET", path).json()["state"] == "Succeeded"
    found: list[dict[str, Any]] = []
    cursor = ""
    while True:
        more = f"&cursor={cursor}" if cursor else ""
        page = sandbox.call("GET", f"{path}/results?pageSize={size}{more}").json()
        found += page["entities"]
        cursor = page.get("cursor", "")
        if not cursor:
            return found


def test_a_query_gives_every_change_page_by_page(sandbox: Sandbox) -> None:
    changes(sandbox, 5)
    found = collected(sandbox, body(sandbox, serviceName="Emails"))
    assert [one["entity"]["id"] for one in found] == [
        f"news{n}.example.com" for n in (4, 3, 2, 1, 0)
    ]
    assert {one["client"]["id"] for one in found} == {sandbox.addresses["client_id"]}
    assert {(one["entityType"], one["action"]) for one in found} == {("OutboundDomain", "Create")}


def test_filters_and_order(sandbox: Sandbox) -> None:
    changes(sandbox)
    sandbox.call("DELETE", f"{DOMAINS}/news1.example.com")
    sandbox.advance(3)
    sort = [{"name": "Timestamp", "sortOrder": "ascending"}]
    only = [{"property": "EntityId", "value": "news1.example.com"}]
    found = collected(sandbox, body(sandbox, filters=only, sort=sort))
    assert [one["action"] for one in found] == ["Create", "Delete"]
    none = [{"property": "UserId", "value": "somebody"}]
    assert collected(sandbox, body(sandbox, filters=none)) == []


def test_an_entry_is_late_and_a_result_does_not_shift(sandbox: Sandbox) -> None:
    changes(sandbox, 1)
    sandbox.control("POST", "/clock", {"freeze": True})
    started = sandbox.call("POST", QUERY, body(sandbox)).json()
    changes_after = {"id": "late.example.com", "name": "late.example.com"}
    sandbox.call("POST", f"{DOMAINS}/simulated", changes_after)
    sandbox.advance(10)
    page = sandbox.call("GET", f"{QUERY}/{started['id']}/results").json()
    assert [one["entity"]["id"] for one in page["entities"]] == ["news0.example.com"]
    fresh = sandbox.call("POST", f"{QUERY}/realtime", body(sandbox)).json()
    assert (fresh["total"], fresh["pageCount"]) == (2, 1)


def test_what_belongs_to_one_action(sandbox: Sandbox) -> None:
    changes(sandbox)
    one = sandbox.call("POST", f"{QUERY}/realtime", body(sandbox)).json()["entities"][0]
    related = sandbox.call("POST", f"{QUERY}/realtime/related", {"auditId": one["id"]}).json()
    assert related["entities"] == [one]


def test_what_is_refused(sandbox: Sandbox) -> None:
    for asked, code in (
        ({"interval": "yesterday"}, "invalid.date"),
        ({"interval": "2026-01-02T00:00:00Z/2026-01-01T00:00:00Z"}, "invalid.date"),
        ({"interval": "2026-01-01T00:00:00/2026-01-02T00:00:00"}, "invalid.date"),
        (body(sandbox, serviceName="None"), "invalid.value"),
        (body(sandbox, filters=[{"property": "Colour", "value": "x"}]), "invalid.value"),
    ):
        refused = sandbox.call("POST", QUERY, asked)
        assert (refused.status_code, refused.json()["code"]) == (400, code), asked
    old = sandbox.call("POST", f"{QUERY}/realtime", body(sandbox, days=15))
    assert (old.status_code, old.json()["code"]) == (400, "bad.request")
    started = sandbox.call("POST", QUERY, body(sandbox)).json()["id"]
    sandbox.advance(3)
    bad = sandbox.call("GET", f"{QUERY}/{started}/results?cursor=AAAA")
    assert bad.json()["code"] == "invalid.query.param.value"


def test_every_audited_entity_is_in_the_mapping(sandbox: Sandbox) -> None:
    changes(sandbox)
    services = sandbox.call("GET", f"{QUERY}/servicemapping").json()["services"]
    known = {
        (service["name"], entity["name"], action)
        for service in services
        for entity in service["entities"]
        for action in entity["actions"]
    }
    told = sandbox.call("POST", f"{QUERY}/realtime", body(sandbox)).json()["entities"]
    seen = {(one["serviceName"], one["entityType"], one["action"]) for one in told}
    assert seen
    assert seen <= known
