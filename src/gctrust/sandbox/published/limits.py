"""The organisation's limits by namespace, and the addresses its calls and mail come from."""

from __future__ import annotations

from ..answer import Answer, JsonObject
from ..platform import Platform
from ..platform_refusals import missing
from ..wire import Call
from .paging import query_of

_ADDRESSES = (
    ("192.0.2.16/28", "smtp", "outbound"),
    ("192.0.2.48/28", "data-actions", "outbound"),
    ("192.0.2.64/28", "api", "inbound"),
)


async def namespaces(platform: Platform, call: Call) -> Answer:
    query_of(call, platform.strict, "pageSize", "pageNumber")
    names = sorted(_limits(platform))
    return Answer(200, {"entities": names, "total": len(names)})


async def namespace(platform: Platform, call: Call) -> Answer:
    """The same for the defaults: nobody has asked for more here."""
    name = call.params["namespaceName"]
    held = _limits(platform).get(name)
    if held is None:
        raise missing("namespace", name)
    listed = [{"key": key, "namespace": name, "value": value} for key, value in held.items()]
    return Answer(200, {"entities": listed})


async def addresses(platform: Platform, call: Call) -> Answer:
    region = platform.seed.organisation.aws_region
    listed: list[JsonObject] = [
        {"cidr": cidr, "service": service, "region": region, "direction": direction}
        for cidr, service, direction in _ADDRESSES
    ]
    return Answer(200, {"entities": listed})


def _limits(platform: Platform) -> dict[str, dict[str, int]]:
    limits, told = platform.seed.limits, platform.seed.organisation
    return {
        "platform.api": {"client.credentials.token.rate.per.minute": limits.per_minute},
        "auth.api": {"client.token.requests.per.minute": limits.tokens_per_minute},
        "email": {
            "domains.count": told.inbound_domains,
            "outbound.domains.count": told.outbound_domains,
        },
    }
