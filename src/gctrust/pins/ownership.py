"""Whose key a certificate is of: hosts of the platform, and CAs, are not ours to pin."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

# Domains that Genesys serves its clouds and products from (developer.genesys.cloud, regions).
GENESYS_DOMAINS = (
    "genesys.cloud",
    "genesys.com",
    "genesyscloud.com",
    "inindca.com",
    "mypurecloud.com",
    "mypurecloud.com.au",
    "mypurecloud.de",
    "mypurecloud.ie",
    "mypurecloud.jp",
    "pure.cloud",
    "purecloudservices.com",
)


def is_genesys_host(host: str) -> bool:
    name = host.lower().rstrip(".").removeprefix("*.")
    return any(name == owned or name.endswith(f".{owned}") for owned in GENESYS_DOMAINS)


def not_ours(hosts: Iterable[str], *, is_ca: bool) -> Iterator[str]:
    """Why a certificate with these names should not be pinned, a reason each."""
    if is_ca:
        yield "it is a CA's: every certificate it issues would be accepted"
    for host in hosts:
        if is_genesys_host(host):
            yield f"{host} is a host of Genesys, who change its key without asking"
