"""The sandbox's own certificate authority: root, intermediate, leaves, OCSP, CRLs.

Everything is valid by the virtual clock. The authority listens on a loopback port from its
construction (so that the URLs it writes into certificates are right) and answers once started:
`/ocsp` (RFC 6960, GET and POST), `/ca/{root,intermediate}.cer` and `/crl/{root,intermediate}.crl`.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import ipaddress
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal
from urllib.parse import unquote

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID as Aia
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from .arrivals import VirtualClock

Profile = Literal["server", "client"]
KeyKind = Literal["ec", "rsa"]
PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey

DAY = 86400.0
_CA_BEFORE, _CA_AFTER = 10 * 365 * DAY, 20 * 365 * DAY
_STAPLE_LIFE, _STAPLE_RENEWAL = 4 * DAY, DAY
_DOMAIN_VALIDATED = x509.ObjectIdentifier("2.23.140.1.2.1")  # CA/B BR section 7.1.2.7.9


@dataclass(frozen=True, slots=True)
class Issued:
    """A new leaf. `chain_pem` is the intermediate; the root is `Authority.roots_pem`."""

    certificate_pem: str
    chain_pem: str
    private_key_pem: str
    serial: int

    def __repr__(self) -> str:
        return f"Issued(serial={self.serial:x})"  # never the key


@dataclass(frozen=True, slots=True)
class _Issuer:
    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey
    stem: str  # of its URLs

    @property
    def key_id(self) -> bytes:
        return x509.SubjectKeyIdentifier.from_public_key(self.key.public_key()).digest


class Authority:
    """`start` and `stop` concern only the HTTP responder; all else works without a running loop."""

    def __init__(self, clock: VirtualClock, port: int = 0) -> None:
        self._clock = clock
        self._socket = socket.create_server(("127.0.0.1", port), backlog=256)
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self._server: asyncio.Server | None = None
        self._issued: set[int] = set()
        self._revoked: dict[int, datetime] = {}
        self._staples: dict[int, tuple[float, bytes]] = {}
        self._root, self._intermediate = self._hierarchy()

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, sock=self._socket)

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
        self._socket.close()

    @property
    def roots_pem(self) -> str:
        return _pem(self._root.certificate)

    @property
    def chain_pem(self) -> str:
        return _pem(self._intermediate.certificate)

    def issue(
        self,
        names: Sequence[str],
        profile: Profile = "server",
        days: float = 90,
        key: KeyKind = "ec",
        not_before: float | None = None,
    ) -> Issued:
        """A leaf for DNS names or IP addresses, valid `days` from `not_before` (an hour ago)."""
        if not names:
            raise ValueError("a certificate needs at least one name")
        start = self._clock.now() - 3600 if not_before is None else not_before
        private: PrivateKey = (
            ec.generate_private_key(ec.SECP256R1())
            if key == "ec"
            else rsa.generate_private_key(public_exponent=65537, key_size=2048)
        )
        builder = self._leaf(names, profile, private)
        certificate = self._sign(builder, self._intermediate, start, start + days * DAY)
        self._issued.add(certificate.serial_number)
        secret = private.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        return Issued(_pem(certificate), self.chain_pem, secret.decode(), certificate.serial_number)

    def revoke(self, serial: int) -> None:
        """Raises KeyError for a serial this authority has not issued."""
        if serial not in self._issued:
            raise KeyError(f"serial {serial:x} was not issued here")
        self._revoked.setdefault(serial, _utc(self._clock.now()))
        self._staples.pop(serial, None)

    def is_revoked(self, serial: int) -> bool:
        return serial in self._revoked

    def ocsp_response(self, certificate: x509.Certificate | str) -> bytes:
        """The DER response to staple; empty for a certificate of another issuer."""
        if isinstance(certificate, str):
            certificate = x509.load_pem_x509_certificate(certificate.encode())
        issuer = self._intermediate.certificate
        if certificate.issuer != issuer.subject or certificate.serial_number not in self._issued:
            return b""
        serial, now = certificate.serial_number, self._clock.now()
        made, staple = self._staples.get(serial, (0.0, b""))
        if not staple or not made <= now < made + _STAPLE_RENEWAL:
            request = ocsp.OCSPRequestBuilder().add_certificate(certificate, issuer, hashes.SHA1())  # noqa: S303
            staple = self._respond(request.build())
            self._staples[serial] = (now, staple)
        return staple

    def crl(self) -> bytes:
        """The intermediate's CRL, DER."""
        return self._crl(self._intermediate, self._revoked)

    # -- certificates

    def _hierarchy(self) -> tuple[_Issuer, _Issuer]:
        now = self._clock.now()
        span = (now - _CA_BEFORE, now + _CA_AFTER)
        root_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
        name = _name("Genesys Sandbox Root CA")
        draft = _ca_builder(name, root_key, path_length=1).issuer_name(name)
        root = _Issuer(_signed(draft, root_key, *span), root_key, "root")
        builder = _ca_builder(_name("Genesys Sandbox Issuing CA"), key, path_length=0)
        return root, _Issuer(self._sign(builder, root, *span), key, "intermediate")

    def _leaf(
        self, names: Sequence[str], profile: Profile, key: PrivateKey
    ) -> x509.CertificateBuilder:
        usage = (
            ExtendedKeyUsageOID.SERVER_AUTH
            if profile == "server"
            else ExtendedKeyUsageOID.CLIENT_AUTH
        )
        encipher = profile == "server" and isinstance(key, rsa.RSAPrivateKey)
        return (
            _builder(_name(names[0]), key)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_key_usage(signs=True, encipher=encipher), critical=True)
            .add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
            .add_extension(
                x509.SubjectAlternativeName([_general_name(n) for n in names]), critical=False
            )
            .add_extension(
                x509.CertificatePolicies([x509.PolicyInformation(_DOMAIN_VALIDATED, None)]),
                critical=False,
            )
        )

    def _sign(
        self, builder: x509.CertificateBuilder, issuer: _Issuer, start: float, end: float
    ) -> x509.Certificate:
        """Add what a certificate says of its issuer (RFC 5280 sections 4.2.1.1, 4.2.2.1)."""
        access = [(Aia.OCSP, "/ocsp"), (Aia.CA_ISSUERS, f"/ca/{issuer.stem}.cer")]
        where = x509.UniformResourceIdentifier(f"{self.url}/crl/{issuer.stem}.crl")
        builder = (
            builder.issuer_name(issuer.certificate.subject)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.key.public_key()),
                critical=False,
            )
            .add_extension(
                x509.AuthorityInformationAccess(
                    [
                        x509.AccessDescription(m, x509.UniformResourceIdentifier(self.url + p))
                        for m, p in access
                    ]
                ),
                critical=False,
            )
            .add_extension(
                x509.CRLDistributionPoints([x509.DistributionPoint([where], None, None, None)]),
                critical=False,
            )
        )
        return _signed(builder, issuer.key, start, end)

    # -- revocation

    def _crl(self, issuer: _Issuer, revoked: dict[int, datetime]) -> bytes:
        now = _utc(self._clock.now())
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(issuer.certificate.subject)
            .last_update(now)
            .next_update(now + timedelta(days=4))
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.key.public_key()),
                critical=False,
            )
            .add_extension(x509.CRLNumber(int(now.timestamp())), critical=False)
        )
        for serial, when in revoked.items():
            entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(when)
            builder = builder.add_revoked_certificate(entry.build())
        return builder.sign(issuer.key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)

    def _respond(self, request: ocsp.OCSPRequest) -> bytes:
        issuer = self._issuer_of(request)
        if issuer is None:
            return _refusal(ocsp.OCSPResponseStatus.UNAUTHORIZED)
        serial, now = request.serial_number, _utc(self._clock.now())
        known = serial in self._issued or serial == self._intermediate.certificate.serial_number
        revoked = self._revoked.get(serial)
        status = ocsp.OCSPCertStatus.GOOD if known else ocsp.OCSPCertStatus.UNKNOWN
        builder = ocsp.OCSPResponseBuilder().add_response_by_hash(
            issuer_name_hash=request.issuer_name_hash,
            issuer_key_hash=request.issuer_key_hash,
            serial_number=serial,
            algorithm=request.hash_algorithm,
            cert_status=ocsp.OCSPCertStatus.REVOKED if revoked else status,
            this_update=now,
            next_update=now + timedelta(seconds=_STAPLE_LIFE),
            revocation_time=revoked,
            revocation_reason=x509.ReasonFlags.unspecified if revoked else None,
        )
        for extension in request.extensions:
            if isinstance(extension.value, x509.OCSPNonce):
                builder = builder.add_extension(extension.value, critical=False)
        builder = builder.responder_id(ocsp.OCSPResponderEncoding.HASH, issuer.certificate)
        return builder.sign(issuer.key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)

    def _issuer_of(self, request: ocsp.OCSPRequest) -> _Issuer | None:
        for issuer in (self._intermediate, self._root):
            probe = ocsp.OCSPRequestBuilder().add_certificate(
                issuer.certificate, issuer.certificate, request.hash_algorithm
            )
            if probe.build().issuer_key_hash == request.issuer_key_hash:
                return issuer
        return None

    # -- HTTP

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(10):
                head = await reader.readuntil(b"\r\n\r\n")
            method, path, _ = head.split(b"\r\n", 1)[0].decode("latin-1").split(" ", 2)
            size = min(_content_length(head), 65536)
            async with asyncio.timeout(10):
                body = await reader.readexactly(size)
            status, kind, answer = self._route(method, path, body)
            writer.write(
                f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(answer)}\r\n"
                "Connection: close\r\n\r\n".encode()
                + answer
            )
            await writer.drain()
        except (OSError, ValueError, TimeoutError, EOFError, asyncio.LimitOverrunError):
            pass  # a client that speaks no HTTP gets the door
        finally:
            writer.close()

    def _route(self, method: str, path: str, body: bytes) -> tuple[str, str, bytes]:
        if path.startswith("/ocsp"):
            return "200 OK", "application/ocsp-response", self._ocsp_http(method, path, body)
        root, intermediate = self._root, self._intermediate
        if path == "/crl/root.crl":
            return "200 OK", "application/pkix-crl", self._crl(root, {})
        if path == "/crl/intermediate.crl":
            return "200 OK", "application/pkix-crl", self.crl()
        for issuer in (root, intermediate):
            if path == f"/ca/{issuer.stem}.cer":
                der = issuer.certificate.public_bytes(serialization.Encoding.DER)
                return "200 OK", "application/pkix-cert", der
        return "404 Not Found", "text/plain", b"not here\n"

    def _ocsp_http(self, method: str, path: str, body: bytes) -> bytes:
        try:
            if method == "GET":  # RFC 6960 appendix A.1
                body = base64.b64decode(unquote(path.removeprefix("/ocsp/")), validate=True)
            return self._respond(ocsp.load_der_ocsp_request(body))
        except (ValueError, binascii.Error, UnsupportedAlgorithm):
            return _refusal(ocsp.OCSPResponseStatus.MALFORMED_REQUEST)


