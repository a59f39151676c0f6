"""A plan names every receiver of its webhook, and how much each can believe."""

from __future__ import annotations

import asyncio
import os

import pytest

from gctrust.adapters.webhooks.endpoint import Endpoint, SigningSecret
from gctrust.app import build_app
from gctrust.cli.plan import ledger_step
from gctrust.pipelines.events import EMAIL_DOMAIN, ROTATION
from gctrust.settings import load_settings

URL = "https://own.example.com/hook"
ENDPOINTS = (
    Endpoint("signed", "https://a.example.com/", secrets=(SigningSecret("env:A"),)),
    Endpoint("known", "https://b.example.com/", ("certificate_rotation",), bearer="env:B"),
    Endpoint("chat", "env:CHAT", ("certificate_rotation",), format="slack"),
    Endpoint("deaf", "https://c.example.com/", ("expiry.*",)),
)


@pytest.fixture
def asked(tmp_path, monkeypatch):
    """What a plan says, and what the rotation's rules are told."""
    for name in [one for one in os.environ if one.startswith(("GENESYS", "GCTRUST", "WEBHOOK"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("GCTRUST_HOME", str(tmp_path / "state"))

    def ask(event, *endpoints):
        async def body():
            async with build_app(load_settings({}, os.environ, tmp_path, tmp_path)) as app:
                for endpoint in endpoints:
                    app.outbox.endpoints.add(endpoint)
                return ledger_step(app, event), app.rotation_files._webhook()

        return asyncio.run(body())

    return ask


def test_without_a_store_the_environment_tells_and_none_is_made(asked, tmp_path, monkeypatch):
    assert asked(EMAIL_DOMAIN) == ("write the ledger entry", "none")
    monkeypatch.setenv("WEBHOOK_URL", f"{URL}?key=hunter2")
    plain = f"write the ledger entry and an unsigned webhook to {URL}?..."
    assert asked(EMAIL_DOMAIN) == (plain, "unsigned")
    monkeypatch.setenv("WEBHOOK_TOKEN", "abcd")
    assert asked(EMAIL_DOMAIN)[1] == "token"
    monkeypatch.setenv("WEBHOOK_SECRET", "whsec_" + "c2VjcmV0" * 4)
    assert asked(EMAIL_DOMAIN)[1] == "signed"
    assert not (tmp_path / "state" / "stores").exists()


def test_stored_endpoints_are_named_by_the_events_they_want(asked):
    words, trust = asked(EMAIL_DOMAIN, *ENDPOINTS)
    assert words == "write the ledger entry and a signed webhook to https://a.example.com/"
    assert trust == "token"
    words, _ = asked(ROTATION)
    assert words.count("a webhook with a token") == 2
    assert "c.example.com" not in words
    plain = Endpoint("plain", "https://d.example.com/")
    assert asked(ROTATION, plain)[1] == "unsigned"
