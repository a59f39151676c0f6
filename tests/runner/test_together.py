"""Calls that come while one is under way are made as one, and each hears its own answer."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from gctrust.runner.together import Together


async def test_what_comes_meanwhile_is_one_call():
    calls: list[list[int]] = []

    async def double(numbers: Sequence[int]) -> list[int]:
        calls.append(list(numbers))
        await asyncio.sleep(0.01)
        return [2 * number for number in numbers]

    together = Together(double)
    first = asyncio.create_task(together(1))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    rest = [asyncio.create_task(together(n)) for n in (2, 3, 4)]
    await asyncio.sleep(0)
    rest[1].cancel()
    assert await first == 2
    assert [await rest[0], await rest[2]] == [4, 8]
    assert calls == [[1], [2, 3, 4]]
    assert await together(5) == 10


async def test_what_the_call_raises_all_hear_and_the_next_call_is_made():
    fails = True

    async def sometimes(numbers: Sequence[int]) -> Sequence[int]:
        if fails:
            raise OSError("full")
        return numbers

    together = Together(sometimes)
    told = await asyncio.gather(together(1), together(2), return_exceptions=True)
    assert [type(one) for one in told] == [OSError, OSError]
    fails = False
    assert await together(3) == 3
    fails = True
    with pytest.raises(OSError, match="full"):
        await together(4)
