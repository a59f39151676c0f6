"""Signatures: did this key make it, and is its hash still one to trust?"""

from __future__ import annotations

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, padding, rsa

from .certificate import Certificate
from .distinguished_name import name_key

_BROKEN_HASHES = ("md5", "sha1", "md2", "md4")
Padding = padding.PKCS1v15 | padding.PSS


def signed_by(cert: Certificate, issuer: Certificate) -> bool:
    """Whether the issuer's key made the signature, and the names agree (RFC 5280 section 7.1)."""
    if cert.x509 is None or issuer.x509 is None:
        return False
    try:
        if cert.issuer == issuer.subject:
            cert.x509.verify_directly_issued_by(issuer.x509)
            return True
        return name_key(cert.issuer) == name_key(issuer.subject) and _key_made(cert, issuer)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False


def _key_made(cert: Certificate, issuer: Certificate) -> bool:
    """The signature alone, for names that agree in other bytes. Raises InvalidSignature."""
    assert cert.x509 is not None
    assert issuer.x509 is not None
    if cert.inner_algorithm != cert.outer_algorithm:
        return False
    made = cert.x509
    scheme = made.signature_algorithm_parameters
    return verifies(
        issuer.x509.public_key(),
        made.signature,
        made.tbs_certificate_bytes,
        made.signature_hash_algorithm,
        scheme if isinstance(scheme, Padding) else padding.PKCS1v15(),
    )


def verifies(
    key: object,
    signature: bytes,
    data: bytes,
    digest: hashes.HashAlgorithm | None,
    scheme: Padding,
) -> bool:
    """Whether the key is of a kind that signs; raises InvalidSignature when it did not sign this.

    `scheme` is for RSA keys only.
    """
    if isinstance(key, rsa.RSAPublicKey) and digest is not None:
        key.verify(signature, data, scheme, digest)
    elif isinstance(key, ec.EllipticCurvePublicKey) and digest is not None:
        key.verify(signature, data, ec.ECDSA(digest))
    elif isinstance(key, ed25519.Ed25519PublicKey | ed448.Ed448PublicKey):
        key.verify(signature, data)
    else:
        return False
    return True


def weak_signature(cert: Certificate) -> str:
    """The name of a broken hash in the certificate's own signature, else empty."""
    if cert.x509 is None:
        return ""
    try:
        algorithm = cert.x509.signature_hash_algorithm
    except (ValueError, UnsupportedAlgorithm):
        return ""
    name = algorithm.name if algorithm else ""
    return name.upper() if name in _BROKEN_HASHES else ""
