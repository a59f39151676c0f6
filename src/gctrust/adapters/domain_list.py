"""A list of domains, one a line, and the JSON Lines file that holds what is done of it.

Both are read and written line by line, so that a list of any length takes no memory. The output is
its own journal: whatever line of it is complete is not asked again, even after a kill.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import BinaryIO, Literal
from zlib import crc32

from ..errors import Problem, ProblemKind, ProblemType
from ..findings import Severity

Standard = Literal["spf", "dkim", "dmarc", "mx", "caa"]
"""What a list may be judged by alone."""

SCHEMA = "gctrust.check.domain-line"
_LONGEST_LINE = 4096  # a domain name has 253 octets; the rest may be a comment
_FLUSH_SECONDS = 0.5
_START = b'{"schema": "gctrust.check.domain-line", '
_HEAD = re.compile(
    rb'\{"schema": "gctrust\.check\.domain-line", "version": 1, "line": (\d{1,12}), '
    rb'"domain": "((?:[^"\\]|\\.)*)", "worst": (?:"(\w+)"|null)[,}]'
)

OTHER_FILE = ProblemType(
    "bulk.other-file",
    "The output file holds something else than the results of this list.",
    "Going on would mix two results, or drop what the file holds.",
    "Name another file with --output; --resume goes on only in the output of the same list.",
    kind=ProblemKind.USAGE,
    source="docs/guides/bulk.md",
)
EXISTS = ProblemType(
    "bulk.output-exists",
    "The output file already holds results.",
    "A long check may have ended early; nothing of it is dropped without being told to.",
    "Give --resume to go on where it ended, or name another file.",
    kind=ProblemKind.USAGE,
    source="docs/guides/bulk.md",
)
PROBLEMS = (OTHER_FILE, EXISTS)


@dataclass(frozen=True, slots=True)
class Entry:
    """`number` counts the lines of the list from 1; `text` is what stands there."""

    number: int
    text: str


def entries(stream: BinaryIO) -> Iterator[Entry]:
    """The lines that name something: no blank ones, no comment after #."""
    number = 0
    while line := stream.readline(_LONGEST_LINE):
        number += 1
        rest = line
        while not rest.endswith(b"\n") and (rest := stream.readline(_LONGEST_LINE)):
            pass  # the end of an overlong line
        text = line.decode("utf-8-sig" if number == 1 else "utf-8", "replace")
        name = text.partition("#")[0].strip()
        if name:
            yield Entry(number, name)


class Journal:
    """Appends to `path` what is done. `done` knows what was complete there at the start."""

    def __init__(self, path: Path, *, resume: bool = False) -> None:
        """Raises Problem bulk.output-exists, bulk.other-file; OSError."""
        self.worst: set[str] = set()
        self.count = 0
        self._seen = array("q")  # by line: the check sum of its text, -1 when it is open
        self._stream = path.open("a+b", buffering=1 << 16)
        try:
            self._stream.truncate(self._read_back(resume, path))
        except BaseException:
            self._stream.close()
            raise
        self._flushed = monotonic()

    def _read_back(self, resume: bool, path: Path) -> int:
        """Where the last complete line ends."""
        self._stream.seek(0)
        end = 0
        for line in self._stream:
            if not resume:
                raise Problem(EXISTS, {"path": str(path)})
            if not line.endswith(b"\n") and line[: len(_START)] == _START[: len(line)]:
                break  # torn by a kill: asked again
            head = _HEAD.match(line)
            if head is None or not line.endswith(b"}\n"):
                raise Problem(OTHER_FILE, {"path": str(path), "after": self.count})
            self._note(int(head[1]), head[2])
            self.worst.add((head[3] or b"").decode())
            end += len(line)
        return end

    def _note(self, number: int, text: bytes) -> None:
        self.count += 1
        if number >= len(self._seen):
            self._seen.extend([-1] * (number + 1024 - len(self._seen)))
        self._seen[number] = crc32(text)

    def is_done(self, entry: Entry, quoted: str) -> bool:
        """`quoted` is its text as the file has it. Raises Problem bulk.other-file."""
        known = self._seen[entry.number] if entry.number < len(self._seen) else -1
        if known >= 0 and known != crc32(quoted.encode()):
            raise Problem(OTHER_FILE, {"line": entry.number, "seen": entry.text[:80]})
        return known >= 0

    def write(self, line: bytes) -> None:
        """`line` ends with its line feed."""
        self._stream.write(line)
        if monotonic() - self._flushed > _FLUSH_SECONDS:
            self._stream.flush()
            self._flushed = monotonic()

    def close(self) -> None:
        self._stream.close()


def is_result(line: bytes) -> bool:
    return line.startswith(_START) and line.endswith(b"}\n")


def worst_of(line: bytes) -> str:
    """The word in the head of a line that this program wrote."""
    head = _HEAD.match(line)
    return (head[3] or b"").decode() if head else "problem"


def severity_of(word: str) -> Severity | None:
    """Of the word in a journal; None for none, and for a line with a problem."""
    return Severity[word.upper()] if word.upper() in Severity.__members__ else None
