"""Certificates for the row table: one good leaf, and every way to spoil it, down to the DER."""

from __future__ import annotations

import base64
import datetime as dt
import random
from collections.abc import Callable, Iterable
from dataclasses import replace
from ipaddress import ip_address
from types import SimpleNamespace
from typing import Any

import certifi
from asn1crypto import core
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp as x509_ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID as AccessOID
from cryptography.x509.oid import NameOID

from gctrust.certs.bundle import Bundle, PrivateKey, read_bundle
from gctrust.certs.certificate import Certificate, read_certificate
from gctrust.certs.der import children, node
from gctrust.certs.distrust import DISTRUSTED
from gctrust.certs.path import Roots
from gctrust.certs.transparency import LogList, judge_transparency
from gctrust.certs.weak_keys import is_probable_prime, is_roca, small_factor

from .authority import NOW, SERVER, Authority, Issued, new_key, usage
from .test_transparency import INDEX, Log
from .test_transparency import SPKI as CT_ISSUER
from .test_transparency import logged as with_scts

DAY = dt.timedelta(days=1)
HOST = "mail.example.org"
ROOT = Authority("Root")
MIDDLE = Authority("Middle", ROOT, path_length=0)
OTHER = Authority("Other root")
DV = "2.23.140.1.2.1"
SHA384 = bytes.fromhex("300a06082a8648ce3d040303")
SHA1 = bytes.fromhex("300906072a8648ce3d0401")
Judge = Callable[..., set[str]]


def roots(*authorities: Authority) -> Roots:
    return Roots(read_bundle(b"".join(a.pem for a in authorities or (ROOT,))).certificates)


def raw(text: str) -> x509.GeneralName:
    """A dNSName with any text."""
    return x509.DNSName(text)


def strange(oid: str, value: bytes, *, critical: bool = False) -> tuple[Any, bool]:
    return x509.UnrecognizedExtension(x509.ObjectIdentifier(oid), value), critical


def _name(text: Any) -> x509.GeneralName:
    if not isinstance(text, str):
        return text  # type: ignore[no-any-return]
    try:
        return x509.IPAddress(ip_address(text))
    except ValueError:
        return x509.DNSName(text)


def _subject(text: str, unit: str) -> x509.Name:
    parts = [x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, unit)] if unit else []
    return x509.Name(parts + ([x509.NameAttribute(NameOID.COMMON_NAME, text)] if text else []))


def _pointers(aia: bool, ocsp: bool, crl: Any) -> Iterable[tuple[Any, bool]]:
    uri = x509.UniformResourceIdentifier
    access = [(AccessOID.CA_ISSUERS, "http://ca.example.org/middle.cer")] if aia else []
    access += [(AccessOID.OCSP, "http://ocsp.example.org/")] if ocsp else []
    if access:
        rows = [x509.AccessDescription(oid, uri(url)) for oid, url in access]
        yield x509.AuthorityInformationAccess(rows), False
    if crl:
        url = crl if isinstance(crl, str) else "http://crl.example.org/1.crl"
        yield (
            x509.CRLDistributionPoints([x509.DistributionPoint([uri(url)], None, None, None)]),
            False,
        )


