"""The whole sandbox composed: API, control port, name servers, certificate authority, edges, inbox.

One object with start and stop, so that a test can run it inside its own event loop.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import cast

from uvicorn._types import ASGI3Application

from .action_certificates import DataActions
from .answer import JsonObject
from .api import Api
from .authority import Authority
from .clock import VirtualClock
from .control import Control
from .deployment import Deployments
from .dialects import Dialect
from .edge import TlsEdges
from .faults import FaultPlan, Rule, read_rules
from .inbox import Inbox, new_secret
from .journal import Journal
from .listener import HttpListener
from .mail_look import MailLook
from .mtls import MtlsEdges, PinKind
from .oauth import Tokens
from .platform import Platform
from .seed import Seed, load_seed
from .state import OAuthClient, Registration, State, View
from .upload import Upload
from .zone.server import ZoneServers


@dataclass(frozen=True, slots=True)
class Options:
    """How to start. Texts, not paths: reading files is the command's business."""

    seed: str | None = None
    faults: str | None = None
    clock_rate: float = 1.0
    clock_start: float | None = None
    strict: bool = True
    dialect: Dialect = Dialect.BOTH
    api_port: int = 0
    control_port: int = 0


@dataclass(slots=True)
class Servers:
    """What listens, apart from the API and the control port."""

    authority: Authority
    zones: ZoneServers
    edges: TlsEdges
    mtls: MtlsEdges
    inbox: Inbox
    inbox_listener: HttpListener
    deployments: Deployments = field(init=False)

    async def start(self) -> None:
        for server in (self.authority, self.zones, self.edges, self.mtls, self.inbox_listener):
            await server.start()

    async def stop(self) -> None:
        self.deployments.clear()
        for server in (self.inbox_listener, self.mtls, self.edges, self.zones, self.authority):
            await server.stop()


class World:
    """`folder` gets roots.pem, issuer.pem, data-action-root.pem and the mTLS edges' access log.

    Raises MalformedError for a seed or fault rules that cannot be read.
    """

    def __init__(self, options: Options, folder: Path) -> None:
        self._folder = folder
        self.seed = load_seed(options.seed)
        self._rules = _rules(options)
        self.clock = VirtualClock(options.clock_start, options.clock_rate)
        self.state = State(_start_view(self.seed, self.clock.now()))
        self.faults = FaultPlan(self._rules)
        self.journal = Journal()
        self._webhook_secret = new_secret()
        self.servers = self._build_servers()
        self._options = options

    def _build_servers(self) -> Servers:
        authority = Authority(self.clock)
        inbox = Inbox(self.clock)
        inbox.set_secret(self._webhook_secret)
        servers = Servers(
            authority=authority,
            zones=ZoneServers(self.clock, self.seed.servers.nameservers),
            edges=TlsEdges(self.clock, authority),
            mtls=MtlsEdges(
                self.clock,
                authority,
                self.seed.servers.mtls,
                ticket_life=self.seed.servers.ticket_seconds,
                log_path=self._access_log,
            ),
            inbox=inbox,
            inbox_listener=HttpListener(cast(ASGI3Application, inbox.app())),
        )
        servers.deployments = Deployments(self.clock, self._serve, servers.edges.remove)
        return servers

    @property
    def _roots(self) -> Path:
        return self._folder / "roots.pem"

    @property
    def _issuer(self) -> Path:
        return self._folder / "issuer.pem"

    @property
    def _regional_root(self) -> Path:
        return self._folder / "data-action-root.pem"

    @property
    def _access_log(self) -> Path:
        return self._folder / "mtls-access.jsonl"

    async def start(self) -> None:
        await self.servers.start()
        self._roots.write_text(self.servers.authority.roots_pem, "ascii")
        self._issuer.write_text(self.servers.authority.chain_pem, "ascii")
        data_actions = DataActions(self.clock, self.seed.organisation)
        self._regional_root.write_text(data_actions.root_pem, "ascii")
        self._sow()
        zones = self.servers.zones.addresses
        table = self._options.dialect.table()
        self.platform = Platform(
            clock=self.clock,
            seed=self.seed,
            state=self.state,
            look=MailLook(zones, self.seed.mail, self.seed.random_seed),
            strict=self._options.strict,
            deploy=self.servers.deployments.deploy,
            withdraw=self.servers.deployments.withdraw,
            deploy_failed=self.servers.deployments.failed,
            set_pins=self.set_pins,
            publish=self.servers.zones.put_records,
            template_of=table.template,
            journal=self.journal,
            tokens=Tokens(self.clock),
            roots_pem=self.servers.authority.roots_pem,
            data_actions=data_actions,
        )
        self.api = Api(self.platform, self.faults, self._options.dialect, table)
        self.api_listener = HttpListener(self.api, self._options.api_port)
        self.control_listener = HttpListener(Control(self), self._options.control_port)
        await self.api_listener.start()
        await self.control_listener.start()

    async def stop(self) -> None:
        await self.control_listener.stop()
        await self.api_listener.stop()
        await self.servers.stop()

    def reset(self) -> None:
        """Back to the seed: everything but the clock, the authority and the ports."""
        self.state.reset()
        self.servers.deployments.clear()
        self.servers.edges.clear()
        self.servers.mtls.clear()
        self.servers.zones.clear()
        self.servers.inbox.clear()
        self.faults.replace(self._rules)
        self.api.forget()
        self._sow()

    def set_pins(self, client: OAuthClient) -> None:
        """Tell the mTLS edges; each replica follows after its own delay."""
        kind: PinKind = "spki" if client.pin_kind == "spki" else "certificate"
        self.servers.mtls.set_client(client.id, client.pins, kind)

    def addresses(self) -> JsonObject:
        """The line printed when everything listens."""
        first = next(iter(self.state.now.clients.values()), None)
        api = self.api_listener.origin
        return {
            "api": api,
            "login": api,
            "label": self.seed.label,
            "dialect": self._options.dialect.value,
            "control": self.control_listener.origin,
            "nameservers": self.servers.zones.addresses,
            "edge": self.servers.edges.addresses[0],
            "edges": self.servers.edges.addresses,
            "mtls": self.servers.mtls.addresses,
            "inbox": self.servers.inbox_listener.origin,
            "mtls_log": str(self._access_log),
            "authority": self.servers.authority.url,
            "roots": str(self._roots),
            "issuer": str(self._issuer),
            "data_action_root": str(self._regional_root),
            "client_id": first.id if first else "",
            "client_secret": first.secret if first else "",
            "webhook_secret": self._webhook_secret,
        }

    def _sow(self) -> None:
        self.servers.zones.put_records(self.seed.zones)
        for client in self.state.now.clients.values():
            if client.mtls_required:
                self.set_pins(client)

    def _serve(self, domain: str, upload: Upload) -> None:
        self.servers.edges.put(
            domain,
            upload.certificate,
            upload.chain,
            upload.private_key,
            ocsp_stapling=upload.ocsp_stapling,
            min_version=upload.tls_version,
        )


def _start_view(seed: Seed, now: float) -> View:
    """The seed's clients were registered a day ago."""
    told = Registration(created=now - 86_400)
    clients = (replace(client, registration=told) for client in seed.clients)
    return View({}, {}, {client.id: client for client in clients})


def _rules(options: Options) -> list[Rule]:
    return read_rules(options.faults) if options.faults else []
