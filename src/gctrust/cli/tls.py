"""`gctrust tls`: journey 2, a custom domain's certificate from its files to handshakes."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated

from cyclopts import App, Parameter

from ..errors import Problem, ProblemKind, ProblemType
from ..pipelines.events import CUSTOM_DOMAIN
from .attached import order_and_follow
from .bulk import Waves, order_list
from .bulk_list import folder_of
from .bulk_orders import CERTIFICATES, certificates
from .certificate_flags import Profile
from .change_reason import Why
from .exit_codes import ExitCode
from .plan import Planned, ledger_step, platform_of, refuse_unknown_hazards, show
from .session import Options, with_app
from .tls_plan import looked, planned_of

if TYPE_CHECKING:
    from .. import app as composition
    from ..pipelines.deploy_plan import DeploymentPlan
    from ..pipelines.orders import CustomDomainOrder, Item
    from .bulk import Looked

NOTHING_BEFORE = ProblemType(
    "tls.nothing-before",
    "There is no certificate before that could be restored.",
    "gctrust keeps the key of the certificate it replaced, and of no other.",
    "Deploy the wanted certificate from its files: `gctrust tls deploy`.",
    source="docs/tutorials/custom-domain.md",
)
OTHER_OPEN = ProblemType(
    "tls.other-run-open",
    "Another run for this domain is open, with another certificate.",
    "Two certificates for one domain at the same time would replace each other.",
    "Let it end, or cancel it: `gctrust runs cancel RUN`.",
    kind=ProblemKind.USAGE,
    source="docs/tutorials/custom-domain.md",
)
BAD_OPTION = ProblemType(
    "tls.bad-option",
    "The value of an option makes no sense.",
    "A sample of handshakes needs a size, and nobody's edge is to be loaded by mistake.",
    "See `gctrust tls deploy --help`.",
    kind=ProblemKind.USAGE,
    source="docs/reference/commands.md",
)
PROBLEMS = (NOTHING_BEFORE, OTHER_OPEN, BAD_OPTION)

app = App(name="tls", help="Custom domains: deploy a certificate, see what it serves.")
_PUBLISHED = (  # of the published dialect
    ("trusted", "trusted", "What the platform trusts of ours, and until when."),
    ("rotate", "rotate", "Rotate an identity provider's signing certificate, or a CA of edges."),
    ("retract", "retract", "Take a rotation back while both certificates are held."),
    ("affected", "affected", "Who must learn the platform's own next SSO certificate."),
)
for _name, _function, _sentence in _PUBLISHED:
    app.command(f"gctrust.cli.tls_trust:{_function}", name=_name, help=_sentence)

MOST_HANDSHAKES = 100_000  # with each edge; nobody's edge is to be loaded by mistake
ATTACHED = 300.0  # seconds; edges take minutes at most, the run itself lasts an hour


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
    allow: Annotated[tuple[str, ...], Parameter(negative="")] = (),
    wait: float = ATTACHED,
    waves: Waves = Waves(),  # noqa: B008 - frozen
    why: Why = Why(),  # noqa: B008 - frozen
    options: Options = Options(),  # noqa: B008 - frozen
) -> ExitCode:
    """Validate a certificate, upload it, and prove with handshakes that every edge serves it.

    Parameters
    ----------
    name
        The custom domain (also: TARGET_DOMAIN).
    yes
        Do it; without it the files are judged, compared with what serves, and the plan is printed.
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
    allow
        A hazard to allow, by name.
    wait
        Seconds to stay attached; then exit code 8, and the run goes on with `runs resume`.
    """

    async def body(app: composition.App) -> ExitCode:
        kind = profile or app.certificates.profile
        if waves.source:
            waves.check(name, cert, key, chain)
            _check(allow, handshakes)
            return await _deploy_list(
                app, options, waves, _like(kind, handshakes, allow), yes=yes, wait=wait
            )
        order = _order(app, kind, handshakes, allow)
        return await _perform(app, options, order, "deploy", yes=yes, wait=wait)

    return with_app(options, body, **why.settings, target_domain=name, cert_path=cert, key_path=key,
                    chain_path=chain)  # fmt: skip


def _like(profile: str, handshakes: int, allow: tuple[str, ...]) -> CustomDomainOrder:
    """What the orders of a list have in common."""
    from ..pipelines.effects import CertificateFiles
    from ..pipelines.orders import CustomDomainOrder

    return CustomDomainOrder("", CertificateFiles(""), profile, handshakes, allow=allow)


async def _deploy_list(
    app: composition.App,
    options: Options,
    waves: Waves,
    like: CustomDomainOrder,
    *,
    yes: bool,
    wait: float,
) -> ExitCode:
    from ..pipelines.orders import CustomDomainOrder

    async def look(item: Item) -> Looked:
        assert isinstance(item, CustomDomainOrder)
        return await looked(app, item)

    listed = waves.read(CERTIFICATES, certificates(like, folder_of(waves.source)))
    command = "gctrust tls deploy" + "".join(f" --allow {name}" for name in like.allow)
    return await order_list(app, options, waves, listed, command, yes=yes, wait=wait, look=look)


@app.command
def rollback(
    name: str = "",
    /,
    *,
    yes: Annotated[bool, Parameter(negative="")] = False,
    handshakes: int = 50,
    allow: Annotated[tuple[str, ...], Parameter(negative="")] = (),
    wait: float = ATTACHED,
    why: Why = Why(),  # noqa: B008 - frozen
    options: Options = Options(),  # noqa: B008 - frozen
) -> ExitCode:
    """Restore the certificate before, from its sealed key, and prove it with handshakes.

    Parameters
    ----------
    name
        The custom domain (also: TARGET_DOMAIN).
    yes
        Do it; without it the plan is printed.
    handshakes
        Full handshakes with each edge.
    allow
        A hazard to allow, by name.
    wait
        Seconds to stay attached; then exit code 8, and the run goes on with `runs resume`.
    """

    async def body(app: composition.App) -> ExitCode:
        _check(allow, handshakes)
        order = await _back(app, handshakes, allow)
        return await _perform(app, options, order, "rollback", yes=yes, wait=wait)

    return with_app(options, body, **why.settings, target_domain=name)


@app.command
def status(
    name: str = "",
    /,
    *,
    options: Options = Options(),  # noqa: B008 - frozen
) -> ExitCode:
    """The hostname's state at the platform, and the certificate's at every edge.

    Parameters
    ----------
    name
        The custom domain (also: TARGET_DOMAIN).
    """

    async def body(app: composition.App) -> ExitCode:
        from .tls_status import blocks, code_of, look, shown

        domain = str(app.settings.require("target_domain"))
        looked = await look(app, domain)
        told = shown(domain, looked)
        options.out.answer("tls.status", told, blocks(told))
        return code_of(told, looked)

    return with_app(options, body, target_domain=name)


def _order(
    app: composition.App, profile: str, handshakes: int, allow: tuple[str, ...]
) -> CustomDomainOrder:
    from ..pipelines.effects import CertificateFiles
    from ..pipelines.orders import CustomDomainOrder

    settings = app.settings
    files = CertificateFiles(
        str(settings.require("cert_path")),
        str(settings.require("key_path")),
        str(settings.chain_path or ""),
    )
    domain = str(settings.require("target_domain"))
    return CustomDomainOrder(domain, files, profile, handshakes, allow=allow)


async def _back(app: composition.App, handshakes: int, allow: tuple[str, ...]) -> CustomDomainOrder:
    """The order that restores what was deployed before. Raises Problem tls.nothing-before."""
    from ..pipelines.effects import CertificateFiles, ReadCertificate
    from ..pipelines.orders import CustomDomainOrder

    domain = str(app.settings.require("target_domain"))
    kept = await asyncio.to_thread(app.sealed.kept, domain)
    held = await app.custom_domains.read(ReadCertificate(domain))
    before = next((one for one in kept if one.leaf_sha256 != held.leaf_sha256), None)
    if before is None:
        raise Problem(NOTHING_BEFORE, {"domain": domain, "kept": len(kept)})
    profile = app.certificates.profile
    files = CertificateFiles(before.reference)
    return CustomDomainOrder(domain, files, profile, handshakes, allow=allow, rollback=True)


async def _perform(
    app: composition.App,
    options: Options,
    order: CustomDomainOrder,
    command: str,
    *,
    yes: bool,
    wait: float,
) -> ExitCode:
    _check(order.allow, order.handshakes)
    if not yes:
        return await _planned(app, options, order, command)
    _refuse_beside(app, order)
    return await order_and_follow(app, options.out, order, wait)


def _refuse_beside(app: composition.App, order: CustomDomainOrder) -> None:
    """An order joins the open run for the same domain: not when that deploys something else."""
    for run in app.runner.runs.open_runs():
        other = run.order
        same = other is not None and other.identity == order.identity
        if same and getattr(other, "files", None) != order.files:
            raise Problem(OTHER_OPEN, {"run": run.id, "domain": order.domain})


def _check(allow: tuple[str, ...], handshakes: int) -> None:
    """Raises Problem cli.unknown-hazard, tls.bad-option."""
    from ..pipelines.deploy_plan import HAZARDS

    refuse_unknown_hazards(allow, [rule.id for rule in HAZARDS])
    if not 1 <= handshakes <= MOST_HANDSHAKES:
        reason = f"a whole number from 1 to {MOST_HANDSHAKES} is needed"
        raise Problem(BAD_OPTION, {"option": "--handshakes", "reason": reason})


def _sent(plan: DeploymentPlan, order: CustomDomainOrder) -> str:
    if plan.action == "nothing":
        return "send nothing"
    kept = "the certificate before, from its sealed key"
    what = kept if order.rollback else order.files.certificate
    return f"upload {what}, and find the platform's own audit entry"


async def _planned(
    app: composition.App, options: Options, order: CustomDomainOrder, command: str
) -> ExitCode:
    plan, found, refused = await planned_of(app, order)
    forbidden = tuple(one.rule for one in plan.forbidden(order.allow))
    allowed = "".join(f" --allow {name}" for name in (*order.allow, *forbidden))
    told = Planned(
        journey="custom-domain",
        subject=order.domain,
        platform=platform_of(app.settings),
        steps=(
            f"{plan.action}: {'; '.join(plan.changes) or 'the certificate is refused'}",
            _sent(plan, order),
            f"{order.handshakes} full handshakes with every edge",
            ledger_step(app, CUSTOM_DOMAIN),
        ),
        hazards=forbidden,
        findings=found + plan.hazards,
        perform=f"gctrust tls {command} {order.domain} --yes{allowed}",
    )
    return show(options.out, told, refused=refused)
