"""An uploaded certificate, key and chain, judged by really parsing them.

Refused with 400: what does not parse, a key that is not the leaf's, a chain whose links are not
signed by the next, TLS under 1.2, too much text. Dates and names are not judged (fidelity page).
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass, field

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
)

from .answer import Detail, Refusal, invalid

MAX_CHAIN_BYTES = 16_384
MAX_PART_BYTES = 16_384
TLS_VERSIONS = ("TLSv1.2", "TLSv1.3")


@dataclass(frozen=True, slots=True)
class Upload:
    """PEM texts that fit together: the leaf alone, the intermediates in order, the key."""

    certificate: str
    chain: str
    private_key: str = field(repr=False)
    tls_version: str = "TLSv1.2"
    ocsp_stapling: bool = False


def read_upload(
    certificate: str, private_key: str, chain: str, tls_version: str, ocsp_stapling: bool
) -> Upload:
    """Raises Refusal 400 naming the field at fault."""
    if tls_version not in TLS_VERSIONS:
        raise invalid(
            "settings.tlsVersion", f"TLS version must be one of {TLS_VERSIONS}", "tls.version"
        )
    listed = _certificates(_pem(certificate, "certificate", MAX_PART_BYTES), "certificate")
    above = listed[1:]
    if chain:
        text = _pem(chain, "certificateChain", MAX_CHAIN_BYTES)
        above += _certificates(text, "certificateChain")
    key = _pem(private_key, "privateKey", MAX_PART_BYTES)
    _match_key(key, listed[0])
    _match_chain(listed[0], above)
    return Upload(_text(listed[:1]), _text(above), key.decode(), tls_version, ocsp_stapling)


def read_chain(chain: str, field_name: str) -> str:
    """A chain on its own, as OAuth clients carry it. Raises Refusal 400."""
    return _text(_certificates(_pem(chain, field_name, MAX_CHAIN_BYTES), field_name))


def _pem(text: str, field_name: str, limit: int) -> bytes:
    """PEM from PEM, or from base64 of PEM."""
    data = text.strip().encode()
    if not data.startswith(b"-----") and b"-----BEGIN" not in data:
        try:
            data = base64.b64decode(b"".join(data.split()), validate=True)
        except binascii.Error:
            raise invalid(field_name, f"{field_name} is not PEM", "pem.malformed") from None
    if len(data) > limit:
        raise Refusal(
            400,
            f"{field_name} is larger than {limit} bytes",
            "certificate.too.large",
            (Detail("certificate.too.large", field_name),),
            limit={"key": f"{field_name}.bytes", "namespace": "customdomains", "value": limit},
        )
    return data


def _certificates(data: bytes, field_name: str) -> list[x509.Certificate]:
    try:
        listed = x509.load_pem_x509_certificates(data)
        for certificate in listed:
            certificate.public_key()
    except (ValueError, UnsupportedAlgorithm):
        raise invalid(
            field_name, f"{field_name} holds no readable certificate", "certificate.malformed"
        ) from None
    return listed


def _match_key(data: bytes, leaf: x509.Certificate) -> None:
    try:
        public = load_pem_private_key(data, password=None).public_key()
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise invalid(
            "privateKey", "privateKey holds no readable, unencrypted key", "key.malformed"
        ) from None
    form = (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    if public.public_bytes(*form) != leaf.public_key().public_bytes(*form):
        raise invalid("privateKey", "privateKey is not the certificate's key", "key.mismatch")


def _match_chain(leaf: x509.Certificate, above: list[x509.Certificate]) -> None:
    below = leaf
    for issuer in above:
        try:
            below.verify_directly_issued_by(issuer)
        except (ValueError, TypeError, InvalidSignature):
            raise invalid(
                "certificateChain",
                "certificateChain is malformed: "
                f"{issuer.subject.rfc4514_string()} did not sign {below.subject.rfc4514_string()}",
                "chain.malformed",
            ) from None
        below = issuer


def _text(listed: list[x509.Certificate]) -> str:
    return "".join(one.public_bytes(Encoding.PEM).decode() for one in listed)
