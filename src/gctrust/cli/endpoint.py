"""HOST, HOST:PORT, an IPv6 address bare or in brackets: what a user may write for a server."""

from __future__ import annotations

import ipaddress

from ..names import BadName, HostName
from .findings_shown import bad_argument


def read_endpoint(text: str) -> tuple[str, int | None]:
    """The host (A-labels, or an address as it is usually written) and the port, if one was given.

    Raises Problem cli.bad-argument.
    """
    host, port = _split(text.strip())
    if port is None:
        return _host(text, host), None
    if not (port.isascii() and port.isdigit() and 0 < int(port[:6]) < 65536):
        raise bad_argument("HOST:PORT", text, "The port is a number from 1 to 65535.")
    return _host(text, host), int(port)


def _split(text: str) -> tuple[str, str | None]:
    if "/" in text:
        raise bad_argument("HOST:PORT", text, "Give the host alone, without https:// and a path.")
    if text.startswith("["):
        host, closed, rest = text[1:].partition("]")
        if closed and (not rest or rest.startswith(":")):
            return host, rest[1:] if rest else None
        raise bad_argument("HOST:PORT", text, "An IPv6 address with a port is [ADDRESS]:PORT.")
    if text.count(":") > 1:  # an IPv6 address without brackets has no port
        return text, None
    host, colon, port = text.partition(":")
    return host, port if colon else None


def _host(text: str, host: str) -> str:
    try:
        return str(ipaddress.ip_address(host))
    except ValueError:
        pass
    try:
        return HostName.parse(host).text
    except BadName as error:
        raise bad_argument("HOST:PORT", text, f"It is no host: {error.reason}.") from None
