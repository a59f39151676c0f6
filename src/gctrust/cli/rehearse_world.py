"""The world of a rehearsal: one sandbox with its owner's hands, and a store for the runs in it."""

from __future__ import annotations

import asyncio
import re
import shutil
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .demo_stage import Control, Pair
from .rehearse_store import Server
from .rehearse_worker import Task
from .sandbox_process import Addresses, sandbox_process

if TYPE_CHECKING:
    from ..pipelines.orders import Order

JOURNEYS = ("email-domain", "custom-domain", "pin-rotation")
MAIL = "/api/v2/organization/emaildomains"
CUSTOM = "/api/v2/customdomains"
CLIENTS = "/api/v2/oauth/clients"
OWNER = "rehearsal-owner"  # the OAuth client of who looks from outside
SCOPES = ("organization:emaildomain:read", "customdomain:read", "admin:client:read")
SERVICE = "rehearsed"
HANDSHAKES = 32  # 32 of 32 prove 0.9: the one-sided 95 % lower bound is 0.05 ** (1 / 32) = 0.911
LONGEST_PAUSE = 31.0  # seconds; a client that waits longer before it calls again waits durably
CREEP = 0.2  # seconds, for what else may wait inside of an effect


@dataclass(frozen=True, slots=True)
class Case:
    """One order, and what has to be so in the end: the leaf every edge serves, or the pins."""

    journey: str
    order: Order
    subject: str
    serves: Path | None = None
    pins: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Call:
    """A request of the worker's: the nth of its method and path (a shell pattern)."""

    method: str
    path: str
    nth: int = 1

    def __str__(self) -> str:
        return f"{self.method} {self.path}" + (f" no. {self.nth}" if self.nth > 1 else "")


class World:
    """`store` makes an empty store in `home`, and gives its URL; empty is SQLite's."""

    def __init__(
        self,
        home: Path,
        addresses: Addresses,
        control: Control,
        store: Callable[[], str],
        build: str,
    ) -> None:
        self.home, self.addresses, self.control, self.build = home, addresses, control, build
        self._store, self._store_url = store, store()
        self._number = 0
        self._asked = ""  # the domain whose records are to be published

    def renew(self) -> None:
        """Leave the store, and whatever is still open in it, for an empty one."""
        self._store_url = self._store()

    # --- a round -------------------------------------------------------------------------------

    async def begin(self, journey: str, *, fault: Mapping[str, object] | None = None) -> Case:
        """As fresh as a new sandbox, with an order that was never seen here."""
        self._number += 1
        await self.control.send("POST", "/reset")
        # Its secret and token are new each time, as all of the sandbox is.
        told = {"id": OWNER, "scopes": list(SCOPES)}
        self._secret = (await self.control.send("PUT", "/clients", told))["secret"]
        # Time stands still but for the jumps, so that every round takes the same course.
        await self.control.send("POST", "/clock", {"freeze": True})
        case = await _MAKERS[journey](self, self._number)
        self._asked = case.subject if journey == "email-domain" else ""
        # The first delivery is refused: the event has to come once more, and as the same one.
        await self.control.send("PUT", "/inbox/script", [503])
        await self.control.send("PUT", "/faults", [fault] if fault else [])
        return case

    def task(self, case: Case) -> Task:
        return Task(self.home, self.environ, case.order, self.build)

    @property
    def environ(self) -> dict[str, str]:
        """The settings of everything that works on this world."""
        known = self.addresses
        environ = {
            "GCTRUST_HOME": str(self.home),
            "GENESYS_ENV_URL": known.api,
            "GENESYS_CLIENT_ID": known.client_id,
            "GENESYS_CLIENT_SECRET": known.client_secret.reveal(),
            "WEBHOOK_URL": f"{known.inbox}/hook",
            "WEBHOOK_SECRET": known.webhook_secret.reveal(),
        }
        return environ | ({"GCTRUST_STORE_URL": self._store_url} if self._store_url else {})

    async def jump(self, until: float) -> None:
        """What a worker waits for comes now: its time, and the records it asked to be published."""
        if self._asked and await self._publish(self._asked):
            self._asked = ""
        await self.control.send("POST", "/clock", {"to": until + 0.01})

    async def _publish(self, domain: str) -> bool:
        found = await self.email_domain(domain)
        if found is None:
            return False
        records = [
            {"name": r["name"], "type": r["type"], "ttl": 60, "value": r["value"]}
            for r in found["verification"]
        ]
        await self.control.send("PUT", "/zones", {"records": records})
        return True

    async def fired(self) -> bool:
        """The fault of this round has struck."""
        told = await self.control.send("GET", "/faults")
        return any(rule["fired"] for rule in told["rules"])

    async def hurry(self) -> None:
        """A worker says nothing: after a fault it is about to call again, and that comes now."""
        advance = LONGEST_PAUSE if await self.fired() else CREEP
        await self.control.send("POST", "/clock", {"advance": advance})

    # --- what is seen from outside -------------------------------------------------------------

    async def changes(self) -> Counter[str]:
        """How often each request that changed something was made: "METHOD path"."""
        return Counter(
            f"{entry['method']} {pattern_of(entry['path'])}"
            for entry in await self.control.send("GET", "/journal")
            if entry["effect"]
        )

    async def calls(self) -> tuple[Call, ...]:
        """Everything the worker asked of the platform, in order."""
        seen: Counter[tuple[str, str]] = Counter()
        calls = []
        for entry in await self.control.send("GET", "/journal"):
            path, token = entry["path"], entry["path"].endswith("/oauth/token")
            if path == "/sandbox/clock" or entry["client_id"] == OWNER or (token and seen):
                continue
            asked = (entry["method"], pattern_of(path))
            seen[asked] += 1
            calls.append(Call(*asked, seen[asked]))
        return tuple(calls)

    async def deliveries(self) -> Sequence[Mapping[str, Any]]:
        told: Sequence[Mapping[str, Any]] = await self.control.send("GET", "/inbox")
        return told

    async def email_domain(self, domain: str) -> Mapping[str, Any] | None:
        return await self._listed(MAIL, domain)

    async def custom_domain(self, domain: str) -> Mapping[str, Any] | None:
        return await self._listed(CUSTOM, domain)

    async def oauth_client(self, id_: str) -> Mapping[str, Any]:
        return await self._get(f"{CLIENTS}/{id_}")

    async def _listed(self, path: str, domain: str) -> Mapping[str, Any] | None:
        for _ in range(2):  # the first list may not show it yet
            for one in (await self._get(f"{path}?domain={domain}"))["entities"]:
                return dict(one)
        return None

    async def _get(self, path: str) -> Mapping[str, Any]:
        """As an OAuth client of its own, which the journal tells from the worker's."""
        import httpx2

        async with httpx2.AsyncClient(base_url=self.addresses.api, trust_env=False) as http:
            form = {"grant_type": "client_credentials"}
            login = await http.post("/oauth/token", data=form, auth=(OWNER, self._secret))
            headers = {"Authorization": f"Bearer {login.json()['access_token']}"}
            answer = await http.get(path, headers=headers)
        told: Mapping[str, Any] = answer.raise_for_status().json()
        return told


