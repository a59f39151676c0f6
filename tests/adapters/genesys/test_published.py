"""The published API's bodies, pages, codes and rights, against scripted answers."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from gctrust.adapters.genesys import wire_platform as wire
from gctrust.adapters.genesys.client import GenesysClient
from gctrust.adapters.genesys.dialects import GUIDE, PLATFORM
from gctrust.adapters.genesys.oauth import Credentials
from gctrust.adapters.genesys.problems import of_answer
from gctrust.adapters.genesys.published import Published
from gctrust.adapters.genesys.regions import PlatformAddress
from gctrust.adapters.genesys.wire import Answer
from gctrust.errors import Problem
from gctrust.secret import Secret


@pytest.fixture
async def client(platform, clock):
    platform.scope = None
    address = PlatformAddress.parse(f"127.0.0.1:{platform.port}")
    secret = Secret("s3cret-tell-tale")
    async with GenesysClient(
        address, Credentials("id", secret), clock, dialect=PLATFORM, fraction=lambda: 0.5
    ) as opened:
        yield opened


@pytest.fixture
def published(client):
    return Published(client)


def answer(body, status=200):
    return Answer(status, {}, json.dumps(body).encode())


@pytest.mark.parametrize("raw", ["VERIFIED", "Verified", "verified"])
def test_a_status_is_read_in_any_case(raw):
    assert wire.read_check(answer({"status": raw})).status.value == "verified"


@pytest.mark.parametrize("raw", ["SNOOZING", "", None, 7])
def test_a_status_nobody_knows_is_unknown_and_never_failed(raw):
    check = wire.read_check(answer({"status": raw, "records": None, "new": {"x": [1]}}))
    assert check.status.value == "unknown"
    assert check.status.raw == ("" if raw is None else str(raw))


def test_the_types_of_an_activations_records_are_implied_by_their_names():
    entry = {"host": "x.example", "recordContents": "y", "verificationStatus": "Pending"}
    body = {"domainName": "d.example", "dnsCnameBounceRecord": entry}
    read = wire.read_activation(answer(body | {"dnsTxtSendingRecord": entry}))
    assert [c.records[0].type for c in (read.bounce, read.dkim)] == ["CNAME", "TXT"]
    early = wire.read_activation(answer(body))
    assert (early.dkim.status.value, early.dkim.records) == ("unknown", ())


def test_permissions_are_held_by_word_or_by_star():
    policy = {"domain": "routing", "entityName": "email", "actions": ["*"]}
    body = {"grants": [{"role": {"name": "Mail", "policies": [policy]}}]}
    grants = wire.read_grants(answer(body))
    assert grants.allow("routing:email:manage")
    assert not grants.allow("routing:queue:manage")
    assert not grants.allow("routing:email")


async def test_pages_by_number_end_at_page_count_not_at_a_short_page(published, platform, reply):
    def page(names, count):
        return reply(body={"entities": [{"id": n} for n in names], "pageCount": count})

    changed = reply(body={"entities": [{"id": "b", "mxRecordStatus": "VALID"}], "pageCount": 3})
    platform.script = [page("ab", 3), changed, page("c", 3)]
    assert [one.id for one in await published.inbounds()] == ["a", "b", "c"]
    assert [call.path.partition("pageNumber=")[2] for call in platform.calls] == ["1", "2", "3"]


@pytest.mark.parametrize(
    ("operation", "mark", "told"),
    [
        ("audit.results", "cursor", {"cursor": "Zm9v"}),
        ("audit.results", "after", {"nextUri": "/x?pageSize=25&after=Zm9v&q=1"}),
        ("audit.results", "nextPage", {"nextPage": "Zm9v"}),
    ],
)
async def test_pages_by_a_mark_follow_it_until_there_is_none(
    published, platform, reply, operation, mark, told
):
    platform.script = [
        reply(body={"entities": [{"id": "a"}], **told}),
        reply(body={"entities": [{"id": "b"}]}),
    ]
    read = [one async for one in published.by_mark(operation, wire.read_ids, mark, id="t")]
    assert read == ["a", "b"]
    assert f"{mark}=Zm9v" in platform.calls[1].path


@pytest.mark.parametrize("operation", ["audit.results", "inbound.list"])
async def test_a_listing_without_an_end_is_no_listing(client, platform, reply, operation):
    platform.script = [
        reply(body={"entities": [{"id": str(n)}], "cursor": f"c{n}", "pageCount": 9})
        for n in range(5)
    ]
    published, read = Published(client, most_pages=3), []
    pages = (
        published.by_mark(operation, wire.read_ids, "cursor", id="t")
        if operation == "audit.results"
        else published.by_number(operation, wire.read_inbounds)
    )
    with pytest.raises(Problem, match=r"genesys\.endless-listing") as refused:
        read += [one async for one in pages]
    assert refused.value.facts == {"operation": operation, "pages": 3}
    assert (len(platform.calls), read) == (3, [])


async def test_a_mark_that_leads_in_a_circle_ends(published, platform, reply):
    platform.script = [reply(body={"entities": [{"id": "a"}], "cursor": "same"})]
    marks = published.by_mark("audit.results", wire.read_ids, "cursor", id="t")
    assert [one async for one in marks] == ["a", "a"]


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (400, "postino.domain.exists", "genesys.conflict"),
        (400, "postino.max.domains.exceeded", "genesys.limit-reached"),
        (400, "invalid.value", "genesys.bad-request"),
        (404, "postino.domain.not.found", "genesys.not-found"),
        (409, "version.conflict", "genesys.conflict"),
        (429, "too.many.requests.retry.after", "genesys.rate-limited"),
        (504, "postino.error.request.timeout", "genesys.unavailable"),
    ],
)
def test_codes_say_what_a_status_does_not(status, code, kind):
    body = {"code": code, "message": "m", "contextId": "c-1", "messageParams": []}
    problem = of_answer(answer(body, status), "inbound.create")
    assert problem.code == kind
    assert (problem.facts["code"], problem.facts["correlation_id"]) == (code, "c-1")


def test_a_refusal_names_the_permissions_it_tells_else_those_of_the_route():
    params = {"permissions": "[routing:email:manage, routing:email:view]"}
    told = answer({"code": "missing.any.permissions", "messageParams": params}, 403)
    problem = of_answer(told, "x", permissions=("oauth:client:view",))
    assert problem.facts["permissions"] == ["routing:email:manage", "routing:email:view"]
    assert " or " in problem.next_step
    silent = of_answer(answer({}, 403), "x", permissions=("oauth:client:view",))
    assert "oauth:client:view" in silent.next_step


@pytest.mark.parametrize("operation", sorted(GUIDE.routes))
def test_no_guide_call_is_in_the_published_dialect_and_each_has_neighbours(operation):
    with pytest.raises(Problem) as caught:
        PLATFORM.route(operation)
    assert caught.value.code == "genesys.not-in-dialect"
    assert "/api/v2/" in caught.value.next_step


async def test_the_login_hosts_rate_limit_is_waited_out(published, platform, reply, clock):
    plain = platform.token_reply
    said = {"error": "invalid_request", "error_description": "rate limit exceeded; slow down"}

    def token(number):
        return reply(400, said, {"Retry-After": "7"}) if number == 1 else plain(number)

    platform.token_reply = token
    platform.script = [reply(body={"entities": []})]
    assert await published.limits("email") == ()
    assert platform.tokens == 2
    assert clock.waits[0] >= 7


async def test_the_token_is_asked_for_at_the_login_host_whatever_else_is_set(
    platform, clock, reply
):
    address = PlatformAddress.parse(f"127.0.0.1:{platform.port}")
    platform.script = [reply(body={"entities": []})]
    async with GenesysClient(
        address, Credentials("id", Secret("s3cret")), clock, dialect=PLATFORM, grant_body="json"
    ) as client:
        await Published(client).limits("email")
    asked = platform.seen[0]
    assert (asked.method, asked.path) == ("POST", "/oauth/token")
    assert asked.body == b"grant_type=client_credentials"
    assert asked.headers["authorization"].startswith("Basic ")


async def test_a_client_that_only_reads_sends_no_change(platform, clock, reply):
    address = PlatformAddress.parse(f"127.0.0.1:{platform.port}")
    secret = Secret("s3cret-tell-tale")
    platform.scope = None
    platform.script = [reply(404, {"code": "postino.error.not.found"})]
    async with GenesysClient(
        address, Credentials("id", secret), clock, dialect=PLATFORM, read_only=True
    ) as client:
        calls = Published(client)
        assert await calls.inbound("x.example") is None
        for write in (
            calls.create_inbound("x.example"),
            calls.activate("x.example"),
            calls.set_mail_from("x.example", "b.x.example"),
            calls.delete_campaign("x.example"),
        ):
            with pytest.raises(Problem) as caught:
                await write
            assert caught.value.code == "genesys.read-only"
    assert {seen.method for seen in platform.calls} == {"GET"}


def page_rows():
    """Rows of the page's tables whose first cell is a call: the call, and the next cell."""
    page = Path(__file__).parents[3] / "docs" / "reference" / "dialects.md"
    rows = re.findall(r"^\| `([A-Z]+ /[^`]+)` \| ([^|]+) \|", page.read_text("utf-8"), re.MULTILINE)
    return {call: cell.strip() for call, cell in rows}


