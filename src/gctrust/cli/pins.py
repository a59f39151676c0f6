"""`gctrust pins`: journey 3, a client certificate's pins rotated without a refused handshake."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from cyclopts import App, Parameter

from .attached import order_and_follow
from .domain import ledger_step, platform_of
from .exit_codes import ExitCode
from .output import Block, Heading
from .plan import Planned, show
from .session import Options, with_app

if TYPE_CHECKING:
    from .. import app as composition
    from ..adapters.genesys.wire import OAuthClient
    from ..pipelines.orders import PinRotationOrder

app = App(name="pins", help="Client-certificate pins: rotate, status, check.")

NO_BACKUP = "pin.no-backup"


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


@app.command
def rotate(
    *,
    yes: Annotated[bool, Parameter(negative="")] = False,
    client_id: str = "",
    service_id: str = "",
    new_cert: str = "",
    new_key: str = "",
    old_cert: str = "",
    old_key: str = "",
    backup_cert: str = "",
    pin_kind: str = "",
    soak: float = 120.0,
    drain: float = 600.0,
    target_rate: float = 0.99,
    handshakes: int = 400,
    allow: tuple[str, ...] = (),
    wait: float | None = None,
    options: Options = Options(),  # noqa: B008 - frozen
) -> ExitCode:
    """Publish the new pin beside the old one, prove both are accepted, then retire the old one.

    Parameters
    ----------
    yes
        Do it; without it the plan is printed.
    client_id
        The OAuth client whose pins rotate (also: PIN_CLIENT_ID).
    service_id
        The service the client stands for (also: SERVICE_ID).
    new_cert
        The new certificate (also: NEW_CERT_PATH).
    new_key
        Its private key (also: NEW_KEY_PATH).
    old_cert
        The certificate in use (also: OLD_CERT_PATH).
    old_key
        Its private key; with it the old certificate is observed too.
    backup_cert
        The backup certificate (also: BACKUP_CERT_PATH).
    pin_kind
        What pins hash: certificate or spki.
    soak
        Seconds between publishing and the first use of the new certificate.
    drain
        Seconds both certificates stay pinned after the switch.
    target_rate
        The least match rate, by its 95 % lower bound.
    handshakes
        Handshakes of one observation.
    allow
        A hazard to allow, by name.
    wait
        Seconds to stay attached; then exit code 8, and the run goes on with `runs resume`.
    """

    async def body(app: composition.App) -> ExitCode:
        _refuse_bad_guard(soak, drain, target_rate, handshakes)
        order = _order(app, old_key, (soak, drain), (target_rate, handshakes), allow)
        hazards = () if order.backup or NO_BACKUP in allow else (NO_BACKUP,)
        if not yes or hazards:
            return show(options.out, _plan(app, order, hazards))
        attached = soak + drain + 180.0 if wait is None else wait
        return await order_and_follow(app, options.out, order, attached)

    return with_app(
        options,
        body,
        pin_client_id=client_id,
        service_id=service_id,
        new_cert_path=new_cert,
        new_key_path=new_key,
        old_cert_path=old_cert,
        backup_cert_path=backup_cert,
        pin_kind=pin_kind,
    )


def _refuse_bad_guard(soak: float, drain: float, target_rate: float, handshakes: int) -> None:
    """A guard that nothing or anything meets guards nothing. Raises Problem cli.bad-argument."""
    from .findings_shown import bad_argument

    for name, seconds in (("--soak", soak), ("--drain", drain)):
        if not 0 <= seconds < float("inf"):
            raise bad_argument(name, str(seconds), "Give seconds, 0 or more.")
    if not 0 < target_rate < 1:
        raise bad_argument("--target-rate", str(target_rate), "Give a rate between 0 and 1.")
    if handshakes < 1:
        raise bad_argument("--handshakes", str(handshakes), "Give at least 1 handshake.")


def _order(
    app: composition.App,
    old_key: str,
    times: tuple[float, float],
    guard: tuple[float, int],
    allow: tuple[str, ...],
) -> PinRotationOrder:
    from pathlib import Path

    from ..pipelines.effects import CertificateFiles
    from ..pipelines.orders import PinRotationOrder

    settings = app.settings
    return PinRotationOrder(
        client_id=str(settings.require("pin_client_id")),
        service_id=str(settings.require("service_id")),
        new=CertificateFiles(
            str(settings.require("new_cert_path")), str(settings.require("new_key_path"))
        ),
        old=CertificateFiles(
            str(settings.require("old_cert_path")), str(Path(old_key).resolve()) if old_key else ""
        ),
        backup=str(settings.backup_cert_path or ""),
        kind=settings.pin_kind,
        soak=times[0],
        drain=times[1],
        target_rate=guard[0],
        handshakes=guard[1],
        allow=allow,
    )


def _plan(app: composition.App, order: PinRotationOrder, hazards: tuple[str, ...]) -> Planned:
    from pathlib import Path

    new, old = (
        _pin_of(Path(order.new.certificate), order.kind),
        _pin_of(Path(order.old.certificate), order.kind),
    )
    with_backup = f" and {_pin_of(Path(order.backup), order.kind)} (backup)" if order.backup else ""
    return Planned(
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
        findings=(),
        perform=_perform(order, hazards),
    )


def _perform(order: PinRotationOrder, hazards: tuple[str, ...]) -> str:
    allowed = "".join(f" --allow {name}" for name in (*order.allow, *hazards))
    return f"gctrust pins rotate --yes{allowed}"


def _pin_of(path: object, kind: str) -> str:
    """The pin of the first certificate in the file."""
    from pathlib import Path

    from ..certs.bundle import read_bundle
    from ..errors import Problem
    from ..pins.spki import Pin
    from .pin import NOTHING_TO_PIN, read_file

    assert isinstance(path, Path)
    certificates = read_bundle(read_file(path), name=path.name).certificates
    if not certificates:
        raise Problem(NOTHING_TO_PIN, {"path": str(path)})
    leaf = certificates[0]
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
    from pathlib import Path

    async def body(app: composition.App) -> ExitCode:
        found = await _client(app)
        pin = _pin_of(Path(cert), found.pin_kind)
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
