"""A receiver of gctrust's webhooks that verifies, in Python's own library alone.

    WEBHOOK_SECRET=whsec_... python receiver.py [PORT]

It prints one line for each event that is new and genuine. Standard Webhooks; CloudEvents 1.0.
"""

import base64
import hashlib
import hmac
import json
import os
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock

TOLERANCE = 300  # seconds a timestamp may be off, either way
LARGEST = 1 << 20  # octets


class Refused(Exception):
    """Not ours, or not now. Its text is for your log, not for the sender."""


class Verifier:
    """`secrets` may be several, so that one can be rotated without a lost delivery."""

    def __init__(self, secrets):
        self.keys = [base64.b64decode(secret.removeprefix("whsec_")) for secret in secrets]
        self.seen = {}  # id -> when it was accepted; a database table where you have one
        self.lock = Lock()

    def verify(self, headers, body, now):
        """The event, or None for one that was accepted before. Raises Refused."""
        id_, stamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
        if not id_ or not stamp.isdigit():
            raise Refused("headers are missing")
        if abs(now - int(stamp)) > TOLERANCE:
            raise Refused("the timestamp is too far off")
        signed = f"{id_}.{stamp}.".encode() + body
        expected = [hmac.digest(key, signed, hashlib.sha256) for key in self.keys]
        if not any(
            hmac.compare_digest(one, given)
            for given in _signatures(headers.get("webhook-signature", ""))
            for one in expected
        ):
            raise Refused("no signature fits")
        event = json.loads(body)  # only now: nothing that is not ours is parsed
        with self.lock:
            # Retries go on for more than three days and keep the id: a month is safe.
            self.seen = {k: at for k, at in self.seen.items() if now - at < 30 * 86400}
            if id_ in self.seen:
                return None
            self.seen[id_] = now
        return event


def _signatures(header):
    for word in header.split():
        version, _, text = word.partition(",")
        if version == "v1":
            try:
                yield base64.b64decode(text)
            except ValueError:
                continue


def handler(verifier):
    class Handler(BaseHTTPRequestHandler):
        timeout = 10

        def do_POST(self):
            length = self.headers.get("Content-Length", "")
            if not length.isdigit() or int(length) > LARGEST:
                return self.answer(413)
            body = self.rfile.read(int(length))
            headers = {name.lower(): value for name, value in self.headers.items()}
            try:
                event = verifier.verify(headers, body, time.time())
            except (Refused, ValueError) as error:
                print(f"refused: {error}", file=sys.stderr, flush=True)
                return self.answer(401)
            if event is not None:
                # Your work goes here. Answer quickly: queue what takes long.
                print(event["type"], event["subject"], event["id"], flush=True)
            self.answer(204)

        def answer(self, status):
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_):
            pass

    return Handler


if __name__ == "__main__":
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 8099
    server = ThreadingHTTPServer(
        ("127.0.0.1", port), handler(Verifier(os.environ["WEBHOOK_SECRET"].split()))
    )
    print(f"listening http://127.0.0.1:{server.server_port}/", flush=True)
    server.serve_forever()
