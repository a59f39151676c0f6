"""What a rotation's files say: issuers by signature, cross-signed paths, whose keys they are."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from gctrust.adapters.credentials.rotation_files import RotationFiles
from gctrust.adapters.system import SystemClock
from gctrust.adapters.tls.certificate_check import CertificateCheck
from gctrust.pipelines.effects import CertificateFiles
from gctrust.pipelines.pin_effects import ComputePins

NOW = datetime(2026, 11, 21, tzinfo=UTC)
DAY = timedelta(days=1)


@dataclass
class Holder:
    """A name with its key, and a certificate of it."""

    name: x509.Name
    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate | None = None

    @classmethod
    def called(cls, name: str) -> Holder:
        subject = x509.Name([x509.NameAttribute(x509.oid.NameOID.COMMON_NAME, name)])
        return cls(subject, ec.generate_private_key(ec.SECP256R1()))

    def signs(self, other: Holder, *hosts: str, ca: bool = False, start=NOW - DAY) -> bytes:
        builder = (
            x509.CertificateBuilder()
            .subject_name(other.name)
            .issuer_name(self.name)
            .public_key(other.key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(start)
            .not_valid_after(start + 300 * DAY)
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        )
        if hosts:
            names = [x509.DNSName(host) for host in hosts]
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        return builder.sign(self.key, hashes.SHA256()).public_bytes(Encoding.PEM)

    def secret(self) -> bytes:
        return self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


class Company:
    """Two roots that both sign one issuing CA, and a client's certificates by it."""

    def __init__(self, folder) -> None:
        self.folder = folder
        self.one, self.two = Holder.called("Root One"), Holder.called("Root Two")
        self.issuing = Holder.called("Issuing")
        self.chain = self.one.signs(self.issuing, ca=True) + self.two.signs(self.issuing, ca=True)
        self.roots = self.one.signs(self.one, ca=True) + self.two.signs(self.two, ca=True)
        for role in ("new", "old"):
            self.write(role, "client.example.com")

    def write(self, role: str, *hosts: str, start=NOW - DAY) -> None:
        holder = Holder.called(role)
        leaf = self.issuing.signs(holder, *hosts, start=start)
        (self.folder / f"{role}.pem").write_bytes(leaf + self.chain)
        (self.folder / f"{role}.key").write_bytes(holder.secret())

    def read(self, issuers: bytes | None, backup: str = ""):
        path = self.folder / "issuers.pem"
        path.write_bytes(issuers or b"")
        reader = RotationFiles(CertificateCheck(SystemClock()), path if issuers else None)
        new, old = (
            CertificateFiles(str(self.folder / f"{role}.pem"), str(self.folder / f"{role}.key"))
            for role in ("new", "old")
        )
        return reader.read(ComputePins(new, old, backup, "spki"), NOW.timestamp())


@pytest.fixture
def company(tmp_path):
    return Company(tmp_path)


def test_cross_signed_paths_are_listed_each(company):
    paths = company.read(company.roots).issuer_paths
    assert sorted(path.split(" -> ")[-1] for path in paths) == ["CN=Root One", "CN=Root Two"]


def test_an_issuer_by_name_with_another_key_is_none(company):
    namesake = Holder.called("Issuing")
    assert company.read(namesake.signs(namesake, ca=True)).issuer_paths == ()


def test_without_a_configured_authority_nothing_is_claimed(company):
    assert company.read(None).issuer_paths is None


def test_who_issued_it_is_known_before_its_first_day(company):
    company.write("new", "client.example.com", start=NOW + DAY)
    assert len(company.read(company.roots).issuer_paths) == 2


def test_a_private_issuer_needs_no_transparency(company):
    assert company.read(company.roots).ct == "private"


def test_a_name_of_genesys_is_told(company):
    company.write("new", "client.example.com", "api.mypurecloud.de")
    assert any("api.mypurecloud.de" in why for why in company.read(company.roots).not_ours)


def test_a_renewal_with_the_same_key_is_known(company):
    old = company.folder / "old.pem"
    (company.folder / "new.pem").write_bytes(old.read_bytes())
    (company.folder / "new.key").write_bytes((company.folder / "old.key").read_bytes())
    seen = company.read(company.roots)
    assert seen.same_key
    assert seen.new == seen.old


def test_a_backup_with_its_key_beside_it_is_not_apart(company):
    backup = company.folder / "backup.pem"
    company.write("backup")
    backup.write_bytes(backup.read_bytes() + (company.folder / "backup.key").read_bytes())
    seen = company.read(company.roots, str(backup))
    assert (seen.backup_deployed, seen.backup_same_ca) == (True, True)
