"""`gctrust domain test`: whether the platform can send as a domain, in plain words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Annotated, Final

from cyclopts import Parameter

from ..errors import Fact, Problem
from .change_reason import Why
from .domain_published import meant
from .exit_codes import ExitCode
from .findings_shown import bad_argument
from .plan import Planned, platform_of, show
from .session import Options, with_app

if TYPE_CHECKING:
    from .. import app as composition
    from ..pipelines.platform_domain import PlatformDomain

# The published API's error codes; what each asks of its reader.
WORDS: Final[Mapping[str, str]] = {
    "email.error.integration.connection": "The platform cannot connect: the domain has no SMTP"
    " server of its own and is not verified to send yet, or that server refuses the connection.",
    "email.error.integration.ssl": "TLS with the domain's SMTP server fails: look at its"
    " certificate with `gctrust check host HOST:465`.",
    "email.error.integration.authentication": "The SMTP server refuses the user name or the"
    " password that the platform holds: renew them in the integration.",
    "email.error.integration.host": "The SMTP server's host name is unknown: correct it in the"
    " integration.",
    "email.error.integration.timeout": "The SMTP server does not answer in time: may the"
    " platform's addresses reach it?",
    "feature.forbidden": "The organisation may not use test connections: ask the vendor.",
}


@dataclass(frozen=True, slots=True)
class ConnectionShown:
    """`works`: the platform connected, and sent the message where one was asked for (`to`)."""

    domain: str
    works: bool
    to: str
    code: str
    said: str


def try_connection(
    name: str = "",
    /,
    *,
    outbound: Annotated[bool, Parameter(negative="")] = False,
    sender: Annotated[str, Parameter(name="--from")] = "",
    to: str = "",
    yes: Annotated[bool, Parameter(negative="")] = False,
    why: Why = Why(),  # noqa: B008 - frozen
    options: Options = Options(),  # noqa: B008 - frozen
) -> ExitCode:
    """Have the platform connect to the domain's SMTP server, or send one test message.

    Parameters
    ----------
    name
        The domain (also: TARGET_DOMAIN).
    outbound
        It is a campaign domain.
    sender
        Who the test message is from; without it and --to the platform only connects.
    to
        Who it is for.
    yes
        Send it; without it nothing is sent.
    """

    async def body(app: composition.App) -> ExitCode:
        from ..pipelines.platform_domain import PlatformDomain
        from .published_runs import refuse_other_dialect

        refuse_other_dialect(app.settled, "inbound.test")
        domain = PlatformDomain.of(meant(app.settled, outbound))
        _check(sender, to)
        if to and not yes:
            return _planned(app, options, domain, sender, to)
        shown = await _tried(app, domain, sender, to)
        verdict = "works" if shown.works else "does not work"
        lines = [f"{shown.domain}: sending {verdict}. {shown.said}"]
        options.out.answer("domain.test", shown, lines)
        return ExitCode.FINE if shown.works else ExitCode.FINDINGS

    return with_app(options, body, **why.settings, target_domain=name)


def _check(sender: str, to: str) -> None:
    """Raises Problem cli.bad-argument."""
    for flag, text in (("--from", sender), ("--to", to)):
        local, _, domain = text.rpartition("@")
        if (sender or to) and not (local and domain and text.isprintable() and " " not in text):
            raise bad_argument(flag, text, "Give both --from and --to, an address each.")


async def _tried(
    app: composition.App, domain: PlatformDomain, sender: str, to: str
) -> ConnectionShown:
    """Only what the domain's own mail stands in the way of is an answer; the rest is a Problem."""
    from ..adapters.genesys.published import Published

    tell = partial(_tell, app, domain.name, sender, to)
    tell(".intended")
    try:
        await Published(app.genesys).test_connection(
            domain.name, campaign=domain.campaign, sender=sender, to=to
        )
    except Problem as problem:
        code = str(problem.facts.get("code", ""))
        tell("", works=False, code=code or problem.code)
        if code not in WORDS:
            raise
        return ConnectionShown(domain.name, False, to, code, WORDS[code])
    tell("", works=True)
    said = f"A test message went to {to}." if to else "The platform connected."
    return ConnectionShown(domain.name, True, to, "", said)


def _tell(
    app: composition.App, domain: str, sender: str, to: str, phase: str, **came: Fact
) -> None:
    """In the ledger, before and after; to connect without a message changes nothing."""
    from ..adapters.ledger.entry import Entry

    if to:
        told: dict[str, Fact] = {"from": sender, "to": to, **came}
        app.ledger.append(Entry.anew(f"send-test-message{phase}", domain, app.asker, **told))


def _planned(
    app: composition.App, options: Options, domain: PlatformDomain, sender: str, to: str
) -> ExitCode:
    outbound = " --outbound" if domain.campaign else ""
    told = Planned(
        journey="test-connection",
        subject=domain.name,
        platform=platform_of(app.settings),
        steps=(f"the platform sends a test message from {sender} to {to}",),
        hazards=(),
        findings=(),
        perform=f"gctrust domain test {domain.name}{outbound} --from {sender} --to {to} --yes",
    )
    return show(options.out, told)