def web(
    authority: Any = MIDDLE,
    *,
    names: Iterable[Any] = (HOST,),
    subject: str = "",
    unit: str = "",
    san_critical: bool | None = None,
    start: dt.datetime = NOW - DAY,
    days: float = 45,
    ekus: tuple[x509.ObjectIdentifier, ...] = (SERVER,),
    eku_critical: bool = False,
    usages: tuple[str, ...] = ("digital_signature",),
    key: Any = None,
    extra: tuple[tuple[Any, bool], ...] = (),
    aki: Any = True,
    policies: tuple[str, ...] = (DV,),
    aia: bool = True,
    ocsp: bool = False,
    crl: Any = True,
) -> Issued:
    """A leaf in which a public CA's linter finds nothing, but for what is asked."""
    key = key or new_key()
    issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, authority.label)])
    builder = x509.CertificateBuilder().subject_name(_subject(subject, unit)).issuer_name(issuer)
    builder = builder.public_key(key.public_key()).serial_number(x509.random_serial_number())
    builder = builder.not_valid_before(start)
    builder = builder.not_valid_after(start + dt.timedelta(days=days, seconds=-1))
    parts = [(x509.BasicConstraints(False, None), True), (usage(*usages), True), *extra]
    if aki:
        made = x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.key.public_key())
        parts.append((made if aki is True else aki, False))
    if ekus:
        parts.append((x509.ExtendedKeyUsage(ekus), eku_critical))
    listed = [_name(n) for n in names]
    if listed:
        critical = not subject if san_critical is None else san_critical
        parts.append((x509.SubjectAlternativeName(listed), critical))
    if policies:
        rows = [x509.PolicyInformation(x509.ObjectIdentifier(p), None) for p in policies]
        parts.append((x509.CertificatePolicies(rows), False))
    for value, critical in (*parts, *_pointers(aia, ocsp, crl)):
        builder = builder.add_extension(value, critical)
    return Issued(builder.sign(authority.key, hashes.SHA256()), key)


def long_aki() -> x509.AuthorityKeyIdentifier:
    issuer = [x509.DirectoryName(ROOT.certificate.subject)]
    return x509.AuthorityKeyIdentifier(b"k" * 20, issuer, 7)


# -- DER --------------------------------------------------------------------------------------


def tlv(tag: int, content: bytes) -> bytes:
    size = len(content)
    head = bytes([size]) if size < 128 else size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag]) + (bytes([0x80 | len(head)]) if size >= 128 else b"") + head + content


def _taken_apart(der: bytes) -> tuple[list[bytes], list[bytes]]:
    outer = children(node(der)[0].content)
    return [n.der for n in children(outer[0].content)], [n.der for n in outer]


def _together(tbs: list[bytes], outer: list[bytes]) -> bytes:
    return tlv(0x30, b"".join((tlv(0x30, b"".join(tbs)), *outer[1:])))


_FIELDS = {"version": 0, "serial": 1, "algorithm": 2, "issuer": 3, "validity": 4, "spki": 6}


def replace_der(der: bytes, **changes: Any) -> bytes:
    """Another field in the TBSCertificate; the signature stays, and so does not verify."""
    tbs, outer = _taken_apart(der)
    for field, value in changes.items():
        if field == "version":
            value = tlv(0xA0, tlv(2, bytes([value])))
        tbs[_FIELDS[field]] = value
    return _together(tbs, outer)


def other_outer(der: bytes) -> bytes:
    tbs, outer = _taken_apart(der)
    return _together(tbs, [outer[0], SHA384, outer[2]])


def sha1(der: bytes) -> bytes:
    tbs, outer = _taken_apart(replace_der(der, algorithm=SHA1))
    return _together(tbs, [outer[0], SHA1, outer[2]])


def twice(der: bytes) -> bytes:
    """Its first extension is there twice."""
    tbs, outer = _taken_apart(der)
    listed = [n.der for n in children(node(node(tbs[7])[0].content)[0].content)]
    tbs[7] = tlv(0xA3, tlv(0x30, b"".join((*listed, listed[0]))))
    return _together(tbs, outer)


def _validity(der: bytes, change: Callable[[list[bytes]], list[bytes]]) -> bytes:
    tbs, _ = _taken_apart(der)
    times = [n.der for n in children(node(tbs[4])[0].content)]
    return replace_der(der, validity=tlv(0x30, b"".join(change(times))))


def backwards(der: bytes) -> bytes:
    return _validity(der, lambda times: times[::-1])


def no_seconds(der: bytes) -> bytes:
    return _validity(der, lambda times: [tlv(23, times[0][2:12] + b"Z"), times[1]])


