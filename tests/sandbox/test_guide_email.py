"""Email domains: strict bodies, 409, late lists, and a verification that really asks DNS."""

from __future__ import annotations

from typing import Any

import pytest

from .conftest import MAIL, Sandbox


def register(sandbox: Sandbox, domain: str = "mail.example") -> dict[str, Any]:
    answer = sandbox.call("POST", MAIL, {"domain": domain, "verification": "dns"})
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def status(sandbox: Sandbox, made: dict[str, Any]) -> str:
    sandbox.advance(6)
    return str(sandbox.call("GET", f"{MAIL}/{made['id']}").json()["status"])


def test_registration_tells_the_required_records(sandbox: Sandbox) -> None:
    made = register(sandbox)
    shapes = {(r["purpose"], r["type"], r["name"]) for r in made["verification"]}
    assert shapes == {
        ("inbound", "MX", "mail.example"),
        ("spf", "TXT", "mail.example"),
        ("dkim", "TXT", "default._domainkey.mail.example"),
        ("ownership", "TXT", "_genesys.mail.example"),
    }
    assert made["status"] == "pending"
    keys = {r["value"] for r in register(sandbox, "other.example")["verification"]}
    assert not keys & {r["value"] for r in made["verification"] if r["purpose"] == "dkim"}


def test_a_second_registration_is_a_conflict(sandbox: Sandbox) -> None:
    register(sandbox)
    again = sandbox.call("POST", MAIL, {"domain": "MAIL.example.", "verification": "dns"})
    assert (again.status_code, again.json()["code"]) == (409, "email.domain.exists")
    assert sandbox.effects("POST", MAIL) == 1


@pytest.mark.parametrize(
    ("body", "field", "code"),
    [
        ({"domain": "a.example"}, "verification", "missing.field"),
        ({"domain": 7, "verification": "dns"}, "domain", "wrong.type"),
        ({"domain": "a.example", "verification": "mail"}, "verification", "invalid.value"),
        ({"domain": "a.example", "verification": "dns", "x": 1}, "x", "unknown.field"),
        ({"domain": "no_dots", "verification": "dns"}, "domain", "invalid.domain.name"),
    ],
)
def test_a_bad_body_names_the_field(
    sandbox: Sandbox, body: dict[str, object], field: str, code: str
) -> None:
    refused = sandbox.call("POST", MAIL, body)
    assert refused.status_code == 400
    assert {"errorCode": code, "fieldName": field} in refused.json()["details"]


def test_a_new_domain_is_listed_late_once(sandbox: Sandbox) -> None:
    made = register(sandbox)
    found = [
        sandbox.call("GET", MAIL, params={"domain": "mail.example"}).json()["entities"]
        for _ in range(2)
    ]
    assert [len(one) for one in found] == [0, 1]
    assert found[1][0]["id"] == made["id"]


def test_verified_only_when_dns_has_everything(sandbox: Sandbox) -> None:
    made = register(sandbox)
    required = made["verification"]
    assert status(sandbox, made) == "pending"
    sandbox.publish([r for r in required if r["purpose"] != "dkim"])
    assert [status(sandbox, made) for _ in range(3)] == ["pending"] * 3
    seen = sandbox.call("GET", f"{MAIL}/{made['id']}").json()["verification"]
    assert {r["purpose"] for r in seen if r["status"] == "verified"} == {
        "inbound",
        "spf",
        "ownership",
    }
    sandbox.publish([r for r in required if r["purpose"] == "dkim"])
    # The first look that finds all is answered late: eventual consistency by default.
    assert [status(sandbox, made) for _ in range(2)] == ["pending", "verified"]


def test_another_key_at_the_selector_does_not_verify(sandbox: Sandbox) -> None:
    made, other = register(sandbox), register(sandbox, "other.example")
    foreign = next(r for r in other["verification"] if r["purpose"] == "dkim")
    published = [
        r | {"value": foreign["value"]} if r["purpose"] == "dkim" else r
        for r in made["verification"]
    ]
    sandbox.publish(published)
    assert [status(sandbox, made) for _ in range(3)] == ["pending"] * 3


def test_two_spf_records_do_not_verify(sandbox: Sandbox) -> None:
    made = register(sandbox)
    extra = {"type": "TXT", "name": "mail.example", "value": "v=spf1 -all"}
    sandbox.publish([*made["verification"], extra])
    assert [status(sandbox, made) for _ in range(3)] == ["pending"] * 3


def test_restarting_looks_at_once(sandbox: Sandbox) -> None:
    made = register(sandbox)
    sandbox.publish(made["verification"])
    path = f"{MAIL}/{made['id']}/verification"
    assert sandbox.call("POST", path).json()["status"] == "pending"
    assert sandbox.call("GET", f"{MAIL}/{made['id']}").json()["status"] == "verified"


def test_failed_after_the_horizon_and_restarted(sandbox: Sandbox) -> None:
    made = register(sandbox)
    sandbox.advance(72 * 3600)
    assert [status(sandbox, made) for _ in range(2)] == ["pending", "failed"]
    again = sandbox.call("POST", f"{MAIL}/{made['id']}/verification")
    assert again.json()["status"] == "pending"


def test_delete_then_unknown(sandbox: Sandbox) -> None:
    made = register(sandbox)
    assert sandbox.call("DELETE", f"{MAIL}/{made['id']}").status_code == 204
    gone = sandbox.call("GET", f"{MAIL}/{made['id']}")
    assert (gone.status_code, gone.json()["code"]) == (404, "not.found")


def test_unknown_paths_methods_and_media(sandbox: Sandbox) -> None:
    assert sandbox.call("GET", "/api/v2/nothing").status_code == 404
    wrong = sandbox.call("PATCH", MAIL, {})
    assert (wrong.status_code, wrong.headers["Allow"]) == (405, "GET, POST")
    token = {"Authorization": f"Bearer {sandbox.token()}", "Content-Type": "text/plain"}
    plain = sandbox.http.post(sandbox.addresses["api"] + MAIL, content="{}", headers=token)
    assert plain.status_code == 415
