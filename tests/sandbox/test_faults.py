"""Fault rules on real sockets, the journal's truth about them, and rules that cannot be read."""

from __future__ import annotations

import time

import httpx2
import pytest

from gctrust.sandbox.faults import FaultPlan, parse_rules

from .conftest import MAIL, Sandbox

BODY = {"domain": "fault.example", "verification": "dns"}


def rules(sandbox: Sandbox, *listed: dict[str, object]) -> None:
    sandbox.control("PUT", "/faults", list(listed))


def test_a_status_replaces_the_answer_and_has_no_effect(sandbox: Sandbox) -> None:
    token = sandbox.token()
    rules(
        sandbox,
        {"kind": "status", "method": "POST", "path": MAIL, "nth": [1], "status": 503,
         "headers": {"Retry-After": "7"}},
    )  # fmt: skip
    refused = sandbox.call("POST", MAIL, BODY, token)
    assert (refused.status_code, refused.headers["Retry-After"]) == (503, "7")
    assert refused.json()["contextId"]
    assert sandbox.effects("POST", MAIL) == 0
    assert sandbox.call("POST", MAIL, BODY, token).status_code == 201


def test_a_reset_is_a_real_reset_without_effect(sandbox: Sandbox) -> None:
    token = sandbox.token()
    rules(sandbox, {"kind": "reset", "path": MAIL, "nth": 1, "name": "cut"})
    with pytest.raises(httpx2.ReadError):
        sandbox.call("POST", MAIL, BODY, token)
    entry = sandbox.control("GET", "/journal")[-1]
    assert (entry["fault"], entry["effect"], entry["status"]) == ("cut", False, None)


def test_a_lost_answer_has_its_effect(sandbox: Sandbox) -> None:
    token = sandbox.token()
    rules(sandbox, {"kind": "lost", "method": "POST", "path": MAIL, "times": 1})
    with pytest.raises(httpx2.ReadError):
        sandbox.call("POST", MAIL, BODY, token)
    assert sandbox.effects("POST", MAIL) == 1
    assert sandbox.call("POST", MAIL, BODY, token).status_code == 409


def test_a_truncated_body_stops_short(sandbox: Sandbox) -> None:
    token = sandbox.token()
    rules(sandbox, {"kind": "truncate", "path": MAIL, "times": 1})
    with pytest.raises(httpx2.RemoteProtocolError):
        sandbox.call("GET", MAIL, token=token)
    assert sandbox.call("GET", MAIL, token=token).status_code == 200


def test_a_malformed_body_is_no_json(sandbox: Sandbox) -> None:
    token = sandbox.token()
    rules(sandbox, {"kind": "malformed", "path": MAIL})
    spoilt = sandbox.call("GET", MAIL, token=token)
    assert spoilt.status_code == 200
    with pytest.raises(ValueError, match=r"."):
        spoilt.json()


def test_a_stale_read_answers_from_before_the_last_change(sandbox: Sandbox) -> None:
    token = sandbox.token()
    path = "/api/v2/oauth/clients/pinned"
    pins = ["A" * 42 + "E=", "B" * 42 + "A="]
    sandbox.control("PUT", "/clients", {"id": "pinned", "scopes": [], "pins": pins[:1]})
    sandbox.call("PATCH", path, {"primaryPin": pins[1]}, token)
    rules(sandbox, {"kind": "stale", "method": "GET", "path": path, "times": 1})
    seen = [sandbox.call("GET", path, token=token).json()["primaryPin"] for _ in range(2)]
    assert seen == pins


def test_a_delay_takes_its_time(sandbox: Sandbox) -> None:
    token = sandbox.token()
    rules(sandbox, {"kind": "delay", "path": MAIL, "delay": 0.3})
    started = time.monotonic()
    assert sandbox.call("GET", MAIL, token=token).status_code == 200
    assert time.monotonic() - started >= 0.3


def test_assertions_on_the_journal(sandbox: Sandbox) -> None:
    sandbox.call("POST", MAIL, BODY)
    wanted = {"method": "POST", "path": MAIL, "effect": True}
    assert sandbox.control("POST", "/journal/assert", wanted | {"count": 1})["ok"]
    url = sandbox.addresses["control"] + "/journal/assert"
    failed = sandbox.http.post(url, json=wanted | {"count": 2})
    assert (failed.status_code, failed.json()["found"]) == (409, 1)


def test_the_same_seed_strikes_the_same_requests() -> None:
    listed = [{"kind": "reset", "probability": 0.4, "seed": 9}]
    plans = [FaultPlan(parse_rules(listed)) for _ in range(2)]
    struck = [[plan.strike("GET", "/") is not None for _ in range(200)] for plan in plans]
    assert struck[0] == struck[1]
    assert 40 < sum(struck[0]) < 120
    other = FaultPlan(parse_rules([listed[0] | {"seed": 10}]))
    assert [other.strike("GET", "/") is not None for _ in range(200)] != struck[0]


@pytest.mark.parametrize(
    "rule",
    [
        {"kind": "explode"},
        {"kind": "status", "colour": "red"},
        {"kind": "status", "status": "503"},
        {"kind": "delay", "delay": -1},
        {"kind": "lost", "probability": 2},
        {"kind": "lost", "nth": [0]},
        "lost",
    ],
)
def test_rules_that_cannot_be_read(sandbox: Sandbox, rule: object) -> None:
    refused = sandbox.http.put(sandbox.addresses["control"] + "/faults", json=[rule])
    assert refused.status_code == 400
    assert "rule 0" in refused.json()["message"]
