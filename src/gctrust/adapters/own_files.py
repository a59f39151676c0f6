"""Files of gctrust's own under GCTRUST_HOME, written whole or not at all."""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path

from ..errors import Problem, ProblemType

UNWRITABLE_HOME = ProblemType(
    "home.unwritable",
    "A file under GCTRUST_HOME cannot be written.",
    "What was fetched cannot be kept for the next time.",
    "Check the folder's permissions and the space left, or name another with --home.",
    source="POSIX open(2)",
)
PROBLEMS = (UNWRITABLE_HOME,)


def write_own(path: Path, data: bytes) -> None:
    """A reader sees the old file or the new one, never half. Raises Problem home.unwritable."""
    draft = ""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle, draft = tempfile.mkstemp(dir=path.parent, prefix=".draft-")
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        Path(draft).replace(path)
    except OSError as error:
        if draft:
            with contextlib.suppress(OSError):
                Path(draft).unlink()
        facts = {"path": str(path), "seen": error.strerror or str(error)}
        raise Problem(UNWRITABLE_HOME, facts) from None
