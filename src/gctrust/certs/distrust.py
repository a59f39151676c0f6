# ruff: noqa: E501 -- a table
"""CHAIN-12: roots that Chrome takes only for certificates logged before a date.

The product's own dated table of published facts (Chrome Root Program's announcements). Such a chain
verifies with certifi, with OpenSSL and in older browsers, and is refused by Chrome.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from ..findings import Finding
from .certificate import Certificate
from .rules import found

DISTRUSTED_AT = "2026-06-14"  # the day the table was made
_ENTRUST = datetime(2024, 11, 11, 23, 59, 59, tzinfo=UTC)
_CHUNGHWA_NETLOCK = datetime(2025, 7, 31, 23, 59, 59, tzinfo=UTC)
_BUYPASS = datetime(2025, 10, 31, 23, 59, 59, tzinfo=UTC)

# SHA-256 of the anchor's certificate -> the last instant of an accepted SCT
# fmt: off
DISTRUSTED = {
    "02ed0eb28c14da45165c566791700d6451d7fb56f0b2ab1d3b8eb070e56edff5": _ENTRUST,  # Entrust EC1
    "0376ab1d54c5f9803ce4b2e201a0ee7eef7b57b636e8a93c9b8d4860c96f5fa7": _ENTRUST,  # AffirmTrust Commercial
    "0a81ec5a929777f145904af38d5d509f66b5e2c58fcdb531058b0e17f3f0b41b": _ENTRUST,  # AffirmTrust Networking
    "43df5774b03e7fef5fe40d931a7bedf1bb2e6b42738c4e6d3841103d3aa7f339": _ENTRUST,  # Entrust G2
    "6dc47172e01cbcb0bf62580d895fe2b8ac9ad4f873801e0c10b9c837d21eb177": _ENTRUST,  # Entrust.net 2048
    "70a73f7f376b60074248904534b11482d5bf0e698ecc498df52577ebf2e93b9a": _ENTRUST,  # AffirmTrust Premium
    "73c176434f1bc6d5adf45b0e76e727287c8de57616c1e6e6141a2b2cbc7d8e4c": _ENTRUST,  # Entrust Root CA
    "bd71fdf6da97e4cf62d1647add2581b07d79adf8397eb4ecba9c5e8488821423": _ENTRUST,  # AffirmTrust Premium ECC
    "db3517d1f6732a2d5ab97c533ec70779ee3270a62fb4ac4238372460e6f01e88": _ENTRUST,  # Entrust G4
    "c0a6f4dc63a24bfdcf54ef2a6a082a0a72de35803e2ff5ff527ae5d87206dfd5": _CHUNGHWA_NETLOCK,  # ePKI
    "f015ce3cc239bfef064be9f1d2c417e1a0264a0a94be1f0c8d121864eb6949cc": _CHUNGHWA_NETLOCK,  # HiPKI G1
    "6c61dac3a2def031506be036d2a6fe401994fbd13df9c8d466599274c446ec98": _CHUNGHWA_NETLOCK,  # NetLock Arany
    "9a114025197c5bb95d94e63d55cd43790847b646b23cdf11ada4a00eff15fb48": _BUYPASS,  # Buypass Class 2
    "edf7ebbca27a2a384d387b7d4010c666e2edb4843e4c29b4ae1d5b9332e6b24d": _BUYPASS,  # Buypass Class 3
}
# fmt: on


def judge_distrust(
    chain: tuple[Certificate, ...], logged: tuple[datetime, ...]
) -> Iterator[Finding]:
    """`logged` are the leaf's SCT timestamps; without one its notBefore stands in."""
    until = DISTRUSTED.get(chain[-1].sha256)
    first = min(logged, default=chain[0].not_before)
    if until is None or first is None:
        return
    facts = {"root": chain[-1].label, "until": f"{until:%Y-%m-%d}", "table": DISTRUSTED_AT}
    if first > until:
        yield found("cert.distrusted", chain[0].label, logged=f"{first:%Y-%m-%d}", **facts)
    else:
        yield found("cert.distrust-next", chain[0].label, **facts)
