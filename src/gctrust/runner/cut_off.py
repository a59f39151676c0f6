"""What a killed process leaves behind: an intent in the ledger, and nobody knows what came of it.

A platform's lists lag: looked at too soon they do not show what was made, and it is made twice.
"""

from __future__ import annotations

from datetime import datetime

from ..adapters.ledger.entry import Entry
from ..adapters.ledger.ledger import Ledger
from ..errors import Fact, Problem
from .problems import CUT_OFF


def unsettled(ledger: Ledger, intent: Entry, settles: float, now: float) -> Problem | None:
    """To be waited out (until its `retry_at`) where this very step was begun before."""
    for entry in ledger.entries(run=intent.run):
        settled = datetime.fromisoformat(entry.time).timestamp() + settles
        if entry.slot == intent.slot and now < settled:
            facts: dict[str, Fact] = {"action": entry.action, "begun": entry.time}
            return Problem(CUT_OFF, facts, retry_at=settled)
    return None
