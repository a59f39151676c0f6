"""kill -9 at random moments: what was done is not done again, what was not is done."""

from __future__ import annotations

import asyncio
import json
import random
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from standardwebhooks import Webhook
from tiny import House, TinyOrder

PROGRAM = str(Path(__file__).with_name("tiny.py"))
LINES = 8


def start(home, *more, pause="0.05"):
    command = [sys.executable, PROGRAM, str(home), str(LINES), pause, *more]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def told(process):
    return process.stdout.readline().split()


@pytest.mark.parametrize(("seed", "segment"), [(1, 200), (2, 6)])
def test_killed_again_and_again_each_effect_once(tmp_path, seed, segment):
    chance = random.Random(seed)
    for _ in range(4):
        process = start(tmp_path, "", str(segment))
        assert told(process) == ["leading"], "the one before was killed: take over at once"
        time.sleep(chance.uniform(0.0, 1.2))
        process.kill()
        process.wait()
    process = start(tmp_path, "", str(segment))
    assert (told(process), told(process)) == (["leading"], ["ended", "succeeded"])
    assert process.wait(10) == 0
    assert (tmp_path / "lines.txt").read_text() == "".join(f"{n}\n" for n in range(LINES))
    house = House(tmp_path)
    last = house.runner().list_runs()[0]
    entries = house.ledger.entries(run=last.id)
    actions = [entry.action for entry in entries]
    assert actions.count("tiny.done") == 1
    assert actions.count("append-line.intended") == actions.count("append-line.done") == LINES
    assert house.ledger.verify().findings == ()


def test_second_process_watches_and_takes_over(tmp_path):
    first = start(tmp_path, pause="0.2")
    assert told(first) == ["leading"]
    second = start(tmp_path, pause="0.2")
    assert told(second) == ["watching"]
    time.sleep(0.5)
    first.kill()  # not waited for: a zombie's lease is free, too
    began = time.monotonic()
    assert told(second) == ["ended", "succeeded"]
    assert time.monotonic() - began < 20
    first.wait()
    second.wait(10)
    assert (tmp_path / "lines.txt").read_text() == "".join(f"{n}\n" for n in range(LINES))


class Receiver:
    """A real HTTP receiver: refuses the first `refuse` deliveries, then accepts."""

    def __init__(self, refuse):
        self.seen, self.left = [], refuse
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.seen.append((dict(self.headers), body))
                receiver.left -= 1
                self.send_response(503 if receiver.left >= 0 else 204)
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


def test_webhook_outlives_a_crash_with_one_id(tmp_path):
    receiver = Receiver(refuse=10_000)
    process = start(tmp_path, receiver.url, pause="0.0")
    assert (told(process), told(process)) == (["leading"], ["ended", "succeeded"])
    while len(receiver.seen) < 2:
        time.sleep(0.02)
    process.kill()
    process.wait()
    receiver.left = 0

    async def deliver_the_rest():
        from gctrust.adapters.webhooks.outbox import Target

        house = House(tmp_path, target=Target(receiver.url, lambda: SECRET, allow_private=True))
        runner = house.runner()
        await runner.start()
        for _ in range(500):
            if not house.outbox.rows("pending"):
                break
            await asyncio.sleep(0.02)
        await runner.close()
        return house

    house = asyncio.run(deliver_the_rest())
    receiver.server.shutdown()
    headers = [{k.lower(): v for k, v in h.items()} for h, _ in receiver.seen]
    assert len({h["webhook-id"] for h in headers}) == 1
    assert len({body for _, body in receiver.seen}) == 1
    body = Webhook(SECRET).verify(receiver.seen[-1][1], headers[-1])
    assert body["specversion"] == "1.0"
    assert body["data"] == {"x": "a"}
    assert body["id"] == headers[0]["webhook-id"]
    settled = house.ledger.entries(action="webhook.settled")
    assert [entry.data["delivery_accepted"] for entry in settled] == [True]
    (first,) = house.ledger.entries(action="tiny.done")
    assert settled[0].data["entry"] == first.seq
    (row,) = house.outbox.rows()
    assert row.status == "accepted"
    # The try that was under way when the process died was received, and could not be recorded.
    assert row.tries == len(row.attempts) >= 2
    assert len(receiver.seen) >= 3
    assert json.loads(receiver.seen[0][1])["type"] == "tiny.done"
    assert TinyOrder().identity == f"tiny:{first.entity}"


SECRET = "whsec_" + "c2VjcmV0" * 4
