"""Alerts: told once each, because the ledger files the same entry only once."""

from __future__ import annotations

import math

import sqlalchemy as sa

from ...errors import Fact
from ...pipelines.events import EXPIRY, threshold_of
from ..ledger.ledger import Entry, rfc3339
from .outbox import Outbox

_DAY = 86_400.0


def record_expiry(
    outbox: Outbox, connection: sa.Connection, subject: str, not_after: float, identity: str
) -> bool:
    """The event expiry.soon, when one of the days that are told was passed since the last look.

    `identity` names the certificate (its SHA-256): a renewed one starts anew. Asked any number of
    times, each day of one certificate is one entry and one event. False: nothing is to be told.
    """
    left = (not_after - outbox.clock.now()) / _DAY
    threshold = threshold_of(left)
    if threshold is None:
        return False
    data: dict[str, Fact] = {
        "subject": subject,
        "not_after": rfc3339(not_after),
        "days_left": math.floor(left),
        "threshold": threshold,
    }
    slot = f"expiry:{subject}:{identity}:{threshold}"
    entry = Entry(EXPIRY.name, subject, slot=slot, data=data)
    outbox.record_in(connection, entry, EXPIRY.name, data)
    return True
