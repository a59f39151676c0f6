"""`gctrust audit`: the tamper-evident ledger."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import App, Parameter

from ..errors import Fact, Problem
from ..findings import Finding
from .audit_query import EntryShown, joined, matches, qualifiers
from .change_reason import Why
from .exit_codes import ExitCode
from .findings_shown import bad_argument, findings_blocks
from .output import UNWRITABLE, Block, Table, write_file
from .pin import read_file
from .session import Options, with_app

if TYPE_CHECKING:
    from .. import app as composition
    from ..adapters.ledger.export import Lines
    from ..adapters.ledger.signed_note import VerifierKey
    from ..adapters.ledger.verify import Verdict

app = App(
    name="audit",
    help="The tamper-evident ledger: list, verify, prove, export, compare, checkpoint, seal.",
)
app.command("gctrust.cli.audit_seal:seal", name="seal", help="Move old entries to an archive.")
app.command("gctrust.cli.audit_join:compare", name="compare", help="Changes of somebody else's.")


@dataclass(frozen=True, slots=True)
class EntriesShown:
    entries: tuple[EntryShown, ...]


@dataclass(frozen=True, slots=True)
class SealedShown:
    """Entries `first` to `end - 1` are in the archive `file`; `verified`: it was given, and is."""

    first: int
    end: int
    file: str
    sha256: str
    verified: bool


@dataclass(frozen=True, slots=True)
class LedgerVerified:
    """`checkpoint` is the newest signed note, `key` what verifies it; `anchored`: a checkpoint
    kept elsewhere was compared, so that a roll-back would have been seen."""

    intact: bool
    anchored: bool
    entries: int
    key: str
    checkpoint: str | None
    findings: tuple[Finding, ...]
    sealed: tuple[SealedShown, ...] = ()


@dataclass(frozen=True, slots=True)
class EntryProved:
    """`proof` is a C2SP tlog-proof with the entry in it; `entry` is that text."""

    seq: int
    entry: str
    proof: str
    key: str


@dataclass(frozen=True, slots=True)
class Exported:
    """`next` is where the following export begins."""

    file: str
    first: int
    next: int


@dataclass(frozen=True, slots=True)
class CheckpointShown:
    checkpoint: str | None
    key: str


@app.command(name="list")
def list_entries(
    *query: str,
    run: str = "",
    entity: str = "",
    action: str = "",
    options: Options = Options(),  # noqa: B008 - frozen
) -> ExitCode:
    """The ledger's entries, each outcome joined with how its webhook settled.

    Parameters
    ----------
    query
        Qualifiers such as actor:NAME, action:NAME, entity:NAME, run:ID, reason:WORDS, ticket:ID,
        since:2026-11-01, until:DATE.
    run
        Only this run's.
    entity
        Only of this domain or client, and of the runs about it.
    action
        Only this action.
    """
    wanted = qualifiers(query)
    for name, value in (("run", run), ("entity", entity), ("action", action)):
        if value:
            wanted[name] = value

    async def body(app: composition.App) -> ExitCode:
        # A settling has the run and the entity of what it settles, so both narrow the reading.
        run, entity = wanted.get("run", ""), wanted.get("entity", "")
        entries = app.ledger.entries(run=run, entity=entity)
        shown = tuple(e for e in joined(entries) if matches(e, wanted))
        rows = tuple((str(e.seq), e.time, e.action, e.entity, _accepted(e), e.actor) for e in shown)
        table = Table(("entry", "time", "action", "entity", "webhook", "actor"), rows)
        options.out.answer("audit.list", EntriesShown(shown), [table])
        return ExitCode.FINE

    return with_app(options, body)


def _accepted(entry: EntryShown) -> str:
    if entry.delivery_accepted is None:
        return ""
    return "accepted" if entry.delivery_accepted is True else "refused"


@app.command
def verify(
    *files: Path,
    checkpoint: Path | None = None,
    key: str = "",
    options: Options = Options(),  # noqa: B008 - frozen
) -> ExitCode:
    """Recompute the whole ledger from its entries and compare; exit code 10 when it is broken.

    Parameters
    ----------
    files
        Archives of `audit seal`, verified with the store; or exports in their order, or a back-up
        of a store, in place of this machine's store: nothing else is asked then.
    checkpoint
        A checkpoint that was kept elsewhere: without one a roll-back cannot be seen.
    key
        The verifier key to trust, as `audit checkpoint` printed it; without it the store's own, or
        the one that an export names. A back-up names none.
    """
    anchor = _kept_note(checkpoint) if checkpoint else None
    trusted = _verifier(key) if key else None

    async def body(app: composition.App) -> ExitCode:
        from ..adapters.ledger.archives import read_archives
        from ..adapters.ledger.exported import are_archives

        note = None
        if len(files) == 1 and _is_database(files[0]):
            verdict, by = _of_database(files[0], trusted, anchor)
        elif files and not are_archives(files):
            verdict, by = _of_exports(files, trusted, anchor)
        else:
            archives, processes = read_archives(files), min(os.cpu_count() or 1, 4)
            verdict = app.ledger.verify(anchor, key=trusted, archives=archives, processes=processes)
            by, note = str(trusted or app.ledger.verifier_key), app.ledger.checkpoint()
        found = verdict.findings
        shown = LedgerVerified(
            not found, verdict.anchored, verdict.entries, by, note, found, _sealed(verdict)
        )
        options.out.answer("audit.verify", shown, _verified_blocks(shown))
        return ExitCode.FINDINGS if found else ExitCode.FINE

    return with_app(options, body)


def _kept_note(path: Path) -> str:
    """A note ends its last line, which may be lost where it was copied by hand."""
    return read_file(path).decode("utf-8", "replace").rstrip() + "\n"


def _verifier(text: str) -> VerifierKey:
    from ..adapters.ledger.signed_note import VerifierKey

    try:
        return VerifierKey.parse(text)
    except ValueError as error:
        raise bad_argument("--key", text, f"It is no verifier key: {error}.") from None


def _is_database(file: Path) -> bool:
    from ..adapters.ledger.verify import is_database

    return file.is_file() and is_database(file)


def _of_database(
    file: Path, trusted: VerifierKey | None, anchor: str | None
) -> tuple[Verdict, str]:
    from ..adapters.ledger.verify import verify_file

    if trusted is None:
        raise bad_argument("--key", "", "Give the key of its ledger: gctrust audit checkpoint.")
    return verify_file(file, trusted, anchor), str(trusted)


def _of_exports(
    files: tuple[Path, ...], trusted: VerifierKey | None, anchor: str | None
) -> tuple[Verdict, str]:
    from ..adapters.ledger.exported import read_exports
    from ..adapters.ledger.verify import verify_rows

    export = read_exports(files)
    key = trusted or _verifier(export.key)
    return verify_rows(export.rows, export.note, key, anchor), str(key)


def _sealed(verdict: Verdict) -> tuple[SealedShown, ...]:
    return tuple(
        SealedShown(part.first, part.end, part.file, part.sha256, part in verdict.looked_at)
        for part in verdict.sealed
    )


def _verified_blocks(shown: LedgerVerified) -> Iterator[Block]:
    if not shown.intact:
        yield from findings_blocks(shown.findings)
        return
    anchored = "and anchored" if shown.anchored else "not anchored"
    yield f"the ledger is consistent, {anchored}: {shown.entries} entries, key {shown.key}"
    for part in shown.sealed:
        looked = "verified too" if part.verified else "not given, not looked at"
        yield f"entries {part.first} to {part.end - 1} are sealed in {part.file}: {looked}"
    if not shown.anchored:
        yield "compare it with a checkpoint kept elsewhere: gctrust audit verify --checkpoint FILE"


@app.command
def prove(
    entry: int,
    /,
    *,
    options: Options = Options(),  # noqa: B008 - frozen
) -> ExitCode:
    """Prove that an entry is in the ledger, to anyone who has the key: a C2SP tlog-proof.

    Parameters
    ----------
    entry
        The entry's number.
    """

    async def body(app: composition.App) -> ExitCode:
        proof = app.ledger.prove(entry)
        key = app.ledger.verifier_key
        if options.json:
            shown = EntryProved(entry, proof.extra.decode(), str(proof), key)
            options.out.answer("audit.prove", shown, [])
        else:
            options.out.talk(f"entry: {proof.extra.decode()}")
            options.out.talk(f"verifier key: {key}")
            options.out.raw(str(proof))
        return ExitCode.FINE

    return with_app(options, body)


@app.command
def export(
    *,
    format: Literal["jsonl", "csv"] = "jsonl",
    first: int = 0,
    options: Options = Options(),  # noqa: B008 - frozen
) -> ExitCode:
    """Write the ledger to a file (--output FILE) that verifies without this machine.

    Parameters
    ----------
    format
        JSON Lines, which `audit verify FILE` reads, or CSV.
    first
        Begin at this entry: the `next` that the export before told.
    """
    if not options.output:
        raise bad_argument("--output", "", "Say which file to write: --output FILE.")

    async def body(app: composition.App) -> ExitCode:
        from ..adapters.ledger.export import csv_lines, json_lines

        lines = (json_lines if format == "jsonl" else csv_lines)(app.ledger, first)
        begins, following = _write_lines(Path(options.output), lines)
        told = f"{options.output}: entries {begins} to {following - 1}, next {following}"
        shown = Exported(options.output, begins, following)
        options.on_stdout.answer("audit.export", shown, [told])
        return ExitCode.FINE

    return with_app(options, body)


def _write_lines(path: Path, lines: Lines) -> tuple[int, int]:
    """As they come: a ledger need not fit into memory. A file is left alone when there are none."""
    line = next(lines)
    write_file(path, "")
    try:
        with path.open("w", encoding="utf-8") as out:
            while True:
                out.write(f"{line}\n")
                line = next(lines)
    except StopIteration as ended:
        first, following = ended.value
        return first, following
    except OSError as error:
        raise Problem(UNWRITABLE, {"path": str(path), "seen": error.strerror or ""}) from None


@app.command
def checkpoint(
    *,
    webhook: Annotated[bool, Parameter(negative="")] = False,
    why: Why = Why(),  # noqa: B008 - frozen
    options: Options = Options(),  # noqa: B008 - frozen
) -> ExitCode:
    """The newest signed checkpoint, to keep elsewhere (--output FILE) or to show a witness.

    Parameters
    ----------
    webhook
        Also send it to the webhook endpoints, as the event ledger.checkpoint.
    """

    async def body(app: composition.App) -> ExitCode:
        note, key = app.ledger.checkpoint(), app.ledger.verifier_key
        if webhook and note:
            _send(app, note)
        options.out.talk(f"verifier key: {key}")
        if options.json or not note:
            shown = CheckpointShown(note, key)
            options.out.answer("audit.checkpoint", shown, ["the ledger is empty"])
        else:
            options.out.raw(note)
        return ExitCode.FINE

    return with_app(options, body, **why.settings)


def _send(app: composition.App, note: str) -> None:
    """In the outbox, with an entry that says which checkpoint was handed out."""
    from ..adapters.ledger.entry import Entry
    from ..adapters.ledger.signed_note import read_checkpoint

    if not app.outbox.endpoints.receivers("ledger.checkpoint"):
        raise bad_argument("--webhook", "", "No endpoint gets ledger.checkpoint: webhooks add.")
    size = read_checkpoint(note).size
    data: dict[str, Fact] = {"checkpoint": note, "key": app.ledger.verifier_key, "size": size}
    told: dict[str, Fact] = {**app.asker.why, "size": size}
    entry = Entry("ledger.checkpoint-sent", app.ledger.origin, slot=f"{size}", data=told)
    with app.store.write() as connection:
        app.outbox.record_in(connection, entry, "ledger.checkpoint", data)


@app.command(name="rotate-key")
def rotate_key(
    *,
    yes: bool = False,
    why: Why = Why(),  # noqa: B008 - frozen
    options: Options = Options(),  # noqa: B008 - frozen
) -> ExitCode:
    """Go on with a new signing key, which the old one endorses in the ledger.

    Parameters
    ----------
    yes
        Do it; without it nothing changes.
    """

    async def body(app: composition.App) -> ExitCode:
        if not yes:
            options.out.talk(f"the key is {app.ledger.verifier_key}")
            options.out.talk("a new one would sign from here on: gctrust audit rotate-key --yes")
            return ExitCode.CHANGES
        key = app.ledger.rotate_key(app.asker)
        options.out.answer("audit.rotate-key", CheckpointShown(app.ledger.checkpoint(), key), [key])
        return ExitCode.FINE

    return with_app(options, body, **why.settings)
