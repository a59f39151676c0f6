"""Reads the head of an HTTP/1.1 answer as far as it came: status, Location, HSTS."""

from __future__ import annotations

import re

from ...certs.served import Web

_STATUS = re.compile(rb"HTTP/1\.[01] ([1-5][0-9]{2})(?: |\r)")
_LONGEST = 1000


def read_answer(octets: bytes, edge: str, scheme: str) -> Web | None:
    """None when it is no HTTP answer. Header values are cut to a sane length."""
    status = _STATUS.match(octets)
    if status is None:
        return None
    headers: dict[bytes, str] = {}
    for line in octets.partition(b"\r\n\r\n")[0].split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        text = value.decode("latin-1").strip()[:_LONGEST]
        headers.setdefault(name.strip().lower(), text)  # RFC 6797 section 8.1: the first counts
    return Web(
        edge,
        int(status.group(1)),
        headers.get(b"location", ""),
        headers.get(b"strict-transport-security", ""),
        scheme,
    )
