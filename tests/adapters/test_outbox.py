"""The outbox against real HTTP receivers on loopback."""

from __future__ import annotations

import contextlib
import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from standardwebhooks import Webhook

from gctrust.adapters.ledger.entry import Entry
from gctrust.adapters.ledger.ledger import Ledger
from gctrust.adapters.store.store import Store
from gctrust.adapters.webhooks.outbox import Outbox, Target
from gctrust.errors import Problem

SECRET = "whsec_" + "c2VjcmV0" * 4


class Clock:
    at = 1_800_000_000.0

    def now(self):
        return self.at

    async def sleep_until(self, at):
        raise AssertionError(at)


@contextlib.contextmanager
def receiver(*answers, headers=()):
    """Gives the answers in turn, the last one for ever; yields (url, requests seen)."""
    script, seen = list(answers), []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            seen.append(({k.lower(): v for k, v in self.headers.items()}, body, self.path))
            self.send_response(script.pop(0) if len(script) > 1 else script[0])
            for name, value in headers:
                self.send_header(name, value)
            self.end_headers()

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/hook?a=1", seen
    finally:
        server.shutdown()
        server.server_close()


def outbox(folder, url, **options):
    clock = Clock()
    store = Store(folder / "store.db", "sandbox")
    ledger = Ledger(store, folder / "ledger.key", clock, "tester")
    options = {"allow_private": True, "secret": lambda: SECRET} | options
    return Outbox(store, ledger, clock, Target(url, **options) if url else None)


def record(box, step=1):
    entry = Entry("domain.verified", "example.com", "run@1", step, f"{step}.1:record", {"a": 1})
    with box.store.write() as connection:
        return box.record_in(connection, entry, "domain_verification", {"delivery_accepted": None})


async def attempt(box):
    (row,) = box.rows()
    box.clock.at = max(box.clock.at, row.next_at)
    assert box.due() == ("environment",)
    await send(box)
    return box.rows()[0]


async def send(box):
    await box.deliver("environment")
    await box.settled()


async def test_signed_cloud_event(tmp_path):
    with receiver(200) as (url, seen):
        box = outbox(tmp_path, url, bearer=lambda: "token-for-the-receiver")
        seq = record(box)
        assert record(box) == seq
        row = await attempt(box)
        await send(box)  # settled: nothing more is sent
        assert (row.status, row.tries, row.attempts[0].status) == ("accepted", 1, 200)
        ((headers, body, path),) = seen
        assert path == "/hook?a=1"
        assert headers["authorization"] == "Bearer token-for-the-receiver"
        assert headers["content-type"].startswith("application/cloudevents+json")
        assert "." not in headers["webhook-id"]
        event = Webhook(SECRET).verify(body, headers)
        assert event == {
            "specversion": "1.0",
            "id": row.id,
            "source": "gctrust",
            "type": "domain_verification",
            "subject": "example.com",
            "time": "2027-01-15T08:00:00.000Z",
            "datacontenttype": "application/json",
            "data": {"delivery_accepted": None},
        }
        stored = (tmp_path / "store.db").read_bytes() + (tmp_path / "store.db-wal").read_bytes()
        assert b"token-for-the-receiver" not in stored
        assert b"c2VjcmV0" not in stored


async def test_retried_on_schedule_then_accepted(tmp_path):
    with receiver(500, 404, 204) as (url, seen):
        box = outbox(tmp_path, url, schedule=(5.0, 60.0))
        seq, start = record(box), box.clock.at
        first = await attempt(box)
        assert first.status == "pending"
        assert start + 5.0 <= first.next_at <= start + 6.25
        assert box.due() == ()
        second = await attempt(box)
        assert second.next_at - box.clock.at >= 60.0
        third = await attempt(box)
        assert (third.status, [a.status for a in third.attempts]) == ("accepted", [500, 404, 204])
        assert len({headers["webhook-id"] for headers, _, _ in seen}) == 1
        assert len({body for _, body, _ in seen}) == 1
        (settled,) = box.ledger.entries(action="webhook.settled")
        assert settled.data["entry"] == seq
        assert (settled.data["delivery_accepted"], settled.data["attempts"]) == (True, 3)


async def test_dead_after_the_schedule_then_replayed(tmp_path):
    with receiver(500, 500, 200) as (url, seen):
        box = outbox(tmp_path, url, schedule=(1.0,))
        record(box)
        await attempt(box)
        assert (await attempt(box)).status == "dead"
        (settled,) = box.ledger.entries(action="webhook.settled")
        assert settled.data["delivery_accepted"] is False
        assert settled.data["status"] == 500
        (row,) = box.rows("dead")
        box.replay(row.id)
        assert (await attempt(box)).status == "accepted"
        assert seen[0][0]["webhook-id"] == seen[2][0]["webhook-id"]
        accepted = [
            e.data["delivery_accepted"] for e in box.ledger.entries(action="webhook.settled")
        ]
        assert accepted == [False, True]
        with pytest.raises(Problem):
            box.replay("msg_none")


