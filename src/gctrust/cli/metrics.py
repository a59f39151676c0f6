"""`gctrust metrics`: the figures of /metrics without a service, also for node_exporter."""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from ..errors import Problem
from .exit_codes import ExitCode
from .output import UNWRITABLE
from .session import Options, with_app

if TYPE_CHECKING:
    from .. import app as composition


def metrics(
    *,
    textfile: Annotated[str, Parameter(show_default=False)] = "",
    options: Options = Options(),  # noqa: B008 - frozen
) -> ExitCode:
    """What the service shows at /metrics, read from the store.

    Parameters
    ----------
    textfile
        Put it there for node_exporter's textfile collector: the whole file at once, readable by
        all. Its name has to end in .prom.
    """

    async def body(app: composition.App) -> ExitCode:
        from ..service.exposition import exposition

        text, _ = exposition(app)
        if textfile:
            put_whole(Path(textfile), text)
        else:
            options.out.raw(text.decode())
        return ExitCode.FINE

    return with_app(options, body)


def put_whole(path: Path, octets: bytes) -> None:
    """A reader sees the old file or the new one. Raises Problem cli.unwritable-file."""
    draft = ""
    try:
        handle, draft = tempfile.mkstemp(dir=path.parent, prefix=".metrics-")
        with os.fdopen(handle, "wb") as stream:
            stream.write(octets)
        Path(draft).chmod(0o644)
        Path(draft).replace(path)
    except (OSError, ValueError) as error:
        if draft:
            with suppress(OSError):
                Path(draft).unlink()
        seen = getattr(error, "strerror", None) or "it cannot be written"
        raise Problem(UNWRITABLE, {"path": str(path), "seen": seen}) from None
