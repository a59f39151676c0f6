"""`gctrust webhooks test`: a real delivery, now."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .exit_codes import ExitCode
from .findings_shown import bad_argument
from .output import Block, Heading
from .session import Options, with_app

if TYPE_CHECKING:
    from .. import app as composition
    from ..adapters.webhooks.send import TlsSeen


@dataclass(frozen=True, slots=True)
class Tested:
    """`status` is null when no answer came; `tls` without TLS."""

    endpoint: str
    id: str
    accepted: bool
    status: int | None
    error: str
    latency_ms: float
    auth: tuple[str, ...]
    tls: TlsSeen | None


def send_test(
    endpoint: str = "",
    /,
    *,
    options: Options = Options(),  # noqa: B008 - frozen
) -> ExitCode:
    """Send a real signed delivery now, and say what came of it. Exit code 10 when it was refused.

    Parameters
    ----------
    endpoint
        Its name; not needed when there is one.
    """

    async def body(app: composition.App) -> ExitCode:
        outbox = app.outbox
        name = endpoint or _only([one.name for one in outbox.endpoints.all()])
        try:
            id_, attempt = await outbox.test(name)
        finally:
            await outbox.aclose()
        auth = outbox.endpoints.auth(outbox.endpoints.get(name))
        shown = Tested(
            *(name, id_, attempt.accepted, attempt.status, attempt.error),
            *(round(attempt.seconds * 1000, 1), auth, attempt.tls),
        )
        options.out.answer("webhooks.test", shown, _blocks(shown))
        return ExitCode.FINE if attempt.accepted else ExitCode.FINDINGS

    return with_app(options, body)


def _only(names: list[str]) -> str:
    if len(names) == 1:
        return names[0]
    reason = f"Name one of: {', '.join(names)}." if names else "There is none: see webhooks add."
    raise bad_argument("ENDPOINT", "", reason)


def _blocks(shown: Tested) -> list[Block]:
    word = "accepted" if shown.accepted else "not accepted"
    blocks: list[Block] = [Heading(f"{shown.endpoint}: {word}")]
    answer = "none" if shown.status is None else f"HTTP {shown.status}"
    blocks.append(f"  answer: {answer} after {shown.latency_ms:g} ms")
    if shown.error:
        blocks.append(f"  seen: {shown.error}")
    blocks.append(f"  sent: {shown.id}, known by {', '.join(shown.auth) or 'nothing'}")
    if shown.tls:
        seen = shown.tls
        blocks.append(f"  tls: {seen.version} {seen.cipher}, {seen.subject} to {seen.not_after}")
    return blocks
