"""Looks for a private key in octets, in every form it could have leaked in.

The public half of a key stands in its certificate, so what is looked for is the private numbers.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key

PART = 16  # octets that nothing else happens to hold
BREAKS = re.compile(rb"\\+[nr]|[\s\"'+]*\n[\s\"'+]*|\s")  # a PEM's lines, escaped or not


def private_numbers(pem: bytes) -> tuple[bytes, ...]:
    key = load_pem_private_key(pem, None)
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return (octets_of(key.private_numbers().private_value),)
    assert isinstance(key, rsa.RSAPrivateKey)
    numbers = key.private_numbers()
    return tuple(octets_of(n) for n in (numbers.p, numbers.q, numbers.d, numbers.iqmp))


def octets_of(value: int) -> bytes:
    return value.to_bytes((value.bit_length() + 7) // 8, "big")


def forms(pem: bytes) -> Iterator[tuple[str, bytes]]:
    """Every form of every part, by name; each is secret in itself."""
    for number in private_numbers(pem):
        yield "a decimal number", str(int.from_bytes(number, "big")).encode()
        for part in (number[:PART], number[-PART:]):
            yield "octets", part
            yield "hexadecimal", part.hex().encode()
            yield "upper-case hexadecimal", part.hex().upper().encode()
            yield "hexadecimal with colons", part.hex(":").encode()
            yield "a bytes literal", repr(part)[2:-1].encode()
            for skip in range(3):
                for encode in (base64.b64encode, base64.urlsafe_b64encode):
                    text = encode(b"\0" * skip + part)
                    # The characters at both ends depend on the octets around the part.
                    yield f"base64 at {skip}", text[4 if skip else 0 :].rstrip(b"=")[:-1]


def found_in(octets: bytes, pem: bytes) -> list[str]:
    """The forms in which the key is there; lines that were broken are joined first."""
    joined = BREAKS.sub(b"", octets)
    return sorted({name for name, form in forms(pem) if form in octets or form in joined})
