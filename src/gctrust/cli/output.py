"""The only file that prints.

stdout is the answer, stderr the talk. With --json the answer is one object with `schema` and
`version`, and nothing else is on stdout. Colour never says anything a word does not say; NO_COLOR,
FORCE_COLOR and TERM=dumb are obeyed (by rich). Progress shows on a terminal only. Records, commands
and PEM text are never wrapped, so that they can be copied.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields, is_dataclass
from enum import Enum
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from ..errors import Fact, Problem, ProblemKind, ProblemType
from ..findings import Finding, Severity
from .exit_codes import ExitCode

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

VERSION = 1

UNWRITABLE = ProblemType(
    "cli.unwritable-file",
    "A file given on the command line cannot be written.",
    "Its folder does not exist, it is a folder itself, or this user may not write there.",
    "Give a path in a folder that exists and that you may write to.",
    kind=ProblemKind.USAGE,
    source="POSIX open(2)",
)

_STYLES = {
    Severity.INFO: "cyan",
    Severity.WARN: "yellow",
    Severity.ERROR: "red",
    Severity.CRITICAL: "bold red",
}


@dataclass(frozen=True, slots=True)
class Heading:
    text: str


@dataclass(frozen=True, slots=True)
class Table:
    """Rows in columns. A cell is text already; `title` may be empty."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


Block = str | Heading | Table | Finding


class Output:
    """Where one command writes. `file` takes the answer in place of stdout."""

    def __init__(
        self, *, json: bool = False, quiet: bool = False, color: bool = True, file: str = ""
    ) -> None:
        self.json, self.quiet, self._color, self._file = json, quiet, color, file

    @classmethod
    def of_tokens(cls, tokens: Sequence[str]) -> Output:
        """The output for a command line that may not parse."""
        return cls(
            json="--json" in tokens,
            quiet="--quiet" in tokens or "-q" in tokens,
            color="--no-color" not in tokens,
        )

    # --- the answer ---------------------------------------------------------------------------

    def answer(self, schema: str, data: object, blocks: Iterable[Block]) -> None:
        """Give the answer: `data` (a dataclass) with --json, else `blocks` for people to read."""
        if self.json:
            self._write(json.dumps(document(schema, data), ensure_ascii=False) + "\n")
        else:
            self._write_blocks(blocks)

    def raw(self, text: str) -> None:
        """An answer that is a text of its own: a zone file, a bundle, a completion script."""
        self._write(text if text.endswith("\n") else text + "\n")

    def _write(self, text: str) -> None:
        if self._file:
            write_file(Path(self._file), text)
        else:
            sys.stdout.write(text)
            sys.stdout.flush()

    def _write_blocks(self, blocks: Iterable[Block]) -> None:
        if self._file:
            stream = StringIO()
            _show(_plainly(stream), blocks)
            write_file(Path(self._file), stream.getvalue())
        elif sys.stdout.isatty() or _color_is_forced():
            _show(_richly(_console(sys.stdout, color=self._color)), blocks)
        else:
            _show(_plainly(sys.stdout), blocks)
            sys.stdout.flush()

    # --- the talk -----------------------------------------------------------------------------

    def talk(self, text: str) -> None:
        if not self.quiet:
            sys.stderr.write(visible(text) + "\n")
            sys.stderr.flush()

    def usage(self, message: str, hint: str = "") -> ExitCode:
        """A command line that does not parse."""
        if self.json:
            self._write(
                json.dumps(document("problem", _Refusal("cli.usage", message, hint))) + "\n"
            )
        _err(f"usage: {message}" + (f"\nnext: {hint}" if hint else ""))
        return ExitCode.USAGE

    def problem(self, problem: Problem) -> None:
        """We could not: the code, the sentence, the facts seen and the next step."""
        if self.json:
            self._write(
                json.dumps(document("problem", _refusal(problem)), ensure_ascii=False) + "\n"
            )
        facts = "".join(
            f"\n  {name}: {fact_text(value)}"
            for name, value in problem.facts.items()
            if value not in (None, "", [])
        )
        _err(
            f"problem: {problem.code}: {problem.type.sentence}{facts}"
            f"\n  next: {problem.next_step}\n  more: gctrust explain {problem.code}"
        )

    @contextmanager
    def progress(self, title: str) -> Iterator[Progress]:
        """Progress on stderr while the block runs; silent when stderr is no terminal."""
        if self.quiet or not sys.stderr.isatty():
            yield Progress(None)
            return
        console = _console(sys.stderr, color=self._color)
        with console.status(title) as status:
            yield Progress(lambda text: status.update(_plain_text(f"{title}: {text}")))


def fact_text(value: Fact) -> str:
    """A fact as a person reads it."""
    return ", ".join(value) if isinstance(value, list) else str(value)


