"""The authority: what it issues verifies, and its responder says what is so."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from urllib.parse import quote

import httpx2
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
)
from cryptography.x509 import ocsp
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

from gctrust.sandbox.authority import DAY, Authority, Issued

NOW = 1_900_000_000.0


class HandClock:
    time = NOW

    def now(self) -> float:
        return self.time


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
async def authority(clock: HandClock) -> AsyncIterator[Authority]:
    authority = Authority(clock)
    await authority.start()
    yield authority
    await authority.stop()


@pytest.fixture
async def http() -> AsyncIterator[httpx2.AsyncClient]:
    async with httpx2.AsyncClient(trust_env=False) as client:
        yield client


def leaf(issued: Issued) -> x509.Certificate:
    return x509.load_pem_x509_certificate(issued.certificate_pem.encode())


def builder(authority: Authority, at: float) -> PolicyBuilder:
    roots = x509.load_pem_x509_certificates(authority.roots_pem.encode())
    return PolicyBuilder().store(Store(roots)).time(datetime.fromtimestamp(at, UTC))


def chain(issued: Issued) -> list[x509.Certificate]:
    return x509.load_pem_x509_certificates(issued.chain_pem.encode())


async def test_server_leaves_verify_by_name_and_virtual_time(authority: Authority) -> None:
    issued = authority.issue(["a.test", "*.b.test"], days=30)
    for name in ["a.test", "x.b.test"]:
        verifier = builder(authority, NOW).build_server_verifier(x509.DNSName(name))
        assert len(verifier.verify(leaf(issued), chain(issued))) == 3
    for at, name in [(NOW + 31 * DAY, "a.test"), (NOW - 2 * DAY, "a.test"), (NOW, "c.test")]:
        verifier = builder(authority, at).build_server_verifier(x509.DNSName(name))
        with pytest.raises(VerificationError):
            verifier.verify(leaf(issued), chain(issued))


async def test_client_leaves_are_for_clients(authority: Authority) -> None:
    issued = authority.issue(["client-1.test"], profile="client", days=10)
    builder(authority, NOW).build_client_verifier().verify(leaf(issued), chain(issued))
    verifier = builder(authority, NOW).build_server_verifier(x509.DNSName("client-1.test"))
    with pytest.raises(VerificationError):
        verifier.verify(leaf(issued), chain(issued))


@pytest.mark.parametrize(
    ("kind", "type_"), [("ec", ec.EllipticCurvePrivateKey), ("rsa", rsa.RSAPrivateKey)]
)
async def test_the_key_is_the_leafs(authority: Authority, kind: str, type_: type) -> None:
    issued = authority.issue(["a.test"], key="rsa" if kind == "rsa" else "ec", not_before=NOW + 50)
    key = load_pem_private_key(issued.private_key_pem.encode(), None)
    assert isinstance(key, type_)
    form = (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    assert key.public_key().public_bytes(*form) == leaf(issued).public_key().public_bytes(*form)
    assert leaf(issued).not_valid_before_utc.timestamp() == NOW + 50
    assert "PRIVATE" not in repr(issued)


async def test_the_urls_in_a_leaf_work(authority: Authority, http: httpx2.AsyncClient) -> None:
    certificate = leaf(authority.issue(["a.test"]))
    access = certificate.extensions.get_extension_for_class(x509.AuthorityInformationAccess).value
    urls = {d.access_method._name: d.access_location.value for d in access}
    issuer = x509.load_der_x509_certificate((await http.get(urls["caIssuers"])).content)
    certificate.verify_directly_issued_by(issuer)
    points = certificate.extensions.get_extension_for_class(x509.CRLDistributionPoints).value
    names = points[0].full_name
    assert names
    authority.revoke(certificate.serial_number)
    crl = x509.load_der_x509_crl((await http.get(names[0].value)).content)
    assert crl.is_signature_valid(issuer.public_key())  # type: ignore[arg-type]
    revoked = crl.get_revoked_certificate_by_serial_number(certificate.serial_number)
    assert revoked is not None
    assert revoked.revocation_date_utc.timestamp() == NOW


async def ask_ocsp(
    http: httpx2.AsyncClient,
    authority: Authority,
    certificate: x509.Certificate,
    *,
    get: bool = False,
) -> ocsp.OCSPResponse:
    issuer = x509.load_pem_x509_certificate(authority.chain_pem.encode())
    request = (
        ocsp.OCSPRequestBuilder()
        .add_certificate(certificate, issuer, hashes.SHA256())
        .add_extension(x509.OCSPNonce(b"n" * 16), critical=False)
        .build()
        .public_bytes(Encoding.DER)
    )
    if get:
        told = await http.get(f"{authority.url}/ocsp/{quote(base64.b64encode(request), safe='')}")
    else:
        told = await http.post(f"{authority.url}/ocsp", content=request)
    return ocsp.load_der_ocsp_response(told.content)


@pytest.mark.parametrize("get", [False, True])
async def test_ocsp_over_http(authority: Authority, http: httpx2.AsyncClient, get: bool) -> None:
    certificate = leaf(authority.issue(["a.test"]))
    told = await ask_ocsp(http, authority, certificate, get=get)
    assert told.certificate_status is ocsp.OCSPCertStatus.GOOD
    assert told.extensions.get_extension_for_class(x509.OCSPNonce).value.nonce == b"n" * 16
    issuer = x509.load_pem_x509_certificate(authority.chain_pem.encode()).public_key()
    assert isinstance(issuer, ec.EllipticCurvePublicKey)
    issuer.verify(told.signature, told.tbs_response_bytes, ec.ECDSA(hashes.SHA256()))
    authority.revoke(certificate.serial_number)
    told = await ask_ocsp(http, authority, certificate, get=get)
    assert told.certificate_status is ocsp.OCSPCertStatus.REVOKED


async def test_ocsp_for_strangers(
    authority: Authority, clock: HandClock, http: httpx2.AsyncClient
) -> None:
    other = Authority(clock)
    stranger = leaf(other.issue(["a.test"]))
    assert authority.ocsp_response(stranger) == b""
    told = await ask_ocsp(http, authority, stranger)  # asked with our issuer's hashes
    assert told.certificate_status is ocsp.OCSPCertStatus.UNKNOWN
    told = await ask_ocsp(http, other_at(authority, other), stranger)
    assert told.response_status is ocsp.OCSPResponseStatus.UNAUTHORIZED
    broken = await http.post(f"{authority.url}/ocsp", content=b"nonsense")
    status = ocsp.load_der_ocsp_response(broken.content).response_status
    assert status is ocsp.OCSPResponseStatus.MALFORMED_REQUEST
    with pytest.raises(KeyError):
        authority.revoke(stranger.serial_number)
    await other.stop()


def other_at(authority: Authority, other: Authority) -> Authority:
    """The other authority's chain, asked at this one's address."""
    other.url = authority.url
    return other


async def test_staples_are_renewed_by_the_virtual_clock(
    authority: Authority, clock: HandClock
) -> None:
    issued = authority.issue(["a.test"])
    first = authority.ocsp_response(issued.certificate_pem)
    assert authority.ocsp_response(issued.certificate_pem) == first
    clock.time += 2 * DAY
    second = ocsp.load_der_ocsp_response(authority.ocsp_response(issued.certificate_pem))
    update = second.this_update_utc
    assert update is not None
    assert update.timestamp() == clock.time
    authority.revoke(issued.serial)
    third = ocsp.load_der_ocsp_response(authority.ocsp_response(issued.certificate_pem))
    assert third.certificate_status is ocsp.OCSPCertStatus.REVOKED
