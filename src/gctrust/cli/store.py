"""`gctrust store`: check the store, back it up, put it back, and clean out what is old."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cyclopts import App

from ..errors import Problem
from .change_reason import Why
from .durations import seconds_of
from .exit_codes import ExitCode
from .findings_shown import findings_blocks
from .output import Block
from .session import Options, with_app

if TYPE_CHECKING:
    from .. import app as composition
    from ..adapters.store.retention import Cleaned
    from ..findings import Finding

app = App(name="store", help="The store of runs and ledger: check, backup, restore, clean.")


@dataclass(frozen=True, slots=True)
class Checked:
    """`faults` are the database's own; `ledger` the ledger's findings."""

    store: str
    schema_version: int
    runs: int
    open: int
    entries: int
    faults: tuple[str, ...]
    ledger: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class BackedUp:
    """`beside` are files that no copy of the store holds, and that are needed with it."""

    file: str
    octets: int
    beside: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Restored:
    """`entry` tells the restoring in the ledger; None where its key, or its clock, is not there."""

    store: str
    file: str
    entry: int | None


@dataclass(frozen=True, slots=True)
class CleanedShown:
    """`done` is false for a dry run. `before` is the age, in seconds, of what goes."""

    done: bool
    before: float
    cleaned: Cleaned


@app.command
def check(
    *,
    options: Options = Options(),  # noqa: B008 - frozen
) -> ExitCode:
    """Look whether the store is whole: its pages, its references, its ledger."""

    async def body(app: composition.App) -> ExitCode:
        from ..adapters.store.backup import faults
        from ..adapters.store.schema import SCHEMA_VERSION
        from .session import kept_runs

        counts = kept_runs(app).count()
        found, verdict = faults(app.store), app.ledger.verify()
        still_open = sum(n for (_, status), n in counts.items() if status == "open")
        told = Checked(
            app.store.name,
            SCHEMA_VERSION,
            sum(counts.values()),
            still_open,
            verdict.entries,
            found,
            verdict.findings,
        )
        fine = not found and not verdict.findings
        blocks: list[Block] = [
            f"{told.store}: {told.runs} runs, {told.open} open, {told.entries} ledger entries",
            *(f"damaged: {line}" for line in found),
            *findings_blocks(verdict.findings, ()),
            "whole" if fine else "not whole: put back a back-up (gctrust store restore FILE)",
        ]
        options.out.answer("store.check", told, blocks)
        return ExitCode.FINE if fine else ExitCode.FINDINGS

    return with_app(options, body)


@app.command
def backup(
    file: Path,
    /,
    *,
    options: Options = Options(),  # noqa: B008 - frozen
) -> ExitCode:
    """Copy the store as it is at one moment, while runs go on.

    Parameters
    ----------
    file
        Where the copy goes; it must not exist. Of PostgreSQL it is a dump for pg_restore.
    """

    async def body(app: composition.App) -> ExitCode:
        from ..adapters.store.backup import back_up

        octets = back_up(app.store, file)
        keys = (app.settings.home / name for name in ("ledger.key", "seal.key"))
        beside = tuple(str(key) for key in keys if key.exists())
        lines: list[Block] = [f"{file}: {octets} octets"]
        lines += [f"not in it, keep it apart: {key}" for key in beside]
        options.out.answer("store.backup", BackedUp(str(file), octets, beside), lines)
        return ExitCode.FINE

    return with_app(options, body)


@app.command
def restore(
    file: Path,
    /,
    *,
    why: Why = Why(),  # noqa: B008 - frozen
    options: Options = Options(),  # noqa: B008 - frozen
) -> ExitCode:
    """Put a back-up where the store was lost; runs go on from where they were in it.

    Parameters
    ----------
    file
        A copy that `gctrust store backup` made of a SQLite store.
    """

    async def body(app: composition.App) -> ExitCode:
        from ..adapters.store.backup import NOT_HERE
        from ..adapters.store.backup import restore as put_back

        if app.settings.store_url:
            raise Problem(NOT_HERE)
        put_back(file, app.store_path, app.store_kind)
        told = Restored(str(app.store_path), str(file), _entered(app, options, file))
        options.out.answer("store.restore", told, [f"{told.store} is {told.file} again"])
        return ExitCode.FINE

    return with_app(options, body, **why.settings)


def _entered(app: composition.App, options: Options, file: Path) -> int | None:
    """The store is back, whatever keeps this from being told in it."""
    from ..adapters.ledger.entry import Entry

    with file.open("rb") as copy:
        digest = hashlib.file_digest(copy, "sha256").hexdigest()
    entry = Entry.anew("store.restored", "store", app.asker, file=file.name, sha256=digest)
    try:
        return app.ledger.append(entry)
    except Problem as problem:
        options.out.talk(f"not told in its ledger: {problem}")
        return None


@app.command
def clean(
    *,
    older_than: str = "90d",
    yes: bool = False,
    why: Why = Why(),  # noqa: B008 - frozen
    options: Options = Options(),  # noqa: B008 - frozen
) -> ExitCode:
    """Remove old ended runs and settled webhooks; a dry run without --yes.

    Open runs and the ledger stay, and of each thing its newest run, without its history.

    Parameters
    ----------
    older_than
        How long ago a run must have ended: 90d, 12h, 2w.
    yes
        Remove them.
    """
    age = seconds_of("--older-than", older_than)

    async def body(app: composition.App) -> ExitCode:
        from ..runner.cleaning import retention

        old = retention(app.ledger, app.asker)
        before = app.clock.now() - age
        cleaned = old.clean(before) if yes else old.would(before)
        word = "removed" if yes else "would remove"
        lines: list[Block] = [
            f"{word} the history of {cleaned.runs} runs ({cleaned.steps} steps), "
            f"{cleaned.removed} of them wholly, and {cleaned.webhooks} settled webhooks"
        ]
        if cleaned.anything and not yes:
            lines.append("dry run: give --yes to remove them")
        options.out.answer("store.clean", CleanedShown(yes, age, cleaned), lines)
        return ExitCode.CHANGES if cleaned.anything and not yes else ExitCode.FINE

    return with_app(options, body, **why.settings)
