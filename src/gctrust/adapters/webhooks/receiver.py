"""A receiver for development: verifies what arrives on this machine, hands it on, and answers."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from standardwebhooks import Webhook
from standardwebhooks.webhooks import WebhookVerificationError

_MOST = 1 << 20  # octets of a body
_PATIENCE = 10.0  # seconds a sender may take


@dataclass(frozen=True, slots=True)
class Received:
    """`verified` is None without a secret to verify with; `why` says what was wrong. `known`: a
    delivery of this id came before."""

    id: str
    event: str
    subject: str
    verified: bool | None
    why: str
    known: bool
    body: str


class Receiver(ThreadingHTTPServer):
    """Listens on this machine only. `serve_forever()` hands each delivery to `told` once it is
    answered; one that does not verify is answered with 401."""

    daemon_threads = True

    def __init__(
        self, port: int, secrets: Sequence[str], answer: int, told: Callable[[Received], None]
    ) -> None:
        """Raises OSError when the port is taken, ValueError for what is no signing secret."""
        self._verifiers = [Webhook(secret) for secret in secrets]
        self.answer, self.told, self._seen = answer, told, set[str]()
        super().__init__(("127.0.0.1", port), _Handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/"

    def judge(self, headers: dict[str, str], body: bytes) -> Received:
        id_ = headers.get("webhook-id", "")
        verified, why = self._verified(headers, body)
        event = _event(body)
        known = id_ in self._seen
        if verified is not False:  # anybody could take an id that way
            self._seen.add(id_)
        text = body.decode("utf-8", "replace")
        type_, subject = str(event.get("type", "")), str(event.get("subject", ""))
        return Received(id_, type_, subject, verified, why, known, text)

    def _verified(self, headers: dict[str, str], body: bytes) -> tuple[bool | None, str]:
        why = ""
        for verifier in self._verifiers:
            try:
                verifier.verify(body, headers, json_parse=False)
                return True, ""
            except (WebhookVerificationError, ValueError) as error:
                why = str(error)[:200]
        return (False, why) if self._verifiers else (None, "")


class _Handler(BaseHTTPRequestHandler):
    server: Receiver
    protocol_version = "HTTP/1.1"
    timeout = _PATIENCE

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length", "")
        if not length.isdigit() or int(length) > _MOST:
            self.close_connection = True
            return self._say(413 if length.isdigit() else 411)
        body = self.rfile.read(int(length))
        seen = self.server.judge({k.lower(): v for k, v in self.headers.items()}, body)
        self._say(401 if seen.verified is False else self.server.answer)
        self.server.told(seen)

    def _say(self, status: int) -> None:
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """What arrives is told once, by the one who listens."""


def _event(body: bytes) -> dict[str, Any]:
    try:
        event = json.loads(body)
    except ValueError:
        return {}
    return event if isinstance(event, dict) else {}
