"""The receivers of docs/samples, run as they are: genuine deliveries pass, nothing else does."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from gctrust.adapters.webhooks.endpoint import Keys
from gctrust.adapters.webhooks.secret_source import new_signing_secret
from gctrust.adapters.webhooks.send import Sender

from .houses import deliver, endpoint, house, record

SAMPLES = Path(__file__).parents[3] / "docs" / "samples" / "receivers"
OLD, NEW = new_signing_secret(), new_signing_secret()
JSON = "application/json"


@contextlib.contextmanager
def running(language):
    program = {"python": sys.executable, "node": shutil.which("node")}[language]
    if program is None:
        pytest.skip(f"{language} is not installed: its sample is not executed")
    file = next((SAMPLES / language).glob("receiver.*"))
    environ = {**os.environ, "WEBHOOK_SECRET": f"{NEW.reveal()} {OLD.reveal()}"}
    process = subprocess.Popen(
        [program, str(file), "0"], env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        word, url = process.stdout.readline().split()
        assert word == "listening"
        yield url, process
    finally:
        process.terminate()
        process.wait(10)


async def post(url, keys, id_="msg_1", stamp=None):
    sender = Sender(endpoint("there", url))
    event = json.dumps({"type": "webhook.test", "subject": "s", "id": id_})
    seen = await sender.send(id_, event, keys, stamp or time.time(), JSON)
    await sender.aclose()
    return seen.status


@pytest.mark.parametrize("language", ["python", "node"])
async def test_sample(language, tmp_path):
    old, new = Keys((OLD.reveal(),)), Keys((NEW.reveal(),))
    with running(language) as (url, process):
        assert await post(url, old, "msg_old") == 204
        assert await post(url, new, "msg_new") == 204
        assert await post(url, new, "msg_new") == 204, "known already: accepted, not acted on"
        assert await post(url, Keys((new_signing_secret().reveal(),)), "msg_forged") == 401
        assert await post(url, Keys(), "msg_unsigned") == 401
        assert await post(url, new, "msg_late", time.time() - 400) == 401
        assert await post(url, new, "msg_early", time.time() + 400) == 401
        box = house(tmp_path)
        box.endpoints.add(endpoint("there", url), OLD)
        record(box, 1)
        box.endpoints.rotate_secret("there", NEW, overlap=3600.0)
        record(box, 2)
        await deliver(box)
        await box.aclose()
        assert box.counts() == {("there", "accepted"): 2}
        process.terminate()
        told, refused = process.communicate(timeout=10)
    ids = [line.split()[-1] for line in told.splitlines()]
    assert ids[:2] == ["msg_old", "msg_new"]
    assert sorted(ids[2:]) == sorted(row.id for row in box.rows())
    assert len(refused.splitlines()) == 4
