"""Garbage on both HTTP ports: every answer is a proper 4xx body, never 500, and nothing stops."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest

from gctrust.sandbox.control import ROUTES as CONTROLS
from gctrust.sandbox.guide.routes import ROUTES

from .conftest import AUDIT, CUSTOM, MAIL, Sandbox

VALUES: tuple[Any, ...] = (
    None, True, 0, -1, 1e308, float("nan"), float("inf"), 2**70, "", "x", "\0", "\ud800", "é",
    "a" * 70_000, [], [[1]], ["x", None], {}, {"a": 1}, "-----BEGIN CERTIFICATE-----\nAAAA\n",
)  # fmt: skip
BODIES = (b"{", b"\xff\xfe\0", b"[" * 200_000, b'{"a":' * 3000 + b"1" + b"}" * 3000, b"[]", b"null")


def proper(answer: httpx2.Response, told: object) -> None:
    assert answer.status_code < 500, (told, answer.text[:200])
    if answer.status_code >= 400:
        body = answer.json()
        named = "message" in body or "error" in body
        assert named or "entries" in body, told  # an assertion that does not hold shows entries


def mutations(body: dict[str, Any]) -> Iterator[bytes]:
    for name in (*body, "unknown"):
        for value in VALUES:
            yield json.dumps({**body, name: value}).encode()
    yield from BODIES


def guide_bodies(sandbox: Sandbox) -> list[tuple[str, str, dict[str, Any]]]:
    issued = sandbox.issue("hostile.example")
    upload = {
        "domain": "hostile.example",
        "type": "web",
        "certificate": issued["certificate"],
        "privateKey": issued["privateKey"],
        "certificateChain": issued["chain"],
        "settings": {"tlsVersion": "TLSv1.2", "ocspStapling": True},
    }
    pins = {
        "certificateChain": issued["certificate"], "mtlsRequired": True, "serviceId": "s",
        "primaryPin": "A" * 43 + "=", "fallbackPin": None, "maxPinCount": 2, "pinKind": "spki",
    }  # fmt: skip
    client = f"/api/v2/oauth/clients/{sandbox.addresses['client_id']}"
    return [
        ("POST", MAIL, {"domain": "hostile.example", "verification": "dns"}),
        ("POST", CUSTOM, upload),
        ("PATCH", client, pins),
        ("POST", "/api/v2/oauth/token", {"grant_type": "client_credentials", "scope": "x"}),
    ]


def test_every_field_of_every_body_may_be_anything(sandbox: Sandbox) -> None:
    statuses = set()
    for method, path, body in guide_bodies(sandbox):
        for n, raw in enumerate(mutations(body)):
            if n % 200 == 0:
                headers = {"Content-Type": "application/json"}
                headers["Authorization"] = f"Bearer {sandbox.token()}"
            answer = sandbox.http.request(
                method, sandbox.addresses["api"] + path, headers=headers, content=raw
            )
            proper(answer, (method, path, raw[:200]))
            statuses.add(answer.status_code)
    assert {200, 201, 400, 409} <= statuses  # the handlers themselves were reached
    assert 429 not in statuses


CONTROL_BODIES: dict[tuple[str, str], dict[str, Any]] = {
    ("POST", "/clock"): {"freeze": False, "rate": 1, "to": 1, "advance": 0},
    ("PUT", "/zones"): {
        "records": [{"name": "a.example", "type": "A", "ttl": 60, "value": "192.0.2.1"}],
        "delay": {"0": 0},
    },
    ("PUT", "/zones/trouble"): {"name": "a.example", "kind": None, "type": "A", "server": 0},
    ("POST", "/journal/assert"): {"method": "GET", "path": "*", "effect": True, "count": 0},
    ("PUT", "/clients"): {
        "id": "hostile", "secret": "s", "scopes": [], "roles": [], "tokenSeconds": 60,
        "pins": [], "maxPinCount": 3, "pinKind": "spki", "certificateChain": "",
        "mtlsRequired": False,
    },
    ("PUT", "/inbox/secret"): {"secret": None},
    ("PUT", "/edges/delays"): {"0": 0},
    ("POST", "/ca/issue"): {
        "names": ["a.example"], "profile": "server", "days": 1, "key": "ec", "notBefore": 1000,
    },
    ("POST", "/ca/revoke"): {"serial": "ff"},
}  # fmt: skip


@pytest.mark.parametrize(("method", "path"), CONTROL_BODIES)
def test_every_control_takes_anything(sandbox: Sandbox, method: str, path: str) -> None:
    url = sandbox.addresses["control"] + path
    for raw in mutations(CONTROL_BODIES[method, path]):
        proper(sandbox.http.request(method, url, content=raw), (method, path, raw[:200]))


def test_fault_rules_and_records_may_be_anything(sandbox: Sandbox) -> None:
    rule = {
        "kind": "status", "name": "n", "method": "GET", "path": "/none", "nth": 1,
        "probability": 1, "times": 1, "delay": 0, "skew": 0, "status": 503, "headers": {"a": "b"},
        "body": {}, "seed": 1,
    }  # fmt: skip
    record = {"name": "a.example", "type": "A", "ttl": 60, "value": "192.0.2.1"}
    control = sandbox.addresses["control"]
    for inner, path, wrap in ((rule, "/faults", "rules"), (record, "/zones", "records")):
        for raw in mutations(inner):
            content = b'{"%s":[%s]}' % (wrap.encode(), raw)
            answer = sandbox.http.put(control + path, content=content)
            proper(answer, (path, raw[:200]))
    sandbox.control("DELETE", "/faults")


def test_unknown_paths_and_wrong_methods(sandbox: Sandbox) -> None:
    dice = random.Random(7)
    token = sandbox.token()
    ids = ("x", "%00", "..", "a%2Fb", "%ff", sandbox.addresses["client_id"])
    tails = ("", "/", "/x", "?page=1", "?pageSize=" + "9" * 5000, "?domain=%ff%00", "?page=%D9%A1")
    for route in ROUTES:
        for method in ("GET", "PUT", "POST", "DELETE", "PATCH", "FOO"):
            path = route.template.replace("{id}", dice.choice(ids)) + dice.choice(tails)
            proper(sandbox.call(method, path, token=token), (method, path))
    for _, pattern, _ in CONTROLS:
        for method in ("PATCH", "FOO", "OPTIONS"):
            path = pattern.replace("([^/]+)", "x")
            answer = sandbox.http.request(method, sandbox.addresses["control"] + path)
            assert answer.status_code == 405
            assert answer.headers["allow"]
    assert sandbox.call("GET", f"{AUDIT}?page=0", token=token).status_code == 400


def test_a_body_over_the_limit_is_413(sandbox: Sandbox) -> None:
    huge = b"x" * 1_100_000
    for origin, path in (("api", MAIL), ("api", "/oauth/token"), ("control", "/clock")):
        answer = sandbox.http.post(sandbox.addresses[origin] + path, content=huge)
        assert answer.status_code == 413
        assert answer.json()["status"] == 413


@pytest.mark.parametrize("stamp", ["", "x", "9" * 400, "9" * 5000, "-1", "1e9", "0"])
def test_the_inbox_takes_any_signature(sandbox: Sandbox, stamp: str) -> None:
    sandbox.control("PUT", "/inbox/secret", {"secret": "whsec_" + "A" * 32})
    headers = {"webhook-timestamp": stamp, "webhook-id": "\xe9", "webhook-signature": "v1,x v2"}
    sent = {name: value.encode("latin-1") for name, value in headers.items()}
    answer = sandbox.http.post(sandbox.addresses["inbox"] + "/%ff", content=b"\xff", headers=sent)
    assert answer.status_code == 200
    (delivery,) = sandbox.control("GET", "/inbox")
    assert delivery["verified"] is False
    sandbox.control("PUT", "/inbox/secret", {"secret": None})


def test_dates_follow_the_virtual_clock_and_a_skew_rule(sandbox: Sandbox) -> None:
    from email.utils import parsedate_to_datetime

    def shown() -> float:
        answer = sandbox.http.get(sandbox.addresses["api"] + "/sandbox/clock")
        date = parsedate_to_datetime(answer.headers["date"]).timestamp()
        return float(date - answer.json()["now"])

    sandbox.advance(100_000)
    assert -2 < shown() <= 1
    sandbox.control("PUT", "/faults", [{"kind": "skew", "skew": -90}])
    assert -92 < shown() <= -89
