"""The client against a scripted platform on a real port: what it sends, what it understands."""

import asyncio
import json
import socket

import pytest

from gctrust.adapters.genesys.client import GenesysClient
from gctrust.adapters.genesys.limiter import HEAD
from gctrust.adapters.genesys.oauth import Credentials
from gctrust.adapters.genesys.regions import PlatformAddress
from gctrust.adapters.genesys.wire import CertificateUpload, PinUpdate
from gctrust.errors import Problem
from gctrust.secret import Secret

DOMAIN = {
    "id": "d1",
    "domain": "x.example",
    "status": "pending",
    "verification": [{"type": "txt", "name": "x.example", "value": "v=spf1 -all", "new": 1}],
}
CLIENT = {"id": "c1", "name": "n", "mtlsRequired": True, "certificateChain": "", "scopes": []}


async def problem_of(call) -> Problem:
    with pytest.raises(Problem) as caught:
        await call
    assert "s3cret" not in f"{caught.value} {dict(caught.value.facts)} {caught.value.next_step}"
    return caught.value


async def test_create_sends_the_guides_body_with_the_token(platform, client, reply):
    platform.script = [reply(201, DOMAIN)]
    made = await client.create_email_domain("x.example")
    assert (made.id, made.status, made.required[0].type) == ("d1", "pending", "TXT")
    call = platform.calls[0]
    assert (call.method, call.path) == ("POST", "/api/v2/organization/emaildomains")
    assert json.loads(call.body) == {"domain": "x.example", "verification": "dns"}
    assert call.headers["authorization"] == "Bearer t1"
    assert platform.seen[0].headers["authorization"].startswith("Basic ")


async def test_an_unknown_status_is_unknown_and_its_text_is_kept(platform, client, reply):
    platform.script = [reply(200, DOMAIN | {"status": "TENTATIVE"})]
    seen = await client.get_email_domain("d1")
    assert (seen.status, seen.raw_status) == ("unknown", "TENTATIVE")


async def test_an_id_is_one_path_segment(platform, client, reply):
    platform.script = [reply(200, DOMAIN)]
    await client.get_email_domain("../a?b")
    assert platform.calls[0].path == "/api/v2/organization/emaildomains/..%2Fa%3Fb"


async def test_one_token_for_many_concurrent_calls(platform, client, reply):
    platform.token_delay = 0.05
    platform.script = [reply(200, DOMAIN)]
    await asyncio.gather(*(client.get_email_domain("d1") for _ in range(20)))
    assert platform.tokens == 1
    assert len(platform.calls) == 20


async def test_a_401_is_replayed_once_also_for_a_post(platform, client, reply):
    platform.script = [reply(401, {}), reply(201, DOMAIN)]
    await client.create_email_domain("x.example")
    assert [call.headers["authorization"] for call in platform.calls] == ["Bearer t1", "Bearer t2"]


async def test_a_second_401_is_a_problem(platform, client, reply):
    platform.script = [reply(401, {"message": "no", "code": "bad.credentials"})]
    problem = await problem_of(client.get_email_domain("d1"))
    assert problem.code == "genesys.bad-credentials"
    assert len(platform.calls) == 2


async def test_the_token_is_renewed_before_its_end(platform, client, clock, reply):
    platform.token_seconds = 300
    platform.script = [reply(200, DOMAIN)]
    await client.get_email_domain("d1")
    clock.at += 269
    await client.get_email_domain("d1")
    assert platform.tokens == 1
    clock.at += 2
    await client.get_email_domain("d1")
    assert platform.tokens == 2


async def test_a_missing_scope_is_named_and_nothing_is_sent(platform, client, reply):
    platform.scope = "customdomain:read"
    problem = await problem_of(client.create_email_domain("x.example"))
    assert problem.facts["missing"] == ["organization:emaildomain:write"]
    assert platform.calls == []
    assert (await problem_of(client.require("audit.page"))).code == "genesys.missing-scope"


async def test_wrong_credentials(platform, client, reply):
    platform.token_reply = lambda n: reply(401, {"error": "invalid_client"})
    problem = await problem_of(client.get_email_domain("d1"))
    assert (problem.code, problem.facts["code"]) == ("genesys.bad-credentials", "invalid_client")
    assert platform.tokens == 1


