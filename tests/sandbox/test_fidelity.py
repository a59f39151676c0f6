"""The fidelity page names every call the sandbox serves and every part of a seed."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from gctrust.sandbox.control import ROUTES as CONTROLS
from gctrust.sandbox.faults import FaultKind
from gctrust.sandbox.guide import ROUTES
from gctrust.sandbox.seed import CLIENT_FIELDS, PARTS

from .conftest import MAIL, Sandbox

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "sandbox-fidelity.md"


@pytest.fixture(scope="module")
def page() -> str:
    return PAGE.read_text("utf-8")


def test_each_call_is_on_the_page(page: str) -> None:
    for route in ROUTES:
        head = route.template.partition("/{id}")[0]
        assert head in page, route.template
    ends = {route.template.rpartition("/{id}")[2] for route in ROUTES if "{id}" in route.template}
    assert all(f"{{id}}{end}`" in page for end in ends)


def test_each_control_is_on_the_page(page: str) -> None:
    section = page.partition("## Control port")[2]
    for _, pattern, _ in CONTROLS:
        assert re.split(r"/\(", pattern)[0] in section, pattern


def test_each_fault_and_seed_word_is_on_the_page(page: str) -> None:
    words = {*FaultKind, *PARTS, *CLIENT_FIELDS} - {"comment", "chain"}
    pins = {"primaryPin", "fallbackPin", "backupPin"}
    missing = [word for word in words - pins if f"`{word}`" not in page]
    assert missing == []


def test_of_simultaneous_registrations_one_wins(sandbox: Sandbox) -> None:
    token = sandbox.token()
    body = {"domain": "race.example", "verification": "dns"}

    def register(_: int) -> int:
        return sandbox.call("POST", MAIL, body, token).status_code

    with ThreadPoolExecutor(6) as pool:
        answers = sorted(pool.map(register, range(6)))
    assert answers == [201, 409, 409, 409, 409, 409]
    assert sandbox.effects("POST", MAIL) == 1