async def test_retry_after_is_obeyed(tmp_path):
    with receiver(429, headers=[("Retry-After", "900")]) as (url, _):
        box = outbox(tmp_path, url)
        record(box)
        start = box.clock.at
        assert (await attempt(box)).next_at == start + 900


async def test_redirects_are_refused(tmp_path):
    with (
        receiver(200) as (inner, reached),
        receiver(307, headers=[("Location", inner)]) as (url, seen),
    ):
        box = outbox(tmp_path, url)
        record(box)
        row = await attempt(box)
        assert (row.status, row.attempts[0].status, len(seen)) == ("pending", 307, 1)
        assert "redirect" in row.attempts[0].error
        assert reached == []


async def test_gone_is_dead_at_once(tmp_path):
    with receiver(410) as (url, _):
        box = outbox(tmp_path, url)
        record(box)
        assert (await attempt(box)).status == "dead"


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]"])
async def test_private_addresses_are_refused(tmp_path, host):
    with receiver(200) as (url, seen):
        box = outbox(tmp_path, url.replace("127.0.0.1", host), allow_private=False)
        record(box)
        row = await attempt(box)
        assert row.status == "pending"
        assert "not a public address" in row.attempts[0].error
        assert seen == []


async def test_nobody_listens(tmp_path):
    with receiver(200) as (url, _):
        pass
    box = outbox(tmp_path, url)
    record(box)
    row = await attempt(box)
    assert row.attempts[0].status is None
    assert row.attempts[0].error


async def test_a_bad_secret_is_said_but_not_shown(tmp_path):
    with receiver(200) as (url, seen):
        box = outbox(tmp_path, url, secret=lambda: "whsec_§§§hidden")
        record(box)
        error = (await attempt(box)).attempts[0].error
        assert "base64" in error
        assert "hidden" not in error
        assert seen == []


def test_without_a_target_nothing_is_enqueued(tmp_path):
    box = outbox(tmp_path, None)
    record(box)
    assert box.rows() == ()
    assert json.dumps([e.action for e in box.ledger.entries()]) == '["domain.verified"]'


def test_the_entry_and_its_webhook_are_one_transaction(tmp_path):
    box = outbox(tmp_path, "http://127.0.0.1:9/")
    entry = Entry("domain.verified", "example.com", "run@1", 1)
    with contextlib.suppress(ZeroDivisionError), box.store.write() as connection:
        box.record_in(connection, entry, "domain_verification", {})
        raise ZeroDivisionError
    assert box.rows() == ()
    assert box.ledger.entries() == ()


async def test_a_token_that_is_no_header_value_is_not_stored(tmp_path):
    with receiver(200) as (url, seen):
        box = outbox(tmp_path, url, bearer=lambda: "sesame\nopen")
        record(box)
        row = await attempt(box)
        assert row.status == "pending"
        assert seen == []
        assert "header" in row.attempts[0].error
        stored = (tmp_path / "store.db").read_bytes() + (tmp_path / "store.db-wal").read_bytes()
        assert b"sesame" not in stored


@pytest.mark.parametrize(
    "value", ["\u00b2", "Mon, 01 Jan 2020 00:00:00 +99999999999999999999", "soon", "-5"]
)
async def test_a_senseless_retry_after_counts_for_nothing(tmp_path, value):
    with receiver(503, headers=[("Retry-After", value)]) as (url, _):
        box = outbox(tmp_path, url, schedule=(5.0,))
        record(box)
        row = await attempt(box)
        assert (row.status, row.attempts[0].status) == ("pending", 503)
        assert 5.0 <= row.next_at - box.clock.at <= 6.25


async def test_two_webhooks_of_one_step_each_settle_in_the_ledger(tmp_path):
    """A run that was resumed records at the same step again."""
    with receiver(200) as (url, _):
        box = outbox(tmp_path, url)
        for life in (1, 2):
            entry = Entry("domain.failed", "example.com", "run@1", 1, f"1.{life}:record", {})
            with box.store.write() as connection:
                box.record_in(connection, entry, "domain_verification", {})
        await send(box)
        settled = box.ledger.entries(action="webhook.settled")
        assert [entry.data["entry"] for entry in settled] == [0, 1]
