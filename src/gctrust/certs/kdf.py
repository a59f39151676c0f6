"""How much work an encrypted container asks for before it opens: a hostile count is a hang."""

from __future__ import annotations

import itertools

from .der import Unreadable, children

MOST_ROUNDS = 10_000_000
_MOST_ELEMENTS, _DEEPEST = 5_000, 16


def rounds(der: bytes) -> int:
    """The largest iteration count in a PKCS#8 or PKCS#12 container.

    Every key derivation in them (RFC 8018 PBKDF2, RFC 7914 scrypt, RFC 7292 appendix B) is written
    as a salt, an OCTET STRING, followed by the count, an INTEGER.
    """
    most, waiting, seen = 0, [(der, 0)], 0
    while waiting and seen < _MOST_ELEMENTS:
        content, depth = waiting.pop()
        try:
            nodes = children(content, _MOST_ELEMENTS)
        except Unreadable:
            continue
        seen += len(nodes)
        for salt, count in itertools.pairwise(nodes):
            if (salt.cls, salt.tag, count.cls, count.tag) == (0, 4, 0, 2):
                most = max(most, int.from_bytes(count.content[:16], "big"))
        if depth < _DEEPEST:
            inner = (n for n in nodes if n.tag in (4, 16, 17) or n.cls == 2)
            waiting += [(n.content, depth + 1) for n in inner]
    return most
