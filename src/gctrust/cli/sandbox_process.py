"""Starts the sandbox as a process of its own and speaks to its control port as its owner."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..errors import Problem, ProblemType
from ..secret import Secret

NOT_STARTED = ProblemType(
    "cli.sandbox-not-started",
    "The sandbox did not start.",
    "It is a process of its own; what it said is on stderr.",
    "Read its message; a seed or fault file may be malformed, or a port taken.",
)
_PATIENCE = 20.0


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where the sandbox listens."""

    api: str
    control: str
    inbox: str
    nameservers: tuple[str, ...]
    edges: tuple[str, ...]
    mtls: tuple[str, ...]
    roots: str
    client_id: str
    client_secret: Secret = field(repr=False)

    @classmethod
    def parse(cls, line: bytes) -> Addresses:
        told: Mapping[str, Any] = json.loads(line)["addresses"]
        return cls(
            api=told["api"],
            control=told["control"],
            inbox=told["inbox"],
            nameservers=tuple(told["nameservers"]),
            edges=tuple(told["edges"]),
            mtls=tuple(told["mtls"]),
            roots=told["roots"],
            client_id=told["client_id"],
            client_secret=Secret(told["client_secret"]),
        )


@asynccontextmanager
async def sandbox_process(
    home: Path, arguments: Sequence[str] = ()
) -> AsyncIterator[tuple[Addresses, asyncio.subprocess.Process]]:
    """The sandbox, running while the block lasts. Raises Problem cli.sandbox-not-started."""
    await asyncio.to_thread(home.mkdir, parents=True, exist_ok=True, mode=0o700)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "gctrust.sandbox", "--die-with-parent", "--home", str(home),
        *arguments, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        yield await _addresses(process), process
    finally:
        if process.stdin is not None:
            process.stdin.close()  # its end is the sandbox's
        with suppress(ProcessLookupError, TimeoutError):
            process.terminate()
            await asyncio.wait_for(process.wait(), 5.0)


async def _addresses(process: asyncio.subprocess.Process) -> Addresses:
    assert process.stdout is not None
    try:
        line = await asyncio.wait_for(process.stdout.readline(), _PATIENCE)
        return Addresses.parse(line)
    except (TimeoutError, ValueError, KeyError):
        raise Problem(NOT_STARTED, {"exit code": process.returncode}) from None
