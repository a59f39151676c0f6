"""Uploads on their way to the edges: served when the virtual clock says so, the newest wins."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from .clock import VirtualClock
from .upload import Upload

Serve = Callable[[str, Upload], None]


class Deployments:
    """One pending deployment per domain; a newer upload or a removal ends the pending one."""

    def __init__(self, clock: VirtualClock, serve: Serve, stop_serving: Callable[[str], None]):
        self._clock = clock
        self._serve = serve
        self._stop_serving = stop_serving
        self._pending: dict[str, asyncio.Task[None]] = {}
        self._served: set[str] = set()
        self._failed: set[str] = set()

    def failed(self, domain: str) -> bool:
        """Whether the edges could not take the last upload (a key too weak for them, say)."""
        return domain in self._failed

    def deploy(self, domain: str, upload: Upload, at: float) -> None:
        self._cancel(domain)
        self._pending[domain] = asyncio.create_task(self._land(domain, upload, at))

    def withdraw(self, domain: str) -> None:
        self._cancel(domain)
        if domain in self._served:
            self._served.discard(domain)
            self._stop_serving(domain)

    def clear(self) -> None:
        for domain in [*self._pending, *self._served]:
            self.withdraw(domain)

    async def _land(self, domain: str, upload: Upload, at: float) -> None:
        await self._clock.wait_until(at)
        del self._pending[domain]
        try:
            self._serve(domain, upload)
            self._served.add(domain)
        except ValueError:
            self._failed.add(domain)

    def _cancel(self, domain: str) -> None:
        self._failed.discard(domain)
        task = self._pending.pop(domain, None)
        if task is not None:
            task.cancel()
