"""Several endpoints: what each gets, how one that fails is treated, and its secrets."""

from __future__ import annotations

import json
import time

import pytest
import sqlalchemy as sa
from standardwebhooks import Webhook

from gctrust.adapters.webhooks.endpoint import SigningSecret, Target
from gctrust.adapters.webhooks.health import DISABLE_AFTER, OPEN_AFTER, Health
from gctrust.adapters.webhooks.outbox import Chosen
from gctrust.adapters.webhooks.secret_source import new_signing_secret
from gctrust.errors import Problem

from .houses import SECRET, deliver, endpoint, house, receiver, record


async def test_each_gets_the_events_it_wants_under_one_id(tmp_path):
    with receiver() as every, receiver() as some, receiver() as mine:
        box = house(tmp_path, Target(mine.url, lambda: SECRET, allow_private=True))
        box.endpoints.add(endpoint("every", every.url))
        box.endpoints.add(endpoint("some", some.url, events=("expiry.*", "domain.drifted")))
        record(box, 1, event="webhook.test")
        record(box, 2, event="expiry.soon")
        await deliver(box)
    assert sorted(every.ids) == sorted(mine.ids)
    assert len(set(every.ids)) == 2
    (expiry,) = some.seen
    assert json.loads(expiry.body)["type"] == "expiry.soon"
    assert box.counts() == {
        ("environment", "accepted"): 2,
        ("every", "accepted"): 2,
        ("some", "accepted"): 1,
    }
    settled = box.ledger.entries(action="webhook.settled")
    assert len(settled) == 5
    assert len(every.seen) > every.connections - 1, "connections are used again"


async def test_an_event_nobody_wants_is_not_enqueued(tmp_path):
    box = house(tmp_path)
    box.endpoints.add(endpoint("pki", "http://127.0.0.1:9/", events=("expiry.soon",)))
    record(box)
    assert box.rows() == ()
    assert [e.action for e in box.ledger.entries()] == ["webhook.endpoint-added", "thing.done"]


async def test_a_slow_one_keeps_no_other_waiting(tmp_path):
    with receiver(delay=0.8) as slow, receiver() as quick:
        box = house(tmp_path)
        box.endpoints.add(endpoint("a-slow", slow.url))
        box.endpoints.add(endpoint("quick", quick.url))
        record(box)
        began = time.monotonic()
        for name in box.due():
            await box.deliver(name)
        assert time.monotonic() - began < 0.6
        assert len(quick.seen) == 1
        assert (box.busy, box.due()) == (True, ())
        await box.settled()
    assert box.counts()["a-slow", "accepted"] == 1


async def test_one_that_is_down_is_left_alone_then_tried_with_one(tmp_path):
    with receiver(503) as down:
        box = house(tmp_path)
        box.endpoints.add(endpoint("down", down.url))
        for number in range(40):
            record(box, number)
        await deliver(box)
        tried = len(down.seen)
        assert OPEN_AFTER <= tried <= OPEN_AFTER + 16
        assert box.due() == ()
        assert box.endpoints.health()["down"].open_until > box.clock.at
        await deliver(box, 2)
        assert box.due() == ()
        assert len(down.seen) <= tried + 1 + 1
        down.statuses = [200]
        await deliver(box, 60)
        assert box.endpoints.health()["down"] == Health()
    assert box.counts() == {("down", "accepted"): 40}
    assert len(set(down.ids)) == 40


async def test_disabled_after_days_of_failures_and_the_others_are_told(tmp_path):
    with receiver(500) as down, receiver() as fine:
        box = house(tmp_path)
        box.endpoints.add(endpoint("down", down.url))
        box.endpoints.add(endpoint("fine", fine.url))
        record(box, 1)
        await deliver(box)
        box.clock.at += DISABLE_AFTER + 1
        record(box, 2)
        await deliver(box)
        await deliver(box)
        health = box.endpoints.health()["down"]
        assert health.disabled == box.clock.at
        told = json.loads(fine.seen[-1].body)
        assert told["type"] == "webhook.disabled"
        assert told["data"]["endpoint"] == "down"
        assert told["data"]["waiting"] == 2
        (entry,) = box.ledger.entries(action="webhook.endpoint-disabled")
        assert entry.data["why"] == "HTTP 500"
        before = len(down.seen)
        box.clock.at += 1e6
        record(box, 3)
        await deliver(box)
        assert len(down.seen) == before, "nothing is sent to it"
        assert all(row.endpoint != "down" for row in box.rows() if row.event == "webhook.disabled")
        down.statuses = [200]
        box.endpoints.enable("down")
        await deliver(box, 3)
    assert box.counts()["down", "accepted"] == 3