def _refusal(status: ocsp.OCSPResponseStatus) -> bytes:
    refusal = ocsp.OCSPResponseBuilder.build_unsuccessful(status)
    return refusal.public_bytes(serialization.Encoding.DER)


def _content_length(head: bytes) -> int:
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-length":
            return max(0, int(value))
    return 0


def _utc(seconds: float) -> datetime:
    return datetime.fromtimestamp(int(seconds), UTC)


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


def _name(common: str) -> x509.Name:
    # 64 characters is the bound of a common name (RFC 5280 appendix A); the SAN holds all of it.
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common[:64])])


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _builder(subject: x509.Name, key: PrivateKey) -> x509.CertificateBuilder:
    public = key.public_key()
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
    )


def _ca_builder(
    subject: x509.Name, key: ec.EllipticCurvePrivateKey, path_length: int
) -> x509.CertificateBuilder:
    return (
        _builder(subject, key)
        .add_extension(x509.BasicConstraints(ca=True, path_length=path_length), critical=True)
        .add_extension(_key_usage(signs=False, encipher=False), critical=True)
    )


def _key_usage(*, signs: bool, encipher: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,  # a CA signs its own OCSP responses
        content_commitment=False,
        key_encipherment=encipher,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=not signs,
        crl_sign=not signs,
        encipher_only=False,
        decipher_only=False,
    )


def _signed(
    builder: x509.CertificateBuilder, key: ec.EllipticCurvePrivateKey, start: float, end: float
) -> x509.Certificate:
    dated = builder.not_valid_before(_utc(start)).not_valid_after(_utc(end))
    return dated.sign(key, hashes.SHA256())
