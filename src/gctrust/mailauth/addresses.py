"""Addresses, parsed once: in bulk the same exchanges and name servers come again and again."""

from __future__ import annotations

import ipaddress
from functools import lru_cache

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


@lru_cache(maxsize=65_536)
def address(text: str) -> Address:
    """Raises ValueError when the text is no address."""
    return ipaddress.ip_address(text)


@lru_cache(maxsize=65_536)
def server_address(text: str) -> Address:
    """The address of "192.0.2.1", "192.0.2.1#5353" or "[2001:db8::1]#53". Raises ValueError."""
    return ipaddress.ip_address(text.partition("#")[0].strip("[]"))


@lru_cache(maxsize=65_536)
def reverse_name(text: str) -> str:
    """Where the PTR records of an address are. Raises ValueError."""
    return address(text).reverse_pointer


@lru_cache(maxsize=65_536)
def is_global(text: str) -> bool:
    """Whether it can be reached from anywhere. Raises ValueError."""
    return address(text).is_global
