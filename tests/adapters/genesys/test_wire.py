"""Whatever the platform answers, reading it ends in a value or in Unreadable, which is a Problem
for the caller: unknown words are "unknown", and never "failed"."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gctrust.adapters.genesys import wire
from gctrust.adapters.genesys.limiter import Budget, Told
from gctrust.adapters.genesys.oauth import is_rate_limit, read_grant
from gctrust.adapters.genesys.pacing import read_retry_after
from gctrust.adapters.genesys.wire import Answer, Unreadable

READERS = (
    wire.read_email_domain,
    wire.read_email_domains,
    wire.read_custom_domain,
    wire.read_custom_domains,
    wire.read_audit_page,
    wire.read_oauth_client,
    lambda answer: read_grant(answer, ()),
)
_NAMED = (
    "id domain status verification entities entity nextPage certificate certificateChain etag "
    "createdDate timestamp eventId targetId type name value purpose scopes mtlsRequired "
    "maxPinCount pinKind primaryPin access_token expires_in scope details code message"
)
NAMES = _NAMED.split()
LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(),
    st.sampled_from(["\ud800", "a.e30.b", "9999-99-99T00:00:00Z", "0001-01-01T00:00:00+23:59"]),
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(NAMES), inner),
    max_leaves=20,
)
BODIES = st.dictionaries(st.sampled_from(NAMES), VALUES)


def answer(body: object) -> Answer:
    return Answer(200, {}, json.dumps(body).encode())


@given(BODIES)
@settings(max_examples=300, deadline=None)
def test_every_json_object_is_read_or_unreadable(body):
    for read in READERS:
        try:
            seen = read(answer(body))
        except Unreadable:
            continue
        if "access_token" not in body:  # what was read can be stored
            str(seen).encode("utf-8")
    wire.error_body(answer(body))
    is_rate_limit(answer(body))


@given(st.binary() | st.just(b'{"a":' * 100_000) | st.just(b'{"id":' + b"9" * 5000 + b"}"))
def test_every_run_of_octets_is_read_or_unreadable(octets):
    for read in READERS:
        with pytest.raises(Unreadable):
            read(Answer(200, {}, octets))
    assert wire.error_body(Answer(500, {}, octets)) == wire.ErrorBody()


@given(st.text() | st.sampled_from(["9" * 5000, "1e999", "nan", "-1", "²", "Mon, 99 Foo 0000 -"]))
def test_every_header_is_understood_or_passed_over(text):
    wait = read_retry_after(text, 1e9)
    assert wait is None or 0 <= wait <= 86_400
    names = ("count", "allowed", "reset")
    told = Told.of({f"inin-ratelimit-{name}": text for name in names}, 1e9, 1e9)
    budget, lease = Budget().lease(1e9, "p", (0, 1, 0))
    if told:
        budget.told(told, lease.slots[0]).lease(1e9, "p", (0, 10**6, 0))


DOMAIN = {"id": "1", "domain": "www.example"}


@pytest.mark.parametrize("status", ["sleeping", "", None, 7, ["active"], {"is": "active"}])
def test_a_status_that_nobody_knows_is_unknown(status):
    body = {**DOMAIN, "status": status}
    assert wire.read_custom_domain(answer(body)).status == "unknown"
    assert wire.read_email_domain(answer(body)).status == "unknown"


@pytest.mark.parametrize("created", ["yesterday", "", 5, None, "2026-01-01T00:00:00"])
def test_an_instant_that_is_none_is_not_known(created):
    assert wire.read_custom_domain(answer({**DOMAIN, "createdDate": created})).created is None
    page = {"entity": [{"id": "a", "timestamp": created, "targetId": "1"}], "nextPage": 2}
    (entry,) = wire.read_audit_page(answer(page)).entries
    assert (entry.timestamp, entry.status) == (None, "unknown")


def test_a_chain_that_is_not_told_is_not_an_empty_chain():
    assert wire.read_custom_domain(answer(DOMAIN)).chain is None
    assert wire.read_custom_domain(answer({**DOMAIN, "certificateChain": ""})).chain == ""


@pytest.mark.parametrize("token", ["", "two words", "line\nbreak", "é", 5, None])
def test_a_token_that_no_header_carries_is_unreadable(token):
    with pytest.raises(Unreadable):
        read_grant(answer({"access_token": token, "expires_in": 60}), ())


@pytest.mark.parametrize("seconds", [0, -1, True, "60", None, float("nan")])
def test_a_life_that_is_none_is_unreadable(seconds):
    with pytest.raises(Unreadable):
        read_grant(answer({"access_token": "t", "expires_in": seconds}), ())


def test_a_life_beyond_all_reason_is_cut():
    assert read_grant(answer({"access_token": "t", "expires_in": 10**400}), ()).expires_in < 1e9
