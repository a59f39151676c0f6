"""`gctrust pins`: journey 3, a client certificate's pins rotated without a refused handshake."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import App, Parameter

from .attached import order_and_follow
from .domain import ledger_step, platform_of
from .exit_codes import ExitCode
from .findings_shown import bad_argument
from .output import Block, Heading
from .plan import Planned, refuse_unknown_hazards, show
from .session import Options, with_app

if TYPE_CHECKING:
    from .. import app as composition
    from ..adapters.genesys.wire import OAuthClient
    from ..pipelines.effects import CertificateFiles
    from ..pipelines.orders import PinRotationOrder

app = App(name="pins", help="Client-certificate pins: rotate, status, check.")

NO_BACKUP = "pin.no-backup"
HAZARDS = (NO_BACKUP,)


@dataclass(frozen=True, slots=True)
class PinsShown:
    """Pins are base64 SHA-256 of what `kind` names."""

    client_id: str
    mtls_required: bool
    kind: str
    service_id: str
    primary: str
    fallback: str
    backup: str


@dataclass(frozen=True, slots=True)
class PinsChecked:
    """`role` is the live pin the file's certificate matches, empty when none."""

    client_id: str
    file: str
    kind: str
    pin: str
    role: str


@Parameter(name="*")
@dataclass(frozen=True, slots=True, kw_only=True)
class Rotation:
    """What `pins rotate` takes: the settings' flags first, then what is chosen for one run."""

    client_id: str = ""
    "The OAuth client whose pins rotate (also: PIN_CLIENT_ID)."
    service_id: str = ""
    "The service the client stands for (also: SERVICE_ID)."
    new_cert: str = ""
    "The new certificate (also: NEW_CERT_PATH)."
    new_key: str = ""
    "Its private key (also: NEW_KEY_PATH)."
    old_cert: str = ""
    "The certificate in use (also: OLD_CERT_PATH)."
    backup_cert: str = ""
    "The backup certificate (also: BACKUP_CERT_PATH)."
    pin_kind: str = ""
    "What pins hash: certificate or spki."
    old_key: Path | None = None
    "The old certificate's private key; with it the old certificate is observed too."
    soak: float = 120.0
    "Seconds between publishing and the first use of the new certificate."
    drain: float = 600.0
    "Seconds both certificates stay pinned after the switch."
    target_rate: float = 0.99
    "The least match rate, by its 95 % lower bound."
    handshakes: int = 400
    "Handshakes of one observation."
    allow: tuple[str, ...] = ()
    "A hazard to allow, by name."

    def refuse_bad_values(self) -> None:
        """A guard that nothing or anything meets guards nothing. Raises Problem cli.*."""
        for name, seconds in (("--soak", self.soak), ("--drain", self.drain)):
            if not 0 <= seconds < float("inf"):
                raise bad_argument(name, str(seconds), "Give seconds, 0 or more.")
        if not 0 < self.target_rate < 1:
            seen = str(self.target_rate)
            raise bad_argument("--target-rate", seen, "Give a rate between 0 and 1.")
        if self.handshakes < 1:
            seen = str(self.handshakes)
            raise bad_argument("--handshakes", seen, "Give at least 1 handshake.")
        refuse_unknown_hazards(self.allow, HAZARDS)

    def settings(self) -> dict[str, str]:
        """The flags that are settings, by the setting's name."""
        return {
            "pin_client_id": self.client_id,
            "service_id": self.service_id,
            "new_cert_path": self.new_cert,
            "new_key_path": self.new_key,
            "old_cert_path": self.old_cert,
            "backup_cert_path": self.backup_cert,
            "pin_kind": self.pin_kind,
        }

    def order(self, app: composition.App) -> PinRotationOrder:
        """Raises Problem config.missing."""
        from ..pipelines.effects import CertificateFiles
        from ..pipelines.orders import PinRotationOrder

        def needed(name: str) -> str:
            return str(app.settings.require(name))

        old_key = str(self.old_key.resolve()) if self.old_key else ""
        return PinRotationOrder(
            client_id=needed("pin_client_id"),
            service_id=needed("service_id"),
            new=CertificateFiles(needed("new_cert_path"), needed("new_key_path")),
            old=CertificateFiles(needed("old_cert_path"), old_key),
            backup=str(app.settings.backup_cert_path or ""),
            kind=app.settings.pin_kind,
            soak=self.soak,
            drain=self.drain,
            target_rate=self.target_rate,
            handshakes=self.handshakes,
            allow=self.allow,
        )


@app.command
def rotate(
    *,
    yes: Annotated[bool, Parameter(negative="")] = False,
    wait: float | None = None,
    rotation: Rotation = Rotation(),
    options: Options = Options(),  # noqa: B008 - frozen
) -> ExitCode:
    """Publish the new pin beside the old one, prove both are accepted, then retire the old one.

    Parameters
    ----------
    yes
        Do it; without it the files are judged and the plan is printed.
    wait
        Seconds to stay attached; then exit code 8, and the run goes on with `runs resume`.
    """

    async def body(app: composition.App) -> ExitCode:
        rotation.refuse_bad_values()
        order = rotation.order(app)
        hazards = () if order.backup or NO_BACKUP in order.allow else (NO_BACKUP,)
        if not yes or hazards:
            return await _planned(app, options, order, hazards)
        attached = order.soak + order.drain + 180.0 if wait is None else wait
        return await order_and_follow(app, options.out, order, attached)

    return with_app(options, body, **rotation.settings())