async def test_the_token_endpoints_rate_limit_comes_as_400(platform, client, clock, reply):
    limited = {"error": "invalid_request", "error_description": "rate limit exceeded; wait"}
    good = platform.token_reply
    platform.token_reply = lambda n: (
        reply(400, limited, {"Retry-After": "3"}) if n == 1 else good(n)
    )
    platform.script = [reply(200, DOMAIN)]
    await client.get_email_domain("d1")
    assert clock.waits == [3.5]


async def test_a_429_storm_ends_in_a_problem_never_in_a_success(platform, client, clock, reply):
    platform.script = [reply(429, {"message": "slow down"}, {"Retry-After": "2"})]
    problem = await problem_of(client.create_email_domain("x.example"))
    assert problem.code == "genesys.rate-limited"
    assert problem.retry_at >= clock.now() + 2
    assert problem.facts["correlation_id"] == "corr-1"
    assert problem.facts["tries"] == 3
    assert len(platform.calls) == 3


async def test_a_429_then_success(platform, client, clock, reply):
    platform.script = [reply(429, {}, {"Retry-After": "2"}), reply(201, DOMAIN)]
    assert (await client.create_email_domain("x.example")).id == "d1"
    assert clock.waits[0] == 2.5


async def test_a_read_survives_a_server_error_a_reset_and_a_cut_answer(platform, client, reply):
    for bad in (reply(503, {}), reply(reset=True), reply(200, DOMAIN, cut=True), reply(raw=b"<x>")):
        platform.script = [bad, reply(200, DOMAIN)]
        assert (await client.get_email_domain("d1")).id == "d1"


@pytest.mark.parametrize("how", ["reset", "cut", "html", "504", "nothing-in-it"])
async def test_a_post_without_a_clear_answer_is_lost_and_not_repeated(platform, client, reply, how):
    platform.script = {
        "reset": [reply(reset=True)],
        "cut": [reply(201, DOMAIN, cut=True)],
        "html": [reply(200, raw=b"<html>")],
        "504": [reply(504, {})],
        "nothing-in-it": [reply(201, {})],
    }[how]
    problem = await problem_of(client.create_email_domain("x.example"))
    assert problem.code == "genesys.answer-lost"
    assert problem.type.retry == "later"
    assert len(platform.calls) == 1


async def test_a_port_nobody_listens_on_is_unreachable(clock):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        address = PlatformAddress.parse(f"127.0.0.1:{unused.getsockname()[1]}")
    async with GenesysClient(address, Credentials("i", Secret("s3cret")), clock) as client:
        problem = await problem_of(client.create_email_domain("x.example"))
    assert problem.code == "genesys.unreachable"
    assert problem.retry_at is not None


async def test_the_breaker_opens_is_visible_and_closes(platform, client, clock, reply):
    platform.script = [reply(500, {})]
    for _ in range(2):
        await problem_of(client.get_email_domain("d1"))
    assert client.breakers()[0].state(clock.now()) == "open"
    sent = len(platform.calls)
    assert sent == 5
    problem = await problem_of(client.get_email_domain("d1"))
    assert problem.code == "genesys.circuit-open"
    assert len(platform.calls) == sent
    clock.at = problem.retry_at
    platform.script = [reply(200, DOMAIN)]
    await client.get_email_domain("d1")
    assert client.breakers()[0].state(clock.now()) == "closed"


async def test_the_budget_follows_the_headers(platform, client, clock, reply):
    told = {
        "inin-ratelimit-count": "300",
        "inin-ratelimit-allowed": "300",
        "inin-ratelimit-reset": "20",
    }
    platform.script = [reply(200, DOMAIN, told), reply(200, DOMAIN)]
    await client.get_email_domain("d1")
    assert client.budget.allowed == 300
    await client.get_email_domain("d1")
    assert 20.0 <= sum(clock.waits) <= 20.0 + 2 * HEAD


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (400, "genesys.bad-request"), (403, "genesys.forbidden"), (404, "genesys.not-found"),
        (409, "genesys.conflict"), (412, "genesys.changed-meanwhile"),
        (302, "genesys.answer-unreadable"),
    ],
)  # fmt: skip
async def test_refusals(platform, client, reply, status, code):
    body = {"message": "why", "code": "c", "details": [{"fieldName": "domain"}]}
    platform.script = [reply(status, body)]
    problem = await problem_of(client.create_email_domain("x.example"))
    assert problem.code == code
    assert problem.facts["correlation_id"] == "corr-1"
    assert problem.facts["fields"] == ["domain"]
    assert len(platform.calls) == 1


