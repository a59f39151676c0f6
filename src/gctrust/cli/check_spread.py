"""A list checked by several processes: this one and its workers have a share each.

A worker is this command itself with --worker: it reads "NUMBER NAME" lines from standard input and
writes one line of JSON for each; its parent alone writes the output.
"""

from __future__ import annotations

import asyncio
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Callable, Coroutine, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, BinaryIO

from ..errors import Problem, ProblemType, Retry
from .exit_codes import ExitCode

if TYPE_CHECKING:
    from ..adapters.domain_list import Entry

_LONGEST_RESULT = 64 << 20
_ENDED_WELL = (ExitCode.FINE, ExitCode.FINDINGS, ExitCode.USAGE)

WORKER_LOST = ProblemType(
    "bulk.worker-lost",
    "A process that checked a part of the list ended before it was through.",
    "It was killed, or had no memory left; what it had finished is in the output.",
    "Run the same command with --output and --resume: only what is missing is asked.",
    retry=Retry.LATER,
    source="docs/guides/bulk.md",
)


async def spread(
    arguments: list[str],
    shares: Sequence[Iterable[Entry]],
    give: Callable[[bytes], None],
    own: Coroutine[None, None, None],
) -> None:
    """Run a worker with `arguments` for each share, and `own` beside them, which does what is left;
    `give` each line of theirs as it comes.

    Raises Problem bulk.worker-lost.
    """
    line = [sys.executable, "-m", "gctrust", "check", "domain", "--from=-", "--worker", "--json"]
    workers: list[Process] = []
    try:
        async with asyncio.TaskGroup() as group:
            for share in shares:
                worker = await asyncio.create_subprocess_exec(
                    *line, "--quiet", *arguments, stdin=PIPE, stdout=PIPE, limit=_LONGEST_RESULT
                )
                workers.append(worker)
                group.create_task(_feed(worker, share))
                group.create_task(_relay(worker, give))
            group.create_task(own)  # the others are on their way by then
    except BaseExceptionGroup as errors:
        raise errors.exceptions[0] from None
    finally:
        for worker in workers:
            if worker.returncode is None:
                worker.kill()
                await worker.wait()


async def _feed(worker: Process, share: Iterable[Entry]) -> None:
    pipe = worker.stdin
    assert pipe is not None
    try:
        for entry in share:
            pipe.write(f"{entry.number} {entry.text}\n".encode("utf-8", "replace"))
            await pipe.drain()
        pipe.close()
    except ConnectionError:
        pass  # who reads the results of that worker says what became of it


async def _relay(worker: Process, give: Callable[[bytes], None]) -> None:
    from ..adapters.domain_list import is_result

    assert worker.stdout is not None
    async for line in worker.stdout:
        if is_result(line):  # a worker that refuses to start says so in JSON as well
            give(line)
    code = await worker.wait()
    if code not in _ENDED_WELL:
        raise Problem(WORKER_LOST, {"exit": code})


def numbered(stream: BinaryIO) -> Iterator[Entry]:
    """What a worker reads."""
    from ..adapters.domain_list import Entry

    while line := stream.readline():
        number, _, text = line.decode("utf-8", "replace").rstrip("\n").partition(" ")
        yield Entry(int(number), text)
