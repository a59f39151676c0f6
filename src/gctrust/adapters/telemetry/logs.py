"""Structured logs on stderr: JSON lines or text, with the run they are about, and no secret.

Modules log with the standard library, an event name and `extra`; this alone decides how it looks.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Collection, Mapping, MutableMapping
from typing import Any

from ..genesys.caller import caller

REDACTED = "[redacted]"
# What is a secret wherever it stands: credentials in headers and URLs, webhook secrets, keys, JWTs.
_SECRETS = re.compile(
    r"(?i)(\b(?:client_secret|access_token|password|passphrase)[=:]\s*\"?)[^&\s\",}]+"
    r"|\b(?:bearer|basic)\s+[\w.~+/=-]{8,}"
    r"|whsec_[\w+/=-]+"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)"
    r"|(?<=://)[^/?#\s@]+(?=@)"
    r"|\beyJ[\w-]+\.[\w-]+\.[\w-]*",
    re.DOTALL,
)


def start_logs(form: str, level: str, secrets: Collection[str]) -> None:
    """`form` is "json" or "text"; `secrets` are texts that must not stand in any line."""
    import structlog

    renderer: Any = structlog.processors.JSONRenderer()
    if form == "text":
        renderer = structlog.dev.ConsoleRenderer(colors=False, pad_event_to=0)
    redaction = Redaction(secrets)
    chain: list[Any] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _named,
        structlog.processors.format_exc_info,  # a text before redaction, and without the locals
        redaction,
    ]
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=chain,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    ours = logging.getLogger("gctrust")
    ours.handlers[:] = [handler]
    ours.setLevel(level.upper())
    ours.propagate = False


def _named(_logger: object, _method: str, event: MutableMapping[str, Any]) -> Mapping[str, Any]:
    """The run that is being driven here, unless the line names one itself."""
    if run := caller().run:
        event.setdefault("run", run)
    return event


class Redaction:
    """Takes the known secrets, and whatever looks like one, out of every value of a line."""

    def __init__(self, secrets: Collection[str]) -> None:
        # The longest first: one secret may begin another.
        known = sorted((re.escape(text) for text in secrets if len(text) >= 4), key=len)[::-1]
        self._known = re.compile("|".join(known)) if known else None

    def __call__(
        self, _logger: object, _method: str, event: MutableMapping[str, Any]
    ) -> Mapping[str, Any]:
        return {name: self._value(value) for name, value in event.items()}

    def _value(self, value: Any) -> Any:
        if value is None or isinstance(value, bool | int | float):
            return value
        if isinstance(value, Mapping):
            return {self._value(key): self._value(item) for key, item in value.items()}
        if isinstance(value, list | tuple | set | frozenset):
            return [self._value(item) for item in value]
        return self.text(value.decode(errors="replace") if isinstance(value, bytes) else str(value))

    def text(self, text: str) -> str:
        text = self._known.sub(REDACTED, text) if self._known else text
        return _SECRETS.sub(lambda found: (found[1] or "") + REDACTED, text)
