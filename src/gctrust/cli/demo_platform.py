"""The demo's play in the published dialect: one's own TLS front and gateway, and the platform that
calls the gateway before, during and after it changes its certificate."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Coroutine, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from .demo_gateway import Gateway, GatewayFiles
from .demo_guide import files_of, staged
from .demo_stage import MAIL_DOMAIN, TICK, WEB_DOMAIN, Control, MatchShown
from .pins_steer import tell_stages

if TYPE_CHECKING:
    from ..app import App
    from ..pipelines.orders import Order
    from ..runner.runs import RunRow
    from .output import Output
    from .sandbox_process import Addresses

DAY = 86_400.0
MAIL = f"{MAIL_DOMAIN}/mailfrom/bounce.{MAIL_DOMAIN}"
GATEWAY = "gateway.demo-contact-centre.com"
RATE = 60  # of the clock between its jumps: pauses between two reads are five of its seconds
# Where nothing jumps, the certificates' year is a few minutes: the next is shown for 40 s.
SHORT = {"actionCertificateDays": 600 / DAY, "actionUpcomingDays": 40 / DAY,
         "actionUnsettledSeconds": 8.0}  # fmt: skip


class PlatformPlay:
    """The front and the gateway listen from `prepared` to `close`."""

    paths: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "email-domain": ("/api/v2/routing/email",),
        "custom-domain": (),  # one's own front: nothing of it is the platform's
        "data-actions": ("/api/v2/integrations/actions/certificates",),
    }

    def __init__(self, home: Path, fast: bool) -> None:
        self.home, self.fast = home, fast
        self.environ: dict[str, str] = {"GCTRUST_DIALECT": "platform"}
        self._files = home / "files"
        self._open: list[Gateway] = []
        self._calls: Counter[bool] = Counter()

    @property
    def arguments(self) -> tuple[str, ...]:
        if self.fast:
            return ("--dialect", "platform", "--clock-rate", str(RATE))
        seed = self._files / "seed.json"
        seed.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        seed.write_text(json.dumps({"organisation": SHORT}), "ascii")
        return ("--dialect", "platform", "--seed", str(seed))

    async def prepared(self, control: Control, addresses: Addresses) -> tuple[Order, ...]:
        """Certificates are issued, front and gateway listen, the orders are written."""
        from ..pipelines.orders import CustomDomainOrder, EmailDomainOrder, GatewayOrder

        folder = self._files
        for name in ("front.pem", "front.key", "trust.pem", "pins.txt", "access.log"):
            (folder / name).unlink(missing_ok=True)
        web = await control.issue(folder / "web", WEB_DOMAIN, "server")
        own = await control.issue(folder / "gateway", GATEWAY, "server")
        (folder / "access.log").touch()
        front = self._started(control, GatewayFiles(folder / "front.pem", folder / "front.key"))
        trust, pins, log = folder / "trust.pem", folder / "pins.txt", folder / "access.log"
        gateway = self._started(control, GatewayFiles(own.certificate, own.key, trust, pins, log))
        self.environ |= {
            "GCTRUST_FRONT_CERTIFICATE": str(folder / "front.pem"),
            "GCTRUST_FRONT_KEY": str(folder / "front.key"),
            "GCTRUST_EDGES": front.address,
            "GCTRUST_PIN_ACCESS_LOG": str(log),
        }
        every = 2 * DAY if self.fast else 2.0
        return (
            EmailDomainOrder(MAIL),
            CustomDomainOrder(WEB_DOMAIN, files_of(web), profile="private"),
            GatewayOrder(
                str(trust), str(pins), addresses.data_action_root, str(folder / "client.conf"),
                gateway.address, every=every,
            ),
        )  # fmt: skip

    def tasks(
        self, app: App, control: Control, out: Output, runs: Mapping[str, str]
    ) -> tuple[Coroutine[None, None, None], ...]:
        return (
            staged(app, control, runs["email-domain"], MAIL, self.fast),
            self._calling(app, control, runs["data-actions"]),
            tell_stages(app, out, runs["data-actions"]),
        )

    def match(self, rows: Mapping[str, RunRow]) -> MatchShown:
        from ..pins.match_rate import clopper_pearson_lower

        good, n = self._calls[True], self._calls.total()
        if not n:
            return MatchShown(None, 0, None)
        return MatchShown(good / n, n, clopper_pearson_lower(good, n))

    def well(self, match: MatchShown) -> bool:
        """Not one of the platform's calls was turned away."""
        return match.rate == 1.0

    def close(self) -> None:
        for one in self._open:
            one.stop()

    def _started(self, control: Control, files: GatewayFiles) -> Gateway:
        made = Gateway(files, control.now)
        made.start()
        self._open.append(made)
        return made

    async def _calling(self, app: App, control: Control, run: str) -> None:
        """The platform calls the gateway with whatever is Current, once the run has written."""
        written = False
        while True:
            row = await asyncio.to_thread(app.runner.show, run)
            written = written or row.stage in ("watch", "done")
            for one in await control.send("GET", "/data-actions") if written else ():
                if one["status"] == "Current":
                    self._calls[await self._called(one)] += 1
            await asyncio.sleep(TICK)

    async def _called(self, shown: Mapping[str, str]) -> bool:
        from ..adapters.tls.edge_probe import address_of, client_identity
        from ..adapters.tls.probe import handshake
        from ..pipelines.effects import CertificateFiles

        folder = self._files
        certificate, key = folder / "platform.pem", folder / "platform.key"
        key.touch(mode=0o600)
        certificate.write_text(shown["certificate"], "ascii")
        key.write_text(shown["privateKey"], "ascii")
        client = client_identity(CertificateFiles(str(certificate), str(key)))
        made = await handshake(*address_of(self._open[1].address), None, client=client)
        return not made.cause
