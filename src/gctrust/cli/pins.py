"""`gctrust pins`: journey 3, a client certificate's pins rotated without a refused handshake."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import App, Parameter

from .attached import RunShown, order_and_follow
from .bulk import Waves
from .change_reason import Why
from .exit_codes import ExitCode
from .output import Block, Heading
from .pins_many import rotate_list
from .pins_order import NO_BACKUP, Clients, Declared, Files, Pace, order_of
from .pins_plan import flags_of, pin_of, plan_of
from .pins_steer import rotation_of, steer, tell_stages, write_trust
from .session import Options, with_app

if TYPE_CHECKING:
    from .. import app as composition
    from ..adapters.genesys.wire import OAuthClient

app = App(name="pins", help="Client-certificate pins: rotated without a refused handshake.")
app.command(
    "gctrust.cli.pins_watch:watch",
    name="watch",
    help="Keep a gateway right through the switch of data actions' certificates.",
)


@dataclass(frozen=True, slots=True)
class PinsShown:
    """Pins are base64 SHA-256 of what `kind` names; `rotation` is the client's last one."""

    client_id: str
    mtls_required: bool
    kind: str
    service_id: str
    primary: str
    fallback: str
    backup: str
    rotation: RunShown | None = None


@dataclass(frozen=True, slots=True)
class PinsChecked:
    """`role` is the live pin the file's certificate matches, empty when none."""

    client_id: str
    file: str
    kind: str
    pin: str
    role: str


@app.command
def rotate(
    *,
    yes: Annotated[bool, Parameter(negative="")] = False,
    wait: float | None = None,
    files: Files = Files(),  # noqa: B008 - frozen
    clients: Clients = Clients(),  # noqa: B008
    pace: Pace = Pace(),  # noqa: B008
    declared: Declared = Declared(),  # noqa: B008
    waves: Waves = Waves(),  # noqa: B008
    why: Why = Why(),  # noqa: B008 - frozen
    options: Options = Options(),  # noqa: B008
) -> ExitCode:
    """Publish the new pin beside the old one, switch the clients, retire the old pin when unused.

    Parameters
    ----------
    yes
        Do it; without it the files are judged and the plan is printed.
    wait
        Seconds to stay attached; then exit code 8, and the run goes on with `runs resume`.
    """

    async def body(app: composition.App) -> ExitCode:
        if waves.source:
            return await rotate_list(
                app, options, waves, (files, clients, pace, declared), yes=yes, wait=wait
            )
        order = order_of(app, files, clients, pace, declared)
        hazards = () if order.backup or NO_BACKUP in order.allow else (NO_BACKUP,)
        if not yes or hazards:
            flags = flags_of(files, clients, pace, declared)
            return await plan_of(app, options.out, order, hazards, flags)
        attached = order.soak + order.drain + order.confirm + 180.0 if wait is None else wait
        return await order_and_follow(app, options.out, order, attached, beside=tell_stages)

    return with_app(options, body, **why.settings, **files.settings(), **clients.settings())


@app.command
def status(
    *,
    client_id: str = "",
    root: Path | None = None,
    options: Options = Options(),  # noqa: B008 - frozen
) -> ExitCode:
    """The live pins of an OAuth client, and where its rotation stands. In the published dialect:
    the client certificates of data actions, and where the watch of a gateway stands.

    Parameters
    ----------
    client_id
        The OAuth client (also: PIN_CLIENT_ID).
    root
        The platform's regional root, in the published dialect.
    """

    async def body(app: composition.App) -> ExitCode:
        if app.settled.dialect == "platform":
            from .pins_watch import shown_status

            return await shown_status(app, options, root)
        found = await _client(app)
        row = rotation_of(app, found.id)
        shown = PinsShown(
            found.id, found.mtls_required, found.pin_kind, found.service_id,
            found.primary_pin, found.fallback_pin, found.backup_pin,
            RunShown.of(row) if row else None,
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
    blocks += [f"  {role:<8} {pin}" for role, pin in roles if pin]
    run = shown.rotation
    if run is not None:
        doing = (
            f"waits until {run.waiting_until}: {run.waiting_for}" if run.waiting_for else run.note
        )
        blocks.append(f"  rotation {run.run}: {run.status}, {run.stage}  {doing}")
    return blocks


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
        pin = pin_of(CertificateFiles(cert), found.pin_kind)
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


@app.command
def advance(
    *,
    client_id: str = "",
    wait: float = 30.0,
    why: Why = Why(),  # noqa: B008 - frozen
    options: Options = Options(),  # noqa: B008 - frozen
) -> ExitCode:
    """Confirm what the rotation waits for your word for: a client switched, or nobody left on old.

    Parameters
    ----------
    client_id
        The OAuth client whose pins rotate (also: PIN_CLIENT_ID).
    wait
        Seconds to stay attached.
    """

    async def body(app: composition.App) -> ExitCode:
        return await steer(app, options.out, "advance", wait)

    return with_app(options, body, **why.settings, pin_client_id=client_id)


@app.command
def rollback(
    *,
    client_id: str = "",
    wait: float = 60.0,
    why: Why = Why(),  # noqa: B008 - frozen
    options: Options = Options(),  # noqa: B008 - frozen
) -> ExitCode:
    """Take the running rotation back: clients first, the pins of before last.

    Parameters
    ----------
    client_id
        The OAuth client whose pins rotate (also: PIN_CLIENT_ID).
    wait
        Seconds to stay attached.
    """

    async def body(app: composition.App) -> ExitCode:
        return await steer(app, options.out, "roll-back", wait)

    return with_app(options, body, **why.settings, pin_client_id=client_id)


@app.command
def trust(
    *authorities: Path,
    bundle: Path | None = None,
    nginx: Path | None = None,
    options: Options = Options(),  # noqa: B008 - frozen
) -> ExitCode:
    """The other direction: write the CAs that a client trusts, for the platform's certificates.

    Parameters
    ----------
    authorities
        Files with CA certificates.
    bundle
        Write them as one PEM bundle here.
    nginx
        Write an nginx snippet here that verifies by the bundle.
    """
    if not authorities or bundle is None:
        return options.out.usage("give CA files and --bundle", "gctrust pins trust --help")
    return write_trust(options.out, authorities, bundle, nginx)