async def test_403_names_the_role(platform, client, reply):
    platform.script = [reply(403, {"code": "missing.any.permissions"})]
    problem = await problem_of(client.create_email_domain("x.example"))
    assert "Email Administrator" in problem.next_step


async def test_find_matches_the_whole_name(platform, client, reply):
    other = DOMAIN | {"id": "d0", "domain": "not-x.example"}
    platform.script = [reply(200, {"entities": [other, DOMAIN]})]
    assert (await client.find_email_domain("X.example")).id == "d1"
    platform.script = [reply(200, {"entities": [other]})]
    assert await client.find_email_domain("x.example") is None


async def test_deleting_what_is_gone_is_no_problem(platform, client, reply):
    platform.script = [reply(204), reply(404, {})]
    await client.delete_email_domain("d1")
    await client.delete_email_domain("d1")


async def test_an_upload_never_shows_its_key(platform, client, reply):
    upload = CertificateUpload("CERT", Secret("s3cret-key"), "CHAIN")
    assert "s3cret" not in repr(upload)
    platform.script = [reply(500, {})]
    assert (await problem_of(client.create_custom_domain("x.example", upload))).code == (
        "genesys.answer-lost"
    )
    sent = json.loads(platform.calls[0].body)
    assert (sent["privateKey"], sent["type"], sent["certificateChain"]) == (
        "s3cret-key", "web", "CHAIN",
    )  # fmt: skip


async def test_replace_sends_if_match_and_no_name(platform, client, reply):
    body = {"id": "u", "domain": "x.example", "status": "active"}
    platform.script = [reply(200, body, {"ETag": '"2"'})]
    made = await client.replace_custom_domain("u", CertificateUpload("C", Secret("K")), '"1"')
    assert made.etag == '"2"'
    assert platform.calls[0].headers["if-match"] == '"1"'
    assert "domain" not in json.loads(platform.calls[0].body)


async def test_pins_are_sent_with_if_match_and_read_back(platform, client, reply):
    answer = CLIENT | {"primaryPin": "A", "fallbackPin": None, "pinKind": "spki"}
    platform.script = [reply(200, answer, {"ETag": '"8"'})]
    update = PinUpdate("svc", "A", "", "", "PEM", "spki")
    seen = await client.update_pins("c1", update, '"7"')
    assert (seen.primary_pin, seen.fallback_pin, seen.pin_kind, seen.etag) == (
        "A",
        "",
        "spki",
        '"8"',
    )
    sent = json.loads(platform.calls[0].body)
    assert sent["fallbackPin"] is None
    assert sent["mtlsRequired"] is True
    assert platform.calls[0].headers["if-match"] == '"7"'


async def test_audit_pages_end_also_when_they_go_in_a_circle(platform, client, reply):
    entry = {"id": "a", "timestamp": "2026-11-21T10:00:00Z", "targetId": "u"}
    page = {"entity": [entry], "nextPage": "2"}
    platform.script = [reply(200, page)]
    pages = [page async for page in client.audit_pages()]
    assert len(pages) == 2
    assert pages[0].entries[0].timestamp == 1_795_255_200.0
    assert "pageSize=50" in platform.calls[0].path


@pytest.mark.parametrize("raw", [b"[]", b"{}", b'{"id":1,"domain":"x"}', b"\xff", b"[" * 100_000])
async def test_an_answer_that_breaks_its_contract_is_unreadable(platform, client, reply, raw):
    platform.script = [reply(200, raw=raw)]
    problem = await problem_of(client.get_email_domain("d1"))
    assert problem.code == "genesys.answer-unreadable"