async def test_gone_disables_at_once(tmp_path):
    with receiver(410) as gone:
        box = house(tmp_path)
        box.endpoints.add(endpoint("gone", gone.url))
        record(box)
        await deliver(box)
        assert box.endpoints.health()["gone"].disabled is not None
    assert box.counts() == {("gone", "dead"): 1}


async def test_in_order_where_it_is_asked_for(tmp_path):
    with receiver(500, 200) as there:
        box = house(tmp_path)
        box.endpoints.add(endpoint("there", there.url, ordered=True))
        for number, entity in enumerate(("a.example", "a.example", "b.example", "a.example")):
            record(box, number, entity)
        await deliver(box)
        first = {json.loads(one.body)["data"]["message"] for one in there.seen[:2]}
        assert first == {"number 0", "number 2"}, "one of each entity"
        await deliver(box, 10)
    told = [json.loads(one.body) for one in there.seen]
    assert len({one["id"] for one in told}) == 4
    accepted = list(
        dict.fromkeys(o["data"]["message"] for o in told if o["subject"] == "a.example")
    )
    assert accepted == ["number 0", "number 1", "number 3"]


async def test_a_rotated_secret_signs_what_was_waiting_with_both(tmp_path):
    """By the package's own verifier, with the old secret and with the new."""
    old, new = new_signing_secret(), new_signing_secret()
    with receiver(503, 200) as there:
        box = house(tmp_path)
        box.endpoints.add(endpoint("there", there.url), old)
        record(box, 1)
        record(box, 2)
        await deliver(box)
        box.endpoints.rotate_secret("there", new, overlap=86_400.0)
        await deliver(box, 2)
        for one in there.seen[2:]:
            for secret in (old, new):
                Webhook(secret.reveal()).verify(one.body, one.headers)
        assert len(there.seen) == 3
        box.clock.at += 86_401
        record(box, 3)
        await deliver(box)
        Webhook(new.reveal()).verify(there.seen[-1].body, there.seen[-1].headers)
        assert len(there.seen[-1].headers["webhook-signature"].split()) == 1
        with pytest.raises(Exception, match="No matching signature"):
            Webhook(old.reveal()).verify(there.seen[-1].body, there.seen[-1].headers)
    kept = b"".join(file.read_bytes() for file in tmp_path.glob("store.db*"))
    assert old.reveal().encode() not in kept
    assert new.reveal().encode() not in kept
    assert old.reveal().encode() not in (tmp_path / "seal.key").read_bytes()


async def test_an_overlap_of_nothing_forgets_the_old_secret(tmp_path):
    old, new = new_signing_secret(), new_signing_secret()
    box = house(tmp_path)
    box.endpoints.add(endpoint("there", "http://127.0.0.1:9/"), old)
    box.endpoints.rotate_secret("there", new, overlap=0.0)
    assert box.endpoints.keys(box.endpoints.get("there")).signing == (new.reveal(),)


async def test_the_environments_secret_may_be_two(tmp_path):
    old, new = new_signing_secret().reveal(), new_signing_secret().reveal()
    with receiver() as there:
        box = house(tmp_path, Target(there.url, lambda: f"{new} {old}", allow_private=True))
        record(box)
        await deliver(box)
    for secret in (old, new):
        Webhook(secret).verify(there.seen[0].body, there.seen[0].headers)


