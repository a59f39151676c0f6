"""What a killed process leaves behind: an intent in the ledger, and nobody knows what came of it.

A platform's lists lag: looked at too soon they do not show what was made, and it is made twice.
"""

from __future__ import annotations

from ..adapters.ledger.entry import Entry
from ..adapters.ledger.ledger import Ledger
from ..errors import Fact, Problem
from .problems import CUT_OFF


def unsettled(ledger: Ledger, intent: Entry, settles: float, now: float) -> Problem | None:
    """To be waited out (until its `retry_at`) where this very step was begun before.

    From now on, not from its beginning: a request may wait long for the budget, and be sent late.
    """
    begun = (one for one in ledger.entries(run=intent.run) if one.slot == intent.slot)
    for entry in begun:
        facts: dict[str, Fact] = {"action": entry.action, "begun": entry.time}
        return Problem(CUT_OFF, facts, retry_at=now + settles)
    return None
