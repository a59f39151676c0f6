"""`gctrust tls`: journey 2, a custom domain's certificate from its files to handshakes."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from cyclopts import App, Parameter

from .attached import order_and_follow
from .check_cert import Profile
from .domain import ledger_step, platform_of
from .exit_codes import ExitCode
from .output import Block, Heading
from .plan import Planned, show
from .session import Options, with_app

if TYPE_CHECKING:
    from .. import app as composition
    from ..pipelines.orders import CustomDomainOrder

app = App(name="tls", help="Custom domains: deploy a certificate, see what it serves.")

ATTACHED = 300.0  # seconds; edges take minutes at most, the run itself lasts an hour


@dataclass(frozen=True, slots=True)
class TlsShown:
    """`status` is the platform's; `leaf_sha256` that of the certificate it holds."""

    domain: str
    id: str | None
    status: str
    leaf_sha256: str | None


@app.command
def deploy(
    name: str = "",
    /,
    *,
    yes: Annotated[bool, Parameter(negative="")] = False,
    cert: str = "",
    key: str = "",
    chain: str = "",
    profile: Profile | None = None,
    handshakes: int = 50,
    wait: float = ATTACHED,
    options: Options = Options(),  # noqa: B008 - frozen
) -> ExitCode:
    """Validate a certificate, upload it, and prove with handshakes that every edge serves it.

    Parameters
    ----------
    name
        The custom domain (also: TARGET_DOMAIN).
    yes
        Do it; without it the files are judged and the plan is printed.
    cert
        The certificate file (also: CERT_PATH).
    key
        Its private key file (also: KEY_PATH).
    chain
        The intermediates (also: CHAIN_PATH).
    profile
        What the certificate is for: public, private or client.
    handshakes
        Full handshakes with each edge.
    wait
        Seconds to stay attached; then exit code 8, and the run goes on with `runs resume`.
    """

    async def body(app: composition.App) -> ExitCode:
        order = _order(app, profile or app.certificates.profile, handshakes)
        if not yes:
            return await _planned(app, options, order)
        return await order_and_follow(app, options.out, order, wait)

    return with_app(options, body, target_domain=name, cert_path=cert, key_path=key,
                    chain_path=chain)  # fmt: skip


def _order(app: composition.App, profile: str, handshakes: int) -> CustomDomainOrder:
    from ..pipelines.effects import CertificateFiles
    from ..pipelines.orders import CustomDomainOrder

    settings = app.settings
    files = CertificateFiles(
        str(settings.require("cert_path")),
        str(settings.require("key_path")),
        str(settings.chain_path or ""),
    )
    domain = str(settings.require("target_domain"))
    return CustomDomainOrder(domain, files, profile, handshakes)


async def _planned(app: composition.App, options: Options, order: CustomDomainOrder) -> ExitCode:
    report = await asyncio.to_thread(
        app.certificates.files, order.files, order.domain, order.profile
    )
    plan = Planned(
        journey="custom-domain",
        subject=order.domain,
        platform=platform_of(app.settings),
        steps=(
            f"upload {order.files.certificate}: create {order.domain}, renew it, or leave it "
            "when it already serves this certificate",
            "find the platform's own audit entry",
            f"{order.handshakes} full handshakes with every edge",
            ledger_step(app.settings),
        ),
        hazards=(),
        findings=report.findings,
        perform=f"gctrust tls deploy {order.domain} --yes",
    )
    return show(options.out, plan, refused=report.blocks)


@app.command
def status(
    name: str = "",
    /,
    *,
    options: Options = Options(),  # noqa: B008 - frozen
) -> ExitCode:
    """Which certificate the platform holds for a domain.

    Parameters
    ----------
    name
        The custom domain (also: TARGET_DOMAIN).
    """

    async def body(app: composition.App) -> ExitCode:
        domain = str(app.settings.require("target_domain"))
        found = await app.genesys.find_custom_domain(domain)
        if found is None:
            shown = TlsShown(domain, None, "not-registered", None)
        else:
            shown = TlsShown(domain, found.id, found.status, _leaf(found.certificate))
        blocks: list[Block] = [Heading(f"{domain}  {shown.status}")]
        blocks += [f"  leaf sha256 {shown.leaf_sha256}"] if shown.leaf_sha256 else []
        options.out.answer("tls.status", shown, blocks)
        return ExitCode.FINE if found else ExitCode.FINDINGS

    return with_app(options, body, target_domain=name)


def _leaf(pem: str) -> str | None:
    from hashlib import sha256

    from ..certs.bundle import read_bundle

    certificates = read_bundle(pem.encode()).certificates if pem else ()
    return sha256(certificates[0].der).hexdigest() if certificates else None