async def test_secrets_are_read_at_each_attempt_and_their_absence_is_told(tmp_path):
    environ: dict[str, str] = {}
    with receiver() as there:
        box = house(tmp_path, environ=lambda: environ)
        secrets = (SigningSecret("env:HOOK"),)
        box.endpoints.add(endpoint("there", there.url, secrets=secrets, bearer="env:TOKEN"))
        record(box)
        await deliver(box)
        assert there.seen == [], "an unsigned delivery is not sent"
        assert "webhooks.no-secret" in box.rows()[0].attempts[0].error
        environ |= {"HOOK": SECRET, "TOKEN": "sesame"}
        await deliver(box, 2)
    (one,) = there.seen
    assert one.headers["authorization"] == "Bearer sesame"
    Webhook(SECRET).verify(one.body, one.headers)


async def test_removed(tmp_path):
    box = house(tmp_path)
    box.endpoints.add(endpoint("there", "http://127.0.0.1:9/"), new_signing_secret())
    record(box)
    assert box.remove_endpoint("there") == 1
    assert box.rows("pending") == ()
    assert [row.status for row in box.rows()] == ["dead"]
    assert box.endpoints.all() == ()
    with pytest.raises(Problem, match="no-such-endpoint"):
        box.endpoints.get("there")
    (entry,) = box.ledger.entries(action="webhook.endpoint-removed")
    assert entry.data["undelivered"] == 1


async def test_replayed_by_time_and_by_endpoint(tmp_path):
    with receiver() as one, receiver() as other:
        box = house(tmp_path)
        box.endpoints.add(endpoint("one", one.url))
        box.endpoints.add(endpoint("other", other.url))
        record(box, 1)
        await deliver(box)
        box.clock.at += 100
        record(box, 2)
        await deliver(box)
        assert box.replay(Chosen(since=box.clock.at, endpoint="one")) == 1
        await deliver(box)
    assert one.ids == [other.ids[0], other.ids[1], other.ids[1]]
    assert len(other.ids) == 2
    bodies = {seen.body for seen in one.seen if seen.headers["webhook-id"] == one.ids[-1]}
    assert len(bodies) == 1


@pytest.mark.parametrize(
    ("wrong", "seen"),
    [
        ({"url": "http://hooks.example.com/", "allow_private": False}, "scheme"),
        ({"url": "https://user:word@hooks.example.com/"}, "user name"),
        ({"url": "ftp://hooks.example.com/"}, "scheme"),
        ({"name": "Environment!"}, "name"),
        ({"name": "environment"}, "name"),
        ({"events": ("certificate_rotatoin",)}, "there are"),
        ({"url": "https://hooks.slack.com/services/T/B/x", "format": "slack"}, "secret"),
        ({"key": "client.key"}, "certificate"),
        ({"events": ()}, "no event"),
        ({"url": "https://127.0.0.1:99999/"}, "Port"),
    ],
)
def test_what_could_never_work_is_refused(tmp_path, wrong, seen):
    box = house(tmp_path)
    with pytest.raises(Problem) as refused:
        box.endpoints.add(endpoint(**{"name": "there", "url": "https://a.example/"} | wrong))
    assert refused.value.code == "webhooks.bad-endpoint"
    assert seen in refused.value.facts["seen"]
    assert box.ledger.entries() == ()


async def test_slack(tmp_path):
    environ = {}
    with receiver() as there:
        environ["SLACK"] = there.url
        box = house(tmp_path, environ=lambda: environ)
        box.endpoints.add(endpoint("ops", "env:SLACK", format="slack"))
        record(box, entity="<!channel> & co", event="expiry.soon")
        await deliver(box)
    (one,) = there.seen
    message = json.loads(one.body)
    assert one.headers["content-type"].startswith("application/json")
    assert message["text"] == "Expiry: &lt;!channel&gt; &amp; co"
    assert "number 1" in message["blocks"][1]["text"]["text"]
    assert there.url.encode() not in b"".join(f.read_bytes() for f in tmp_path.glob("store.db*"))


@pytest.fixture
def database(postgres):
    url = sa.make_url(postgres).set(drivername="postgresql+psycopg")
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql("CREATE DATABASE webhooks")
    engine.dispose()
    return url.set(database="webhooks").render_as_string(hide_password=False)


