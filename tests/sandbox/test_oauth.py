"""Tokens over both endpoints, their end by the virtual clock, rights, and the request limits."""

from __future__ import annotations

import base64
import json

from .conftest import CUSTOM, MAIL, Sandbox

ALL_SCOPES = "organization:emaildomain:read customdomain:read"


def test_form_endpoint_grants_what_was_asked_and_held(sandbox: Sandbox) -> None:
    answer = sandbox.ask_token(ALL_SCOPES)
    body = answer.json()
    assert body["token_type"] == "bearer"
    assert body["expires_in"] == 86400
    assert "scope" not in body  # RFC 6749 section 5.1: told only when it differs
    claims = body["access_token"].split(".")[1]
    read = json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))
    assert set(read["scope"].split()) == set(ALL_SCOPES.split())


def test_json_endpoint_of_the_second_guide(sandbox: Sandbox) -> None:
    pair = (sandbox.addresses["client_id"], sandbox.addresses["client_secret"])
    url = sandbox.addresses["api"] + "/api/v2/oauth/token"
    body = {"grant_type": "client_credentials", "client_id": pair[0]}
    answer = sandbox.http.post(url, json=body, auth=pair)
    assert answer.status_code == 200
    assert "auditlog:read" in answer.json()["scope"].split()
    wrong = sandbox.http.post(url, json=body, auth=(pair[0], "wrong"))
    assert wrong.status_code == 401
    assert wrong.json()["code"] == "bad.credentials"
    assert wrong.json()["contextId"] == wrong.headers["ININ-Correlation-Id"]


def test_a_narrower_grant_is_told(sandbox: Sandbox) -> None:
    body = sandbox.ask_token("customdomain:read no:such:scope").json()
    assert body["scope"] == "customdomain:read"
    refused = sandbox.ask_token("no:such:scope")
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_scope")


def test_wrong_credentials_in_oauth_form(sandbox: Sandbox) -> None:
    for pair in ({"secret": "wrong"}, {"id": "nobody", "secret": ""}):
        refused = sandbox.ask_token(**pair)
        assert refused.status_code == 401
        assert refused.json()["error"] == "invalid_client"
        assert "WWW-Authenticate" in refused.headers


def test_other_grants_are_refused(sandbox: Sandbox) -> None:
    pair = (sandbox.addresses["client_id"], sandbox.addresses["client_secret"])
    url = sandbox.addresses["login"] + "/oauth/token"
    refused = sandbox.http.post(url, data={"grant_type": "password"}, auth=pair)
    assert (refused.status_code, refused.json()["error"]) == (400, "unsupported_grant_type")


def test_a_token_ends_by_the_virtual_clock(sandbox: Sandbox) -> None:
    token = sandbox.token()
    assert sandbox.call("GET", MAIL, token=token).status_code == 200
    sandbox.advance(86_399)
    assert sandbox.call("GET", MAIL, token=token).status_code == 200
    sandbox.advance(2)
    ended = sandbox.call("GET", MAIL, token=token)
    assert (ended.status_code, ended.json()["code"]) == (401, "bad.credentials")


def test_a_request_without_token(sandbox: Sandbox) -> None:
    refused = sandbox.http.get(sandbox.addresses["api"] + MAIL)
    assert (refused.status_code, refused.json()["code"]) == (401, "authentication.required")
    assert int(refused.headers["inin-ratelimit-allowed"]) == 300


def test_a_missing_scope_is_named(sandbox: Sandbox) -> None:
    refused = sandbox.call("GET", CUSTOM, token=sandbox.token("auditlog:read"))
    body = refused.json()
    assert refused.status_code == 403
    assert "customdomain:read" in body["message"]
    assert body["details"] == [
        {"errorCode": "missing.scope", "fieldName": "scope", "entityName": "customdomain:read"}
    ]
    assert set(body) == {"message", "code", "status", "contextId", "details", "errors"}


def test_a_missing_role_is_named(sandbox: Sandbox) -> None:
    limited = {"id": "limited", "secret": "s", "scopes": ["organization:emaildomain:write"]}
    sandbox.control("PUT", "/clients", limited)
    token = sandbox.token(id="limited", secret="s")
    body = {"domain": "role.example", "verification": "dns"}
    refused = sandbox.call("POST", MAIL, body, token)
    assert refused.status_code == 403
    assert refused.json()["code"] == "missing.any.permissions"
    assert "Email Administrator" in refused.json()["message"]


def test_the_limit_of_a_token_is_a_fixed_window(sandbox: Sandbox) -> None:
    sandbox.control("POST", "/clock", {"freeze": True})
    token = sandbox.token()
    answers = [sandbox.call("GET", MAIL, token=token) for _ in range(301)]
    assert [a.status_code for a in answers[:300]] == [200] * 300
    assert answers[4].headers["inin-ratelimit-count"] == "5"
    refused = answers[300]
    wait = int(refused.headers["Retry-After"])
    assert refused.status_code == 429
    assert refused.json()["code"] == "too.many.requests.retry.after"
    assert f"Retry the request in [{wait}] seconds" in refused.json()["message"]
    assert wait == int(refused.headers["inin-ratelimit-reset"])
    assert sandbox.call("GET", MAIL).status_code == 200  # another token, another window
    sandbox.advance(wait)
    assert sandbox.call("GET", MAIL, token=token).status_code == 200


def test_the_clock_is_told_to_everyone(sandbox: Sandbox) -> None:
    url = sandbox.addresses["api"] + "/sandbox/clock"
    before = sandbox.http.get(url).json()["now"]
    sandbox.advance(3600)
    assert 3600 <= sandbox.http.get(url).json()["now"] - before < 3660
