"""Calls that come while one is under way are made as one: many transactions become one."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

A = TypeVar("A")
B = TypeVar("B")


class Together(Generic[A, B]):
    """`call` answers each of the things it is given, in their order; what it raises, all hear."""

    def __init__(self, call: Callable[[Sequence[A]], Awaitable[Sequence[B]]]) -> None:
        self._call = call
        self._waiting: list[tuple[A, asyncio.Future[B]]] = []
        self._task: asyncio.Task[None] | None = None

    async def __call__(self, thing: A) -> B:
        future: asyncio.Future[B] = asyncio.get_running_loop().create_future()
        self._waiting.append((thing, future))
        if self._task is None:
            self._task = asyncio.create_task(self._work())
        return await future

    async def _work(self) -> None:
        try:
            while self._waiting:
                some, self._waiting = self._waiting, []
                await self._answer([thing for thing, _ in some], [future for _, future in some])
        finally:
            self._task = None

    async def _answer(self, things: Sequence[A], futures: Sequence[asyncio.Future[B]]) -> None:
        try:
            answers = await self._call(things)
        except Exception as error:
            for future in futures:
                if not future.done():
                    future.set_exception(error)
            return
        for future, answer in zip(futures, answers, strict=True):
            if not future.done():  # whoever asked may have been cancelled
                future.set_result(answer)
