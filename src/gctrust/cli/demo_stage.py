"""What the demo sets up and moves in its sandbox: certificates, an OAuth client, DNS, the clock."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from ..errors import Fact, Problem
from .sandbox_process import NOT_STARTED, Addresses

if TYPE_CHECKING:
    from ..app import App
    from ..pipelines.orders import Order
    from ..runner.runs import RunRow
    from .output import Output

MAIL_DOMAIN = "mail.demo-contact-centre.com"
WEB_DOMAIN = "chat.demo-contact-centre.com"
SERVICE_ID = "demo-integration"
PIN_CLIENT = "5d1c7f3e-2b60-4f0f-9a2e-8c4d6e7f1a23"
LATE_SERVER = 1  # the name server that sees the records later
LATE_BY = 25.0  # virtual seconds
TICK = 0.1


@dataclass(frozen=True, slots=True)
class Pair:
    """PEM files of one certificate; `pin` is base64 SHA-256 of the certificate's DER."""

    certificate: Path
    key: Path
    chain: Path
    pin: str


@dataclass(frozen=True, slots=True)
class MatchShown:
    """The measured pin match rate of the rotation, and its one-sided 95 % lower bound."""

    rate: float | None
    n: int
    lower_bound: float | None


class Play(Protocol):
    """What is played: orders and whoever acts beside them. `paths` are each journey's calls,
    `arguments` the sandbox's, `environ` settings beside those that every play has."""

    @property
    def home(self) -> Path: ...
    @property
    def paths(self) -> Mapping[str, tuple[str, ...]]: ...
    @property
    def arguments(self) -> tuple[str, ...]: ...
    @property
    def environ(self) -> Mapping[str, str]: ...
    async def prepared(self, control: Control, addresses: Addresses) -> tuple[Order, ...]: ...
    def tasks(
        self, app: App, control: Control, out: Output, runs: Mapping[str, str]
    ) -> tuple[Coroutine[None, None, None], ...]: ...
    def match(self, rows: Mapping[str, RunRow]) -> MatchShown: ...
    def well(self, match: MatchShown) -> bool: ...
    def close(self) -> None: ...


class Control:
    """The sandbox's control port; only its owner may speak to it."""

    def __init__(self, addresses: Addresses) -> None:
        import httpx2

        base = addresses.control
        self._client = httpx2.AsyncClient(base_url=base, trust_env=False, timeout=20)
        self._asked = httpx2.Client(base_url=base, trust_env=False, timeout=20)

    async def close(self) -> None:
        await self._client.aclose()
        self._asked.close()

    def now(self) -> float:
        """The sandbox's clock, for a thread."""
        return float(self._asked.get("/clock").json()["now"])

    async def send(self, method: str, path: str, body: object = None) -> Any:
        answer = await self._client.request(method, path, json=body)
        if answer.status_code >= 400:
            facts: dict[str, Fact] = {"control": f"{method} {path}", "status": answer.status_code}
            raise Problem(NOT_STARTED, facts, hint=answer.text[:200])
        return answer.json() if answer.content else None

    async def issue(self, folder: Path, name: str, profile: str) -> Pair:
        """A certificate of the sandbox's own CA, as files."""
        told = await self.send("POST", "/ca/issue", {"names": [name], "profile": profile})
        return _keep(folder, told)

    async def client(self, live: Pair, backup: Pair) -> None:
        """An OAuth client that requires mTLS, with the old certificate and a backup pinned."""
        body: Mapping[str, object] = {
            "id": PIN_CLIENT,
            "name": SERVICE_ID,
            "mtlsRequired": True,
            "serviceId": SERVICE_ID,
            "certificateChain": await asyncio.to_thread(live.certificate.read_text),
            "pinKind": "certificate",
            "pins": [live.pin, "", backup.pin],
        }
        await self.send("PUT", "/clients", body)

    async def publish(self, app: App, run: str, domain: str) -> None:
        """Wait until the run waits for DNS, then publish what the platform asks for."""
        from ..pipelines.effects import FindEmailDomain, ReadEmailDomain

        found = ""
        while not found:  # a list may answer with what stood before the registration
            row = await asyncio.to_thread(app.runner.show, run)
            if row.ended is not None:
                return
            if row.stage == "dns":
                found = (await app.perform(FindEmailDomain(domain))).id
            await asyncio.sleep(TICK)
        required = (await app.perform(ReadEmailDomain(found))).required
        records = [{"name": r.name, "type": r.type, "ttl": 60, "value": r.value} for r in required]
        records.append(_record(f"_dmarc.{MAIL_DOMAIN}", "v=DMARC1; p=quarantine"))
        await self.send("PUT", "/zones", {"records": records, "delay": {str(LATE_SERVER): LATE_BY}})

    async def jump(self, app: App) -> None:
        """While nothing is in flight, jump the clock to the earliest deadline; for ever."""
        from ..adapters.sandbox_clock import SandboxClock

        while True:
            await asyncio.sleep(TICK)
            if not app.runner.idle:
                continue
            deadlines = await asyncio.to_thread(app.runner.pending_deadlines)
            now = await asyncio.to_thread(app.clock.now)
            if deadlines and deadlines[0] > now and app.runner.idle:
                await self.send("POST", "/clock", {"to": deadlines[0] + 0.01})
                if isinstance(app.clock, SandboxClock):
                    app.clock.jumped()


def _keep(folder: Path, told: Mapping[str, str]) -> Pair:
    from ..certs.bundle import read_bundle

    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    leaf = read_bundle(told["certificate"].encode()).certificates[0]
    pair = Pair(
        folder / "certificate.pem",
        folder / "key.pem",
        folder / "chain.pem",
        _base64(sha256(leaf.der).digest()),
    )
    for path, name in (
        (pair.certificate, "certificate"),
        (pair.key, "privateKey"),
        (pair.chain, "chain"),
    ):
        path.touch(mode=0o600)
        path.write_text(told[name], encoding="ascii")
    return pair


def _record(name: str, value: str) -> dict[str, object]:
    return {"name": name, "type": "TXT", "ttl": 60, "value": value}


def _base64(digest: bytes) -> str:
    from base64 import b64encode

    return b64encode(digest).decode("ascii")
