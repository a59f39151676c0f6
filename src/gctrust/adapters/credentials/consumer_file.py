"""Where the consumer of an OAuth client reads its id and secret: one file, for its owner alone.

Lines as a shell or systemd's EnvironmentFile reads them. What stood there is kept beside it until
the rotation is over, so that the way back needs nothing else.
"""

from __future__ import annotations

from pathlib import Path

from ...errors import Problem, ProblemType, Retry
from ...secret import Secret
from ..files import read_file
from .client_switch import OWNER_ONLY, replace_file

NOT_WRITTEN = ProblemType(
    "secret.not-written",
    "The file with the client's secret cannot be written.",
    "The folder is missing or not writable, or the disk is full.",
    "Check the path and its permissions; the old client lives on meanwhile.",
    retry=Retry.LATER,
    source="POSIX rename(2)",
)
NOT_RELOADED = ProblemType(
    "secret.consumer-not-reloaded",
    "The consumer's reload command failed.",
    "The file holds the new client, the consumer may still use the old one: both live.",
    "Run the command by hand and correct what it says; it must end with 0 in time.",
    retry=Retry.LATER,
    source="docs/guides/published-dialect.md",
)
PROBLEMS = (NOT_WRITTEN, NOT_RELOADED)
BESIDE = ".before"


def write_consumer(path: Path, client_id: str, secret: Secret) -> None:
    """Raises Problem secret.not-written."""
    text = f"GENESYS_CLIENT_ID={client_id}\nGENESYS_CLIENT_SECRET={secret.reveal()}\n"
    octets, beside = text.encode(), _beside(path)
    try:
        held = read_file(str(path)) if path.exists() else b""
        if held == octets:
            return
        if not beside.exists():
            replace_file(beside, held, OWNER_ONLY)
        replace_file(path, octets, OWNER_ONLY)
        path.chmod(OWNER_ONLY)
    except OSError as error:
        raise _not_written(path, error) from None


def put_back(path: Path) -> None:
    """What was kept beside; nothing when it was put back already. Raises as above."""
    beside = _beside(path)
    try:
        if beside.exists():
            held = read_file(str(beside))
            if held:
                replace_file(path, held, OWNER_ONLY)
            else:  # there was no file
                path.unlink(missing_ok=True)
            beside.unlink()
    except OSError as error:
        raise _not_written(path, error) from None


def forget(path: Path) -> None:
    _beside(path).unlink(missing_ok=True)


def _beside(path: Path) -> Path:
    return path.with_name(path.name + BESIDE)


def _not_written(path: Path, error: OSError) -> Problem:
    facts = {"path": str(path), "seen": error.strerror or type(error).__name__}
    return Problem(NOT_WRITTEN, facts)
