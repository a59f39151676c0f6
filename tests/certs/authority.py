"""A small CA for the tests: real keys, real signatures, any defect asked for."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

NOW = dt.datetime(2026, 11, 21, 12, tzinfo=dt.UTC)
SERVER, CLIENT = ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH


def new_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)] if text else [])


def usage(*words: str) -> x509.KeyUsage:
    known = "digital_signature content_commitment key_encipherment data_encipherment"
    known += " key_agreement key_cert_sign crl_sign encipher_only decipher_only"
    return x509.KeyUsage(**{word: word in words for word in known.split()})


@dataclass
class Issued:
    certificate: x509.Certificate
    key: Any

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(Encoding.PEM)

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(Encoding.DER)

    def key_pem(self, passphrase: bytes | None = None) -> bytes:
        how = BestAvailableEncryption(passphrase) if passphrase else NoEncryption()
        return self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, how)


@dataclass
class Authority:
    """A root, or an intermediate when `parent` is given."""

    label: str
    parent: Authority | None = None
    key: Any = field(default_factory=new_key)
    days: int = 3650
    path_length: int | None = None
    extra: tuple[tuple[x509.ExtensionType, bool], ...] = ()
    ca: bool = True
    end: dt.datetime | None = None

    def __post_init__(self) -> None:
        signer = self.parent or self
        builder = _start(name(self.label), name(signer.label), self.key.public_key())
        builder = builder.not_valid_before(NOW - dt.timedelta(days=30))
        builder = builder.not_valid_after(self.end or NOW + dt.timedelta(days=self.days))
        length = self.path_length if self.ca else None
        builder = builder.add_extension(x509.BasicConstraints(self.ca, length), critical=True)
        builder = builder.add_extension(usage("key_cert_sign", "crl_sign"), critical=True)
        builder = _identify(builder, self.key, signer.key)
        for extension, critical in self.extra:
            builder = builder.add_extension(extension, critical)
        self.certificate = builder.sign(signer.key, hashes.SHA256())

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(Encoding.PEM)

    def issue(
        self,
        *names: str,
        start: dt.datetime = NOW - dt.timedelta(days=1),
        days: float = 90,
        ekus: tuple[x509.ObjectIdentifier, ...] = (SERVER,),
        key: Any = None,
        extra: tuple[tuple[x509.ExtensionType, bool], ...] = (),
        subject: str = "",
        usages: tuple[str, ...] = ("digital_signature",),
    ) -> Issued:
        key = key or new_key()
        builder = _start(name(subject), name(self.label), key.public_key())
        builder = builder.not_valid_before(start)
        builder = builder.not_valid_after(start + dt.timedelta(days=days, seconds=-1))
        builder = _identify(builder, key, self.key)
        builder = builder.add_extension(x509.BasicConstraints(False, None), critical=True)
        builder = builder.add_extension(usage(*usages), critical=True)
        if ekus:
            builder = builder.add_extension(x509.ExtendedKeyUsage(ekus), critical=False)
        if names:
            san = x509.SubjectAlternativeName([_general(n) for n in names])
            builder = builder.add_extension(san, critical=not subject)
        for extension, critical in extra:
            builder = builder.add_extension(extension, critical)
        return Issued(builder.sign(self.key, hashes.SHA256()), key)

    def crl(self, *serials: int, at: dt.datetime = NOW, days: int = 7) -> bytes:
        builder = x509.CertificateRevocationListBuilder().issuer_name(name(self.label))
        builder = builder.last_update(at - dt.timedelta(hours=1))
        builder = builder.next_update(at + dt.timedelta(days=days))
        builder = builder.add_extension(x509.CRLNumber(1), critical=False)
        for serial in serials:
            entry = x509.RevokedCertificateBuilder().serial_number(serial)
            builder = builder.add_revoked_certificate(entry.revocation_date(at).build())
        return builder.sign(self.key, hashes.SHA256()).public_bytes(Encoding.PEM)


def _general(text: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(text))
    except ValueError:
        return x509.DNSName(text)


def _start(subject: x509.Name, issuer: x509.Name, key: Any) -> x509.CertificateBuilder:
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer)
    return builder.public_key(key).serial_number(x509.random_serial_number())


def _identify(builder: x509.CertificateBuilder, key: Any, signer: Any) -> x509.CertificateBuilder:
    ski = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    aki = x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key())
    return builder.add_extension(ski, critical=False).add_extension(aki, critical=False)
