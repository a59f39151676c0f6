"""Whether an RSA key can be what a sane generator made, and whether a key is a known example."""

from __future__ import annotations

from math import gcd, prod

from gctrust.keys import PublicKey

# Ed25519 keys of RFC 8032 section 7.1; the first is also the example key of RFC 8463 appendix A.
_EXAMPLES = {
    "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a": "RFC 8032 and RFC 8463",
    "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c": "RFC 8032",
    "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025": "RFC 8032",
}
_SMALL_PRIMES = (
    3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97,
)  # fmt: skip
_PRODUCT = prod(_SMALL_PRIMES)


def unsoundness(key: PublicKey) -> str:
    """What is wrong with the numbers of an RSA key, empty when nothing shows."""
    if key.modulus <= 0 or key.exponent <= 0:
        return "its numbers are not positive"
    if key.modulus % 2 == 0:
        return "its modulus is even"
    if gcd(key.modulus, _PRODUCT) != 1:  # one gcd finds any small factor
        prime = next(prime for prime in _SMALL_PRIMES if key.modulus % prime == 0)
        return f"its modulus is divisible by {prime}"
    if key.exponent % 2 == 0:
        return f"its exponent {key.exponent} is even"
    if key.exponent < 65537:
        return f"its exponent {key.exponent} is below 65537"
    return ""


def known_test_key(key: PublicKey) -> str:
    """The document whose example this key is, empty for any other key."""
    return _EXAMPLES.get(key.spki_der[-32:].hex(), "") if key.kind == "ed25519" else ""