async def _planned(
    app: composition.App, options: Options, order: PinRotationOrder, hazards: tuple[str, ...]
) -> ExitCode:
    from ..pipelines.effects import CertificateFiles

    report = await asyncio.to_thread(app.certificates.files, order.new, "", order.profile)
    new, old = _pin_of(order.new, order.kind), _pin_of(order.old, order.kind)
    backup = _pin_of(CertificateFiles(order.backup), order.kind) if order.backup else ""
    with_backup = f" and {backup} (backup)" if backup else ""
    plan = Planned(
        journey="pin-rotation",
        subject=order.client_id,
        platform=platform_of(app.settings),
        steps=(
            f"read the live pins and judge {order.new.certificate}",
            f"publish {new} (new) beside {old} (old){with_backup}; {order.kind} pins",
            f"wait {order.soak:.0f} s, then {order.handshakes} handshakes on all endpoints",
            f"keep both for {order.drain:.0f} s and observe again",
            f"retire the old pin when at least {order.target_rate} match by the lower bound, "
            "else restore the pins of before",
            ledger_step(app.settings),
        ),
        hazards=hazards,
        findings=report.findings,
        perform=_perform(order, hazards),
    )
    return show(options.out, plan, refused=report.blocks)


def _perform(order: PinRotationOrder, hazards: tuple[str, ...]) -> str:
    allowed = "".join(f" --allow {name}" for name in (*order.allow, *hazards))
    return f"gctrust pins rotate --yes{allowed}"


def _pin_of(files: CertificateFiles, kind: str) -> str:
    """The pin of the files' leaf. Raises Problem file.*, cli.nothing-to-pin."""
    from ..adapters.files import read_files
    from ..certs.chain import sort_bundle
    from ..errors import Problem
    from ..pins.spki import Pin
    from .pin import NOTHING_TO_PIN

    leaf = sort_bundle(read_files((files.certificate, files.key))).leaf
    if leaf is None:
        raise Problem(NOTHING_TO_PIN, {"path": files.certificate})
    pin = Pin.of_spki(leaf.spki) if kind == "spki" else Pin.of_certificate(leaf.der)
    return pin.base64


@app.command
def status(
    *,
    client_id: str = "",
    options: Options = Options(),  # noqa: B008 - frozen
) -> ExitCode:
    """The live pins of an OAuth client.

    Parameters
    ----------
    client_id
        The OAuth client (also: PIN_CLIENT_ID).
    """

    async def body(app: composition.App) -> ExitCode:
        found = await _client(app)
        shown = PinsShown(
            found.id, found.mtls_required, found.pin_kind, found.service_id,
            found.primary_pin, found.fallback_pin, found.backup_pin,
        )  # fmt: skip
        options.out.answer("pins.status", shown, _status_blocks(shown))
        return ExitCode.FINE

    return with_app(options, body, pin_client_id=client_id)


async def _client(app: composition.App) -> OAuthClient:
    return await app.genesys.get_oauth_client(str(app.settings.require("pin_client_id")))


def _status_blocks(shown: PinsShown) -> list[Block]:
    roles = (("primary", shown.primary), ("fallback", shown.fallback), ("backup", shown.backup))
    mtls = "required" if shown.mtls_required else "not required"
    blocks: list[Block] = [Heading(f"{shown.client_id}  mTLS {mtls}, {shown.kind} pins")]
    return blocks + [f"  {role:<8} {pin}" for role, pin in roles if pin]


@app.command
def check(
    cert: str,
    /,
    *,
    client_id: str = "",
    options: Options = Options(),  # noqa: B008 - frozen
) -> ExitCode:
    """Whether a certificate is among an OAuth client's live pins.

    Parameters
    ----------
    cert
        The certificate file.
    client_id
        The OAuth client (also: PIN_CLIENT_ID).
    """

    async def body(app: composition.App) -> ExitCode:
        from ..pipelines.effects import CertificateFiles

        found = await _client(app)
        pin = _pin_of(CertificateFiles(cert), found.pin_kind)
        live = {
            found.primary_pin: "primary",
            found.fallback_pin: "fallback",
            found.backup_pin: "backup",
        }
        shown = PinsChecked(found.id, cert, found.pin_kind, pin, live.get(pin, ""))
        verdict = f"is the {shown.role} pin" if shown.role else "is no live pin"
        line = f"{cert}: {pin} {verdict} of {found.id} ({found.pin_kind} pins)"
        options.out.answer("pins.check", shown, [line])
        return ExitCode.FINE if shown.role else ExitCode.FINDINGS

    return with_app(options, body, pin_client_id=client_id)
