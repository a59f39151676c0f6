"""`gctrust tls trusted|rotate|retract|affected`: certificates that the published API holds: the
signing certificates of identity providers, the certificate authorities of edges."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from ..findings import Finding
from ..pipelines.events import PLATFORM_TRUST
from .attached import instant, order_and_follow
from .change_reason import Why
from .exit_codes import ExitCode
from .findings_shown import bad_argument, findings_blocks
from .output import Block, Heading
from .plan import Planned, ledger_step, platform_of, show
from .published_runs import absolute, not_below, refuse_other_dialect, take_back
from .session import Options, with_app

if TYPE_CHECKING:
    from .. import app as composition
    from ..pipelines.orders import TrustOrder
    from ..pipelines.trust_effects import TrustedOne, TrustHeld

WEEK = 7 * 86_400.0
ATTACHED = 30.0


@dataclass(frozen=True, slots=True)
class CertificateHeldShown:
    sha256: str
    subject: str
    not_after: str
    name: str


@dataclass(frozen=True, slots=True)
class HolderShown:
    """`signs`: the platform signs what it sends to this provider, with its own certificate."""

    holder: str
    name: str
    disabled: bool
    signs: bool
    certificates: tuple[CertificateHeldShown, ...]


@dataclass(frozen=True, slots=True)
class TrustShown:
    holders: tuple[HolderShown, ...]
    findings: tuple[Finding, ...]


def trusted(*, options: Options = Options()) -> ExitCode:  # noqa: B008 - frozen
    """Every certificate of ours that the platform trusts, and which of them end soon."""

    async def body(app: composition.App) -> ExitCode:
        from ..pipelines.platform_trust import expiring

        held = await _all(app)
        return _told(options, "tls.trusted", held, expiring(held, app.clock.now()))

    return with_app(options, body)


def affected(*, options: Options = Options()) -> ExitCode:  # noqa: B008 - frozen
    """Which identity providers must learn the platform's own next SSO certificate, once announced.

    The platform has no call that shows that certificate: it comes with the announcement.
    """

    async def body(app: composition.App) -> ExitCode:
        from ..pipelines.platform_trust import affected as concerned

        held = await _all(app)
        return _told(options, "tls.affected", held, concerned(held))

    return with_app(options, body)


def rotate(
    holder: str,
    /,
    *,
    cert: Path,
    replaces: Annotated[tuple[str, ...], Parameter(negative="")] = (),
    overlap: float = WEEK,
    name: str = "",
    yes: Annotated[bool, Parameter(negative="")] = False,
    wait: float = ATTACHED,
    why: Why = Why(),  # noqa: B008 - frozen
    options: Options = Options(),  # noqa: B008 - frozen
) -> ExitCode:
    """Publish a certificate beside the one it replaces, and retire that after an overlap.

    Parameters
    ----------
    holder
        `provider/ID` for an identity provider's signing certificate, `edges` for a CA of edges.
    cert
        The new certificate.
    replaces
        SHA-256 of what goes; for a provider, all it holds unless one is named.
    overlap
        Seconds in which both are held.
    name
        The name of a new authority of edges.
    yes
        Do it; without it the plan is printed.
    wait
        Seconds to stay attached; then exit code 8, and the run goes on with `runs resume`.
    """

    async def body(app: composition.App) -> ExitCode:
        from ..pipelines.orders import TrustOrder

        _check(app, holder)
        seconds = not_below("--overlap", overlap, 0.0)
        gone = tuple(one.lower() for one in replaces)
        order = TrustOrder(holder, absolute(cert), gone, seconds, name, seconds + 30 * 86_400.0)
        if not yes:
            return await _planned(app, options, order)
        return await order_and_follow(app, options.out, order, wait)

    return with_app(options, body, **why.settings)


def retract(
    holder: str,
    /,
    *,
    wait: float = 60.0,
    why: Why = Why(),  # noqa: B008 - frozen
    options: Options = Options(),  # noqa: B008 - frozen
) -> ExitCode:
    """During the overlap: the new certificate goes again, the old one stays.

    Parameters
    ----------
    holder
        As `tls rotate` was given it.
    wait
        Seconds to stay attached.
    """

    async def body(app: composition.App) -> ExitCode:
        _check(app, holder)
        return await take_back(app, options.out, f"platform-trust:{holder}", wait)

    return with_app(options, body, **why.settings)


def _check(app: composition.App, holder: str) -> None:
    """Raises Problem genesys.not-in-dialect, cli.bad-argument."""
    from ..pipelines.trust_effects import EDGES, PROVIDER

    refuse_other_dialect(app.settled, "provider.get")
    id = holder.removeprefix(PROVIDER)
    named = holder.startswith(PROVIDER) and id and "/" not in id and id not in (".", "..")
    if holder != EDGES and not named:
        raise bad_argument("HOLDER", holder, "Give provider/ID, or edges.")


async def _all(app: composition.App) -> tuple[TrustHeld, ...]:
    refuse_other_dialect(app.settled, "provider.list")
    return await app.published.trust.all()


async def _planned(app: composition.App, options: Options, order: TrustOrder) -> ExitCode:
    from ..findings import Severity
    from ..pipelines.platform_trust import judge, replaced_by
    from ..pipelines.trust_effects import ReadNewCertificate, ReadTrust

    trust = app.published.trust
    new = await trust.read_new(ReadNewCertificate(order.certificate))
    held = await trust.read(ReadTrust(order.holder))
    found = judge(order, new, held, app.clock.now())
    gone = replaced_by(order, new.one, held)
    there = new.one.sha256 in held.digests
    publish = "is held already" if there else "is published beside what is held"
    flags = "".join(f" --replaces {one}" for one in order.replaces)
    flags += f" --overlap {order.overlap:g}" + (f" --name '{order.name}'" if order.name else "")
    told = Planned(
        journey="platform-trust",
        subject=order.holder,
        platform=platform_of(app.settings),
        steps=(
            f"{new.one.subject} {publish}",
            f"both are held for {order.overlap:g} s" if gone else "nothing is replaced",
            *(f"{_label(held, one)} goes" for one in gone),
            ledger_step(app, PLATFORM_TRUST),
        ),
        hazards=(),
        findings=found,
        perform=f"gctrust tls rotate {order.holder} --cert {order.certificate}{flags} --yes",
    )
    refused = any(one.severity >= Severity.CRITICAL for one in found)
    return show(options.out, told, refused=refused)


def _label(held: TrustHeld, digest: str) -> str:
    one = next((one for one in held.certificates if one.sha256 == digest), None)
    return f"{one.subject} ({digest[:16]})" if one else digest


def _told(
    options: Options, schema: str, held: tuple[TrustHeld, ...], found: tuple[Finding, ...]
) -> ExitCode:
    shown = TrustShown(tuple(_holder(one) for one in held), found)
    options.out.answer(schema, shown, _blocks(shown))
    return ExitCode.FINDINGS if found else ExitCode.FINE


def _holder(held: TrustHeld) -> HolderShown:
    listed = tuple(_certificate(one) for one in held.certificates)
    return HolderShown(held.holder, held.name, held.disabled, held.signs, listed)


def _certificate(one: TrustedOne) -> CertificateHeldShown:
    return CertificateHeldShown(one.sha256, one.subject, instant(one.not_after), one.name)


def _blocks(shown: TrustShown) -> Iterator[Block]:
    for holder in shown.holders:
        told = [holder.name] if holder.name else []
        told += ["disabled"] if holder.disabled else []
        told += ["the platform signs what it sends there"] if holder.signs else []
        yield Heading(holder.holder + (f"  {', '.join(told)}" if told else ""))
        for one in holder.certificates:
            yield f"  {one.sha256}  until {one.not_after}  {one.name or one.subject}"
        if not holder.certificates:
            yield "  no certificate"
    yield from findings_blocks(shown.findings)