def off_curve(der: bytes) -> bytes:
    spki = bytearray(_taken_apart(der)[0][6])
    spki[-1] ^= 1
    return replace_der(der, spki=bytes(spki))


def explicit(der: bytes) -> bytes:
    """P-256 with its parameters spelled out (RFC 3279 section 2.3.5)."""
    point = _taken_apart(der)[0][6][-65:]
    p = (1 << 256) - (1 << 224) + (1 << 192) + (1 << 96) - 1
    field = tlv(0x30, core.ObjectIdentifier("1.2.840.10045.1.1").dump() + core.Integer(p).dump())
    octets = [core.OctetString(n.to_bytes(32, "big")).dump() for n in (p - 3, 41)]
    curve = core.Integer(1).dump() + field + tlv(0x30, b"".join(octets))
    curve += core.OctetString(point).dump() + core.Integer(p - 2).dump() + core.Integer(1).dump()
    algorithm = tlv(0x30, core.ObjectIdentifier("1.2.840.10045.2.1").dump() + tlv(0x30, curve))
    return replace_der(der, spki=tlv(0x30, algorithm + tlv(3, b"\0" + point)))


def rsa_spki(modulus: int, exponent: int) -> bytes:
    pair = tlv(0x30, core.Integer(modulus).dump() + core.Integer(exponent).dump())
    algorithm = tlv(0x30, core.ObjectIdentifier("1.2.840.113549.1.1.1").dump() + b"\5\0")
    return tlv(0x30, algorithm + tlv(3, b"\0" + pair))


def armoured(der: bytes) -> bytes:
    body = base64.encodebytes(der)
    return b"-----BEGIN CERTIFICATE-----\n" + body + b"-----END CERTIFICATE-----\n"


# -- keys -------------------------------------------------------------------------------------


def modulus_of(bits: int) -> int:
    return rsa.generate_private_key(65537, bits).public_key().public_numbers().n


def next_prime(number: int) -> int:
    while not is_probable_prime(number):
        number += 2
    return number


def roca(bits: int) -> int:
    """An odd number with the fingerprint and no small factor: what the public test can see."""
    dice, product = random.Random(17), 1
    for prime in (11, 13, 17, 19, 37, 53, 61, 71, 73, 79, 97, 103, 107, 109, 127, 151, 157):
        product *= prime
    start = pow(65537, 12345, product)
    while True:
        number = start + product * dice.getrandbits(bits - product.bit_length())
        if number % 2 and small_factor(number) is None:
            assert is_roca(number)
            return number


def with_broken_key() -> Bundle:
    """A key file whose public part is the certificate's and whose private part is another's."""
    leaf, stranger = web(), new_key()
    bundle = read_bundle(leaf.pem)
    pair = PrivateKey(stranger, bundle.certificates[0].spki)
    return Bundle(bundle.certificates, (pair,))


def cut_short(pem: bytes) -> bytes:
    lines = pem.splitlines()
    der = base64.b64decode(b"".join(lines[1:-1]))[:-10]
    return b"\n".join((lines[0], base64.b64encode(der), lines[-1], b""))


# -- chains -----------------------------------------------------------------------------------


def renamed(judge: Judge) -> set[str]:
    """The issuer's name in a PrintableString where the CA has a UTF8String."""
    pair = core.ObjectIdentifier("2.5.4.3").dump() + tlv(19, b"Middle")
    name = tlv(0x30, tlv(0x31, tlv(0x30, pair)))
    return judge(armoured(replace_der(web().der, issuer=name)) + MIDDLE.pem)


