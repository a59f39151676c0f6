"""A list of domains, one a line, and the JSON Lines file that holds what is done of it.

Both are read and written line by line, so that a list of any length takes no memory. The output is
its own journal: a line of it that is complete is not asked again, even after a kill, but where
look-ups failed. One run at a time writes it.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import BinaryIO, Literal
from zlib import crc32

from ..errors import Problem, ProblemKind, ProblemType, Retry
from ..findings import Severity

if sys.platform != "win32":
    import fcntl

Standard = Literal["spf", "dkim", "dmarc", "mx", "caa"]
"""What a list may be judged by alone."""

SCHEMA = "gctrust.check.domain-line"
_LONGEST_LINE = 4096  # a domain name has 253 octets; the rest may be a comment
_FLUSH_SECONDS = 0.5
_START = b'{"schema": "gctrust.check.domain-line", '
_HEAD = re.compile(
    rb'\{"schema": "gctrust\.check\.domain-line", "version": 1, "line": (\d{1,12}), '
    rb'"domain": "((?:[^"\\]|\\.)*)", "worst": (?:"(\w+)"|null)'
    rb'(, "failed_lookups": \d+)?[,}]'
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
BUSY = ProblemType(
    "bulk.output-busy",
    "Another run is writing to the output file.",
    "Two runs on one file would ask everything twice and drop each other's results.",
    "Wait until the other run has ended, or name another file with --output.",
    kind=ProblemKind.USAGE,
    retry=Retry.LATER,
    source="docs/guides/bulk.md",
)
PROBLEMS = (OTHER_FILE, EXISTS, BUSY)


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
    """Appends to `path` what is done. `is_done` knows what was complete there at the start;
    `failed` counts the lines that are dropped to be asked again, since look-ups failed."""

    def __init__(self, path: Path, *, resume: bool = False) -> None:
        """Raises Problem bulk.output-busy, bulk.output-exists, bulk.other-file; OSError."""
        self.worst: set[str] = set()
        self.count = self.failed = 0
        self._seen = array("q")  # by line: the check sum of its text, -1 when it is open
        self._stream = _locked(path)
        try:
            self._stream.truncate(self._read_back(resume, path))
            if self.failed:
                self._drop_failed(path.resolve())
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
            end += len(line)
            if _has_failed(head):
                self.failed += 1
                continue
            self._note(int(head[1]), head[2])
            self.worst.add((head[3] or b"").decode())
        return end

    def _drop_failed(self, path: Path) -> None:
        """A copy without them takes the place of the file: a kill leaves the one or the other."""
        part = path.with_name(f".{path.name}.part")
        part.unlink(missing_ok=True)
        kept = _locked(part)
        try:
            self._stream.seek(0)
            kept.writelines(line for line in self._stream if not _line_has_failed(line))
            kept.flush()
            os.fsync(kept.fileno())
            shutil.copymode(path, part)
            part.replace(path)
        except BaseException:
            kept.close()
            raise
        self._stream.close()  # its lock has gone on with the copy
        self._stream = kept

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


def _locked(path: Path) -> BinaryIO:
    """Open to append, for one run at a time (on Windows, and where a file system has no locks, for
    any). Raises Problem bulk.output-busy, OSError."""
    stream = path.open("a+b", buffering=1 << 16)
    if sys.platform == "win32":
        return stream
    try:
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        taken = os.path.samestat(os.fstat(stream.fileno()), path.stat())  # not just replaced
    except BlockingIOError:
        taken = False
    except OSError:
        taken = True
    if not taken:
        stream.close()
        raise Problem(BUSY, {"path": str(path)})
    return stream


def _has_failed(head: re.Match[bytes]) -> bool:
    """Whether a look-up of that line failed, or all of it did: not if it names no domain."""
    return head[4] is not None or head[3] == b"problem"


def _line_has_failed(line: bytes) -> bool:
    head = _HEAD.match(line)
    return head is not None and _has_failed(head)


def is_result(line: bytes) -> bool:
    return line.startswith(_START) and line.endswith(b"}\n")


def worst_of(line: bytes) -> str:
    """The word in the head of a line that this program wrote."""
    head = _HEAD.match(line)
    return (head[3] or b"").decode() if head else "problem"


def severity_of(word: str) -> Severity | None:
    """Of the word in a journal; None for none, and for a line with a problem."""
    return Severity[word.upper()] if word.upper() in Severity.__members__ else None
