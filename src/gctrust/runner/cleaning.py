"""Cleaning a store out: the engine forgets with it, and the ledger tells before anything goes."""

from __future__ import annotations

from dataclasses import asdict
from functools import partial

from ..adapters.ledger.entry import Entry, rfc3339
from ..adapters.ledger.ledger import Ledger
from ..adapters.store.changes import NOBODY, Change
from ..adapters.store.retention import Cleaned, Retention
from .engine_dbos import forget_workflows


def retention(ledger: Ledger, by: Change = NOBODY) -> Retention:
    """Of the ledger's store. `by` is who asks for it, and why."""

    def tell(before: float, going: Cleaned) -> None:
        told = {"before": rfc3339(before), **asdict(going)}
        ledger.append(Entry.anew("store.cleaned", "store", by, **told))

    return Retention(ledger.store, partial(forget_workflows, ledger.store), tell)
