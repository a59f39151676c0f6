"""The service on a port: the routes, the runner beside them in one process, and a clean end."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from importlib.metadata import version
from socket import socket

import uvicorn
from fastapi import FastAPI

from ..adapters.credentials.api_tokens import ApiTokens
from ..app import App
from ..runner.lasting import lasting
from .ordering import Ordering
from .problems import Sized, install
from .routes import PROBES, TOKENS
from .run_routes import RUNS
from .slashes import KeptSlashes

LARGEST_BODY = 1024 * 1024  # octets
FINISH = 20.0  # seconds that steps under way have to end in: orchestrators kill after 30
SWEEP = 60.0  # seconds between looks for keys that no run needs


def build_api(app: App) -> FastAPI:
    """The ASGI application. While it lives, `app`'s runner is started."""

    @asynccontextmanager
    async def life(_api: FastAPI) -> AsyncIterator[None]:
        async with app.running(FINISH), app.scheduling():
            sweeping = asyncio.create_task(lasting(partial(_sweeping, Ordering(app))))
            yield
            sweeping.cancel()

    api = FastAPI(
        title="gctrust",
        summary="Orders and shows the runs that keep a Genesys Cloud organisation's trust.",
        version=version("gctrust"),
        lifespan=life,
        docs_url=None,
        redoc_url=None,
    )
    api.state.app = app
    api.state.tokens = ApiTokens(app.store, app.ledger, app.clock)
    install(api)
    api.add_middleware(Sized, largest=LARGEST_BODY)
    api.add_middleware(KeptSlashes)
    routers = (PROBES, RUNS, TOKENS)
    api.state.routes = [route for router in routers for route in router.routes]
    for router in routers:
        api.include_router(router)
    return api


async def _sweeping(ordering: Ordering) -> None:
    """Keys that came with orders are forgotten when no run can need them."""
    while True:
        await asyncio.to_thread(ordering.sweep)
        await asyncio.sleep(SWEEP)


async def serve(app: App, host: str, port: int, listening: Callable[[str], None]) -> None:
    """Serve until SIGTERM or SIGINT: requests in flight are answered, runs stay where they are.

    `listening` is told the address once the port is open; port 0 takes a free one.
    """
    config = uvicorn.Config(
        build_api(app), host=host, port=port, log_config=None, server_header=False
    )
    server = _Announcing(config, listening)
    await server.serve()


class _Announcing(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, listening: Callable[[str], None]) -> None:
        super().__init__(config)
        self._listening = listening

    async def startup(self, sockets: list[socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            host, port = self.servers[0].sockets[0].getsockname()[:2]
            self._listening(f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}")

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """An asked-for end is a good one; the base class would raise the signal again after it."""
        loop = asyncio.get_running_loop()
        ends = (signal.SIGTERM, signal.SIGINT)
        for end in ends:
            loop.add_signal_handler(end, self.handle_exit, end, None)
        try:
            yield
        finally:
            for end in ends:
                loop.remove_signal_handler(end)
