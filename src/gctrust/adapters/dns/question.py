"""DNS questions on the wire: a name and a type to bytes, and whether a reply repeats them.

The letters of a name may be sent in random case (0x20): an answer that does not repeat them is
forged, or from a server that does not keep them; only who sees the question can tell.
"""

from __future__ import annotations

import os
import re
import struct

TYPES = {
    "A": 1, "NS": 2, "CNAME": 5, "SOA": 6, "PTR": 12, "MX": 15, "TXT": 16, "AAAA": 28,
    "DS": 43, "RRSIG": 46, "NSEC": 47, "DNSKEY": 48, "TLSA": 52, "SPF": 99, "CAA": 257,
}  # fmt: skip
EDNS_PAYLOAD = 1232  # the DNS flag day 2020 size: never fragmented
_IN, _OPT = 1, 41
_RD, _AD_WISHED = 0x0100, 0x0020  # AD in a query: "tell me whether it is secure", RFC 6840 5.7
_OPT_RECORD = b"\0" + struct.pack("!HHIH", _OPT, EDNS_PAYLOAD, 0, 0)
_TYPE_AND_CLASS = {name: struct.pack("!HH", number, _IN) for name, number in TYPES.items()}
_LENGTH = {length: bytes((length,)) for length in range(1, 64)}
_ESCAPE = re.compile(r"\\(\d{3}|.)", re.DOTALL)
_LETTER = bytes(0x20 if chr(octet).isalpha() and octet < 128 else 0 for octet in range(256))
_HEAD_ASKING = struct.pack("!HHHHH", _RD | _AD_WISHED, 1, 0, 0, 1)
_HEAD_DIRECT = struct.pack("!HHHHH", _AD_WISHED, 1, 0, 0, 1)
_PLAIN_ASKING = struct.pack("!HHHHH", _RD, 1, 0, 0, 0)
_PLAIN_DIRECT = struct.pack("!HHHHH", 0, 1, 0, 0, 0)


class UnaskableName(ValueError):
    """No DNS message can carry this name, so nothing exists there (RFC 1035 section 2.3.4)."""


def type_number(mnemonic: str) -> int:
    """Raises ValueError for a type neither known nor written TYPEnnn (RFC 3597 section 5)."""
    number = TYPES.get(mnemonic)
    if number is None and mnemonic.startswith("TYPE") and mnemonic[4:].isdigit():
        number = int(mnemonic[4:])
    if number is None or number > 0xFFFF:
        raise ValueError(f"unknown DNS type {mnemonic!r}")
    return number


def encode_name(name: str) -> bytes:
    """The wire form of a name in presentation form. Raises UnaskableName."""
    if name in ("", "."):
        return b"\0"
    text = name[:-1] if name.endswith(".") and not name.endswith("\\.") else name
    labels = _split_escaped(text) if "\\" in text else text.encode(errors="replace").split(b".")
    try:
        wire = b"".join([_LENGTH[len(label)] + label for label in labels])
    except KeyError as error:
        raise UnaskableName(f"a label of {error.args[0]} octets") from None
    if len(wire) > 254:
        raise UnaskableName(f"{len(wire) + 1} octets")
    return wire + b"\0"


def _split_escaped(text: str) -> list[bytes]:
    labels, start = [bytearray()], 0
    while start < len(text):
        if escape := _ESCAPE.match(text, start):
            body = escape[1]
            code = int(body) if body.isdigit() and len(body) == 3 else None
            if code is not None and code > 255:
                raise UnaskableName("an escape above \\255")
            labels[-1] += bytes((code,)) if code is not None else body.encode(errors="replace")
            start = escape.end()
            continue
        if text[start] == ".":
            labels.append(bytearray())
        else:
            labels[-1] += text[start].encode(errors="replace")
        start += 1
    return [bytes(label) for label in labels]


def encode_question(name: str, mnemonic: str) -> bytes:
    """The question section, which a reply has to repeat. Raises UnaskableName, ValueError."""
    end = _TYPE_AND_CLASS.get(mnemonic)
    return encode_name(name) + (end or struct.pack("!HH", type_number(mnemonic), _IN))


def query_after_id(question: bytes, recursion: bool, edns: bool = True) -> bytes:
    """A query but for the two octets of its id; EDNS with a payload of 1232 octets if `edns`."""
    if edns:
        return (_HEAD_ASKING if recursion else _HEAD_DIRECT) + question + _OPT_RECORD
    return (_PLAIN_ASKING if recursion else _PLAIN_DIRECT) + question


def mixed_case(question: bytes) -> bytes:
    """The question with each letter of its name in upper or lower case, by chance."""
    size = len(question) - 4  # length octets are below 64, so that no letter is mistaken
    mask = int.from_bytes(question[:size].translate(_LETTER), "big")
    name = int.from_bytes(question[:size], "big")
    chance = int.from_bytes(os.urandom(size), "big")
    return (name ^ (mask & chance)).to_bytes(size, "big") + question[size:]


def repeats_question(message: bytes, question: bytes) -> bool:
    """Whether the message is a reply that repeats `question` octet by octet.

    A failure may come as a bare header: some servers drop the question when they refuse it.
    """
    if len(message) < 12 or not message[2] & 0x80:
        return False
    if message.startswith(question, 12) and message[5] == 1 and not message[4]:
        return True
    return message[4:6] == b"\0\0" and len(message) == 12 and message[3] & 0x0F in (1, 2, 4, 5)


def repeats_without_case(message: bytes, question: bytes) -> bool:
    """The same when letters compare without case (RFC 4343 section 3)."""
    end = 12 + len(question)
    same = message[12:end].lower() == question.lower() and message[end - 4 : end] == question[-4:]
    return repeats_question(message[:12] + question, question) and same
