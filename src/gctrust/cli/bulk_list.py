"""A list of orders, read whole: CSV or YAML to rows to orders, and every bad line told at once.

One parser for all journeys; what a row means is told by the function that makes its order.
"""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from ..errors import Fact, Problem, ProblemKind, ProblemType

if TYPE_CHECKING:
    import yaml

    from ..pipelines.orders import Item

ListFormat = Literal["csv", "yaml"]
MOST = 10_000  # orders in one list
LARGEST = 16 << 20  # octets
TOLD = 200  # bad lines that are told

BAD_LIST = ProblemType(
    "bulk.bad-list",
    "The list of orders has lines that cannot be used; nothing was ordered.",
    "An order made of half a line would do something you did not ask for.",
    "Correct the lines that are told, or leave them out with --skip-bad.",
    kind=ProblemKind.USAGE,
    source="docs/guides/bulk.md",
)
PROBLEMS = (BAD_LIST,)
_FORMATS: Mapping[str, ListFormat] = {".csv": "csv", ".yaml": "yaml", ".yml": "yaml"}


@dataclass(frozen=True, slots=True)
class Columns:
    needed: tuple[str, ...]
    optional: tuple[str, ...] = ()

    @property
    def all(self) -> tuple[str, ...]:
        return (*self.needed, *self.optional)


@dataclass(frozen=True, slots=True)
class Row:
    """The cells that are not empty, by column."""

    line: int
    cells: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class BadLine:
    """`column` is a column's name, or the place in the line; empty for the line as a whole."""

    line: int
    column: str
    seen: str
    reason: str
    next: str

    def __str__(self) -> str:
        where = f"line {self.line}" + (f", {self.column}" if self.column else "")
        seen = f" {self.seen[:80]!r}" if self.seen else ""
        return f"{where}:{seen} {self.reason}; {self.next}"


class BadCell(ValueError):
    """A row that makes no order."""

    def __init__(self, column: str, seen: str, reason: str, next: str) -> None:
        super().__init__(reason)
        self.column, self.seen, self.reason, self.next = column, seen, reason, next


@dataclass(frozen=True, slots=True)
class Listed:
    items: tuple[Item, ...]
    bad: tuple[BadLine, ...]

    def usable(self, source: str, *, skip_bad: bool) -> tuple[Item, ...]:
        """Raises Problem bulk.bad-list."""
        if (self.bad and not skip_bad) or not self.items:
            told = [str(one) for one in self.bad[:TOLD]] or ["it lists nothing"]
            facts: dict[str, Fact] = {"list": source, "bad": len(self.bad), "lines": told}
            raise Problem(BAD_LIST, facts)
        return self.items


def folder_of(source: str) -> Path:
    """What paths in the list are relative to."""
    return Path() if source == "-" else Path(source).expanduser().parent


def read_orders(
    source: str, format: ListFormat | None, columns: Columns, order: Callable[[Row], Item]
) -> Listed:
    """The orders of a file, or of standard input for "-". Raises Problem file.*, bulk.bad-list."""
    text = _text(source)
    found: dict[str, tuple[int, Item]] = {}
    bad: list[BadLine] = []
    for row in _rows(text, format or _FORMATS.get(Path(source).suffix.lower(), "csv"), columns):
        if isinstance(row, BadLine):
            bad.append(row)
            continue
        try:
            missing = next((one for one in columns.needed if one not in row.cells), None)
            if missing:
                raise BadCell(missing, "", "is empty", "every line needs it")
            item = order(row)
            line, first = found.setdefault(item.identity, (row.line, item))
            if first is not item:
                reason = f"is there twice, first in line {line}"
                raise BadCell(columns.needed[0], row.cells[columns.needed[0]], reason, "drop one")
        except BadCell as error:
            bad.append(BadLine(row.line, error.column, error.seen, error.reason, error.next))
    if len(found) > MOST:
        bad.append(BadLine(0, "", "", f"{len(found)} orders are too many", f"{MOST} fit a list"))
    return Listed(tuple(item for _, item in found.values()), tuple(bad))