@asynccontextmanager
async def world(home: Path, server: Server | None, build: str) -> AsyncIterator[World]:
    """`server` is None for SQLite. Raises Problem cli.sandbox-not-started,
    cli.rehearsal-database."""
    with ExitStack() as databases:

        def store() -> str:
            shutil.rmtree(home / "stores", ignore_errors=True)
            for key in ("ledger.key", "seal.key"):
                (home / key).unlink(missing_ok=True)
            return databases.enter_context(server.database()) if server else ""

        async with sandbox_process(home) as (addresses, _):
            control = Control(addresses)
            try:
                yield World(home, addresses, control, store, build)
            finally:
                await control.close()


def pattern_of(path: str) -> str:
    """The path with a star for the id in it."""
    return re.sub(rf"^({MAIL}|{CUSTOM}|{CLIENTS})/[^/]+", r"\1/*", path)


# --- orders ------------------------------------------------------------------------------------


async def _mail(world: World, number: int) -> Case:
    from ..pipelines.orders import EmailDomainOrder

    name = f"mail{number}.rehearsal.example"
    return Case("email-domain", EmailDomainOrder(name), name)


async def _web(world: World, number: int) -> Case:
    from ..pipelines.effects import CertificateFiles
    from ..pipelines.orders import CustomDomainOrder

    name = f"www{number}.rehearsal.example"
    pair = await world.control.issue(world.home / "files" / name, name, "server")
    files = CertificateFiles(str(pair.certificate), str(pair.key), str(pair.chain))
    order = CustomDomainOrder(name, files, profile="private", handshakes=4)
    return Case("custom-domain", order, name, serves=pair.certificate)


async def _pins(world: World, number: int) -> Case:
    from ..pipelines.effects import CertificateFiles
    from ..pipelines.orders import PinRotationOrder

    client, folder = f"client-{number}", world.home / "files" / f"client-{number}"
    new, old, backup = [
        await world.control.issue(folder / role, f"{role}.{client}.example", "client")
        for role in ("new", "old", "backup")
    ]
    live: Mapping[str, object] = {
        "id": client,
        "mtlsRequired": True,
        "serviceId": SERVICE,
        "certificateChain": await asyncio.to_thread(old.certificate.read_text),
        "pinKind": "certificate",
        "pins": [old.pin, "", backup.pin],
    }
    await world.control.send("PUT", "/clients", live)

    def files(pair: Pair) -> CertificateFiles:
        return CertificateFiles(str(pair.certificate), str(pair.key), str(pair.chain))

    order = PinRotationOrder(
        client,
        SERVICE,
        files(new),
        files(old),
        backup=str(backup.certificate),
        target_rate=0.9,
        handshakes=HANDSHAKES,
    )
    return Case("pin-rotation", order, client, pins=frozenset((new.pin, backup.pin)))


_MAKERS = dict(zip(JOURNEYS, (_mail, _web, _pins), strict=True))
