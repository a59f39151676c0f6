"""OAuth clients of the published dialect: one secret, blue/green by a second client, slow ends."""

from __future__ import annotations

from typing import Any

from .conftest import Sandbox

CLIENTS = "/api/v2/oauth/clients"
ME = "/api/v2/tokens/me"
DOMAINS = "/api/v2/routing/email/domains"


def request(sandbox: Sandbox, **fields: object) -> dict[str, Any]:
    subject = sandbox.call("GET", "/api/v2/authorization/subjects/me").json()
    mail = next(g for g in subject["grants"] if g["role"]["name"] == "Email Administrator")
    told = {"name": "blue", "authorizedGrantType": "CLIENT-CREDENTIALS"}
    return told | {"roleDivisions": [{"roleId": mail["role"]["id"], "divisionId": "*"}]} | fields


def create(sandbox: Sandbox, **fields: object) -> dict[str, Any]:
    made = sandbox.call("POST", CLIENTS, request(sandbox, **fields))
    assert made.status_code == 200, made.text
    sandbox.advance(4)
    return dict(made.json())


def test_a_second_client_works_with_its_roles_and_no_more(sandbox: Sandbox) -> None:
    made = create(sandbox)
    token = sandbox.token(id=made["id"], secret=made["secret"])
    assert sandbox.call("GET", DOMAINS, token=token).status_code == 200
    assert sandbox.call("GET", CLIENTS, token=token).status_code == 403
    me = sandbox.call("GET", ME, token=token).json()
    assert (me["OAuthClient"]["id"], me["organization"]["name"]) == (made["id"], "Sandbox")


def test_a_secret_is_told_once(sandbox: Sandbox) -> None:
    made = create(sandbox)
    for read in (f"{CLIENTS}/{made['id']}", CLIENTS):
        assert made["secret"] not in sandbox.call("GET", read).text
    put = sandbox.call("PUT", f"{CLIENTS}/{made['id']}", request(sandbox))
    assert "secret" not in put.json()


def test_a_new_secret_ends_the_old_one_at_once(sandbox: Sandbox) -> None:
    made = create(sandbox)
    token = sandbox.token(id=made["id"], secret=made["secret"])
    new = sandbox.call("POST", f"{CLIENTS}/{made['id']}/secret").json()["secret"]
    assert sandbox.ask_token(id=made["id"], secret=made["secret"]).status_code == 401
    assert sandbox.token(id=made["id"], secret=new)
    assert sandbox.call("GET", ME, token=token).status_code == 200


def test_a_client_is_made_inactive_before_it_is_deleted(sandbox: Sandbox) -> None:
    made = create(sandbox)
    one = f"{CLIENTS}/{made['id']}"
    token = sandbox.token(id=made["id"], secret=made["secret"])
    assert sandbox.call("DELETE", one).json()["code"] == "cannot.delete.client"
    assert sandbox.call("PUT", one, request(sandbox, state="inactive")).status_code == 200
    assert sandbox.call("GET", ME, token=token).status_code == 401
    assert sandbox.ask_token(id=made["id"], secret=made["secret"]).status_code == 401
    sandbox.control("POST", "/clock", {"freeze": True})
    assert sandbox.call("DELETE", one).status_code == 200
    assert sandbox.call("GET", one).status_code == 200
    sandbox.advance(3)
    gone = sandbox.call("GET", one)
    assert (gone.status_code, gone.json()["code"]) == (404, "client.not.found")


def test_a_put_empties_what_it_leaves_out(sandbox: Sandbox) -> None:
    made = create(sandbox, description="kept?", accessTokenValiditySeconds=600)
    assert made["description"] == "kept?"
    after = sandbox.call("PUT", f"{CLIENTS}/{made['id']}", request(sandbox)).json()
    assert (after["description"], after["accessTokenValiditySeconds"]) == ("", 86_400)
    assert after["dateCreated"] == made["dateCreated"]


def test_what_is_refused(sandbox: Sandbox) -> None:
    for fields, code in (
        ({"roleDivisions": []}, "missing.client.roles"),
        ({"roleDivisions": [{"roleId": "none", "divisionId": "*"}]}, "bad.client.role"),
        ({"authorizedGrantType": "CODE", "scope": []}, "missing.client.scope"),
        ({"authorizedGrantType": "MAGIC"}, "invalid.value"),
        ({"accessTokenValiditySeconds": 10}, "constraint.validation"),
        ({"dateToDelete": "soon"}, "invalid.date"),
        ({"primaryPin": "x"}, "invalid.property"),  # the published API knows no pins
    ):
        refused = sandbox.call("POST", CLIENTS, request(sandbox, **fields))
        assert (refused.status_code, refused.json()["code"]) == (400, code), fields


def test_a_revoked_token_is_over(sandbox: Sandbox) -> None:
    token, other = sandbox.token(), sandbox.token()
    assert sandbox.call("HEAD", ME, token=token).status_code == 200
    assert sandbox.call("DELETE", ME, token=token).status_code == 204
    assert sandbox.call("HEAD", ME, token=token).status_code == 401
    assert sandbox.call("HEAD", ME, token=other).status_code == 200


def test_usage_is_counted_from_what_was_called(sandbox: Sandbox) -> None:
    me = f"{CLIENTS}/{sandbox.addresses['client_id']}"
    for name in ("a", "b", "c"):
        sandbox.call("GET", f"{DOMAINS}/{name}.example")
    started = sandbox.call("GET", f"{me}/usage/summary?days=7").json()
    running = sandbox.call("GET", started["resultsUri"]).json()
    assert running == {"queryStatus": "Running", "results": []}
    sandbox.advance(3)
    rows = sandbox.call("GET", started["resultsUri"]).json()["results"]
    (row,) = [row for row in rows if row["templateUri"] == f"{DOMAINS}/{{domainId}}"]
    assert (row["requests"], row["status400"], row["status200"]) == (3, 3, 0)
