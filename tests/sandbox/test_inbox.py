"""The webhook inbox, behind a real server."""

from __future__ import annotations

import asyncio
import base64
import json
import socket
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import httpx2
import pytest
import uvicorn
from standardwebhooks import Webhook

from gctrust.sandbox.inbox import Inbox

SECRET = "whsec_" + base64.b64encode(b"0123456789abcdef0123456789abcdef").decode()


class HandClock:
    time = 1_900_000_000.0

    def now(self) -> float:
        return self.time


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def inbox(clock: HandClock) -> Inbox:
    return Inbox(clock)


@pytest.fixture
async def client(inbox: Inbox) -> AsyncIterator[httpx2.AsyncClient]:
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(inbox.app(), log_level="warning", lifespan="off"))
    task = asyncio.create_task(server.serve(sockets=[listener]))
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    async with httpx2.AsyncClient(base_url=url, trust_env=False) as client:
        yield client
    server.should_exit = True
    await task


def signed(body: str, at: float) -> dict[str, str]:
    signature = Webhook(SECRET).sign("msg_1", datetime.fromtimestamp(at, UTC), body)
    return {
        "webhook-id": "msg_1",
        "webhook-timestamp": str(int(at)),
        "webhook-signature": f"v1,AAAA {signature}",
    }


async def test_records_what_came(
    inbox: Inbox, client: httpx2.AsyncClient, clock: HandClock
) -> None:
    body = json.dumps({"event": "certificate_rotation"})
    told = await client.post("/hooks/1", content=body, headers={"X-One": "1"})
    assert told.status_code == 200
    (delivery,) = inbox.deliveries()
    assert (delivery.path, delivery.body, delivery.headers["x-one"]) == ("/hooks/1", body, "1")
    assert (delivery.time, delivery.verified, delivery.skew) == (clock.time, None, None)


async def test_verifies_the_signature_by_its_own_time(
    inbox: Inbox, client: httpx2.AsyncClient, clock: HandClock
) -> None:
    inbox.set_secret(SECRET)
    headers = signed('{"a":1}', clock.time - 90_000)
    await client.post("/", content='{"a":1}', headers=headers)
    await client.post("/", content='{"a":2}', headers=headers)
    await client.post("/", content='{"a":1}', headers=headers | {"webhook-id": "msg_2"})
    await client.post("/", content='{"a":1}', headers=headers | {"webhook-timestamp": "soon"})
    await client.post("/", content=b"\xff", headers=headers)
    await client.post("/", content='{"a":1}')
    assert [d.verified for d in inbox.deliveries()] == [True] + [False] * 5
    assert inbox.deliveries()[0].skew == 90_000


async def test_answers_by_script_then_200(inbox: Inbox, client: httpx2.AsyncClient) -> None:
    inbox.script([503, 429, 204])
    statuses = [(await client.post("/", content="x")).status_code for _ in range(4)]
    assert statuses == [503, 429, 204, 200]
    assert [d.status for d in inbox.deliveries()] == statuses
    inbox.clear()
    assert inbox.deliveries() == []


async def test_what_is_no_delivery(inbox: Inbox, client: httpx2.AsyncClient) -> None:
    assert (await client.get("/")).status_code == 405
    assert (await client.post("/", content=b"x" * (1 << 20 | 1))).status_code == 413
    assert inbox.deliveries() == []
    with pytest.raises(ValueError, match="100 is no HTTP status"):
        inbox.script([100])
    for bad in ["whsec_", "whsec_\u00e9"]:
        with pytest.raises(ValueError, match="no webhook secret"):
            inbox.set_secret(bad)
