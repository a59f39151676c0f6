"""The passphrase of an encrypted key: from the environment, a file or standard input; never a flag.

A flag would be seen in the process list.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

from ...errors import Problem
from ...secret import Secret
from ...settings.problems import UNREADABLE_FILE

VARIABLE = "GCTRUST_KEY_PASSPHRASE"
_LONGEST = 4096


def key_passphrase(
    environ: Mapping[str, str], file: str = "", setting: Secret | None = None
) -> Secret | None:
    """From `file` ("-" for standard input), else GCTRUST_KEY_PASSPHRASE, else the file that
    GCTRUST_KEY_PASSPHRASE_FILE names, else the setting as it was when the process began; None
    without any. One end of line is cut off.

    Raises Problem config.unreadable-file.
    """
    if file == "-":
        return _line(sys.stdin.readline(_LONGEST))
    if not file and (text := environ.get(VARIABLE)):
        return Secret(text)
    source = file or environ.get(f"{VARIABLE}_FILE", "")
    return _from_file(source) if source else setting


def _from_file(path: str) -> Secret:
    try:
        with Path(path).expanduser().open(encoding="utf-8") as stream:
            return _line(stream.readline(_LONGEST))
    except (OSError, ValueError, RuntimeError) as error:
        seen = getattr(error, "strerror", None) or "it is no UTF-8 text"
        facts = {"path": path, "seen": seen, "origin": "key passphrase"}
        raise Problem(UNREADABLE_FILE, facts) from None


def _line(text: str) -> Secret:
    return Secret(text.removesuffix("\n").removesuffix("\r"))