def write_file(path: Path, text: str) -> None:
    """Raises the Problem cli.unwritable-file."""
    try:
        path.write_text(text, encoding="utf-8")
    except (OSError, ValueError) as error:
        seen = getattr(error, "strerror", None) or "it cannot be written"
        raise Problem(UNWRITABLE, {"path": str(path), "seen": seen}) from None


class Progress:
    """Says what is going on now."""

    def __init__(self, update: object) -> None:
        self._update = update

    @property
    def shows(self) -> bool:
        return callable(self._update)

    def say(self, text: str) -> None:
        if callable(self._update):
            self._update(text)


@dataclass(frozen=True, slots=True)
class _Refusal:
    code: str
    sentence: str
    next: str
    facts: Mapping[str, object] | None = None
    retry: str = "never"


def _refusal(problem: Problem) -> _Refusal:
    kind = problem.type
    return _Refusal(
        kind.code, kind.sentence, problem.next_step, dict(problem.facts), str(kind.retry)
    )


def _err(text: str) -> None:
    sys.stderr.write(visible(text) + "\n")
    sys.stderr.flush()


# --- JSON ----------------------------------------------------------------------------------------


def document(schema: str, data: object) -> dict[str, object]:
    """The one object of --json. `data` is a dataclass; its fields become the object's members."""
    body = plain(data)
    if not isinstance(body, dict):
        raise TypeError(f"the answer of {schema} is no object")
    return {"schema": f"gctrust.{schema}", "version": VERSION, **body}


def plain(value: object) -> object:
    """Dataclasses and what they hold as JSON values. An unknown type is an error, not its repr:
    so that a type made not to print (a secret) cannot slip out."""
    if value is None or (isinstance(value, bool | int | float) and not isinstance(value, Enum)):
        return value
    if isinstance(value, Severity):
        return value.word
    if isinstance(value, Enum):
        return plain(value.value)
    if isinstance(value, str):
        return str(value)
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, Path):
        return str(value)
    if is_dataclass(value) and not isinstance(value, type):
        return {f.name.lstrip("_"): plain(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, Sequence | set | frozenset):
        return [plain(item) for item in value]
    return _moment(value)


def _moment(value: object) -> object:
    import datetime

    if isinstance(value, datetime.datetime | datetime.date):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no JSON form")


# --- text ----------------------------------------------------------------------------------------


def _console(stream: object, *, color: bool) -> Console:
    from rich.console import Console

    terminal = bool(getattr(stream, "isatty", lambda: False)())
    return Console(
        file=stream,  # type: ignore[arg-type]  # a text stream by construction
        no_color=None if color else True,
        width=None if terminal else 10_000,
        highlight=False,
        markup=False,
        emoji=False,
        soft_wrap=True,
    )


Line = Callable[..., None]  # of (text, style) pairs that make one line


def _richly(console: Console) -> Line:
    from rich.text import Text

    return lambda *parts: console.print(Text.assemble(*parts))


def _plainly(stream: TextIO) -> Line:
    """Where colour would be lost anyway; most of a short command's time would go into rich."""
    return lambda *parts: print("".join(text for text, _ in parts), file=stream)


def _color_is_forced() -> bool:
    from ..settings import environment

    return bool(environment().get("FORCE_COLOR"))


def _plain_text(text: str) -> Text:
    from rich.text import Text

    return Text(text)


def visible(text: str) -> str:
    """Text from outside (a certificate's subject, a DNS record) must not steer the terminal.

    Control and direction characters are shown as escapes; ends of line stay.
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c in "\n\t" else ascii(c)[1:-1] for c in text)


def visible_line(text: str) -> str:
    """As `visible`, and it cannot begin a line of its own."""
    return visible(text).replace("\n", "\\n")


def _show(line: Line, blocks: Iterable[Block]) -> None:
    for block in blocks:
        match block:
            case str():
                line((visible(block), ""))
            case Heading():
                line((visible_line(block.text), "bold"))
            case Finding():
                _show_finding(line, block)
            case Table():
                _show_table(line, block)


def _show_finding(line: Line, finding: Finding) -> None:
    line(
        (f"{finding.severity.word:<9}", _STYLES[finding.severity]),
        (finding.rule, "bold"),
        (f"  {visible_line(finding.subject)}", ""),
    )
    line((f"{'':9}{visible_line(finding.message)}", ""))
    if finding.fix:
        line((f"{'':9}fix: {visible(finding.fix)}", ""))
    if finding.source:
        line((f"{'':9}source: {finding.source}", ""))


def _show_table(line: Line, table: Table) -> None:
    rows = tuple(tuple(map(visible_line, row)) for row in (table.columns, *table.rows))
    widths = [max(len(row[i]) for row in rows) for i in range(len(table.columns))]
    for number, row in enumerate(rows):
        text = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        line((text.rstrip(), "" if number else "bold"))


def by_severity(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Worst first, else in the order given."""
    return tuple(sorted(findings, key=lambda finding: -finding.severity))
