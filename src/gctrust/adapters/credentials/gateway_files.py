"""The files of a gateway that data actions call: trust store, pins, and nginx's directives.

With the regional root the trust store is that root, and the pins say which of its certificates; a
root that nobody gave leaves the certificates themselves to trust.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from ...certs.bundle import read_bundle
from ...errors import Problem, ProblemType, Retry
from ...pipelines.gateway_effects import WriteGateway
from ...pipelines.platform_rotation import Shown
from ..files import read_file
from ..reload_command import failure_of
from .client_switch import replace_file
from .truststore import NOT_WRITTEN, READABLE_BY_ALL

NOT_RELOADED = ProblemType(
    "gateway.not-reloaded",
    "The gateway's reload command failed.",
    "Its files are right, and it may still go by the old ones.",
    "Run the command by hand and correct what it says; it must end with 0 in time.",
    retry=Retry.LATER,
    source="docs/guides/published-dialect.md",
)
PATIENCE = 60.0  # seconds for the reload command


def files_of(effect: WriteGateway) -> dict[str, bytes]:
    """What each file has to hold. Raises Problem file.*."""
    root = read_file(effect.root).decode("utf-8", "replace") if effect.root else ""
    bundle = root or "".join(f"# {one.subject}\n{one.pem}" for one in effect.held)
    files = {effect.bundle: bundle, effect.pins: _pins(effect.held)}
    if effect.nginx:
        files[effect.nginx] = _nginx(effect)
    return {path: text.encode("utf-8") for path, text in files.items()}


def write_files(effect: WriteGateway) -> bool:
    """Whether one had to change. Raises Problem file.*, pins.trust-not-written."""
    changed = False
    for path, octets in files_of(effect).items():
        try:
            if not Path(path).exists() or Path(path).read_bytes() != octets:
                replace_file(Path(path), octets, READABLE_BY_ALL)
                changed = True
        except OSError as error:
            seen = error.strerror or type(error).__name__
            raise Problem(NOT_WRITTEN, {"path": path, "seen": seen}) from None
    return changed


async def reload_gateway(command: tuple[str, ...]) -> None:
    """Raises Problem gateway.not-reloaded."""
    if command and (seen := await failure_of(command, PATIENCE)):
        raise Problem(NOT_RELOADED, {"command": command[0], "seen": seen})


def _pins(held: Iterable[Shown]) -> str:
    """Base64 SHA-256 of each certificate first, then whose it is."""
    return "".join(
        f"{one.certificate_pin} spki={one.spki_pin} until={_day(one.expires)} {one.subject}\n"
        for one in held
    )


def _nginx(effect: WriteGateway) -> str:
    """For a `server` block. nginx knows a client's certificate by its SHA-1 and nothing better."""
    known = "|".join(_sha1(one.pem) for one in effect.held)
    quoted = str(Path(effect.bundle).resolve()).replace("\\", "\\\\").replace('"', '\\"')
    return (
        f'ssl_client_certificate "{quoted}";\nssl_verify_client on;\nssl_verify_depth 1;\n'
        f'if ($ssl_client_fingerprint !~ "^({known})$") {{\n    return 403;\n}}\n'
    )


def _sha1(pem: str) -> str:
    return hashlib.sha1(
        read_bundle(pem.encode()).certificates[0].der, usedforsecurity=False
    ).hexdigest()


def _day(instant: float | None) -> str:
    return "unknown" if instant is None else f"{datetime.fromtimestamp(instant, UTC):%Y-%m-%d}"
