"""`gctrust audit`: the tamper-evident ledger."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cyclopts import App

from ..errors import Fact
from ..findings import Finding
from .exit_codes import ExitCode
from .findings_shown import findings_blocks
from .output import Table
from .session import Options, with_app

if TYPE_CHECKING:
    from .. import app as composition
    from ..adapters.ledger import LedgerEntry

app = App(name="audit", help="The tamper-evident ledger: list, verify.")

SETTLED = "webhook.settled"


@dataclass(frozen=True, slots=True)
class EntryShown:
    """`delivery_accepted` is joined from the entry that the webhook's settling wrote."""

    seq: int
    time: str
    actor: str
    action: str
    entity: str
    run: str
    data: dict[str, Fact]
    delivery_accepted: Fact


@dataclass(frozen=True, slots=True)
class EntriesShown:
    entries: tuple[EntryShown, ...]


@dataclass(frozen=True, slots=True)
class LedgerVerified:
    """`checkpoint` is the newest signed note, `key` what verifies it."""

    intact: bool
    entries: int
    key: str
    checkpoint: str | None
    findings: tuple[Finding, ...]


@app.command(name="list")
def list_entries(
    *,
    run: str = "",
    entity: str = "",
    action: str = "",
    options: Options = Options(),  # noqa: B008 - frozen
) -> ExitCode:
    """The ledger's entries, each outcome joined with how its webhook settled.

    Parameters
    ----------
    run
        Only this run's.
    entity
        Only of this domain or client.
    action
        Only this action.
    """

    async def body(app: composition.App) -> ExitCode:
        entries = app.ledger.entries()
        shown = tuple(
            entry
            for entry in joined(entries)
            if run in ("", entry.run)
            and entity in ("", entry.entity)
            and action in ("", entry.action)
        )
        rows = tuple((str(e.seq), e.time, e.action, e.entity, _accepted(e), e.actor) for e in shown)
        table = Table(("entry", "time", "action", "entity", "webhook", "actor"), rows)
        options.out.answer("audit.list", EntriesShown(shown), [table])
        return ExitCode.FINE

    return with_app(options, body)


def joined(entries: Iterable[LedgerEntry]) -> Iterator[EntryShown]:
    """Entries in order; a settling is shown with the entry it refers to as well as by itself."""
    every = tuple(entries)
    settled = {
        e.data.get("entry"): e.data.get("delivery_accepted") for e in every if e.action == SETTLED
    }
    for e in every:
        accepted = settled.get(e.seq, e.data.get("delivery_accepted"))
        yield EntryShown(e.seq, e.time, e.actor, e.action, e.entity, e.run, dict(e.data), accepted)


def _accepted(entry: EntryShown) -> str:
    return (
        {True: "accepted", False: "refused"}.get(entry.delivery_accepted is True, "")
        if (entry.delivery_accepted is not None)
        else ""
    )


@app.command
def verify(
    *,
    options: Options = Options(),  # noqa: B008 - frozen
) -> ExitCode:
    """Recompute the whole ledger from its entries and compare; exit code 10 when it is broken."""

    async def body(app: composition.App) -> ExitCode:
        findings = app.ledger.verify()
        count = len(app.ledger.entries()) if not findings else 0
        verified = LedgerVerified(
            not findings, count, app.ledger.verifier_key, app.ledger.checkpoint(), findings
        )
        whole = f"the ledger is intact: {count} entries, key {verified.key}"
        blocks = [whole] if not findings else list(findings_blocks(findings))
        options.out.answer("audit.verify", verified, blocks)
        return ExitCode.FINDINGS if findings else ExitCode.FINE

    return with_app(options, body)