async def test_the_same_on_postgresql(tmp_path, database):
    with receiver(503, 200) as there, receiver() as other:
        box = house(tmp_path, place=database)
        box.endpoints.add(endpoint("there", there.url, ordered=True), new_signing_secret())
        box.endpoints.add(endpoint("other", other.url))
        record(box, 1)
        record(box, 2)
        await deliver(box, 4)
        assert box.counts() == {("there", "accepted"): 2, ("other", "accepted"): 2}
        assert len(box.rows(chosen=Chosen(failed=True), newest=5)) == 1
        assert box.replay(Chosen(endpoint="there", status="accepted")) == 2
        await deliver(box, 2)
        assert len(there.seen) == 5
        assert box.remove_endpoint("other") == 0
        await box.aclose()
        box.store.close()


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:99999/", "http://b\u00fccher.example/", "http:// /"]
)
async def test_an_address_that_is_none_is_told_and_does_no_harm(tmp_path, url):
    box = house(tmp_path, Target(url, allow_private=True))
    record(box)
    await deliver(box)
    assert "webhooks.bad-endpoint" in box.rows()[0].attempts[0].error


@pytest.mark.parametrize("login", ["", "user:word@"])
async def test_no_token_goes_out_in_the_clear(tmp_path, login):
    with receiver() as there:
        url = there.url.replace("//", f"//{login}")
        token = None if login else "token-of-the-receiver"
        box = house(tmp_path, Target(url, bearer=lambda: token))
        record(box)
        await deliver(box)
        assert "scheme" in box.rows()[0].attempts[0].error
        assert there.seen == []


async def test_what_cannot_be_recorded_is_not_sent_over_and_over(tmp_path):
    """As when the disk is full: the receiver has it, and nobody can write that down."""
    with receiver() as there:
        box = house(tmp_path)
        box.endpoints.add(endpoint("there", there.url))
        record(box)
        with box.store.write() as connection:
            connection.exec_driver_sql(
                "CREATE TRIGGER full BEFORE INSERT ON webhook_attempts"
                " BEGIN SELECT RAISE(FAIL, 'database or disk is full'); END"
            )
        with pytest.raises(Exception, match="full"):
            await deliver(box)
        assert box.due() == ()
        assert len(there.seen) == 1


async def test_removed_while_a_delivery_is_under_way(tmp_path):
    with receiver(503, delay=0.4) as there:
        box = house(tmp_path)
        box.endpoints.add(endpoint("there", there.url))
        record(box)
        await box.deliver("there")
        assert box.busy
        assert box.remove_endpoint("there") == 1
        await box.settled()
    assert box.counts() == {("there", "dead"): 1}
    assert box.endpoints.health() == {}


async def test_what_is_under_way_when_a_process_ends_is_settled(tmp_path):
    with receiver(delay=0.4) as there:
        box = house(tmp_path)
        box.endpoints.add(endpoint("there", there.url))
        record(box)
        await box.deliver("there")
        await box.aclose()
    assert box.counts() == {("there", "accepted"): 1}


def test_one_event_has_one_id_also_when_the_key_was_turned_between(tmp_path):
    """A step that is performed again after a crash records again."""
    box = house(tmp_path)
    box.endpoints.add(endpoint("pki", "http://127.0.0.1:9/"))
    record(box)
    box.ledger.rotate_key()
    record(box)
    assert len(box.rows()) == 1
    assert box.counts() == {("pki", "pending"): 1}


def test_a_store_that_was_put_back_gives_no_id_twice(tmp_path):
    box = house(tmp_path)
    box.endpoints.add(endpoint("pki", "http://127.0.0.1:9/"))
    box.store.close()
    kept = (tmp_path / "store.db").read_bytes()
    ids = set()
    for entity in ("a.example.com", "b.example.com"):
        (tmp_path / "store.db").write_bytes(kept)
        box = house(tmp_path)
        record(box, entity=entity)
        ids |= {row.id for row in box.rows()}
        box.store.close()
    assert len(ids) == 2
