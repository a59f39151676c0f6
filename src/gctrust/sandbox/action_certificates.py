"""The client certificates data actions show to customers' servers: one current, and for some weeks
before each switch the upcoming one. Both are signed by a regional root, with nothing between.
"""

from __future__ import annotations

from datetime import UTC, datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from .clock import VirtualClock
from .seed import Organisation

DAY = 86_400.0
CURRENT, UPCOMING = "Current", "Upcoming"
_ROOT_YEARS = 20


class DataActions:
    """Certificates by generation; each is made when first asked for."""

    def __init__(self, clock: VirtualClock, organisation: Organisation) -> None:
        self._clock = clock
        self._told = organisation
        self._period = organisation.action_certificate_days * DAY
        self._ahead = organisation.action_upcoming_days * DAY
        # The first switch comes half as long after the start as the next one is shown beforehand.
        self._first = clock.now() + 1.5 * self._ahead - self._period
        self._root_key = ec.generate_private_key(ec.SECP256R1())
        self._root = self._make_root()
        self._made: dict[int, tuple[x509.Certificate, ec.EllipticCurvePrivateKey]] = {}
        self._reads = 0

    @property
    def root_pem(self) -> str:
        return _pem(self._root)

    def shown(self) -> list[tuple[str, str]]:
        """(status, PEM). Just after a switch every other read is from before it."""
        now = self._clock.now()
        self._reads += 1
        generation = int((now - self._first) // self._period)
        since = now - self._first - generation * self._period
        if since < self._told.action_unsettled_seconds and self._reads % 2 == 0:
            generation, since = generation - 1, self._period
        shown = [(CURRENT, _pem(self._of(generation)[0]))]
        if since >= self._period - self._ahead:
            shown.append((UPCOMING, _pem(self._of(generation + 1)[0])))
        return shown

    def credentials(self) -> list[tuple[str, str, str]]:
        """(status, certificate, key) in PEM of what is shown now: for the sandbox's owner, who
        plays the platform in front of a customer's server."""
        shown = self.shown()
        keys = {_pem(certificate): _key_pem(key) for certificate, key in self._made.values()}
        return [(status, pem, keys[pem]) for status, pem in shown]

    def _of(self, generation: int) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
        if generation not in self._made:
            key = ec.generate_private_key(ec.SECP256R1())
            begins = self._first + generation * self._period - self._ahead
            ends = begins + self._period + 2 * self._ahead
            self._made[generation] = (self._leaf(key, begins, ends), key)
        return self._made[generation]

    def _leaf(
        self, key: ec.EllipticCurvePrivateKey, begins: float, ends: float
    ) -> x509.Certificate:
        told = self._told
        host = f"dataactions.prod-sandbox.{told.aws_region}.{told.root_domain}"
        usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH])
        authority = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._root_key.public_key())
        builder = (
            _builder(host, self._root.subject, key, begins, ends)
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(usage, critical=False)
            .add_extension(authority, critical=False)
        )
        return builder.sign(self._root_key, hashes.SHA256())

    def _make_root(self) -> x509.Certificate:
        name = _name(f"Sandbox Regional Root {self._told.aws_region}")
        begins = self._first - 365 * DAY
        ends = begins + _ROOT_YEARS * 365 * DAY
        builder = _builder("", name, self._root_key, begins, ends, subject=name).add_extension(
            x509.BasicConstraints(ca=True, path_length=0), critical=True
        )
        return builder.sign(self._root_key, hashes.SHA256())


def _builder(
    common: str,
    issuer: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    begins: float,
    ends: float,
    subject: x509.Name | None = None,
) -> x509.CertificateBuilder:
    public = key.public_key()
    return (
        x509.CertificateBuilder()
        .subject_name(subject or _name(common))
        .issuer_name(issuer)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime.fromtimestamp(begins, UTC))
        .not_valid_after(datetime.fromtimestamp(ends, UTC))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
    )


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common[:64])])


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


def _key_pem(key: ec.EllipticCurvePrivateKey) -> str:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()
