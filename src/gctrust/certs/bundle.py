"""Bundle: certificates and keys out of PEM, DER, PKCS#12, PKCS#7, in any order and wrapping.

Private keys stay in memory and never print. Bad input is a finding, never an exception.
"""

from __future__ import annotations

import base64
import binascii
import re
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509 import Certificate as X509Certificate

from ..findings import Finding
from ..secret import Secret
from .certificate import Certificate, Unreadable, read_aloud, read_certificate
from .der import children, node
from .kdf import MOST_ROUNDS, rounds
from .rules import found

MAX_BYTES, MAX_CERTIFICATES = 1 << 20, 64
MOST_CERTIFICATES = 1000  # files of roots hold some 150
_EDGE = re.compile(rb"-----(BEGIN|END) ([A-Z0-9 ]{1,40})-----")
_COMMENT, _BINARY = re.compile(rb"(?m)^#.*$"), re.compile(rb"[^\x09-\x7e]")
_CERTIFICATES = ("CERTIFICATE", "X509 CERTIFICATE", "TRUSTED CERTIFICATE")
_KEYS = frozenset(
    f"{kind}PRIVATE KEY" for kind in ("", "ENCRYPTED ", "RSA ", "EC ", "DSA ", "OPENSSH ")
)
_IGNORED = ("EC PARAMETERS", "DH PARAMETERS")
_ENCODING = serialization.Encoding.DER
_SPKI = serialization.PublicFormat.SubjectPublicKeyInfo


@dataclass(frozen=True, slots=True, eq=False)
class PrivateKey:
    """A private key in memory. It prints as its kind only; `spki` is its public half in DER."""

    key: PrivateKeyTypes = field(repr=False)
    spki: bytes = field(repr=False)

    def __reduce__(self) -> str:
        raise TypeError("a private key is not to be stored")


@dataclass(frozen=True, slots=True)
class Bundle:
    """What one or more files held. `unpaired` are the CSRs, CRLs and others that were passed by."""

    certificates: tuple[Certificate, ...] = ()
    keys: tuple[PrivateKey, ...] = ()
    findings: tuple[Finding, ...] = ()
    unpaired: tuple[str, ...] = ()

    def plus(self, other: Bundle) -> Bundle:
        return Bundle(
            self.certificates + other.certificates,
            self.keys + other.keys,
            self.findings + other.findings,
            self.unpaired + other.unpaired,
        )

    @property
    def readable(self) -> bool:
        return bool(self.certificates)


class _Reading:
    def __init__(self, name: str, passphrase: bytes | None) -> None:
        self.name, self.passphrase = name, passphrase
        self.certificates: list[Certificate] = []
        self.keys: list[PrivateKey] = []
        self.findings: list[Finding] = []
        self.unpaired: list[str] = []

    def add(self, rule: str, **facts: str | int) -> None:
        self.findings.append(found(rule, self.name, **facts))

    def certificate(self, der: bytes) -> None:
        if len(self.certificates) == MAX_CERTIFICATES:
            self.add("cert.too-many", limit=MAX_CERTIFICATES)
        if len(self.certificates) >= MOST_CERTIFICATES:
            return
        try:
            cert = read_aloud(der)
        except Unreadable as error:
            self.add("cert.unreadable", reason=str(error)[:160])
            return
        self.certificates.append(cert)
        if cert.notes:
            self.add("cert.trailing-bytes", detail=cert.notes[0])

    def key(self, data: bytes, *, pem: bool, encrypted: bool) -> None:
        if encrypted and not self.passphrase:
            self.add("cert.key-encrypted")
            return
        if encrypted and self.is_endless(_body(data) if pem else data):
            return
        load = serialization.load_pem_private_key if pem else serialization.load_der_private_key
        if b"OPENSSH" in data[:60]:
            load = serialization.load_ssh_private_key
        try:
            key = load(data, self.passphrase if encrypted else None)
            self.hold(key)
        except (ValueError, TypeError, UnsupportedAlgorithm) as error:
            text = str(error).lower()
            wrong = encrypted and ("password" in text or "decrypt" in text or "padding" in text)
            if wrong or encrypted:
                self.add("cert.key-passphrase")
            else:
                self.add("cert.key-unreadable")

    def is_endless(self, der: bytes) -> bool:
        """Whether opening it would take minutes; told as a finding."""
        count = rounds(der)
        if count > MOST_ROUNDS:
            reason = f"its passphrase is to be hashed {count} times, {MOST_ROUNDS} are done"
            self.add("cert.unreadable", reason=reason)
        return count > MOST_ROUNDS

    def hold(self, key: object) -> None:
        public = key.public_key() if hasattr(key, "public_key") else None
        if public is None:
            self.add("cert.key-unreadable")
            return
        spki = public.public_bytes(_ENCODING, _SPKI)
        self.keys.append(PrivateKey(key, spki))  # type: ignore[arg-type]

    def bundle(self) -> Bundle:
        return Bundle(
            tuple(self.certificates), tuple(self.keys), tuple(self.findings), tuple(self.unpaired)
        )


