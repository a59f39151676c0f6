"""`gctrust audit seal`: the oldest entries move to an archive that still verifies."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from .change_reason import Why
from .evidence import rfc3339_of
from .exit_codes import ExitCode
from .findings_shown import bad_argument
from .session import Options, with_app

if TYPE_CHECKING:
    from .. import app as composition


@dataclass(frozen=True, slots=True)
class Sealing:
    """Entries `first` to `end - 1`; `held`: what they stop at. `sha256` is the archive's, once it
    is written."""

    first: int
    end: int
    held: str
    file: str
    sha256: str | None


def seal(
    *,
    before: str = "",
    entries: int = 0,
    yes: Annotated[bool, Parameter(negative="")] = False,
    why: Why = Why(),  # noqa: B008 - frozen
    options: Options = Options(),  # noqa: B008 - frozen
) -> ExitCode:
    """Move the oldest entries to an archive (--output FILE); the rest is proved as before.

    Keep the archive: `gctrust audit verify FILE` verifies it with the store.

    Parameters
    ----------
    before
        Those before this date or time.
    entries
        That many, in whole blocks of 64.
    yes
        Do it; without it nothing changes.
    """
    if not options.output:
        raise bad_argument("--output", "", "Say which archive to write: --output FILE.")
    if bool(before) == bool(entries) or entries < 0:
        raise bad_argument("--before", before, "Give either --before DATE or --entries N.")
    until = rfc3339_of("--before", before) if before else ""
    file = Path(options.output)

    async def body(app: composition.App) -> ExitCode:
        from ..adapters.ledger.seal import seal as carry_out
        from ..adapters.ledger.seal import sealable

        span = sealable(app.ledger, entries=entries, before=until)
        sealed = carry_out(app.ledger, span, file, app.asker) if yes else None
        digest = sealed.sha256 if sealed else None
        shown = Sealing(span.first, span.end, span.held, str(file), digest)
        lines = [f"entries {span.first} to {span.end - 1}: {file}"]
        lines += [f"no more, because of {span.held}"] if span.held else []
        lines += [f"SHA-256 {digest}"] if digest else ["add --yes to seal them"]
        options.on_stdout.answer("audit.seal", shown, lines)
        return ExitCode.FINE if yes else ExitCode.CHANGES

    return with_app(options, body, **why.settings)
