"""The demo's play in the dialect of the guides: a rotation of an OAuth client's pins ends it."""

from __future__ import annotations

from collections.abc import Coroutine, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from .demo_stage import (
    MAIL_DOMAIN,
    PIN_CLIENT,
    SERVICE_ID,
    WEB_DOMAIN,
    Control,
    MatchShown,
    Pair,
)
from .pins_steer import tell_stages

if TYPE_CHECKING:
    from ..app import App
    from ..pipelines.effects import CertificateFiles
    from ..pipelines.orders import Order
    from ..runner.runs import RunRow
    from .output import Output
    from .sandbox_process import Addresses


@dataclass(frozen=True, slots=True)
class GuidePlay:
    home: Path
    fast: bool
    arguments: ClassVar[tuple[str, ...]] = ()
    environ: ClassVar[Mapping[str, str]] = {}
    paths: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "email-domain": ("/api/v2/organization/emaildomains",),
        "custom-domain": ("/api/v2/customdomains", "/api/v2/auditlogs"),
        "pin-rotation": ("/api/v2/oauth/clients",),
    }

    async def prepared(self, control: Control, addresses: Addresses) -> tuple[Order, ...]:
        """Certificates are issued, the client is made, the orders are written."""
        from ..pipelines.orders import CustomDomainOrder, EmailDomainOrder, PinRotationOrder

        folder = self.home / "files"
        web = await control.issue(folder / "web", WEB_DOMAIN, "server")
        new, old, backup = [
            await control.issue(folder / role, f"{role}.{SERVICE_ID}.example", "client")
            for role in ("new", "old", "backup")
        ]
        await control.client(old, backup)
        return (
            EmailDomainOrder(MAIL_DOMAIN),
            CustomDomainOrder(WEB_DOMAIN, files_of(web), profile="private"),
            PinRotationOrder(
                PIN_CLIENT,
                SERVICE_ID,
                files_of(new),
                files_of(old),
                backup=str(backup.certificate),
                soak=120.0 if self.fast else 10.0,
                drain=600.0 if self.fast else 20.0,
            ),
        )

    def tasks(
        self, app: App, control: Control, out: Output, runs: Mapping[str, str]
    ) -> tuple[Coroutine[None, None, None], ...]:
        return (
            staged(app, control, runs["email-domain"], MAIL_DOMAIN, self.fast),
            tell_stages(app, out, runs["pin-rotation"]),
        )

    def match(self, rows: Mapping[str, RunRow]) -> MatchShown:
        end = rows["pin-rotation"].end
        summary = dict(end.summary) if end else {}
        return MatchShown(
            _number(summary.get("pinMatchRate")),
            int(_number(summary.get("pinMatchSample")) or 0),
            _number(summary.get("pinMatchLowerBound")),
        )

    def well(self, match: MatchShown) -> bool:
        """The rotation itself holds the rate to its target."""
        return True

    def close(self) -> None:
        """Nothing was opened."""


def files_of(pair: Pair) -> CertificateFiles:
    from ..pipelines.effects import CertificateFiles

    return CertificateFiles(str(pair.certificate), str(pair.key), str(pair.chain))


async def staged(app: App, control: Control, run: str, domain: str, fast: bool) -> None:
    """The DNS team publishes while the run waits; only then may the clock jump."""
    await control.publish(app, run, domain)
    if fast:
        await control.jump(app)


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) else None
