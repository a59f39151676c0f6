"""How an entry's webhooks settled, read out of the entries that came after it."""

from __future__ import annotations

import pytest

from gctrust.adapters.ledger.entry import LedgerEntry
from gctrust.cli.audit_query import joined


def entry(seq, action, **data):
    return LedgerEntry(seq, "2026-11-21T00:00:00.000Z", "os:a", action, "x", "r", "", 1, data)


def settled(seq, endpoint, *, accepted, waiting=0):
    told = {"endpoint": endpoint, "delivery_accepted": accepted, "waiting": waiting}
    return entry(seq, "webhook.settled", entry=0, **told)


@pytest.mark.parametrize(
    ("settlings", "seen"),
    [
        ([], None),
        ([("a", True, 1)], None),
        ([("a", True, 1), ("b", True, 0)], True),
        ([("a", False, 1)], False),
        ([("a", False, 1), ("b", True, 0)], False),
        ([("a", True, 1), ("b", False, 0)], False),
        ([("a", False, 0), ("a", True, 0)], True),  # replayed
    ],
)
def test_an_entry_is_settled_when_all_endpoints_are(settlings, seen):
    done = entry(0, "domain.verified", delivery_accepted=None)
    later = [
        settled(seq, name, accepted=accepted, waiting=waiting)
        for seq, (name, accepted, waiting) in enumerate(settlings, 1)
    ]
    assert next(e.delivery_accepted for e in joined([done, *later])) is seen


def test_a_settling_of_an_earlier_release_does_not_tell_who_waits():
    first, last = entry(0, "a"), entry(1, "webhook.settled", entry=0, delivery_accepted=True)
    assert next(joined([first, last])).delivery_accepted is True
