"""The composition root: Settings -> App. The only place that builds adapters, and closes them."""

from __future__ import annotations

import os
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar, cast
from urllib.parse import urlsplit

from .adapters.genesys.regions import PlatformAddress, platform_address
from .adapters.system import clock_for, os_actor
from .ports import Clock, Performer
from .settings import Settings, answers_from

if TYPE_CHECKING:
    from .adapters.credentials.own_front import OwnFront
    from .adapters.credentials.rotation_files import RotationFiles
    from .adapters.credentials.sealed import SealedKeys
    from .adapters.dns.resolver import Resolver
    from .adapters.genesys.client import GenesysClient
    from .adapters.genesys.inquiry import FirstAnswer, Inquiry
    from .adapters.ledger.ledger import Ledger
    from .adapters.mail.check import MailCheck
    from .adapters.store.changes import Change
    from .adapters.store.shared_rows import SharedRows
    from .adapters.store.store import Store
    from .adapters.telemetry.traces import NoTraces
    from .adapters.tls.certificate_check import CertificateCheck
    from .adapters.tls.edge_probe import EdgeProbe
    from .adapters.tls.pin_use import PinUseSources
    from .adapters.webhooks.endpoint import Target
    from .adapters.webhooks.outbox import Outbox
    from .certs.assess import CertificateReport
    from .mailauth.assess import DomainReport
    from .pipelines.effects import CertificateFiles, Effect, HandshakesSeen
    from .runner.bulk import Bulk
    from .runner.perform_check import CheckPerformer
    from .runner.perform_custom_domain import CustomDomainPerformer
    from .runner.perform_platform import PlatformPerformers
    from .runner.runner import Runner
    from .runner.schedules import Schedules

Outcome = TypeVar("Outcome")


