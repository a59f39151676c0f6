"""Bundles that would not serve, each broken in one way only, and the finding that must say so."""

from __future__ import annotations

import datetime as dt
import ssl
from collections.abc import Callable
from pathlib import Path

from asn1crypto import x509 as asn1
from authority import CLIENT, NOW, Authority, Issued
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding

from gctrust.pipelines.effects import CertificateFiles

HOST = "www.broken.example"
Texts = tuple[bytes, bytes, bytes]  # certificate, key, chain


class Forge:
    """A root that the app trusts, its intermediate, and what they issue."""

    def __init__(self) -> None:
        self.root = Authority("Broken Bundles Root")
        self.middle = Authority("Broken Bundles Intermediate", parent=self.root)

    def good(self, *names: str, **more: object) -> Issued:
        return self.middle.issue(*(names or (HOST,)), **more)

    def texts(self, leaf: Issued) -> Texts:
        return leaf.pem, leaf.key_pem(), self.middle.pem

    def forged(self, edit: Callable[[asn1.Certificate], None], hash_=None) -> Issued:
        """The good leaf with its signed part changed, then signed again."""
        leaf = self.good()
        changed = asn1.Certificate.load(leaf.der)
        edit(changed)
        octets = changed["tbs_certificate"].dump(force=True)
        signed = self.middle.key.sign(octets, ec.ECDSA(hash_ or hashes.SHA256()))
        changed["signature_value"] = signed
        pem = asn1_pem(changed.dump(force=True))
        return Raw(pem, leaf.key_pem())


class Raw(Issued):
    """Octets that cryptography itself may refuse to load."""

    def __init__(self, pem: bytes, key: bytes) -> None:
        self._pem, self._key = pem, key

    @property
    def pem(self) -> bytes:
        return self._pem

    def key_pem(self, passphrase: bytes | None = None) -> bytes:
        return self._key


def asn1_pem(der: bytes) -> bytes:
    return ssl.DER_cert_to_PEM_cert(der).encode()


def twice(certificate: asn1.Certificate) -> None:
    extensions = certificate["tbs_certificate"]["extensions"]
    extensions.append(extensions[-1].copy())


def unknown_critical(certificate: asn1.Certificate) -> None:
    certificate["tbs_certificate"]["extensions"].append(
        asn1.Extension(
            {"extn_id": "1.3.6.1.4.1.99999.1", "critical": True, "extn_value": b"\x05\x00"}
        )
    )


def sha1(certificate: asn1.Certificate) -> None:
    certificate["tbs_certificate"]["signature"]["algorithm"] = "sha1_ecdsa"
    certificate["signature_algorithm"]["algorithm"] = "sha1_ecdsa"


def other_algorithm(certificate: asn1.Certificate) -> None:
    certificate["signature_algorithm"]["algorithm"] = "sha384_ecdsa"


def flipped(pem: bytes) -> bytes:
    """The last octet of the signature, changed."""
    der = bytearray(x509.load_pem_x509_certificate(pem).public_bytes(Encoding.DER))
    der[-1] ^= 1
    return asn1_pem(bytes(der))


def self_signed() -> Issued:
    """A leaf that is its own issuer."""
    made = Authority(
        HOST, ca=False, extra=((x509.SubjectAlternativeName([x509.DNSName(HOST)]), False),)
    )
    return Issued(made.certificate, made.key)


def authority_as_leaf(forge: Forge) -> Issued:
    san = x509.SubjectAlternativeName([x509.DNSName(HOST)])
    made = Authority(HOST, parent=forge.middle, extra=((san, False),))
    return Issued(made.certificate, made.key)


def under(forge: Forge, **changes: object) -> Texts:
    """A good leaf below an intermediate that has a defect."""
    middle = Authority("Broken Intermediate", parent=forge.root, **changes)
    leaf = middle.issue(HOST)
    return leaf.pem, leaf.key_pem(), middle.pem


def too_deep(forge: Forge) -> Texts:
    strict = Authority("Last Of Its Kind", parent=forge.root, path_length=0)
    below = Authority("One Too Many", parent=strict)
    leaf = below.issue(HOST)
    return leaf.pem, leaf.key_pem(), below.pem + strict.pem


