"""`gctrust evidence`: a period of the ledger as a folder that proves itself."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import Problem, ProblemKind, ProblemType
from .exit_codes import ExitCode
from .findings_shown import bad_argument
from .output import write_file
from .session import Options, with_app

if TYPE_CHECKING:
    from .. import app as composition

NOT_EMPTY = ProblemType(
    "evidence.folder-not-empty",
    "The folder for the evidence is not empty.",
    "Files of another pack beside this one's would be taken for part of it.",
    "Name a folder that is new or empty: --output DIR.",
    kind=ProblemKind.USAGE,
    source="docs/guides/evidence.md",
)
PROBLEMS = (NOT_EMPTY,)


@dataclass(frozen=True, slots=True)
class EvidenceWritten:
    """`first` and `entries`: those of the period. `size` is that of the checkpoint's tree."""

    folder: str
    since: str
    until: str
    first: int
    entries: int
    size: int
    key: str


def evidence(
    *,
    since: str,
    until: str = "",
    options: Options = Options(),  # noqa: B008 - frozen
) -> ExitCode:
    """Write what changed in a period to a folder (--output DIR) that proves itself offline.

    Its index.html checks every proof by itself in a browser, without a network.

    Parameters
    ----------
    since
        The first instant of the period: 2026-11-01, or 2026-11-01T08:00:00Z.
    until
        The first instant after it; without it the period ends with the last entry.
    """
    if not options.output:
        raise bad_argument("--output", "", "Say which folder to write: --output DIR.")
    folder = Path(options.output)
    period = (rfc3339_of("--since", since), rfc3339_of("--until", until) if until else "")
    if until and period[1] <= period[0]:
        raise bad_argument("--until", until, "The period would end before it begins.")

    async def body(app: composition.App) -> ExitCode:
        from ..adapters.evidence.pack import pack_of
        from ..adapters.ledger.entry import rfc3339
        from ..adapters.system import SystemClock

        # Whose clock the entries go by may have stopped long ago, as a sandbox's has.
        pack = pack_of(app.ledger, *period, rfc3339(SystemClock().now()))
        _empty(folder)
        for name, text in pack.files():
            write_file(folder / name, text)
        shown = EvidenceWritten(
            str(folder),
            pack.period.since,
            pack.period.until,
            pack.period.first,
            pack.period.count,
            pack.size,
            pack.key,
        )
        told = f"{folder}: {shown.entries} entries, each proved; open {folder / 'index.html'}"
        options.on_stdout.answer("evidence", shown, [told])
        return ExitCode.FINE

    return with_app(options, body)


def rfc3339_of(option: str, text: str) -> str:
    """RFC 3339 in UTC, as entries have it."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise bad_argument(option, text, "It is a date or a time: 2026-11-01T08:00:00Z.") from None
    at = at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _empty(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "proofs").mkdir()
        others = [file.name for file in folder.iterdir() if file.name != "proofs"]
    except OSError as error:
        raise Problem(NOT_EMPTY, {"path": str(folder), "seen": error.strerror or ""}) from None
    if others:
        (folder / "proofs").rmdir()
        raise Problem(NOT_EMPTY, {"path": str(folder), "files": len(others)})
