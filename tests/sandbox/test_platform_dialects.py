"""Which calls a sandbox answers by its dialect, and who may call them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest

from gctrust.sandbox.answer import MalformedError
from gctrust.sandbox.seed import load_seed

from .conftest import AUDIT, MAIL, Sandbox, launch

DOMAINS = "/api/v2/routing/email/domains"
CLIENTS = "/api/v2/oauth/clients"


@contextmanager
def speaking(dialect: str, *arguments: str) -> Iterator[Sandbox]:
    process, addresses = launch("--dialect", dialect, *arguments)
    try:
        with httpx2.Client(timeout=10, trust_env=False) as http:
            yield Sandbox(addresses, http)
    finally:
        process.terminate()
        assert process.wait(10) == 0


def test_a_published_organisation_has_none_of_the_guides_calls() -> None:
    with speaking("platform") as sandbox:
        token = sandbox.token()
        for path in (MAIL, AUDIT, "/api/v2/customdomains"):
            assert sandbox.call("GET", path, token=token).status_code == 404
        for path in (DOMAINS, CLIENTS, "/api/v2/organizations/me"):
            assert sandbox.call("GET", path, token=token).status_code == 200
        one = f"{CLIENTS}/{sandbox.addresses['client_id']}"
        assert "primaryPin" not in sandbox.call("GET", one, token=token).json()
        assert sandbox.call("PATCH", one, {}, token).status_code == 405
        url = sandbox.addresses["api"] + "/api/v2/oauth/token"
        assert sandbox.http.post(url, json={}).status_code == 404
        told = sandbox.ask_token("no:such:scope")  # scopes do not limit client credentials
        assert set(told.json()) == {"access_token", "token_type", "expires_in"}
        assert "." not in told.json()["access_token"]  # opaque: no claims to read


def test_a_guide_organisation_has_none_of_the_published_calls() -> None:
    with speaking("guide") as sandbox:
        token = sandbox.token()
        for path in (DOMAINS, CLIENTS, "/api/v2/organizations/me", "/api/v2/tokens/me"):
            assert sandbox.call("GET", path, token=token).status_code == 404
        assert sandbox.call("GET", MAIL, token=token).status_code == 200


def test_a_call_both_have_tells_the_fields_of_each_right(sandbox: Sandbox) -> None:
    one = f"{CLIENTS}/{sandbox.addresses['client_id']}"
    both = sandbox.call("GET", one).json()
    assert {"primaryPin", "authorizedGrantType", "scope", "scopes"} <= set(both)
    reader = {"id": "reader", "secret": "s", "permissions": ["oauth:client:view"]}
    sandbox.control("PUT", "/clients", reader)
    token = sandbox.token(id="reader", secret="s")
    published = sandbox.call("GET", one, token=token).json()
    assert "primaryPin" not in published
    assert published["authorizedGrantType"] == "CLIENT-CREDENTIALS"


@pytest.mark.parametrize(
    ("held", "method", "path", "code"),
    [
        ("routing:email:view", "GET", DOMAINS, "missing.permissions"),
        ("oauth:client:view", "GET", f"{DOMAINS}/x.example", "missing.any.permissions"),
        ("routing:queue:*", "POST", CLIENTS, "missing.any.permissions"),
    ],
)
def test_a_missing_permission_is_named(
    sandbox: Sandbox, held: str, method: str, path: str, code: str
) -> None:
    sandbox.control("PUT", "/clients", {"id": "few", "secret": "s", "permissions": [held]})
    refused = sandbox.call(method, path, token=sandbox.token(id="few", secret="s"))
    body = refused.json()
    assert (refused.status_code, body["code"]) == (403, code)
    named = body["messageParams"]["permissions"]
    assert named in body["message"]
    assert "routing:email:manage" in named or "oauth:client:add" in named
    assert body["contextId"] == refused.headers["ININ-Correlation-Id"]


def test_an_organisation_may_know_fields_we_do_not(tmp_path: Path) -> None:
    seed = tmp_path / "seed.json"
    seed.write_text('{"hostile": {"strangeFields": 2}}')
    with speaking("both", "--seed", str(seed)) as sandbox:
        listed = sandbox.call("GET", CLIENTS).json()
        for shown in (listed, listed["entities"][0]):
            assert {"sandboxStrange0", "sandboxStrange1"} <= set(shown)
        assert not any("Strange" in name for name in sandbox.call("GET", MAIL).json())


@pytest.mark.parametrize(
    ("seed", "place"),
    [
        ('{"organisation": {"actionUpcomingDays": 400}}', "organisation.actionUpcomingDays"),
        ('{"organisation": {"inboundDomains": "many"}}', "organisation.inboundDomains"),
        ('{"roles": [{"id": "a", "name": "b"}]}', "roles[0]"),
        ('{"roles": [{"id": "a", "name": "b", "permissions": [1]}]}', "roles[0].permissions"),
        ('{"clients": [{"id": "a", "permissions": "all"}]}', "clients[0].permissions"),
    ],
)
def test_a_wrong_seed_is_told_with_its_place(seed: str, place: str) -> None:
    with pytest.raises(MalformedError, match=re.escape(place)):
        load_seed(seed)


def test_the_token_endpoint_refuses_more_in_its_own_form(sandbox: Sandbox) -> None:
    sandbox.control("POST", "/clock", {"freeze": True})
    for _ in range(300):
        sandbox.ask_token()
    refused = sandbox.ask_token()
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_request")
    assert refused.json()["error_description"].startswith("rate limit exceeded;")
    sandbox.advance(int(refused.headers["Retry-After"]))
    assert sandbox.ask_token().status_code == 200


def test_permissions_may_come_from_a_role_and_may_have_stars(sandbox: Sandbox) -> None:
    by_role = {"id": "few", "secret": "s", "roles": ["Email Administrator"]}
    sandbox.control("PUT", "/clients", by_role)
    token = sandbox.token(id="few", secret="s")
    assert sandbox.call("GET", DOMAINS, token=token).status_code == 200
    assert sandbox.call("GET", CLIENTS, token=token).status_code == 403
