"""`--roots system|certifi|FILE`: which roots a command trusts, when the settings' are not meant."""

from __future__ import annotations

from pathlib import Path

from .pin import read_file

NAMED = ("system", "certifi")


def roots_flag(text: str) -> tuple[str, str]:
    """The roots' name and the file, one of them empty. Raises Problem cli.unreadable-file."""
    if text in NAMED:
        return text, ""
    if text:
        read_file(Path(text).expanduser())
    return "", text
