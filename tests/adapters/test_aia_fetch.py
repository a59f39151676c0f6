"""Missing intermediates, fetched where AIA says, kept in the cache, and never believed unproved."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7

from gctrust.adapters.tls.certificate_check import Looked

from ..certs.authority import Authority, new_key
from .test_revocation_fetch import Hill
from .web import Web, web


@pytest.fixture
async def site() -> AsyncIterator[Web]:
    async with web() as one:
        yield one


async def _complete(hill: Hill, *, allowed: bool = True) -> Looked:
    names = ("127.0.0.1",) if allowed else ()
    return await hill.look(*names, chain=False, revocation=False, complete=True)


def _bundle(looked: Looked) -> int:
    repaired = looked.report.repaired_chain
    return len(repaired.certificates) if repaired else 0


@pytest.mark.parametrize("form", ["der", "pem", "pkcs7", "pkcs7-pem"])
async def test_a_missing_intermediate_is_fetched_in_every_form(
    site: Web, tmp_path: Path, form: str
) -> None:
    hill = Hill(site, tmp_path)
    own = [hill.issuing.certificate, Authority("Somebody else").certificate]
    site.bodies["/issuer"] = {
        "der": hill.issuing.certificate.public_bytes(Encoding.DER),
        "pem": hill.issuing.pem,
        "pkcs7": pkcs7.serialize_certificates(own, Encoding.DER),
        "pkcs7-pem": pkcs7.serialize_certificates(own, Encoding.PEM),
    }[form]
    looked = await _complete(hill)
    assert _bundle(looked) == 2
    assert "cert.missing-intermediate" in {f.rule for f in looked.report.findings}
    assert looked.gathered == ("fetched the intermediate CN=Issuing CA of the hill",)


async def test_the_cache_serves_without_the_network(site: Web, tmp_path: Path) -> None:
    hill = Hill(site, tmp_path)
    assert _bundle(await hill.look(chain=False, revocation=False)) == 1
    site.bodies["/issuer"] = hill.issuing.certificate.public_bytes(Encoding.DER)
    await _complete(hill)
    asked = len(site.asked)
    again = await hill.look(chain=False, revocation=False)
    assert _bundle(again) == 2
    assert len(site.asked) == asked == 1
    for file in (tmp_path / "home" / "issuers").iterdir():
        file.write_bytes(b"rot")
    assert _bundle(await hill.look(chain=False, revocation=False)) == 1


async def test_revocation_is_asked_for_the_completed_chain(site: Web, tmp_path: Path) -> None:
    hill = Hill(site, tmp_path, crl=False)
    site.bodies["/issuer"] = hill.issuing.certificate.public_bytes(Encoding.DER)
    site.bodies["/ocsp"] = hill.answer()
    looked = await hill.look("127.0.0.1", chain=False, complete=True)
    assert f"asked the OCSP responder {site.url}/ocsp" in looked.gathered
    assert "cert.revocation-unknown" not in {f.rule for f in looked.report.findings}


async def test_one_that_did_not_sign_is_not_taken(site: Web, tmp_path: Path) -> None:
    hill = Hill(site, tmp_path)
    impostor = Authority("Issuing CA of the hill", Authority("Evil root"), key=new_key())
    site.bodies["/issuer"] = impostor.certificate.public_bytes(Encoding.DER)
    looked = await _complete(hill)
    assert _bundle(looked) == 1
    assert not looked.report.path.accepted
    assert not (tmp_path / "home" / "issuers").exists()


@pytest.mark.parametrize("body", [b"", b"0\x82", b"<html></html>", b"-----BEGIN CERTIFICATE-----"])
async def test_garbage_is_no_issuer(site: Web, tmp_path: Path, body: bytes) -> None:
    hill = Hill(site, tmp_path)
    site.bodies["/issuer"] = body
    looked = await _complete(hill)
    assert _bundle(looked) == 1
    assert not looked.report.path.accepted


async def test_private_addresses_are_refused(site: Web, tmp_path: Path) -> None:
    hill = Hill(site, tmp_path)
    site.bodies["/issuer"] = hill.issuing.certificate.public_bytes(Encoding.DER)
    looked = await _complete(hill, allowed=False)
    assert site.asked == []
    assert _bundle(looked) == 1


async def test_nothing_is_asked_for_a_whole_chain(site: Web, tmp_path: Path) -> None:
    hill = Hill(site, tmp_path)
    looked = await hill.look("127.0.0.1", revocation=False, complete=True)
    assert looked.report.path.accepted
    assert site.asked == []
