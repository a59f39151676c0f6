"""Which addresses may be connected to, and connections that go to a checked address only.

A name is resolved once, every address it has is checked, and the connection goes to one of these,
so that a name cannot point elsewhere between the check and the connection (DNS rebinding).
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import httpcore2

from ...mailauth.questions import Question

if TYPE_CHECKING:
    from ..dns.resolver import Resolver

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Lookup = Callable[[str, int], Awaitable[list[str]]]
_NAT64 = ipaddress.ip_network("64:ff9b::/96")  # RFC 6052: IPv4 inside IPv6
_MOST = 16  # addresses of one name


class AddressRefused(Exception):
    """An address that may not be connected to; the text says whose it is and why."""


async def system_lookup(host: str, port: int) -> list[str]:
    """The addresses this machine's own resolver gives. Raises OSError."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(item[4][0]) for item in found))


def resolver_lookup(resolver: Resolver) -> Lookup:
    """Addresses by the name servers that were set, in place of the machine's own."""

    async def lookup(host: str, port: int) -> list[str]:
        asked = (Question(host, kind) for kind in ("A", "AAAA"))
        answers = await resolver.resolve_all(asked)
        return [str(record) for answer in answers for record in answer.records]

    return lookup


@dataclass(frozen=True, slots=True)
class AddressGuard:
    """Public addresses only, except for the hosts `allowed` by name; `private` allows every one."""

    allowed: frozenset[str] = frozenset()
    private: bool = False
    lookup: Lookup = system_lookup

    def allows(self, host: str) -> bool:
        return self.private or plain_host(host) in self.allowed

    async def addresses(self, host: str, port: int) -> list[str]:
        """Checked addresses of `host`. Raises AddressRefused when one of them is not public."""
        literal = _literal(plain_host(host))
        try:
            found = [str(literal)] if literal else (await self.lookup(host, port))[:_MOST]
        except (OSError, UnicodeError) as error:
            raise AddressRefused(f"{host} has no address: {error}"[:200]) from None
        if not found:
            raise AddressRefused(f"{host} has no address")
        if not self.allows(host):
            _refuse(host, found)
        return found


def _refuse(host: str, found: Iterable[str]) -> None:
    for text in found:
        if not is_public(text):
            whose = "" if plain_host(host) == text else f"{host} resolves to "
            raise AddressRefused(f"{whose}{text}, which is not a public address")


def plain_host(host: str) -> str:
    """As hosts are compared: lower case, no brackets, no final dot."""
    return host.strip().strip("[]").rstrip(".").lower()


def is_public(text: str) -> bool:
    """Whether the address, and any IPv4 address that travels inside it, is of the public net."""
    address = _literal(text.partition("%")[0])
    return address is not None and all(_is_public(one) for one in (address, *_inner(address)))


def _is_public(address: Address) -> bool:
    special = address.is_multicast or address.is_reserved or address.is_unspecified
    site_local = isinstance(address, ipaddress.IPv6Address) and address.is_site_local
    return (address.is_global and not (special or site_local)) or _is_nat64(address)


def _is_nat64(address: Address) -> bool:
    return address.version == 6 and address in _NAT64


def _inner(address: Address) -> tuple[Address, ...]:
    """IPv4 addresses inside: mapped, 6to4, Teredo's client, NAT64."""
    if isinstance(address, ipaddress.IPv4Address):
        return ()
    nat64 = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF) if _is_nat64(address) else None
    client = address.teredo[1] if address.teredo else None
    return tuple(one for one in (address.ipv4_mapped, address.sixtofour, client, nat64) if one)


def _literal(host: str) -> Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


class GuardedBackend(httpcore2.AsyncNetworkBackend):
    """httpcore2's way to the network, through the guard. The TLS name stays the URL's host."""

    def __init__(self, guard: AddressGuard) -> None:
        self._guard, self._inner = guard, httpcore2.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore2's own interface
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        failure: Exception = AddressRefused(f"{host} has no address")
        for address in await self._guard.addresses(host, port):
            try:
                return await self._inner.connect_tcp(
                    address, port, timeout, local_address, socket_options
                )
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                failure = error
        raise failure

    async def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore2's own interface
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        raise AddressRefused("a socket of this machine is not a public address")

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
