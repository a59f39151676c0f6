"""The webhook inbox: takes every POST, remembers it, checks its Standard Webhooks signature.

Answers can be scripted: the next statuses are given in order, then 200. The signature's time is
compared with nothing: the sender follows the virtual clock; its distance is told instead.
"""

from __future__ import annotations

import base64
import hmac
import secrets
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from standardwebhooks import Webhook
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from .arrivals import VirtualClock

_KEPT = 10_000
_MAX_BODY = 1 << 20


@dataclass(frozen=True, slots=True)
class Delivery:
    """One POST received. `verified` is None while the inbox knows no secret.

    `skew` is the seconds from the signed timestamp to the arrival, None without a timestamp.
    """

    time: float
    path: str
    headers: Mapping[str, str]
    body: str
    verified: bool | None
    skew: float | None
    status: int


def new_secret() -> str:
    """A `whsec_` secret of 192 bits, as Standard Webhooks writes it."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(24)).decode("ascii")


class Inbox:
    """Give `app()` to any ASGI server."""

    def __init__(self, clock: VirtualClock) -> None:
        self._clock = clock
        self._webhook: Webhook | None = None
        self._script: deque[int] = deque()
        self._deliveries: deque[Delivery] = deque(maxlen=_KEPT)

    def app(self) -> Starlette:
        return Starlette(
            routes=[Route("/{path:path}", self._receive, methods=["POST", "PUT", "GET"])]
        )

    def set_secret(self, secret: str | None) -> None:
        """The sender's `whsec_` secret. Raises ValueError when it is none."""
        if secret is None:
            self._webhook = None
            return
        try:
            self._webhook = Webhook(secret)
        except Exception as error:  # the library raises several unrelated types
            raise ValueError(f"this is no webhook secret ({type(error).__name__})") from None

    def script(self, statuses: Iterable[int]) -> None:
        """Replace what is left of the script. Raises ValueError for what is no final status."""
        wanted = list(statuses)
        for status in wanted:
            if not 200 <= status <= 599:
                raise ValueError(f"{status} is no HTTP status an answer can have")
        self._script = deque(wanted)

    def deliveries(self) -> list[Delivery]:
        return list(self._deliveries)

    def clear(self) -> None:
        """Forget deliveries and script; the secret stays."""
        self._deliveries.clear()
        self._script.clear()

    async def _receive(self, request: Request) -> Response:
        if request.method != "POST":
            return JSONResponse({"message": "POST here"}, 405, headers={"Allow": "POST"})
        body = bytearray()
        async for chunk in request.stream():
            body += chunk
            if len(body) > _MAX_BODY:
                return JSONResponse({"message": "too large"}, 413)
        status = self._script.popleft() if self._script else 200
        self._deliveries.append(
            Delivery(
                time=self._clock.now(),
                path=request.url.path,
                headers=dict(request.headers),
                body=body.decode("utf-8", "replace"),
                verified=self._verify(request, bytes(body)),
                skew=self._skew(request),
                status=status,
            )
        )
        return Response(status_code=status)

    def _verify(self, request: Request, body: bytes) -> bool | None:
        if self._webhook is None:
            return None
        headers = request.headers
        try:
            signed_at = datetime.fromtimestamp(int(headers.get("webhook-timestamp", "")), UTC)
            expected = self._webhook.sign(
                headers.get("webhook-id", ""), signed_at, body.decode("utf-8")
            )
        except (ValueError, OverflowError, OSError):
            return False
        given = headers.get("webhook-signature", "").split()
        return any(hmac.compare_digest(expected.encode(), one.encode()) for one in given)

    def _skew(self, request: Request) -> float | None:
        try:
            return self._clock.now() - int(request.headers.get("webhook-timestamp", ""))
        except (ValueError, OverflowError):
            return None
