"""`python -m gctrust.sandbox`: start everything, print one JSON line of addresses, run until told.

The same JSON is kept, readable by its owner only, under HOME/sandboxes while the sandbox runs.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import signal
import stat
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from .answer import JsonObject, MalformedError
from .clock import check_instant, check_rate
from .dialects import Dialect
from .faults import read_rules
from .seed import load_seed
from .world import Options, World

EXIT_USAGE = 2
OWNER_ONLY = 0o600


def main(argv: Sequence[str] | None = None) -> int:
    parser = _parser()
    args = parser.parse_args(argv)
    if args.die_with_parent and not _stdin_is_held():
        parser.error("--die-with-parent needs standard input to be a pipe that the parent holds")
    try:
        options = Options(
            seed=_document(args.seed, load_seed),
            faults=_document(args.faults, read_rules),
            clock_rate=args.clock_rate,
            clock_start=args.clock_start,
            strict=not args.loose,
            dialect=Dialect(args.dialect),
            api_port=args.api_port,
            control_port=args.control_port,
        )
        with tempfile.TemporaryDirectory(prefix="gctrust-sandbox-") as folder:
            home = Path(args.home) if args.home else None
            asyncio.run(_run(World(options, Path(folder)), home, args.die_with_parent))
    except (OSError, ValueError) as error:
        sys.stderr.write(f"gctrust.sandbox: {error}\n")
        return EXIT_USAGE
    return 0


async def _run(world: World, home: Path | None, die_with_parent: bool) -> None:
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    await world.start()
    line: JsonObject = {"addresses": world.addresses()}
    note = _write_note(home, world.api_listener.port, line) if home else None
    watcher = None
    try:
        watcher = await _watch_parent(ended) if die_with_parent else None
        sys.stdout.write(json.dumps(line) + "\n")
        sys.stdout.flush()
        await ended.wait()
    finally:
        if watcher is not None:
            watcher.close()
        if note is not None:
            note.unlink(missing_ok=True)
            # Kept beside it by whoever started us; they open nothing any more.
            for suffix in (".secret", ".webhook-secret"):
                note.with_suffix(suffix).unlink(missing_ok=True)
        await world.stop()


def _write_note(home: Path, port: int, line: JsonObject) -> Path:
    """Owner-only from its first byte: it has the secrets."""
    folder = home / "sandboxes"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    note = folder / f"{port}.json"
    note.unlink(missing_ok=True)
    descriptor = os.open(note, os.O_WRONLY | os.O_CREAT | os.O_EXCL, OWNER_ONLY)
    with os.fdopen(descriptor, "w") as file:
        json.dump(line, file)
    return note


class _Parent(asyncio.Protocol):
    """Standard input held open by the parent; its end is the parent's."""

    def __init__(self, ended: asyncio.Event) -> None:
        self._ended = ended

    def connection_lost(self, exc: Exception | None) -> None:
        self._ended.set()


def _stdin_is_held() -> bool:
    """A file or /dev/null is at its end at once, whoever the parent is."""
    try:
        mode = os.fstat(0).st_mode
    except OSError:
        return False
    return stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode) or os.isatty(0)


async def _watch_parent(ended: asyncio.Event) -> asyncio.BaseTransport:
    transport, _ = await asyncio.get_running_loop().connect_read_pipe(
        lambda: _Parent(ended), sys.stdin
    )
    return transport


def _document(path: str | None, check: Callable[[str], object]) -> str | None:
    """The file's text, known to be well-formed. Raises MalformedError naming file and place."""
    if path is None:
        return None
    try:
        text = Path(path).read_text("utf-8")
        check(text)
    except ValueError as error:
        raise MalformedError(f"{path}: {error}") from None
    return text


def _number(check: Callable[[float], float]) -> Callable[[str], float]:
    """An argument's type; argparse tells the reason with the argument's name, and exits 2."""

    def read(text: str) -> float:
        try:
            return check(float(text))
        except ValueError as error:
            raise argparse.ArgumentTypeError(f"{text[:40]!r}: {error}") from None

    return read


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 6 and int(text) < 65536):
        raise argparse.ArgumentTypeError(f"{text[:40]!r}: a port is a number from 0 to 65535")
    return int(text)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="gctrust.sandbox", description=__doc__)
    parser.add_argument("--home", help="keep the addresses in HOME/sandboxes/<api-port>.json")
    parser.add_argument("--seed", help="JSON file: what the sandbox holds at its start")
    parser.add_argument("--faults", help="JSON file: fault rules")
    parser.add_argument(
        "--clock-rate", type=_number(check_rate), default=1.0, help="virtual seconds per second"
    )
    parser.add_argument(
        "--clock-start", type=_number(check_instant), help="Unix seconds the clock starts at"
    )
    parser.add_argument(
        "--dialect", choices=list(Dialect), default=Dialect.BOTH, help="which calls are served"
    )
    parser.add_argument("--loose", action="store_true", help="pass over unknown fields")
    parser.add_argument("--api-port", type=_port, default=0)
    parser.add_argument("--control-port", type=_port, default=0)
    parser.add_argument("--die-with-parent", action="store_true", help="end with standard input")
    return parser


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        sys.exit(main())
