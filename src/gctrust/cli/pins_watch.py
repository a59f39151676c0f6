"""`gctrust pins watch`: a gateway that data actions call is kept right through their switch."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from ..findings import Finding
from ..pipelines.events import GATEWAY_CHANGED
from .attached import RunShown, instant, order_and_follow
from .change_reason import Why
from .exit_codes import ExitCode
from .findings_shown import bad_argument, findings_blocks
from .output import Block, Heading
from .pins_steer import tell_stages
from .plan import Planned, ledger_step, platform_of, show
from .published_runs import absolute, argument_vector, not_below, refuse_other_dialect
from .session import Options, kept_runs, with_app

if TYPE_CHECKING:
    from .. import app as composition
    from ..pipelines.orders import GatewayOrder
    from ..pipelines.platform_rotation import Radar

DAY = 86_400.0
ATTACHED = 30.0


@dataclass(frozen=True, slots=True)
class ShownCertificate:
    """Pins are base64 SHA-256. `trusted`: the regional root signed it; None without a root."""

    status: str
    certificate_pin: str
    spki_pin: str
    subject: str
    not_after: str | None
    trusted: bool | None


@dataclass(frozen=True, slots=True)
class RadarShown:
    """`agreed`: two reads in a row said the same; `watch` is the newest run of a gateway."""

    agreed: bool
    certificates: tuple[ShownCertificate, ...]
    findings: tuple[Finding, ...]
    watch: RunShown | None


def watch(
    *,
    bundle: Path,
    pins: Path,
    root: Path | None = None,
    nginx: Path | None = None,
    gateway: str = "",
    reload: str = "",
    every: float = DAY,
    looks: int = 3,
    yes: Annotated[bool, Parameter(negative="")] = False,
    wait: float = ATTACHED,
    why: Why = Why(),  # noqa: B008 - frozen
    options: Options = Options(),  # noqa: B008 - frozen
) -> ExitCode:
    """Hold what data actions show, before their switch; let the old go once the new is in use.

    Parameters
    ----------
    bundle
        The trust store to write: PEM.
    pins
        The pins to write: one certificate a line, base64 SHA-256 first.
    root
        The platform's regional root; without it what is shown is believed.
    nginx
        Directives to write for nginx's server block.
    gateway
        HOST:PORT of the gateway, to prove by handshakes that it trusts what was written.
    reload
        Its reload command, a JSON list: no shell reads it.
    every
        Seconds from look to look.
    looks
        How many have to agree on the new certificate before the old one goes.
    yes
        Do it; without it the plan is printed.
    wait
        Seconds to stay attached; then exit code 8, and the run goes on with `runs resume`.
    """

    async def body(app: composition.App) -> ExitCode:
        from ..pipelines.orders import GatewayOrder

        refuse_other_dialect(app.settled, "action-certificate.list")
        order = GatewayOrder(
            absolute(bundle), absolute(pins), absolute(root), absolute(nginx), _endpoint(gateway),
            argument_vector(reload), not_below("--every", every, 1.0),
            int(not_below("--looks", looks, 1)),
        )  # fmt: skip
        _refuse_one_for_two(order)
        if not yes:
            return await _planned(app, options, order)
        return await order_and_follow(app, options.out, order, wait, beside=tell_stages)

    return with_app(options, body, **why.settings)


async def shown_status(app: composition.App, options: Options, root: Path | None) -> ExitCode:
    """What `pins status` says in the published dialect."""
    rows = kept_runs(app).all()
    row = next((one for one in rows if one.journey == "data-actions"), None)
    radar = await _look(app, absolute(root))
    shown = _radar(radar, RunShown.of(row) if row else None)
    options.out.answer("pins.shown", shown, _blocks(shown))
    return ExitCode.FINDINGS if shown.findings else ExitCode.FINE


async def _look(app: composition.App, root: str) -> Radar:
    from ..pipelines.gateway_effects import LookAtShown

    return await app.published.gateway.look(LookAtShown(root))


async def _planned(app: composition.App, options: Options, order: GatewayOrder) -> ExitCode:
    from ..pipelines.data_actions import strangers

    radar = await _look(app, order.root)
    held = [f"hold {one.status}: {one.subject}, {one.certificate_pin}" for one in radar.shown]
    proof = f"prove it by handshakes with {order.endpoint}" if order.endpoint else (
        "no gateway is named (--gateway): nothing proves that it trusts what is written"
    )  # fmt: skip
    given = [("--bundle", order.bundle), ("--pins", order.pins), ("--root", order.root),
             ("--nginx", order.nginx), ("--gateway", order.endpoint)]  # fmt: skip
    flags = "".join(f" {flag} {value}" for flag, value in given if value)
    told = Planned(
        journey="data-actions",
        subject=order.endpoint or order.pins,
        platform=platform_of(app.settings),
        steps=(
            *(held or ["two reads in a row do not agree: look again later"]),
            f"write {', '.join(one for one in (order.bundle, order.pins, order.nginx) if one)}",
            proof,
            f"let the old one go {order.looks} looks after Current is another",
            ledger_step(app, GATEWAY_CHANGED),
        ),
        hazards=(),
        findings=strangers(radar),
        perform=f"gctrust pins watch{flags} --every {order.every:g} --looks {order.looks} --yes",
    )
    return show(options.out, told, refused=bool(told.findings))


def _refuse_one_for_two(order: GatewayOrder) -> None:
    """Raises Problem cli.bad-argument where one file would be written over another."""
    named = [one for one in (order.bundle, order.pins, order.nginx, order.root) if one]
    twice = next((one for one in named if named.count(one) > 1), "")
    if twice:
        raise bad_argument("--bundle, --pins, --nginx, --root", twice, "Give a file for each.")


def _endpoint(text: str) -> str:
    """Raises Problem cli.bad-argument."""
    from ..adapters.tls.edge_probe import endpoint
    from .endpoint import read_endpoint

    if not text:
        return ""
    host, port = read_endpoint(text)
    return endpoint(host, port or 443)


def _radar(radar: Radar, run: RunShown | None) -> RadarShown:
    from ..pipelines.data_actions import strangers

    listed = tuple(
        ShownCertificate(
            one.status, one.certificate_pin, one.spki_pin, one.subject,
            instant(one.expires) if one.expires is not None else None, one.trusted,
        )
        for one in radar.shown
    )  # fmt: skip
    return RadarShown(radar.agreed, listed, strangers(radar), run)


def _blocks(shown: RadarShown) -> Iterator[Block]:
    yield Heading("client certificates of data actions")
    if not shown.agreed:
        yield "  two reads in a row do not agree: the platform is switching; look again later"
    for one in shown.certificates:
        root = {True: "signed by the root", False: "NOT signed by the root", None: "root unknown"}
        yield f"  {one.status:<8}  until {one.not_after}  {one.subject}  ({root[one.trusted]})"
        yield f"            certificate {one.certificate_pin}  spki {one.spki_pin}"
    if shown.watch is not None:
        yield f"  watch {shown.watch.run}: {shown.watch.status}, {shown.watch.note}"
    if shown.findings:
        yield from findings_blocks(shown.findings)
