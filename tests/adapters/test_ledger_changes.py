"""Who ordered a run, and why, stands in every entry of it, whoever performs it."""

from __future__ import annotations

from gctrust.adapters.ledger.entry import Entry
from gctrust.adapters.ledger.ledger import ORDERED, SIGNALLED
from gctrust.adapters.store.changes import NOBODY, Change, keep_in

from .ledgers import opened

ALICE = Change("token:alice-ci", "new brand", "CHG-1")


def kept(ledger, run, change):
    with ledger.store.write() as connection:
        keep_in(ledger.store, connection, run, change)


def test_every_entry_of_a_run_tells_who_ordered_it_and_why(tmp_path):
    ledger = opened(tmp_path)
    kept(ledger, "tls:a@1", ALICE)
    ledger.append(Entry("thing.intended", "a", "tls:a@1", 1, data={"try": 1}))
    with ledger.store.write() as connection:
        ledger.append_in(connection, Entry("thing.done", "a", "tls:a@1", 2))
    ledger.append_all([Entry("other.done", "b", "tls:b@1", 1), Entry("x", "a", "tls:a@1", 3)])
    ledger.append(Entry("webhook.settled", "a", actor="system"))
    told = {e.action: (e.actor, dict(e.data)) for e in ledger.entries()}
    why = {"reason": "new brand", "ticket": "CHG-1"}
    assert told["thing.intended"] == ("token:alice-ci", {"try": 1, **why})
    assert told["thing.done"] == told["x"] == ("token:alice-ci", why)
    assert told["other.done"] == ("tester", {})
    assert told["webhook.settled"] == ("system", {})
    assert ledger.verify().findings == ()


def test_a_resumption_has_a_reason_of_its_own(tmp_path):
    ledger = opened(tmp_path)
    kept(ledger, "tls:a@1", ALICE)
    ledger.append(Entry("one", "a", "tls:a@1", 1))
    kept(ledger, "tls:a@1", Change("os:bob", "try again", ""))
    kept(ledger, "tls:a@1", NOBODY)  # says nothing, changes nothing
    ledger.append(Entry("two", "a", "tls:a@1", 2))
    actors = [(e.actor, e.data.get("reason"), e.data.get("ticket")) for e in ledger.entries()]
    assert actors == [("token:alice-ci", "new brand", "CHG-1"), ("os:bob", "try again", None)]


def test_an_order_is_told_once_and_each_signal_by_itself(tmp_path):
    ledger = opened(tmp_path)
    assert ledger.tell(ORDERED, "custom-domain:www.example.com@1", ALICE, allowed=["x"]) == 0
    assert ledger.tell(ORDERED, "custom-domain:www.example.com@1", ALICE, allowed=["x"]) == 0
    assert ledger.tell(SIGNALLED, "custom-domain:www.example.com@1", ALICE, signal="cancel") == 1
    assert ledger.tell(SIGNALLED, "custom-domain:www.example.com@1", ALICE, signal="cancel") == 2
    first = ledger.entries()[0]
    assert (first.entity, first.actor) == ("www.example.com", "token:alice-ci")
    assert dict(first.data) == {"reason": "new brand", "ticket": "CHG-1", "allowed": ["x"]}
