"""The fidelity page names every call the sandbox serves and every part of a seed."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

from gctrust.sandbox.control import ROUTES as CONTROLS
from gctrust.sandbox.dialects import Dialect
from gctrust.sandbox.faults import FaultKind
from gctrust.sandbox.guide.routes import ROUTES
from gctrust.sandbox.published.routes import ROUTES as PUBLISHED
from gctrust.sandbox.seed import (
    CLIENT_FIELDS,
    MOST_SERVERS,
    PARTS,
    Hostility,
    Limits,
    Mail,
    Organisation,
    Servers,
    load_seed,
)
from gctrust.sandbox.state import OAuthClient
from gctrust.sandbox.upload import MAX_CHAIN_BYTES
from gctrust.sandbox.zone.server import Trouble

from .conftest import MAIL, Sandbox

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "sandbox-fidelity.md"


@pytest.fixture(scope="module")
def page() -> str:
    return PAGE.read_text("utf-8")


CALL = re.compile(r"`((?:GET|HEAD|POST|PUT|PATCH|DELETE) /[^`\s]*)`")
OUTSIDE = {  # served before routing, or by the authority's own small server
    *(
        "GET /.well-known/oauth-authorization-server",
        "POST /oauth/token",
        "POST /api/v2/oauth/token",
        "GET /sandbox/clock",
    ),
    *("GET /ocsp/{request}", "POST /ocsp", "GET /ca/root.cer", "GET /ca/intermediate.cer"),
    *("GET /crl/root.crl", "GET /crl/intermediate.crl"),
}


def test_the_page_and_the_route_tables_name_the_same_calls(page: str) -> None:
    served = {f"{route.method} {route.template}" for route in Dialect.BOTH.routes}
    control = {
        f"{method} {pattern.replace('([^/]+)', '{name}', 1).replace('([^/]+)', '{type}')}"
        for method, pattern, _ in CONTROLS
    }
    assert set(CALL.findall(page)) == served | control | OUTSIDE


def test_each_call_is_told_with_its_scope_and_role(page: str) -> None:
    for route in ROUTES:
        (row,) = [
            line for line in page.splitlines() if f"| `{route.method} {route.template}` |" in line
        ]
        assert f"`{route.scope}`" in row
        assert (f"`{route.role}`" in row) == bool(route.role)


def test_each_published_call_is_told_with_its_permissions(page: str) -> None:
    for route in PUBLISHED:
        (row,) = [
            line for line in page.splitlines() if f"| `{route.method} {route.template}` |" in line
        ]
        told = " and " if route.every else " or "
        assert f"| {told.join(f'`{one}`' for one in route.permissions) or 'none'} |" in row


def test_the_default_administrator_has_every_permission() -> None:
    seed = load_seed()
    permissions = {one for role in seed.roles for one in role.permissions}
    for route in PUBLISHED:
        for wanted in route.permissions if route.every else route.permissions[:1]:
            assert any(fnmatchcase(wanted, held) for held in permissions), wanted


def test_what_is_served_beside_the_tables_answers(sandbox: Sandbox) -> None:
    for call in OUTSIDE:
        method, _, path = call.partition(" ")
        own = path.startswith(("/ocsp", "/ca/", "/crl/"))
        origin = sandbox.addresses["authority" if own else "api"]
        answer = sandbox.http.request(method, origin + path.replace("{request}", "AAAA"))
        assert answer.status_code != 404, call


def test_each_fault_and_seed_word_is_on_the_page(page: str) -> None:
    parts = (Limits, Hostility, Mail, Organisation, Servers)
    inner = {camel(slot.name) for part in parts for slot in fields(part)}
    words = {*FaultKind, *Trouble, *PARTS, *CLIENT_FIELDS, *inner} - {"chain"}
    assert [word for word in words if f"`{word}`" not in page] == []


def camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


def test_the_numbers_of_the_page_are_those_of_the_code(page: str) -> None:
    assert f"{Limits().per_minute} requests per token" in page
    assert f"{OAuthClient('', '', '', ()).token_seconds:,} s" in page
    assert f"`failed` {Mail().horizon_seconds / 3600:.0f} h after" in page
    assert f"last look is {Mail().recheck_seconds:.0f} virtual seconds old" in page
    assert f"{MAX_CHAIN_BYTES // 1024} KiB each" in page
    assert f"name servers ({Servers().nameservers}, seed" in page
    assert f"mTLS edges ({Servers().mtls}, seed" in page
    assert f"1 to {MOST_SERVERS} of each" in page


def test_of_simultaneous_registrations_one_wins(sandbox: Sandbox) -> None:
    token = sandbox.token()
    body = {"domain": "race.example", "verification": "dns"}

    def register(_: int) -> int:
        return sandbox.call("POST", MAIL, body, token).status_code

    with ThreadPoolExecutor(6) as pool:
        answers = sorted(pool.map(register, range(6)))
    assert answers == [201, 409, 409, 409, 409, 409]
    assert sandbox.effects("POST", MAIL) == 1
