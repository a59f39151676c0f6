"""What waited in a store of before endpoints is sent as it would have been."""

from __future__ import annotations

import hashlib
import sqlite3
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from gctrust.adapters.webhooks.endpoint import Target

from .houses import SECRET, deliver, house, receiver

STORES = Path(__file__).parents[1] / "stores"


def older_store(home: Path, version: str) -> None:
    """With the key that its ledger was signed with, and one webhook that was tried once."""
    old = sqlite3.connect(home / "store.db")
    old.executescript((STORES / version).read_text("utf-8"))
    free = "SELECT max(seq) FROM ledger WHERE seq NOT IN (SELECT entry FROM outbox)"
    (entry,) = old.execute(free).fetchone()
    row = ("msg_old", "r", 1, "webhook.test", "example.com", "{}", entry, 1.0, "pending", 1, 2.0)
    old.execute(f"INSERT INTO outbox VALUES ({', '.join('?' * len(row))})", row)
    old.execute("INSERT INTO deliveries VALUES (900, 'msg_old', 1, 1.0, 503, 'HTTP 503', 0.1)")
    old.commit()
    old.close()
    seed = hashlib.sha256(b"the stores of earlier versions").digest()
    key = Ed25519PrivateKey.from_private_bytes(seed)
    text = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (home / "ledger.key").write_bytes(text)
    (home / "ledger.key").chmod(0o600)


# The first stores of version 4 had a table of endpoints' deliveries, without what waited before.
@pytest.mark.parametrize("version", ["3.sql", "4.sql"])
async def test_a_webhook_that_waited_is_sent(tmp_path, version):
    older_store(tmp_path, version)
    with receiver() as there:
        box = house(tmp_path, Target(there.url, lambda: SECRET, allow_private=True))
        (waiting,) = (one for one in box.rows("pending") if one.id == "msg_old")
        assert (waiting.tries, [one.status for one in waiting.attempts]) == (1, [503])
        await deliver(box)
        assert "msg_old" in there.ids
    assert "msg_old" not in {one.id for one in box.rows("pending")}
    assert box.ledger.verify().findings == ()
