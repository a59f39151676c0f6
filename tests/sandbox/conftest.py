"""A real sandbox in its own process, started once; each test begins with a reset of it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import httpx2
import pytest

MAIL = "/api/v2/organization/emaildomains"
CUSTOM = "/api/v2/customdomains"
AUDIT = "/api/v2/auditlogs"


@dataclass
class Sandbox:
    """Talks to one running sandbox over its real ports."""

    addresses: dict[str, Any]
    http: httpx2.Client

    def token(self, scope: str | None = None, **credentials: str) -> str:
        answer = self.ask_token(scope, **credentials)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["access_token"])

    def ask_token(self, scope: str | None = None, **credentials: str) -> httpx2.Response:
        form = {"grant_type": "client_credentials"} | ({"scope": scope} if scope else {})
        pair = (
            credentials.get("id", self.addresses["client_id"]),
            credentials.get("secret", self.addresses["client_secret"]),
        )
        return self.http.post(self.addresses["login"] + "/oauth/token", data=form, auth=pair)

    def call(
        self,
        method: str,
        path: str,
        body: object = None,
        token: str | None = None,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
    ) -> httpx2.Response:
        sent = {"Authorization": f"Bearer {token or self.token()}"} | dict(headers or {})
        url = self.addresses["api"] + path
        if body is None:
            return self.http.request(method, url, headers=sent, params=params)
        return self.http.request(method, url, headers=sent, params=params, json=body)

    def control(self, method: str, path: str, body: object = None) -> Any:
        url = self.addresses["control"] + path
        answer = (
            self.http.request(method, url)
            if body is None
            else self.http.request(method, url, json=body)
        )
        assert answer.status_code < 300, answer.text
        return answer.json() if answer.content else None

    def advance(self, seconds: float) -> None:
        self.control("POST", "/clock", {"advance": seconds})

    def issue(self, *names: str, profile: str = "server") -> dict[str, str]:
        order = {"names": list(names), "profile": profile, "days": 30, "key": "ec"}
        return dict(self.control("POST", "/ca/issue", order))

    def effects(self, method: str, path: str) -> int:
        entries = self.control("GET", "/journal")
        wanted = (method, path, True)
        return sum((e["method"], e["path"], e["effect"]) == wanted for e in entries)

    def publish(self, required: list[dict[str, str]], **delay: float) -> None:
        records = [{**_wire(record), "ttl": 60} for record in required]
        self.control("PUT", "/zones", {"records": records, "delay": delay})


def _wire(record: Mapping[str, str]) -> dict[str, str]:
    return {name: record[name] for name in ("name", "type", "value")}


def launch(*arguments: str) -> tuple[subprocess.Popen[str], dict[str, Any]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "gctrust.sandbox", "--die-with-parent", *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    return process, json.loads(process.stdout.readline())["addresses"]


@pytest.fixture(scope="session")
def running() -> Iterator[Sandbox]:
    process, addresses = launch()
    with httpx2.Client(timeout=10, trust_env=False) as http:
        yield Sandbox(addresses, http)
    process.terminate()
    assert process.wait(10) == 0


@pytest.fixture
def sandbox(running: Sandbox) -> Iterator[Sandbox]:
    running.control("POST", "/clock", {"rate": 1, "freeze": False})
    running.control("POST", "/reset")
    yield running
    running.control("DELETE", "/faults")
