"""Starts the sandbox as a process of its own and speaks to its control port as its owner."""

from __future__ import annotations

import asyncio
import json
import sys
from collections import deque
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

from ..errors import Fact, Problem, ProblemKind, ProblemType
from ..secret import Secret

NOT_STARTED = ProblemType(
    "cli.sandbox-not-started",
    "The sandbox did not start, or broke off.",
    "It is a process of its own; what it said is on stderr.",
    "Read its message; a port may be taken, or its folder not writable.",
    source="docs/reference/sandbox-fidelity.md",
)
REFUSED = ProblemType(
    "cli.sandbox-refused",
    "The sandbox refuses a value or a file it was given.",
    "A sandbox that passed over it would not be the one you asked for.",
    "Correct the value or the file that is named, then start it again.",
    kind=ProblemKind.USAGE,
    source="docs/reference/sandbox-fidelity.md",
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
    data_action_root: str  # of the published dialect: who signs the platform's client certificates
    client_id: str
    client_secret: Secret = field(repr=False)
    webhook_secret: Secret = field(repr=False)

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
            data_action_root=told["data_action_root"],
            client_id=told["client_id"],
            client_secret=Secret(told["client_secret"]),
            webhook_secret=Secret(told["webhook_secret"]),
        )


@asynccontextmanager
async def sandbox_process(
    home: Path, arguments: Sequence[str] = ()
) -> AsyncIterator[tuple[Addresses, asyncio.subprocess.Process]]:
    """The sandbox, running while the block lasts.

    Raises Problem cli.sandbox-not-started, cli.sandbox-refused.
    """
    await asyncio.to_thread(home.mkdir, parents=True, exist_ok=True, mode=0o700)
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "gctrust.sandbox", "--die-with-parent", "--home", str(home),
        *arguments, stdin=pipe, stdout=pipe, stderr=pipe,
    )  # fmt: skip
    said: deque[str] = deque(maxlen=20)
    hearing = asyncio.create_task(_hear(process, said))
    try:
        if (addresses := await _addresses(process)) is None:
            await hearing
            raise _refusal(await process.wait(), said, arguments)
        yield addresses, process
        if process.returncode:
            raise _refusal(process.returncode, said)
    finally:
        hearing.cancel()
        if process.stdin is not None:
            process.stdin.close()  # its end is the sandbox's
        try:
            async with asyncio.timeout(5.0):
                await process.wait()
        except TimeoutError:
            process.kill()


async def _hear(process: asyncio.subprocess.Process, said: deque[str]) -> None:
    """Keep the last of what it says, so that it never waits for a reader."""
    assert process.stderr is not None
    async for line in process.stderr:
        said.append(line.decode("utf-8", "replace").strip())


def _refusal(code: int, said: deque[str], arguments: Sequence[str] = ()) -> Problem:
    """Its last word, as its user is to read it: whose fault was it?"""
    last = said[-1].removeprefix("gctrust.sandbox: ").removeprefix("error: ") if said else ""
    facts: dict[str, Fact] = {"said": last, "exit code": code}
    files = [value for flag, value in pairwise(arguments) if flag in ("--seed", "--faults")]
    if code == 2 or any(file in last for file in files):
        return Problem(REFUSED, facts)
    return Problem(NOT_STARTED, facts)


async def _addresses(process: asyncio.subprocess.Process) -> Addresses | None:
    """None when it ended, or said nothing in time."""
    assert process.stdout is not None
    try:
        async with asyncio.timeout(_PATIENCE):
            line = await process.stdout.readline()
    except TimeoutError:
        process.kill()
        return None
    return Addresses.parse(line) if line else None
