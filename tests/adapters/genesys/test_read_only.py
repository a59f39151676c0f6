"""A client that only reads: every change of both dialects is refused before a socket opens."""

import asyncio

import pytest

from gctrust.adapters.genesys.client import GenesysClient
from gctrust.adapters.genesys.dialects import DIALECTS
from gctrust.adapters.genesys.oauth import Credentials
from gctrust.adapters.genesys.regions import PlatformAddress
from gctrust.adapters.genesys.wire import read_nothing
from gctrust.app import build_app
from gctrust.errors import Problem
from gctrust.secret import Secret
from gctrust.settings import load_settings

WRITES = [
    (dialect, operation)
    for dialect in DIALECTS.values()
    for operation, route in dialect.routes.items()
    if route.writes
]
# What a method that changes may be used for without changing anything, and nothing else may.
HARMLESS_POSTS = {
    "audit.start",
    "audit.related",
    "campaign.test",
    "certificate.details",
    "inbound.test",
}


@pytest.fixture
async def door():
    """A port, and the connections that came to it."""
    came = []

    async def met(reader, writer):
        came.append(writer)
        writer.close()

    server = await asyncio.start_server(met, "127.0.0.1", 0)
    yield server.sockets[0].getsockname()[1], came
    server.close()


def client_of(port, clock, dialect, *, read_only):
    address = PlatformAddress.parse(f"127.0.0.1:{port}")
    credentials = Credentials("id", Secret("s3cret"))
    return GenesysClient(address, credentials, clock, dialect=dialect, read_only=read_only)


@pytest.mark.parametrize(
    ("dialect", "operation"), WRITES, ids=[f"{d.name}:{operation}" for d, operation in WRITES]
)
async def test_a_change_is_refused_before_a_socket_opens(door, clock, dialect, operation):
    port, came = door
    async with client_of(port, clock, dialect, read_only=True) as client:
        for one in (client, client.with_credentials("other", Secret("s"))):
            with pytest.raises(Problem) as caught:
                await one.call(operation, read_nothing, id="x.example", body=Secret("{}"))
            assert caught.value.code == "genesys.read-only"
            assert caught.value.facts["operation"] == operation
    assert came == []


async def test_what_reads_does_reach_the_door(door, clock):
    port, came = door
    async with client_of(port, clock, DIALECTS["platform"], read_only=True) as client:
        with pytest.raises(Problem) as caught:
            await client.call("inbound.list", read_nothing)
        assert caught.value.code == "genesys.unreachable"
    assert came


def test_no_other_method_than_get_counts_as_reading_unless_it_is_named_here():
    reads = {
        operation
        for dialect in DIALECTS.values()
        for operation, route in dialect.routes.items()
        if route.method != "GET" and not route.writes
    }
    assert reads == HARMLESS_POSTS


@pytest.mark.parametrize("dialect", ["guide", "platform"])
async def test_a_setting_makes_the_app_read_only_and_drives_no_run(door, tmp_path, dialect):
    port, came = door
    environ = {
        "GENESYS_ENV_URL": f"http://127.0.0.1:{port}",
        "GENESYS_CLIENT_ID": "id",
        "GENESYS_CLIENT_SECRET": "s3cret",
        "GENESYS_DIALECT": dialect,
        "GCTRUST_READ_ONLY": "yes",
        "GCTRUST_HOME": str(tmp_path),
    }
    settings = load_settings({}, environ, tmp_path, tmp_path)
    assert settings.origins["dialect"] == "environment GENESYS_DIALECT"
    assert settings.origins["read_only"] == "environment GCTRUST_READ_ONLY"
    async with build_app(settings) as app:
        write = "email-domain.create" if dialect == "guide" else "inbound.create"
        with pytest.raises(Problem) as caught:
            await app.genesys.call(write, read_nothing, body=Secret("{}"))
        assert caught.value.code == "genesys.read-only"
        with pytest.raises(Problem) as caught:
            async with app.running():
                pass
        assert caught.value.code == "genesys.read-only"
    assert came == []