def _text(source: str) -> str:
    from ..adapters.files import read_file

    octets = sys.stdin.buffer.read(LARGEST + 1) if source == "-" else read_file(source, LARGEST)
    if len(octets) > LARGEST:
        raise _refused(source, BadLine(0, "", "", "the list is too large", "split it"))
    try:
        return octets.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = octets[: error.start].count(b"\n") + 1
        bad = BadLine(line, "", "", "is no UTF-8 text", "save the list as UTF-8")
        raise _refused(source, bad) from None


def _refused(source: str, bad: BadLine) -> Problem:
    return Problem(BAD_LIST, {"list": source, "bad": 1, "lines": [str(bad)]})


def _rows(text: str, format: ListFormat, columns: Columns) -> Iterator[Row | BadLine]:
    return _csv_rows(text, columns) if format == "csv" else _yaml_rows(text, columns)


def _csv_rows(text: str, columns: Columns) -> Iterator[Row | BadLine]:
    reader = csv.reader(io.StringIO(text), skipinitialspace=True, strict=True)
    line = 0
    try:
        head = [name.strip().lower() for name in next(reader, [])]
        wrong = _bad_head(head, columns)
        if wrong:
            yield wrong
            return
        for cells in reader:
            first, line = line + 1, reader.line_num
            if not any(cells):
                continue
            if len(cells) > len(head):
                reason = f"has {len(cells)} fields"
                yield BadLine(line, "", "", reason, f"the first line names {len(head)} columns")
                continue
            values = zip(head, (cell.strip() for cell in cells), strict=False)
            yield Row(max(first, line), {name: value for name, value in values if value})
    except csv.Error as error:
        hint = "the lines after it were not read"
        yield BadLine(reader.line_num, "", "", f"is no CSV ({error})", hint)


def _bad_head(head: list[str], columns: Columns) -> BadLine | None:
    wanted = "its first line names the columns " + ",".join(columns.needed)
    if columns.optional:
        wanted += ", and of " + ",".join(columns.optional) + " those it has"
    for name in head:
        if name not in columns.all or head.count(name) > 1:
            reason = "is no column" if name not in columns.all else "is named twice"
            return BadLine(1, "", name, reason, wanted)
    missing = [name for name in columns.needed if name not in head]
    if missing:
        return BadLine(1, "", "", f"the column {missing[0]} is missing", wanted)
    return None


def _yaml_rows(text: str, columns: Columns) -> Iterator[Row | BadLine]:
    """Nodes, not values: they know their lines, and an alias is never multiplied."""
    import yaml

    wanted = f"write a list of mappings with {', '.join(columns.needed)}"
    try:
        top = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        line, place = (mark.line + 1, f"column {mark.column + 1}") if mark else (1, "")
        yield BadLine(line, place, "", f"is no YAML ({error.problem})", "quote the text")
        return
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        yield BadLine(1, "", "", f"is no YAML ({type(error).__name__})", wanted)
        return
    if top is None:
        return
    if not isinstance(top, yaml.SequenceNode):
        yield BadLine(top.start_mark.line + 1, "", "", "is no list", wanted)
        return
    for node in top.value:
        line = node.start_mark.line + 1
        if isinstance(node, yaml.MappingNode):
            yield _yaml_row(line, node, columns)
        else:
            yield BadLine(line, "", "", "is no mapping", wanted)


def _yaml_row(line: int, node: yaml.MappingNode, columns: Columns) -> Row | BadLine:
    import yaml

    cells: dict[str, str] = {}
    for key, value in node.value:
        name = str(key.value).lower() if isinstance(key, yaml.ScalarNode) else ""
        at = key.start_mark.line + 1
        if name not in columns.all or name in cells:
            reason = "is named twice" if name in cells else "is no key of an order"
            return BadLine(at, "", name, reason, f"keys are {', '.join(columns.all)}")
        words = value.value if isinstance(value, yaml.SequenceNode) else [value]
        if not all(isinstance(word, yaml.ScalarNode) for word in words):
            return BadLine(at, name, "", "is no text", "write a text, or a list of texts")
        null = "tag:yaml.org,2002:null"
        cells[name] = " ".join(word.value.strip() for word in words if word.tag != null)
    return Row(line, {name: text for name, text in cells.items() if text})
