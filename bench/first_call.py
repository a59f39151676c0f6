"""One process from its start to its first answered call of the published API: ours, or the official
SDK's in its own environment. Prints the instant of the answer and the memory it took.
"""

from __future__ import annotations

import asyncio
import json
import resource
import sys
import time
from pathlib import Path
from typing import Any


def ours(addresses: dict[str, Any]) -> None:
    from gctrust.app import build_app
    from gctrust.settings import load_settings

    environ = {
        "GCTRUST_DIALECT": "platform",
        "GENESYS_ENV_URL": addresses["api"],
        "GENESYS_CLIENT_ID": addresses["client_id"],
        "GENESYS_CLIENT_SECRET": addresses["client_secret"],
    }

    async def call() -> None:
        from gctrust.adapters.genesys.published import Published

        nowhere = Path("/nonexistent")
        async with build_app(load_settings({}, environ, nowhere, nowhere)) as app:
            await Published(app.genesys).inbounds()

    asyncio.run(call())


def official(addresses: dict[str, Any]) -> None:
    import PureCloudPlatformClientV2 as sdk
    from PureCloudPlatformClientV2.gateway_configuration import GatewayConfiguration

    host, _, port = addresses["api"].removeprefix("http://").partition(":")
    configuration = sdk.Configuration()
    configuration.live_reload_config = False
    configuration.gateway_configuration = GatewayConfiguration(
        host=host, protocol="http", port=int(port)
    )
    client = sdk.api_client.ApiClient()
    client.get_client_credentials_token(addresses["client_id"], addresses["client_secret"])
    sdk.RoutingApi(client).get_routing_email_domains()


def main() -> None:
    call = {"ours": ours, "official": official}[sys.argv[1]]
    call(json.loads(sys.stdin.read()))
    used = resource.getrusage(resource.RUSAGE_SELF)
    told = {
        "answered": time.monotonic(),
        "processor": used.ru_utime + used.ru_stime,
        "mebibytes": used.ru_maxrss / 1024,
    }
    print(json.dumps(told))


if __name__ == "__main__":
    main()