def broken(forge: Forge) -> dict[str, tuple[str, Texts]]:
    """By what is wrong: the rule that must be found, and the three files."""
    good, other = forge.good(), forge.good()
    cert, key, chain = forge.texts(good)
    long_ago, later = NOW - dt.timedelta(days=200), NOW + dt.timedelta(days=5)
    constraints = x509.NameConstraints([x509.DNSName("other.example")], None)
    rsa_1024 = rsa.generate_private_key(65537, 1024)
    stranger = Authority("A Root Nobody Trusts")
    lone = stranger.issue(HOST)
    texts = forge.texts
    return {
        "the key of another certificate": ("cert.key-mismatch", (cert, other.key_pem(), chain)),
        "expired": ("cert.expired", texts(forge.good(start=long_ago))),
        "not yet valid": ("cert.not-yet-valid", texts(forge.good(start=later))),
        "for another name": ("cert.name-mismatch", texts(forge.good("www.other.example"))),
        "a wildcard one label too high": ("cert.name-mismatch", texts(forge.good("*.example"))),
        "no names": ("cert.no-san", texts(forge.middle.issue(subject=HOST))),
        "no intermediate to be had": ("cert.no-path", (cert, key, b"")),
        "the root in place of the intermediate": ("cert.no-path", (cert, key, forge.root.pem)),
        "self-signed": ("cert.no-path", texts(self_signed())),
        "of a root that nobody trusts": ("cert.no-path", (lone.pem, lone.key_pem(), stranger.pem)),
        "a CA as leaf": ("cert.ca-as-leaf", texts(authority_as_leaf(forge))),
        "a weak key": ("cert.key-short", texts(forge.good(key=rsa_1024))),
        "a curve that clients lack": (
            "cert.key-curve",
            texts(forge.good(key=ec.generate_private_key(ec.SECP256K1()))),
        ),
        "signed with SHA-1": ("cert.weak-signature", texts(forge.forged(sha1, hashes.SHA1()))),
        "a signature that does not hold": ("cert.bad-signature", (flipped(cert), key, chain)),
        "two signature algorithms": (
            "cert.algorithm-mismatch",
            texts(forge.forged(other_algorithm)),
        ),
        "truncated": ("cert.pem-broken", (cert[: len(cert) // 2], key, chain)),
        "a truncated key": ("cert.pem-broken", (cert, key[: len(key) // 2], chain)),
        "garbage": ("cert.unreadable", (b"\x00\xff not a certificate" * 40, key, chain)),
        "an empty file": ("cert.empty", (b"", key, chain)),
        "a key only": ("cert.none", (key, key, b"")),
        "no key": ("tls.no-key", (cert, chain, chain)),
        "an encrypted key": ("cert.key-encrypted", (cert, good.key_pem(b"secret words"), chain)),
        "two leaves": ("cert.several-leaves", (cert + other.pem, key + other.key_pem(), chain)),
        "the key in the chain file": ("cert.key-in-certificate-file", (cert, key, chain + key)),
        "for clients only": ("cert.no-server-auth", texts(forge.good(ekus=(CLIENT,)))),
        "an extension twice": ("cert.duplicate-extension", texts(forge.forged(twice))),
        "a critical extension nobody knows": (
            "cert.unknown-critical",
            texts(forge.forged(unknown_critical)),
        ),
        "a name constraint against it": (
            "cert.name-constraints",
            under(forge, extra=((constraints, True),)),
        ),
        "an intermediate that is no CA": ("cert.not-a-ca", under(forge, ca=False)),
        "an expired intermediate": (
            "cert.no-path",
            under(forge, end=NOW - dt.timedelta(days=1)),
        ),
        "a path that is too long": ("cert.path-length", too_deep(forge)),
    }


def written(folder: Path, texts: Texts) -> CertificateFiles:
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / name for name in ("certificate.pem", "private.key", "chain.pem")]
    for path, text in zip(paths, texts, strict=True):
        path.touch(mode=0o600)
        path.write_bytes(text)
    certificate, key, chain = (
        str(path) if text else "" for path, text in zip(paths, texts, strict=True)
    )
    return CertificateFiles(certificate or str(paths[0]), key, chain)
