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

if TYPE_CHECKING:
    from .. import app as composition


@dataclass(frozen=True, slots=True)
class SpfChecked(SpfResult):
    """`answers_from` is empty for the world's DNS; a sandbox's is said, with its label."""

    answers_from: str = ""


def spf(
    *,
    ip: str,
    mail_from: str = "",
    helo: str = "",
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
    """
    if not mail_from and not helo:
        return options.out.usage("check spf needs --mail-from or --helo", "gctrust check spf -h")

    async def body(app: composition.App) -> ExitCode:
        result = await spf_result(app, ip, mail_from, helo)
        kept = {slot.name: getattr(result, slot.name) for slot in fields(result)}
        shown = SpfChecked(**kept, answers_from=app.answers_from())
        options.out.answer("check.spf", shown, _spf_blocks(shown))
        return ExitCode.FINDINGS if result.verdict in ("permerror", "temperror") else ExitCode.FINE

    return with_app(options, body)


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
    from ..adapters.dns_driver import drive
    from ..mailauth.spf_check import check_host

    try:
        judge = check_host(ip, mail_from, helo, now=int(app.clock.now()))
        return await drive(judge, app.resolver)
    except ValueError as error:
        raise bad_argument("--ip", ip, str(error)) from None