@dataclass
class App:
    """What a command or the service works with. Parts are built when first asked for."""

    settings: Settings
    clock: Clock
    platform: PlatformAddress | None
    _stack: AsyncExitStack = field(repr=False)

    @cached_property
    def settled(self) -> Settings:
        """The settings, "auto" replaced by the dialect answered. Raises Problem genesys.*."""
        from .adapters.genesys.inquiry import settled

        return settled(self.settings, self.clock)

    @cached_property
    def resolver(self) -> Resolver:
        from .adapters.dns.resolver import Resolver

        resolver = Resolver(self.settings.nameservers or None, self.clock)
        self._stack.push_async_callback(resolver.aclose)
        return resolver

    @cached_property
    def mail(self) -> MailCheck:
        from .adapters.mail.check import MailCheck

        servers, sandbox = self.settings.nameservers, self.store_kind == "sandbox"
        roots = str(self.settings.roots_file) if self.settings.roots_file else None
        return MailCheck(self.resolver, self.clock, servers, special_addresses=sandbox, roots=roots)

    @cached_property
    def certificates(self) -> CertificateCheck:
        from .adapters.tls.certificate_check import CertificateCheck

        settings = self.settings
        return CertificateCheck(
            self.clock,
            settings.roots_file,
            settings.pin_issuer_path,
            home=settings.home,
            resolver=(lambda: self.resolver) if settings.nameservers else None,
            private_fetch=self.platform is not None and self.platform.loopback,
            sealed=lambda reference: self.sealed.bundle(reference),
        )

    def opened(self, path: str) -> bytes:
        """The octets of a file, or of what a sealed reference in its place stands for."""
        from .adapters.files import SEALED, read_file

        return self.sealed.bundle(path) if path.startswith(SEALED) else read_file(path)

    @cached_property
    def sealed(self) -> SealedKeys:
        from .adapters.credentials.sealed import SealedKeys

        file = self.settings.home / "seal.key"
        return SealedKeys(self.store, self.clock, file, self.settings.seal_key)

    @cached_property
    def probe(self) -> EdgeProbe:
        from .adapters.tls.edge_probe import EdgeProbe

        return EdgeProbe(
            self.resolver,
            edges=self.settings.edges,
            mtls_endpoints=self.settings.mtls_endpoints,
            port=self.settings.edge_port,
            opened=self.opened,
        )

    @cached_property
    def pin_use(self) -> PinUseSources:
        from .adapters.tls.pin_use import PinUseSources

        return PinUseSources(self.settings.pin_access_log, self.settings.pin_reports)

    @cached_property
    def rotation_files(self) -> RotationFiles:
        from .adapters.credentials.rotation_files import RotationFiles

        settings = self.settings
        return RotationFiles(
            self.certificates,
            settings.pin_issuer_path,
            webhook=self._webhook_trust,
            use_source=self.pin_use.name,
            opened=self.opened,
        )

    @cached_property
    def genesys(self) -> GenesysClient:
        from .adapters.genesys.client import GenesysClient

        client = GenesysClient.of(self.settled, self.clock, rows=self._shared_rows)
        self._stack.push_async_callback(client.close)
        return client

    @cached_property
    def inquiry(self) -> Inquiry:
        """Raises Problem config.*."""
        from .adapters.genesys.inquiry import Inquiry

        inquiry = Inquiry.of(self.settings, self.clock)
        self._stack.push_async_callback(inquiry.close)
        return inquiry

    async def first_answer(self) -> FirstAnswer:
        """The platform's answer to a caller without a token. Raises Problem config.*, genesys.*."""
        from .adapters.genesys.inquiry import first_answer

        return await first_answer(self.settings, self.clock)

    @property
    def store_path(self) -> Path:
        """One store for each platform: runs of a sandbox never meet those of an organisation."""
        host = urlsplit(self.platform.api).netloc if self.platform else "no-platform"
        return self.settings.home / "stores" / f"{host.replace(':', '-')}.db"

    @property
    def store_kind(self) -> str:
        sandbox = self.platform is not None and self.platform.loopback
        return "sandbox" if sandbox else "organisation"

    @cached_property
    def store(self) -> Store:
        from .adapters.store.store import Store

        url = self.settings.store_url
        store = Store(url.reveal() if url else self.store_path, self.store_kind)
        self._stack.callback(store.close)
        return store

    def _shared_rows(self) -> SharedRows | None:
        """What processes share; None while nothing here has opened the store."""
        if "store" not in vars(self):
            return None
        from .adapters.store.shared_rows import SharedRows

        return SharedRows(self.store, virtual_time=self.store.kind == "sandbox")

    @cached_property
    def ledger(self) -> Ledger:
        from .adapters.ledger.ledger import Ledger

        return Ledger(self.store, self.settings.home / "ledger.key", self.clock, os_actor())

    @cached_property
    def asker(self) -> Change:
        """Who orders here, and why, where no other is named."""
        from .adapters.store.changes import Change

        return Change(os_actor(), self.settings.reason, self.settings.ticket)

    @cached_property
    def outbox(self) -> Outbox:
        from .adapters.webhooks.outbox import Outbox
        from .adapters.webhooks.secret_source import SecretSources
        from .settings import environment

        sources = SecretSources(environment, lambda: self.sealed)
        target, asker = self._webhook_target(), self.asker
        return Outbox(self.store, self.ledger, self.clock, target, sources=sources, asker=asker)

    def receivers(self, event: str) -> Mapping[str, str]:
        """Where webhooks of this event go, and how trusted. To look makes no store."""
        if self.settings.store_url or self.store_path.exists():
            return self.outbox.endpoints.receivers(event)
        target = self._webhook_target()
        return target.receivers if target else {}

    def _webhook_trust(self) -> str:
        from .adapters.webhooks.endpoint import least_trusted

        return least_trusted(self.receivers("certificate_rotation").values())

    def _webhook_target(self) -> Target | None:
        from .adapters.webhooks.endpoint import Target

        return Target.of(self.settings, allow_private=self.store_kind == "sandbox")

    @cached_property
    def traces(self) -> NoTraces:
        """Raises Problem telemetry.no-exporter."""
        from .adapters.telemetry.traces import NoTraces, Traces

        settings = self.settings
        if settings.otlp_endpoint is None:
            return NoTraces()
        traces = Traces(settings.otlp_endpoint, settings.otlp_headers, self.store.id)
        self._stack.callback(traces.close)
        return traces

    @cached_property
    def runner(self) -> Runner:
        """`async with app.running()` starts and closes it. Raises Problem genesys.read-only."""
        from .adapters.genesys.problems import refuse_runs
        from .adapters.store.samples import Samples
        from .pipelines.journeys import journeys
        from .runner.runner import Runner
        from .runner.watched import Watched

        refuse_runs(self.settings)
        return Runner(
            pipelines=journeys(),
            performer=Watched(self._performers(), Samples(self.store, self.clock)),
            clock=self.clock,
            store=self.store,
            outbox=self.outbox,
            executor=f"{socket.gethostname()}-{os.getpid()}",
            asker=self.asker,
            traces=self.traces,
        )

    def answers_from(self, nameservers: tuple[str, ...] = ()) -> str:
        """Whose DNS answers, when it is a sandbox's and not the world's; else empty."""
        return answers_from(nameservers or self.settings.nameservers, self.settings.home)

    async def check_domain(
        self,
        name: str,
        selectors: tuple[str, ...] = (),
        nameservers: tuple[str, ...] = (),
        *,
        beyond_dns: bool = False,
    ) -> DomainReport:
        """Judge a mail domain. Raises Problem mail.bad-name."""
        return await self.mail.check(name, selectors, nameservers, beyond_dns=beyond_dns)

    async def check_certificate(
        self, files: CertificateFiles, host: str, profile: str, at: float | None = None
    ) -> CertificateReport:
        """Judge certificate files at `at` (Unix seconds, None: now). Raises Problem file.*."""
        moment = None if at is None else datetime.fromtimestamp(at, UTC)
        return self.certificates.files(files, host, profile, moment)

    async def perform(self, effect: Effect[Outcome]) -> Outcome:
        """One effect on its own, as a run would perform it. Raises its Problems."""
        return cast("Outcome", await self._performers()(effect))

    async def probe_host(self, host: str, port: int, count: int) -> HandshakesSeen:
        """Shake hands with every address of the host. Raises Problem tls.no-address."""
        return await self.probe.host(host, count, port)

    @cached_property
    def own_front(self) -> OwnFront | None:
        """Where journey 2 deploys in the published dialect. Raises Problem tls.front-settings."""
        from .adapters.credentials.own_front import OwnFront

        return OwnFront.of(self.settings) if self.settled.dialect == "platform" else None

    @cached_property
    def custom_domains(self) -> CustomDomainPerformer:
        from .adapters.credentials.passphrase import key_passphrase
        from .runner.perform_custom_domain import CustomDomainPerformer
        from .settings import environment

        return CustomDomainPerformer(
            self.own_front or self.genesys,
            self.certificates,
            self.probe,
            self.clock,
            self.sealed,
            lambda: key_passphrase(environment(), setting=self.settings.key_passphrase),
        )

    @cached_property
    def published(self) -> PlatformPerformers:
        """What only the published dialect has."""
        from .runner.perform_platform import PlatformPerformers

        parts = (lambda: self.genesys, self.clock, lambda: self.sealed, self.opened)
        return PlatformPerformers(*parts)

    @cached_property
    def bulk(self) -> Bulk:
        from .runner.bulk import Bulk
        from .runner.codec import Codec
        from .runner.runs import Runs

        return Bulk(Runs(self.store, Codec(), self.clock, self.asker))

    def _performers(self) -> Performer:
        from .runner.perform_email_domain import EmailDomainPerformer
        from .runner.perform_many import ManyPerformer
        from .runner.perform_pin_rotation import PinRotationPerformer
        from .runner.performers import Performers

        return Performers(
            EmailDomainPerformer(self.genesys, self.clock),
            self.custom_domains,
            PinRotationPerformer(
                self.genesys, self.probe, self.clock, self.rotation_files, self.pin_use
            ),
            self.mail,
            ManyPerformer(self.bulk),
            self.published,
            self._checks(),
        )

    @cached_property
    def schedules(self) -> Schedules:
        from .runner.codec import Codec
        from .runner.runs import Runs
        from .runner.schedules import Schedules

        return Schedules(self.store, Runs(self.store, Codec(), self.clock), lambda: self.ledger)

    def _checks(self) -> CheckPerformer:
        from .runner.cleaning import retention
        from .runner.perform_check import CheckPerformer

        parts = (self.mail, self.probe, self.schedules, retention(self.ledger), self.clock.now)
        return CheckPerformer(*parts)

    @asynccontextmanager
    async def scheduling(self) -> AsyncIterator[None]:
        """What is due is ordered while the block lasts; of several processes by one."""
        from .adapters.store.lease import Lease
        from .runner.schedules import Scheduler

        lease = Lease(self.store, f"{socket.gethostname()}-{os.getpid()}", name="schedules")
        async with Scheduler(self.schedules, lease):
            yield

    @asynccontextmanager
    async def running(self, finish: float = 2.0) -> AsyncIterator[Runner]:
        """The runner, driving runs while the block lasts; steps that have begun then have `finish`
        seconds to end in. Raises Problem store.*."""
        await self.runner.start()
        try:
            yield self.runner
        finally:
            await self.runner.close(finish)


@asynccontextmanager
async def build_app(settings: Settings) -> AsyncIterator[App]:
    """The App of these settings. A platform is needed only by what speaks to it."""
    if settings.log != "off":
        from .adapters.telemetry.logs import start_logs

        start_logs(settings.log, settings.log_level, settings.secrets)
    address = platform_address(settings) if settings.platform else None
    async with AsyncExitStack() as stack:
        yield App(settings, clock_for(address), address, stack)
