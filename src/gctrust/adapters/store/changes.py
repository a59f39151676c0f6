"""Who ordered a run, and why: kept beside the run, and told in every ledger entry of it, whichever
worker performs it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import sqlalchemy as sa

from .prepared import Lane, Prepared
from .schema import RUN_CHANGES
from .store import Store


@dataclass(frozen=True, slots=True)
class Change:
    """`actor` is "os:NAME" or "token:NAME", empty whoever runs the process; the rest is text."""

    actor: str = ""
    reason: str = ""
    ticket: str = ""

    @property
    def why(self) -> dict[str, str]:
        told = {"reason": self.reason, "ticket": self.ticket}
        return {name: text for name, text in told.items() if text}


NOBODY = Change()


def keep_in(store: Store, connection: sa.Connection, run: str, change: Change) -> None:
    """From here on the run's entries tell this."""
    if change != NOBODY:
        why = {"reason": change.reason, "ticket": change.ticket}
        store.put(connection, RUN_CHANGES, run=run, actor=change.actor, **why)


def changes_in(connection: Lane, runs: Iterable[str]) -> dict[str, Change]:
    """What is known of these runs, by their ids."""
    rows = {run: _CHANGE.first(connection, run=run) for run in runs if run}
    return {run: Change(*row) for run, row in rows.items() if row}


def change_of(store: Store, run: str) -> Change:
    with store.read() as connection:
        return changes_in(connection, [run]).get(run, NOBODY)


_CHANGE = Prepared(
    sa.select(RUN_CHANGES.c.actor, RUN_CHANGES.c.reason, RUN_CHANGES.c.ticket).where(
        RUN_CHANGES.c.run == sa.bindparam("run")
    )
)
