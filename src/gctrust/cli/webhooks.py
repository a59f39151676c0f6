"""`gctrust webhooks`: deliveries, with every attempt."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from cyclopts import App

from .attached import instant
from .exit_codes import ExitCode
from .output import Table
from .session import Options, with_app

if TYPE_CHECKING:
    from .. import app as composition
    from ..adapters.webhooks.outbox import OutboxRow

app = App(name="webhooks", help="Webhook deliveries.")


@dataclass(frozen=True, slots=True)
class DeliveriesShown:
    deliveries: tuple[OutboxRow, ...]


@app.command(name="list")
def list_deliveries(
    *,
    status: Literal["", "pending", "accepted", "dead"] = "",
    run: str = "",
    options: Options = Options(),  # noqa: B008 - frozen
) -> ExitCode:
    """Webhooks and how they stand.

    Parameters
    ----------
    status
        Only pending, accepted or dead ones.
    run
        Only this run's.
    """

    async def body(app: composition.App) -> ExitCode:
        rows = app.outbox.rows(status, run)
        table = Table(
            ("id", "event", "entity", "status", "tries", "next"), tuple(_row(r) for r in rows)
        )
        options.out.answer("webhooks.list", DeliveriesShown(rows), [table])
        return ExitCode.FINE

    return with_app(options, body)


def _row(row: OutboxRow) -> tuple[str, ...]:
    due = instant(row.next_at) if row.status == "pending" else ""
    return row.id, row.event, row.entity, row.status, str(row.tries), due
