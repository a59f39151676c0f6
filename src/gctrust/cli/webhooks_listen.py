"""`gctrust webhooks listen`: a receiver for whoever writes one, or looks at deliveries."""

from __future__ import annotations

import json
from collections.abc import Callable
from threading import Lock, Thread
from typing import TYPE_CHECKING

from ..errors import Problem
from .exit_codes import ExitCode
from .findings_shown import bad_argument
from .output import Output, document, visible_line
from .session import Options, settings_of

if TYPE_CHECKING:
    from ..adapters.webhooks.receiver import Received, Receiver


def listen(
    *,
    port: int = 8099,
    secret: str = "",
    answer: int = 200,
    count: int = 0,
    options: Options = Options(),  # noqa: B008 - frozen
) -> ExitCode:
    """A receiver on this machine that verifies and prints. Ctrl-C ends it.

    Parameters
    ----------
    port
        Where to listen; 0 for any free port.
    secret
        Where the signing secret is: env:NAME or file:PATH. Without it WEBHOOK_SECRET is used.
    answer
        The status to answer with, to see what a sender makes of it.
    count
        End after that many deliveries; 0 for never.
    """
    if not 0 <= port <= 65535:
        raise bad_argument("--port", str(port), "Give 0 to 65535.")
    if not 200 <= answer <= 599:
        raise bad_argument("--answer", str(answer), "Give a final HTTP status, 200 to 599.")
    printer = _Printer(options.out, count)
    try:
        server = _receiver(port, _secrets(options, secret), answer, printer)
    except OSError as error:
        raise bad_argument("--port", str(port), f"It cannot be had: {error.strerror}.") from None
    with server:
        printer.stop = lambda: Thread(target=server.shutdown).start()
        options.out.talk(f"listening: WEBHOOK_URL={server.url}")
        server.serve_forever(poll_interval=0.1)
    return ExitCode.FINDINGS if printer.refused else ExitCode.FINE


def _secrets(options: Options, reference: str) -> list[str]:
    from ..adapters.webhooks.secret_source import SecretSources, checked_source
    from ..settings import environment

    if reference:
        return [SecretSources(environment).read(checked_source(reference)).reveal()]
    given = settings_of(options).webhook_secret
    return given.reveal().split() if given else []


def _receiver(port: int, secrets: list[str], answer: int, printer: _Printer) -> Receiver:
    from ..adapters.webhooks.receiver import Receiver
    from ..adapters.webhooks.secret_source import BAD_SECRET

    try:
        return Receiver(port, secrets, answer, printer)
    except ValueError:
        raise Problem(BAD_SECRET) from None


class _Printer:
    """A line for each delivery; with --json an object."""

    def __init__(self, out: Output, count: int) -> None:
        self._out, self._left, self._lock = out, count, Lock()
        self.refused = 0
        self.stop: Callable[[], None] = lambda: None

    def __call__(self, seen: Received) -> None:
        with self._lock:
            self.refused += seen.verified is False
            self._out.raw(
                json.dumps(document("webhooks.received", seen)) if self._out.json else _line(seen)
            )
            self._left -= 1
            if self._left == 0:
                self.stop()


def _line(seen: Received) -> str:
    verdict = {True: "verified", False: f"REFUSED ({seen.why})", None: "not verified"}
    again = " again" if seen.known else ""
    head = f"{verdict[seen.verified]}{again} {seen.id} {seen.event} {seen.subject}"
    return visible_line(f"{head} {seen.body}")
