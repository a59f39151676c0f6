"""`gctrust check spf`: what SPF answers for one sender, term by term."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

from ..mailauth.spf_result import SpfResult
from .exit_codes import ExitCode
from .findings_shown import bad_argument
from .output import Block, Heading, Table
from .session import Options, with_app
from .spf_plan import plan_blocks, spf_plan

if TYPE_CHECKING:
    from .. import app as composition


@dataclass(frozen=True, slots=True)
class SpfChecked(SpfResult):
    """`answers_from` is empty for the world's DNS; a sandbox's is said, with its label."""

    answers_from: str = ""


def spf(
    *,
    ip: str = "",
    mail_from: str = "",
    helo: str = "",
    tree: bool = False,
    what_if_include: str = "",
    options: Options = Options(),  # noqa: B008 - frozen
) -> ExitCode:
    """What SPF answers for one sender (RFC 7208 check_host), with every term tried and its cost.

    Parameters
    ----------
    ip
        The sending address.
    mail_from
        The envelope sender; empty for a bounce.
    helo
        The name the sender gives in HELO or EHLO.
    tree
        Show the include tree in place of a verdict, with the look-ups of each branch.
    what_if_include
        Show what adding this include would cost, and the record to publish; nothing is changed.
    """
    planned = tree or bool(what_if_include)
    if not (mail_from or helo):
        return options.out.usage("check spf needs --mail-from or --helo", "gctrust check spf -h")
    if not (ip or planned):
        return options.out.usage("check spf needs --ip, --tree or --what-if-include")

    async def plan(app: composition.App) -> ExitCode:
        sender = _name("--mail-from" if mail_from else "--helo", _domain_of(mail_from) or helo)
        include = what_if_include and _name("--what-if-include", what_if_include)
        shown = await spf_plan(app, sender, include)
        options.out.answer("check.spf-plan", shown, plan_blocks(shown))
        return ExitCode.FINE if shown.fits else ExitCode.FINDINGS

    async def body(app: composition.App) -> ExitCode:
        result = await spf_result(app, ip, mail_from, helo)
        kept = {slot.name: getattr(result, slot.name) for slot in fields(result)}
        shown = SpfChecked(**kept, answers_from=app.answers_from())
        options.out.answer("check.spf", shown, _spf_blocks(shown))
        return ExitCode.FINDINGS if result.verdict in ("permerror", "temperror") else ExitCode.FINE

    return with_app(options, plan if planned else body)


def _domain_of(mail_from: str) -> str:
    return mail_from.rpartition("@")[2]


def _name(option: str, text: str) -> str:
    from ..names import BadName, DomainName

    try:
        return DomainName.parse(text).text
    except BadName as error:
        raise bad_argument(option, text, error.reason) from None


def _spf_blocks(result: SpfChecked) -> Iterator[Block]:
    if result.answers_from:
        yield f"answers from {result.answers_from}"
    yield Heading(f"{result.verdict}  {result.domain}")
    if result.cause:
        yield f"  {result.cause}"
    rows = tuple(
        ("  " * s.depth + s.domain, s.term, s.outcome, str(s.lookups), ", ".join(s.resolved))
        for s in result.trace
    )
    yield Table(("domain", "term", "outcome", "look-ups", "came to"), rows)
    yield f"{result.lookups} of 10 look-ups, {result.voids} of 2 void look-ups"
    if result.explanation:
        yield f"explanation: {result.explanation}"


async def spf_result(app: composition.App, ip: str, mail_from: str, helo: str) -> SpfResult:
    from ..adapters.dns.driver import drive
    from ..mailauth.spf_check import check_host

    try:
        judge = check_host(ip, mail_from, helo, now=int(app.clock.now()))
        return await drive(judge, app.resolver)
    except ValueError as error:
        raise bad_argument("--ip", ip, str(error)) from None