def odd_root(
    *, aki: bytes = b"", ski: bool = True, critical: bool = True, eku: bool = False
) -> tuple[bytes, Any]:
    key = new_key()
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Odd")])
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).serial_number(9)
    builder = builder.public_key(key.public_key()).not_valid_before(NOW - 9 * DAY)
    builder = builder.not_valid_after(NOW + 900 * DAY)
    builder = builder.add_extension(x509.BasicConstraints(True, None), critical)
    builder = builder.add_extension(usage("key_cert_sign", "crl_sign"), critical=True)
    if ski:
        made = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
        builder = builder.add_extension(made, critical=False)
    if aki:
        builder = builder.add_extension(x509.AuthorityKeyIdentifier(aki, None, None), False)
    if eku:
        builder = builder.add_extension(x509.ExtendedKeyUsage([SERVER]), critical=False)
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM), key


def under(key: Any) -> Issued:
    return web(SimpleNamespace(label="Odd", key=key))


def ladder(count: int) -> list[Authority]:
    """The lowest first."""
    steps = [ROOT]
    for number in range(count):
        steps.append(Authority(f"Step {number}", steps[-1]))
    return steps[:0:-1]


def tangle(judge: Judge) -> set[str]:
    key = new_key()
    knots = [Authority("Knot", OTHER, key=key) for _ in range(40)]
    knots += [Authority("Knot", Authority("Knot"), key=new_key()) for _ in range(20)]
    return judge(web(knots[0]).pem + b"".join(k.pem for k in knots))


def cross_signed(judge: Judge) -> set[str]:
    """One intermediate under two roots, both trusted."""
    twin = Authority("Middle", OTHER, key=MIDDLE.key)
    return judge(web().pem + MIDDLE.pem + twin.pem, roots=roots(ROOT, OTHER))


def distrusted_root() -> Certificate:
    """A real one, from certifi."""
    with open(certifi.where(), "rb") as file:
        held = read_bundle(file.read()).certificates
    return next(c for c in held if c.sha256 in DISTRUSTED)


# -- revocation and transparency --------------------------------------------------------------


def ocsp(issued: Issued, *, at: dt.datetime = NOW, revoked: bool = False) -> bytes:
    status = x509_ocsp.OCSPCertStatus.REVOKED if revoked else x509_ocsp.OCSPCertStatus.GOOD
    builder = x509_ocsp.OCSPResponseBuilder().add_response(
        cert=issued.certificate,
        issuer=MIDDLE.certificate,
        algorithm=hashes.SHA1(),
        cert_status=status,
        this_update=at - dt.timedelta(hours=1),
        next_update=at + 6 * DAY,
        revocation_time=at - dt.timedelta(hours=2) if revoked else None,
        revocation_reason=None,
    )
    builder = builder.responder_id(x509_ocsp.OCSPResponderEncoding.HASH, MIDDLE.certificate)
    return builder.sign(MIDDLE.key, hashes.SHA256()).public_bytes(Encoding.DER)


def logged(
    names: tuple[str, ...], *, age: int = 0, late: bool = False, broken: bool = False
) -> set[str]:
    """Findings on a certificate with SCTs of logs by these names, judged by a list of most."""
    logs = {
        "a": Log("a", "A"),
        "a2": Log("a2", "A"),
        "b": Log("b", "B"),
        "thief": Log("thief", "B"),
        "unlisted": Log("unlisted", "B"),
        "retired": Log("retired", "B", state="retired", since=NOW - DAY),
        "tiled": Log("tiled", "B", tiled=True),
    }
    stolen = logs["thief"]
    stolen.log = replace(stolen.log, id=logs["b"].log.id)
    listed = [log.log for name, log in logs.items() if name not in ("thief", "unlisted")]
    if broken:
        leaf = read_certificate(web(extra=(strange("1.3.6.1.4.1.11129.2.4.2", b"\4\3abc"),)).der)
    else:
        leaf = with_scts(*(logs[n] for n in names), extensions=b"" if "tiled" in names else INDEX)
    at = NOW + dt.timedelta(hours=-1 if late else 1)
    known = LogList(listed, at - age * DAY)
    return {f.rule for f in judge_transparency(leaf, CT_ISSUER, at=at, logs=known, public=True)}