def test_the_page_has_every_call_of_both_dialects_with_its_rights():
    rows = page_rows()
    calls = {f"{r.method} {r.template}": r for r in PLATFORM.routes.values()}
    guide = {f"{r.method} {r.template}" for r in GUIDE.routes.values()}
    assert set(rows) == set(calls) | guide
    for call, route in calls.items():
        assert tuple(re.findall(r"`([^`]+)`", rows[call])) == route.permissions
        assert (rows[call] == "none") is not bool(route.permissions)


async def test_a_wait_of_more_than_three_minutes_is_told_and_not_sat_through(
    published, platform, reply, clock
):
    told = {"code": "too.many.requests.retry.after", "contextId": "c-7"}
    platform.script = [reply(429, told, {"Retry-After": "600"})]
    with pytest.raises(Problem) as caught:
        await published.inbounds()
    problem = caught.value
    assert (problem.code, problem.facts["correlation_id"]) == ("genesys.rate-limited", "corr-1")
    assert problem.retry_at >= clock.at + 590
    assert len(platform.calls) == 1


async def test_a_504_that_stays_is_a_problem_with_its_correlation_id(published, platform, reply):
    told = {"code": "postino.error.request.timeout", "contextId": "c-8"}
    platform.script = [reply(504, told)]
    with pytest.raises(Problem) as caught:
        await published.inbounds()
    assert caught.value.code == "genesys.unavailable"
    assert caught.value.facts["correlation_id"]
    assert len(platform.calls) == 3


async def test_a_page_that_is_lost_in_the_middle_is_no_short_list(published, platform, reply):
    first = {"entities": [{"id": "a"}], "pageCount": 2}
    platform.script = [reply(body=first), reply(404, {"code": "not.found"})]
    with pytest.raises(Problem) as caught:
        await published.inbounds()
    assert caught.value.code == "genesys.not-found"


async def test_a_client_without_its_secret_and_with_fields_nobody_knows_is_read(
    published, platform, reply
):
    told = {
        "id": "c-1",
        "name": "n",
        "authorizedGrantType": "CLIENT-CREDENTIALS",
        "state": "HIBERNATING",
        "quantum": {"nested": [None]},
    }
    platform.script = [reply(body=told)]
    client = await published.client("c-1")
    assert client.id == "c-1"
    assert client.state.value == "unknown"
    assert client.state.raw == "HIBERNATING"
