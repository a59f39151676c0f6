"""A platform made of real sockets: each connection's requests get the answers of a script."""

import asyncio
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from gctrust.adapters.genesys.client import GenesysClient
from gctrust.adapters.genesys.oauth import Credentials
from gctrust.adapters.genesys.pacing import Policy
from gctrust.adapters.genesys.regions import PlatformAddress
from gctrust.secret import Secret

sys.path.insert(0, str(Path(__file__).parent))  # box.py

SCOPES = (
    "organization:emaildomain:read organization:emaildomain:write customdomain:read "
    "customdomain:write auditlog:read admin:client:read admin:client:update"
)


class HandClock:
    """A clock that a wait moves forward at once (a `slow` one: in its time), and that remembers
    every wait."""

    def __init__(self, at: float = 1_800_000_000.0) -> None:
        self.at, self.slow = at, False
        self.waits: list[float] = []

    def now(self) -> float:
        return self.at

    async def sleep_until(self, at: float) -> None:
        self.waits.append(at - self.at)
        if self.slow:
            await asyncio.sleep(at - self.at)
        self.at = max(self.at, at)
        await asyncio.sleep(0)


@dataclass
class Reply:
    """`cut`: the body ends early; `reset`: the connection breaks instead of an answer."""

    status: int = 200
    body: object = None
    headers: dict[str, str] = field(default_factory=dict)
    raw: bytes | None = None
    cut: bool = False
    reset: bool = False
    delay: float = 0.0


@dataclass
class Seen:
    method: str
    path: str
    headers: dict[str, str]
    body: bytes


class ScriptedPlatform:
    """Answers /oauth/token by itself; everything else as `answer` says."""

    def __init__(self) -> None:
        self.seen: list[Seen] = []
        self.tokens = 0
        self.token_reply: Callable[[int], Reply] = self._token
        self.script: list[Reply] = []
        self.token_seconds = 86400
        self.token_delay = 0.0
        self.scope: str | None = SCOPES
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        self._server.close()

    @property
    def calls(self) -> list[Seen]:
        return [seen for seen in self.seen if "/oauth/token" not in seen.path]

    def _token(self, number: int) -> Reply:
        body = {
            "access_token": f"t{number}",
            "token_type": "bearer",
            "expires_in": self.token_seconds,
        }
        if self.scope is not None:
            body["scope"] = self.scope
        return Reply(body=body, delay=self.token_delay)

    async def _serve(self, reader, writer) -> None:
        try:
            while line := await reader.readline():
                method, path, _ = line.decode().split(" ", 2)
                headers = {}
                while (text := (await reader.readline()).decode().strip()) != "":
                    name, _, value = text.partition(":")
                    headers[name.lower()] = value.strip()
                body = await reader.readexactly(int(headers.get("content-length", 0)))
                self.seen.append(Seen(method, path, headers, body))
                if not await self._answer(self._reply(path), writer):
                    return
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    def _reply(self, path: str) -> Reply:
        if "/oauth/token" in path:
            self.tokens += 1
            return self.token_reply(self.tokens)
        return self.script.pop(0) if len(self.script) > 1 else self.script[0]

    async def _answer(self, reply: Reply, writer) -> bool:
        await asyncio.sleep(reply.delay)
        if reply.reset:
            writer.transport.abort()
            return False
        body = reply.raw if reply.raw is not None else json.dumps(reply.body).encode()
        if reply.status == 204:
            body = b""
        lines = [f"HTTP/1.1 {reply.status} X", f"Content-Length: {len(body)}"]
        lines += [f"{name}: {value}" for name, value in reply.headers.items()]
        lines.append("ININ-Correlation-Id: corr-1")
        writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + (body[:-5] if reply.cut else body))
        await writer.drain()
        return not reply.cut


@pytest.fixture
async def platform():
    server = ScriptedPlatform()
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
def clock():
    return HandClock()


@pytest.fixture
async def client(platform, clock):
    address = PlatformAddress.parse(f"127.0.0.1:{platform.port}")
    credentials = Credentials("id", Secret("s3cret-tell-tale"))
    async with GenesysClient(
        address, credentials, clock, policy=Policy(), fraction=lambda: 0.5
    ) as one:
        yield one


@pytest.fixture
def reply():
    return Reply
