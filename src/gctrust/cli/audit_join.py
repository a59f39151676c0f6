"""`gctrust audit compare`: what changed at the platform beside what gctrust's own ledger says."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Final

from cyclopts import Parameter

from ..errors import Problem
from ..findings import Finding
from .attached import instant
from .evidence import rfc3339_of
from .exit_codes import ExitCode
from .findings_shown import findings_blocks
from .output import Block, Heading, Table
from .published_runs import refuse_other_dialect
from .session import Options, with_app

if TYPE_CHECKING:
    from .. import app as composition
    from ..adapters.genesys.audit_join import Joined
    from ..adapters.genesys.audits import AuditMessage, Audits

FORTNIGHT: Final = 14 * 86_400.0  # how far back by default; real-time queries reach as far
MOST_RELATED: Final = 20  # calls in one comparison
NOT_JUDGED: Final = (
    "edge certificate authorities and the client certificates of data actions: the platform writes"
    " no audits of them",
)
_UNTOLD = ("genesys.not-found", "genesys.bad-request", "genesys.forbidden")


@dataclass(frozen=True, slots=True)
class ExplainedShown:
    """`entry` is the ledger's."""

    at: str
    action: str
    entity_type: str
    entity: str
    entry: int


@dataclass(frozen=True, slots=True)
class Compared:
    """`new` of the `messages` were not here before this comparison."""

    begins: str
    ends: str
    messages: int
    new: int
    explained: tuple[ExplainedShown, ...]
    findings: tuple[Finding, ...]
    not_judged: tuple[str, ...] = NOT_JUDGED


def compare(
    *,
    since: str = "",
    client: Annotated[tuple[str, ...], Parameter(negative="")] = (),
    options: Options = Options(),  # noqa: B008 - frozen
) -> ExitCode:
    """Changes at the platform that no entry of the ledger explains; exit code 10 if there are any.

    The platform's audits are kept in the store: each comparison reads what came since the last one.

    Parameters
    ----------
    since
        From this date or time on; the last fourteen days without it.
    client
        An OAuth client that gctrust used before. May be given several times.
    """
    asked = rfc3339_of("--since", since) if since else ""

    async def body(app: composition.App) -> ExitCode:
        refuse_other_dialect(app.settled, "audit.start")
        now = app.clock.now()
        begins = datetime.fromisoformat(asked).timestamp() if asked else now - FORTNIGHT
        shown = await _compared(app, begins, now, client)
        options.out.answer("audit.compare", shown, _blocks(shown))
        return ExitCode.FINDINGS if shown.findings else ExitCode.FINE

    return with_app(options, body)


async def _compared(
    app: composition.App, begins: float, ends: float, clients: Sequence[str]
) -> Compared:
    from ..adapters.genesys.audit_join import findings, join, own_changes
    from ..adapters.genesys.audits import Audits

    audits, ours = Audits(app.genesys, app.clock), frozenset({app.genesys.client_id, *clients})
    messages, new = await _messages(app, audits, begins, ends)
    joined = join(messages, own_changes(app.ledger.entries()), ours)
    joined = await _by_relation(audits, joined, ends)
    told = {one.id: one for one in messages}
    return Compared(
        begins=instant(begins),
        ends=instant(ends),
        messages=len(messages),
        new=new,
        explained=tuple(_shown(told[id], entry) for id, entry in joined.explained.items()),
        findings=tuple(findings(joined.unexplained, ours)),
    )


async def _messages(
    app: composition.App, audits: Audits, begins: float, ends: float
) -> tuple[tuple[AuditMessage, ...], int]:
    """All of that time, and how many are new: only what may have come since is asked for."""
    from ..adapters.genesys.audits import LATE, AuditMessage
    from ..adapters.store.platform_audits import PlatformAudits, Span

    kept = PlatformAudits(app.store, str(app.settings.platform[0]))
    held = kept.span()
    first = held.ends - LATE if held and held.begins <= begins else begins
    found = await audits.between(first, ends)
    rows = {id: (one.at, one.text) for id, one in found.items()}
    new = kept.keep(rows, Span(first, ends))
    return tuple(AuditMessage.kept(text) for text in kept.between(begins, ends)), new


async def _by_relation(audits: Audits, joined: Joined, now: float) -> Joined:
    """What belongs to the same action as something explained is explained by it."""
    explained, left = dict(joined.explained), []
    recent = [one for one in joined.unexplained if one.at > now - FORTNIGHT][-MOST_RELATED:]
    for one in joined.unexplained:
        entry = await _entry_behind(audits, one, explained) if one in recent else None
        if entry is None:
            left.append(one)
        else:
            explained[one.id] = entry
    return replace(joined, explained=explained, unexplained=tuple(left))


async def _entry_behind(
    audits: Audits, message: AuditMessage, explained: dict[str, int]
) -> int | None:
    try:
        related = await audits.related(message.id)
    except Problem as problem:
        if problem.code not in _UNTOLD:  # the call is not for every service
            raise
        return None
    return next((explained[one.id] for one in related if one.id in explained), None)


def _shown(message: AuditMessage, entry: int) -> ExplainedShown:
    name = message.name or message.entity
    return ExplainedShown(instant(message.at), message.action, message.entity_type, name, entry)


def _blocks(shown: Compared) -> Iterator[Block]:
    yield Heading(f"{shown.begins} to {shown.ends}")
    yield f"  audits of the platform: {shown.messages}, new: {shown.new}"
    if shown.explained:
        rows = tuple(
            (one.at, one.action, one.entity_type, one.entity, str(one.entry))
            for one in shown.explained
        )
        yield Table(("time", "action", "type", "entity", "ledger entry"), rows)
    yield from findings_blocks(shown.findings, shown.not_judged)
