"""Addresses, parsed once: in bulk the same exchanges and name servers come again and again."""

from __future__ import annotations

import ipaddress
from functools import lru_cache

_OCTET = {str(number): number for number in range(256)}  # no leading zeros, no foreign digits


def ip4_number(text: str) -> int | None:
    """An IPv4 address as a number, None when it is none; several times as fast as `ipaddress`."""
    parts = text.split(".")
    if len(parts) != 4:
        return None
    try:
        first, second, third, fourth = [_OCTET[part] for part in parts]
    except KeyError:
        return None
    return first << 24 | second << 16 | third << 8 | fourth


Address = ipaddress.IPv4Address | ipaddress.IPv6Address


@lru_cache(maxsize=65_536)
def address(text: str) -> Address:
    """Raises ValueError when the text is no address."""
    return ipaddress.ip_address(text)


@lru_cache(maxsize=65_536)
def server_address(text: str) -> Address:
    """The address of "192.0.2.1", "192.0.2.1#5353" or "[2001:db8::1]#53". Raises ValueError."""
    return ipaddress.ip_address(text.partition("#")[0].strip("[]"))


def is_address(text: str) -> bool:
    """Also of text that came from a zone file: not every A record in one is an address."""
    if ip4_number(text) is not None:
        return True
    if ":" not in text:
        return False  # most texts asked about are host names: spare them the exception
    try:
        address(text)
    except ValueError:
        return False
    return True


@lru_cache(maxsize=65_536)
def canonical(text: str) -> str:
    """An address as it is written in the shortest way. Raises ValueError."""
    return text if ip4_number(text) is not None else str(address(text))


@lru_cache(maxsize=65_536)
def reverse_name(text: str) -> str:
    """Where the PTR records of an address are. Raises ValueError."""
    if ip4_number(text) is not None:
        return ".".join(reversed(text.split("."))) + ".in-addr.arpa"
    return ".".join(reversed(digits(text))) + ".ip6.arpa"


def digits(text: str) -> str:
    """All 32 hexadecimal digits of an IPv6 address. Raises ValueError."""
    return f"{int(address(text)):032x}"


@lru_cache(maxsize=65_536)
def is_global(text: str) -> bool:
    """Whether it can be reached from anywhere. Raises ValueError."""
    return address(text).is_global
