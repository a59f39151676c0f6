"""A slash within an id: `%2F` is a part of a name, and no border between parts of a path (RFC 3986
section 2.2), though servers decode it before routes are looked for."""

from __future__ import annotations

import re
from urllib.parse import unquote

from starlette.types import ASGIApp, Receive, Scope, Send

_SLASH = "%2F"


class KeptSlashes:
    """Routes see `%2F` as it came; `slashed` is for the parameter that may hold one."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        raw = scope.get("raw_path", b"").decode("ascii", "replace")
        if _SLASH in raw.upper():
            kept = re.sub(_SLASH, "%25" + _SLASH[1:], raw, flags=re.IGNORECASE)
            scope = {**scope, "path": unquote(kept)}
        await self.app(scope, receive, send)


def slashed(text: object) -> object:
    return text.replace(_SLASH, "/") if isinstance(text, str) else text