def read_bundle(
    data: bytes, *, name: str = "bundle", passphrase: Secret | bytes | None = None
) -> Bundle:
    """Read one file's bytes; `name` is what findings call it."""
    if isinstance(passphrase, Secret):
        passphrase = passphrase.reveal().encode("utf-8")
    reading = _Reading(name, passphrase)
    if len(data) > MAX_BYTES:
        reading.add("cert.too-big", size=len(data), limit=MAX_BYTES)
    elif not data.strip():
        reading.add("cert.empty")
    else:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            _read(data, reading)
    return reading.bundle()


def read_bundles(
    files: Sequence[tuple[str, bytes]], *, passphrase: Secret | bytes | None = None
) -> Bundle:
    """Certificate, chain and key files together, as the guide's CERT_PATH, CHAIN_PATH, KEY_PATH.

    A key beside certificates is a finding when the key has a file of its own as well.
    """
    parts = [(name, read_bundle(data, name=name, passphrase=passphrase)) for name, data in files]
    keyed = {name for name, part in parts if part.keys}
    whole = Bundle()
    for name, part in parts:
        whole = whole.plus(part)
        if part.keys and part.certificates and len(keyed) > 1:
            whole = whole.plus(Bundle(findings=(found("cert.key-in-certificate-file", name),)))
    return whole


def _read(data: bytes, reading: _Reading) -> None:
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        data = data.decode("utf-16", "ignore").encode("utf-8")
        reading.add("cert.encoding", detail="UTF-16 text")
    if data.startswith(b"\xef\xbb\xbf"):
        data = data[3:]
        reading.add("cert.encoding", detail="a byte order mark")
    if b"-----BEGIN" in data:
        _read_pem(data, reading)
    elif data[:1] == b"\x30":
        _read_der(data, reading)
    else:
        _read_base64(data, reading)


def _read_base64(data: bytes, reading: _Reading) -> None:
    """Base64 of PEM (as secrets stores keep it) or of DER."""
    try:
        inner = base64.b64decode(b"".join(data.split()), validate=True)
    except (binascii.Error, ValueError):
        reading.add("cert.unreadable", reason="it is neither PEM, DER, PKCS#12 nor PKCS#7")
        return
    if b"-----BEGIN" in inner:
        reading.add("cert.encoding", detail="base64 of PEM")
        _read_pem(inner, reading)
    elif inner[:1] == b"\x30":
        reading.add("cert.encoding", detail="base64 without its BEGIN and END lines")
        _read_der(inner, reading)
    else:
        reading.add("cert.unreadable", reason="it is base64 of something else")


def _read_pem(data: bytes, reading: _Reading) -> None:
    data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    blocks, broken = _blocks(data)
    if broken:
        reading.add("cert.pem-broken", detail="a BEGIN line has no matching END line")
    edges = [0, *(edge for begin, end in blocks for edge in (begin.start(), end.end())), len(data)]
    between = (data[a:b] for a, b in zip(edges[::2], edges[1::2], strict=True))
    if any(_BINARY.search(_COMMENT.sub(b"", text)) for text in between):
        reading.add("cert.pem-broken", detail="binary data stands between the blocks")
    for begin, end in blocks:
        block, body = data[begin.start() : end.end()], data[begin.end() : end.start()]
        _read_block(begin[2].decode("ascii"), block, body, reading)


def _blocks(data: bytes) -> tuple[list[tuple[re.Match[bytes], re.Match[bytes]]], bool]:
    """BEGIN and END lines in pairs, in one pass, and whether a line was left over."""
    blocks, broken = [], False
    begin: re.Match[bytes] | None = None
    for line in _EDGE.finditer(data):
        if begin is not None and line[1] == b"END" and line[2] == begin[2]:
            blocks.append((begin, line))
            begin = None
        else:
            broken = broken or begin is not None or line[1] == b"END"
            begin = line if line[1] == b"BEGIN" else None
    return blocks, broken or begin is not None


