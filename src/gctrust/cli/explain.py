"""`gctrust explain`: any finding, Problem or hazard by its id."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Annotated

from cyclopts import Parameter

from ..errors import Problem, ProblemKind, ProblemType
from ..findings import Rule
from .catalogue import Entry, catalogue
from .exit_codes import ExitCode
from .output import Block, Heading, Table
from .session import Options

UNKNOWN_ID = ProblemType(
    "cli.unknown-id",
    "There is no finding, problem or hazard with this id.",
    "Ids are dotted words such as spf.too-many-lookups; they never change their meaning.",
    "Run `gctrust explain --list` for all of them.",
    kind=ProblemKind.USAGE,
    source="the catalogue: gctrust explain --list",
)


@dataclass(frozen=True, slots=True)
class Explained:
    """`kind` is "finding" or "problem"."""

    id: str
    kind: str
    severity: str
    sentence: str
    why: str
    fix: str
    source: str
    example: str


@dataclass(frozen=True, slots=True)
class ExplainedAll:
    entries: tuple[Explained, ...]


@dataclass(frozen=True, slots=True)
class ExplainedRow:
    """A row of a rule catalogue, such as SPF-13: the rules that speak of it. A row without any
    is behaviour, told by `what`."""

    row: str
    what: str
    entries: tuple[Explained, ...]


def explain(
    id: str = "",
    /,
    *,
    list_all: Annotated[bool, Parameter(name="--list", negative="")] = False,
    options: Options = Options(),  # noqa: B008 - frozen
) -> ExitCode:
    """What a finding, a problem or a hazard means: what, why, example, fix, source.

    Parameters
    ----------
    id
        For instance spf.too-many-lookups, or a catalogue's row such as SPF-13.
    list_all
        List every id instead.
    """
    index = catalogue()
    if list_all or not id:
        entries = tuple(explained(name, index[name]) for name in sorted(index))
        rows = tuple((e.id, e.severity, e.sentence) for e in entries)
        table = Table(("id", "severity", "sentence"), rows)
        options.out.answer("explain.list", ExplainedAll(entries), [table])
        return ExitCode.FINE
    row = _row(id.upper(), index)
    if row is not None:
        blocks = [Heading(f"{row.row}  {row.what}".rstrip())]
        options.out.answer(
            "explain.row", row, [*blocks, *(b for e in row.entries for b in _blocks(e))]
        )
        return ExitCode.FINE
    if id not in index:
        raise _unknown(id, index)
    found = explained(id, index[id])
    options.out.answer("explain", found, _blocks(found))
    return ExitCode.FINE


def _row(id_: str, index: Mapping[str, Entry]) -> ExplainedRow | None:
    from ..mailauth.rows import ROWS

    named = ROWS.get(id_)
    rules = {rule.id: rule for rule in named.rules} if named else {}
    rules |= {k: v for k, v in index.items() if isinstance(v, Rule) and v.row == id_}
    if not named and not rules:
        return None
    entries = tuple(explained(name, rule) for name, rule in rules.items())
    return ExplainedRow(id_, named.what if named else "", entries)


def _unknown(id_: str, index: Mapping[str, Entry]) -> Problem:
    near = get_close_matches(id_, index, 3, 0.5)
    hint = f"Did you mean {' or '.join(near)}?" if near else ""
    return Problem(UNKNOWN_ID, {"id": id_}, hint=hint)


def explained(id_: str, entry: Entry) -> Explained:
    if isinstance(entry, Rule):
        return Explained(
            id_, "finding", entry.severity.word, entry.sentence, entry.why, entry.fix,
            entry.source, entry.example,
        )  # fmt: skip
    return Explained(
        id_, "problem", str(entry.kind), entry.sentence, entry.why, entry.fix, entry.source, ""
    )


def _blocks(found: Explained) -> Iterator[Block]:
    yield Heading(f"{found.id}  ({found.kind}, {found.severity})")
    yield found.sentence
    for label, text in (
        ("why", found.why),
        ("example", found.example),
        ("fix", found.fix),
        ("source", found.source),
    ):
        if text:
            yield f"  {label}: {text}"
