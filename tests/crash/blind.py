"""A build of the app that does not look before it creates, so that a rehearsal can be seen to
fail. Only a test can build it: the product has no such switch."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from functools import cached_property

from gctrust.adapters.genesys.client import GenesysClient
from gctrust.adapters.genesys.regions import platform_address
from gctrust.adapters.system import clock_for
from gctrust.app import App
from gctrust.pipelines.pin_effects import WritePins
from gctrust.ports import Performer
from gctrust.settings import Settings


class BlindClient(GenesysClient):
    """Finds nothing, and shows a write of pins that nothing is as it is to be."""

    expected: str | None = None  # the state that the next look takes for granted

    async def find_email_domain(self, domain):
        return None

    async def find_custom_domain(self, domain):
        return None

    async def get_oauth_client(self, id):
        live, expected = await super().get_oauth_client(id), self.expected
        self.expected = None
        return live if expected is None else replace(live, primary_pin="", etag=expected)

    async def update_pins(self, id, update, etag):
        live = await super().get_oauth_client(id)
        return await super().update_pins(id, update, live.etag)


class BlindApp(App):
    @cached_property
    def genesys(self) -> GenesysClient:
        client = BlindClient.of(self.settings, self.clock)
        self._stack.push_async_callback(client.close)
        return client

    def _performers(self) -> Performer:
        performer = super()._performers()

        async def perform(effect):
            if isinstance(effect, WritePins):
                self.genesys.expected = effect.etag
            return await performer(effect)

        return perform


@asynccontextmanager
async def build_app(settings: Settings) -> AsyncIterator[App]:
    address = platform_address(settings)
    async with AsyncExitStack() as stack:
        yield BlindApp(settings, clock_for(address), address, stack)
