"""A run ordered over HTTP is its token's in every entry, whoever performs it."""

from __future__ import annotations

from serving import Service


def test_the_tokens_name_and_reason_stand_in_every_entry(service: Service) -> None:
    shell = service.shell
    token = shell.answer("gctrust tokens create alice-ci --role operator")["token"]
    headers = {"Authorization": f"Bearer {token}", "Gctrust-Reason": "new brand"}
    body = {"journey": "email-domain", "domain": "asked.example.com"}
    told = service.ask("POST", "/v1/runs", json=body, headers=headers)
    assert told.status_code == 201, told.text
    run = told.json()["id"]
    cancel = {**headers, "Gctrust-Reason": "not now", "Gctrust-Ticket": "CHG-2"}
    asked = service.ask("POST", f"/v1/runs/{run}/signals", json={"name": "cancel"}, headers=cancel)
    assert asked.status_code == 202
    shell.run(f"gctrust runs watch {run} --wait 20")
    entries = shell.answer(f"gctrust audit list run:{run}")["entries"]
    assert {e["actor"] for e in entries} == {"token:alice-ci"}
    assert {"run.ordered", "register-email-domain.done"} <= {e["action"] for e in entries}
    reasons = {e["action"]: e["data"].get("reason") for e in entries}
    assert reasons.pop("run.signalled") == "not now"
    assert set(reasons.values()) == {"new brand"}
    broken = {**headers, "Gctrust-Ticket": "x" * 501}
    assert service.ask("POST", "/v1/runs", json=body, headers=broken).status_code == 422


def test_tokens_over_http_are_told_with_their_reason(service: Service) -> None:
    why = {"Authorization": f"Bearer {service.tokens['admin']}", "Gctrust-Ticket": "CHG-9"}
    made = service.ask("POST", "/v1/tokens", json={"name": "http", "role": "viewer"}, headers=why)
    assert made.status_code == 201, made.text
    assert service.ask("DELETE", "/v1/tokens/http", headers=why).status_code == 204
    entries = service.shell.answer("gctrust audit list entity:http")["entries"]
    assert [(e["action"], e["actor"], e["data"]) for e in entries] == [
        ("token.created", "token:admin", {"role": "viewer", "ticket": "CHG-9"}),
        ("token.revoked", "token:admin", {"ticket": "CHG-9"}),
    ]
