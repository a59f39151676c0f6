"""What the demo sets up and moves in its sandbox: certificates, an OAuth client, DNS, the clock."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import Fact, Problem
from .sandbox_process import NOT_STARTED, Addresses

if TYPE_CHECKING:
    from ..app import App

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


class Control:
    """The sandbox's control port; only its owner may speak to it."""

    def __init__(self, addresses: Addresses) -> None:
        import httpx2

        self._client = httpx2.AsyncClient(base_url=addresses.control, trust_env=False, timeout=20)

    async def close(self) -> None:
        await self._client.aclose()

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

    async def publish(self, app: App, runs: str) -> None:
        """Wait until the run waits for DNS, then publish what the platform asked for."""
        while True:
            row = await asyncio.to_thread(app.runner.show, runs)
            if row.ended is not None:
                return
            if row.stage == "dns":
                break
            await asyncio.sleep(TICK)
        # A list may answer with what stood before the registration: ask until it shows it.
        found = await app.genesys.find_email_domain(MAIL_DOMAIN)
        if found is None:
            await asyncio.sleep(TICK)
            return await self.publish(app, runs)
        required = found.required
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
