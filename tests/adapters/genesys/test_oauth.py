"""The token flow as a dialogue: what it asks for, in which order."""

import asyncio
import base64
import json

import pytest

from gctrust.adapters.genesys.dialects import GUIDE
from gctrust.adapters.genesys.oauth import (
    Credentials,
    GetToken,
    SendWith,
    Token,
    TokenCache,
    basic,
    read_grant,
    token_flow,
    write_grant,
)
from gctrust.adapters.genesys.wire import Answer, TokenGrant, Unreadable
from gctrust.errors import Problem
from gctrust.secret import Secret

ROUTE = GUIDE.route("email-domain.create")


def token(name="t", scopes=None, renew_at=1e12):
    return Token(Secret(name), renew_at, scopes)


def answer(status, body=b"{}"):
    return Answer(status, {}, body)


def end(flow, value):
    with pytest.raises(StopIteration) as caught:
        flow.send(value)
    return caught.value.value


def test_gets_a_token_and_sends_once():
    flow, first = token_flow(ROUTE, "x"), token()
    assert next(flow) == GetToken(None)
    assert flow.send(first) == SendWith(first)
    assert end(flow, answer(201)).status == 201


def test_a_401_renews_and_replays_once_and_only_once():
    flow, first, second = token_flow(ROUTE, "x"), token("a"), token("b")
    next(flow)
    flow.send(first)
    asked = flow.send(answer(401))
    assert isinstance(asked, GetToken)
    assert asked.refused is first
    assert flow.send(second) == SendWith(second)
    assert end(flow, answer(401)).status == 401


def test_a_missing_scope_ends_before_anything_is_sent():
    flow = token_flow(ROUTE, "email-domain.create")
    next(flow)
    with pytest.raises(Problem) as caught:
        flow.send(token(scopes=frozenset({"organization:emaildomain:read"})))
    assert caught.value.code == "genesys.missing-scope"
    assert caught.value.facts["missing"] == ["organization:emaildomain:write"]
    assert "organization:emaildomain:write" in caught.value.next_step


def test_unknown_scopes_do_not_stop_a_call():
    flow = token_flow(ROUTE, "x")
    next(flow)
    assert isinstance(flow.send(token(scopes=None)), SendWith)


def jwt(claims):
    part = base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode()
    return f"e30.{part}.c2ln"


@pytest.mark.parametrize(
    ("body", "asked", "scopes"),
    [
        ({"access_token": "opaque", "expires_in": 60}, (), None),
        ({"access_token": "opaque", "expires_in": 60}, ("a",), {"a"}),
        ({"access_token": "opaque", "expires_in": 60, "scope": "a b"}, ("a",), {"a", "b"}),
        ({"access_token": jwt({"scope": "x y"}), "expires_in": 60}, (), {"x", "y"}),
        ({"access_token": jwt({"scope": ["x"]}), "expires_in": 60}, (), {"x"}),
        ({"access_token": "a.!!.c", "expires_in": 60}, (), None),
        ({"access_token": jwt([1]), "expires_in": 60}, (), None),
    ],
)
def test_where_scopes_are_told(body, asked, scopes):
    grant = read_grant(answer(200, json.dumps(body).encode()), asked)
    assert grant.scopes == (None if scopes is None else frozenset(scopes))


@pytest.mark.parametrize(
    "body",
    [b"", b"<html>", b"[]", b'{"access_token":"tell-tale"}', b'{"expires_in":5}',
     b'{"access_token":"tell-tale","expires_in":0}',
     b'{"access_token":"tell-tale","expires_in":true}'],
)  # fmt: skip
def test_an_unreadable_grant_says_so_without_quoting_it(body):
    with pytest.raises(Unreadable) as caught:
        read_grant(answer(200, body), ())
    assert "tell-tale" not in str(caught.value)


@pytest.mark.parametrize(("life", "left"), [(86400.0, 60.0), (300.0, 30.0), (10.0, 1.0)])
def test_renews_before_the_end(life, left):
    assert Token.of(TokenGrant(Secret("x"), life, None), 1000.0).renew_at == 1000.0 + life - left


async def test_many_tasks_renew_once():
    cache, fetched = TokenCache(), []

    async def fetch():
        await asyncio.sleep(0.01)
        fetched.append(token(f"t{len(fetched)}"))
        return fetched[-1]

    got = await asyncio.gather(*(cache.get(None, lambda: 0.0, fetch) for _ in range(50)))
    assert len(fetched) == 1
    again = await asyncio.gather(*(cache.get(got[0], lambda: 0.0, fetch) for _ in range(50)))
    assert len(fetched) == 2
    assert {id(one) for one in again} == {id(fetched[1])}


async def test_a_failed_renewal_leaves_the_next_task_to_try():
    cache, tries = TokenCache(), []

    async def fetch():
        tries.append(1)
        if len(tries) == 1:
            raise RuntimeError("down")
        return token()

    with pytest.raises(RuntimeError):
        await cache.get(None, lambda: 0.0, fetch)
    assert await cache.get(None, lambda: 0.0, fetch)


def test_requests_of_both_styles():
    credentials = Credentials("id", Secret("p:w"))
    assert base64.b64decode(basic(credentials).reveal().split()[1]) == b"id:p:w"
    form = write_grant(credentials, ("a:b", "c"), "form").reveal()
    assert form == "grant_type=client_credentials&scope=a%3Ab+c"
    sent = json.loads(write_grant(credentials, ("a",), "json").reveal())
    assert sent == {"grant_type": "client_credentials", "client_id": "id"}
    assert "p:w" not in repr(credentials)