def _read_block(label: str, block: bytes, body: bytes, reading: _Reading) -> None:
    if label in _KEYS:
        encrypted = label.startswith("ENCRYPTED") or b"ENCRYPTED" in body[:200]
        reading.key(block + b"\n", pem=True, encrypted=encrypted)
        return
    if label in _IGNORED:
        return
    try:
        der = base64.b64decode(b"".join(body.split()), validate=True)
    except (binascii.Error, ValueError):
        reading.add("cert.pem-broken", detail=f"the {label} block is not base64")
        return
    if label in _CERTIFICATES:
        # OpenSSL's TRUSTED form appends its own settings to the certificate
        reading.certificate(_first_element(der) if label.startswith("TRUSTED") else der)
    elif label in ("PKCS7", "CMS"):
        _read_pkcs7(der, reading)
    else:
        reading.unpaired.append(label)
        reading.add("cert.unexpected-block", label=label)


def _body(block: bytes) -> bytes:
    """The octets of a PEM block; none when it has headers or is no base64."""
    try:
        return base64.b64decode(b"".join(block.split(b"-----")[2].split()), validate=True)
    except (binascii.Error, ValueError, IndexError):
        return b""


def _first_element(der: bytes) -> bytes:
    try:
        return node(der)[0].der
    except Unreadable:
        return der


def _read_der(data: bytes, reading: _Reading) -> None:
    try:
        read_certificate(data)
    except Unreadable:
        if _read_pkcs12(data, reading) or _read_pkcs7(data, reading, quiet=True):
            return
        _read_der_key(data, reading)
        return
    while data[:1] == b"\x30":
        one = _first_element(data)
        rest = data[len(one) :]
        reading.certificate(data if rest[:1] != b"\x30" else one)
        data = rest if rest[:1] == b"\x30" else b""


def _read_der_key(data: bytes, reading: _Reading) -> None:
    if _is_encrypted_key(data):
        reading.key(data, pem=False, encrypted=True)
        return
    try:
        reading.hold(serialization.load_der_private_key(data, None))
    except (ValueError, TypeError, UnsupportedAlgorithm):
        reading.add(
            "cert.unreadable", reason="it is DER, but no certificate, PKCS#12, PKCS#7 or key"
        )


def _is_encrypted_key(data: bytes) -> bool:
    """RFC 5958 section 3: an EncryptedPrivateKeyInfo is an algorithm and an OCTET STRING."""
    try:
        parts = [one.tag for one in children(node(data)[0].content)]
    except Unreadable:
        return False
    return parts == [16, 4]


def _read_pkcs12(data: bytes, reading: _Reading) -> bool:
    """Whether the data is PKCS#12, read or not."""
    if b"\x2a\x86\x48\x86\xf7\x0d\x01\x07" not in data[:64] or data[4:12].find(b"\x02\x01\x03") < 0:
        return False
    if reading.is_endless(data):
        return True
    try:
        parts = pkcs12.load_pkcs12(data, reading.passphrase)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        missing = not reading.passphrase or "password" not in str(error).lower()
        unreadable = "password" not in str(error).lower() and reading.passphrase
        rule = "cert.key-encrypted" if missing else "cert.key-passphrase"
        reading.add("cert.key-passphrase" if unreadable else rule)
        return True
    if parts.key is not None:
        reading.hold(parts.key)
    held = [parts.cert, *parts.additional_certs]
    for item in held:
        if item is not None:
            reading.certificate(item.certificate.public_bytes(_ENCODING))
    return True


def _read_pkcs7(data: bytes, reading: _Reading, *, quiet: bool = False) -> bool:
    from asn1crypto import cms  # takes longer to import than most files take to judge

    try:
        info = cms.ContentInfo.load(data)
        if info["content_type"].native != "signed_data":
            raise ValueError(f"the content is {info['content_type'].native}")
        ders = [item.chosen.dump() for item in info["content"]["certificates"] or ()]
    except Exception as error:  # asn1crypto raises many kinds on hostile DER
        if not quiet:
            reading.add("cert.unreadable", reason=f"PKCS#7: {error}"[:160])
        return False
    for der in ders:
        reading.certificate(der)
    return True


def from_x509(certificates: Sequence[X509Certificate]) -> Bundle:
    """A bundle of certificates already loaded."""
    return Bundle(tuple(read_certificate(c.public_bytes(_ENCODING)) for c in certificates))


def from_ders(ders: Sequence[bytes]) -> Bundle:
    """A bundle of DER certificates, such as a handshake's chain, in their order."""
    reading = _Reading("chain", None)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for der in ders:
            reading.certificate(der)
    return reading.bundle()
