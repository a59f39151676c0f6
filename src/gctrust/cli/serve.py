"""`gctrust serve`: the HTTP service, driving the runs of its store."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .exit_codes import ExitCode
from .findings_shown import bad_argument
from .session import Options, with_app

if TYPE_CHECKING:
    from .. import app as composition


@dataclass(frozen=True, slots=True)
class Serving:
    address: str


def serve(
    *,
    host: str = "127.0.0.1",
    port: int = 8750,
    options: Options = Options(),  # noqa: B008 - frozen
) -> ExitCode:
    """Serve the HTTP API until interrupted. Runs in flight go on with the next start.

    Parameters
    ----------
    host
        The address to listen at. Anything but loopback needs a TLS front before it.
    port
        The port; 0 takes a free one.
    """
    if not 0 <= port < 65536:
        raise bad_argument("--port", str(port), "A port is a number from 0 to 65535.")

    async def body(app: composition.App) -> ExitCode:
        from ..service.server import serve as serve_api

        def listening(address: str) -> None:
            options.out.answer("serve", Serving(address), [f"listening at {address}"])

        await serve_api(app, host, port, listening)
        return ExitCode.FINE

    return with_app(options, body)
