"""CRLs and OCSP answers fetched over HTTP from real responders, good, lying and absent."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID

from gctrust.adapters.system import SystemClock
from gctrust.adapters.tls.certificate_check import CertificateCheck, Looked, Question
from gctrust.pipelines.effects import CertificateFiles
from gctrust.sandbox.authority import Authority as Sandbox

from ..certs.authority import NOW, Authority, Issued, new_key
from .web import Web, web

HOST = "edge.example.org"


@pytest.fixture
async def site() -> AsyncIterator[Web]:
    async with web() as one:
        yield one


class Hill:
    """A root, an intermediate and a leaf whose CRL, OCSP and issuer addresses are at `site`."""

    def __init__(self, site: Web, folder: Path, *, crl: bool = True, ocsp: bool = True) -> None:
        self.site, self.folder = site, folder
        self.root = Authority("Root of the hill")
        self.issuing = Authority("Issuing CA of the hill", self.root)
        extra: list[tuple[x509.ExtensionType, bool]] = []
        if crl:
            point = x509.DistributionPoint([_uri(f"{site.url}/crl")], None, None, None)
            extra.append((x509.CRLDistributionPoints([point]), False))
        oid = AuthorityInformationAccessOID
        access = [x509.AccessDescription(oid.CA_ISSUERS, _uri(f"{site.url}/issuer"))]
        if ocsp:
            access.append(x509.AccessDescription(oid.OCSP, _uri(f"{site.url}/ocsp")))
        extra.append((x509.AuthorityInformationAccess(access), False))
        self.leaf: Issued = self.issuing.issue(HOST, extra=tuple(extra))
        self.leaf_file = self._write("leaf.pem", self.leaf.pem)
        self.chain_file = self._write("chain.pem", self.issuing.pem)
        self.root_file = self._write("root.pem", self.root.pem)

    def _write(self, name: str, data: bytes) -> str:
        (self.folder / name).write_bytes(data)
        return str(self.folder / name)

    async def look(self, *allowed: str, chain: bool = True, **given: Any) -> Looked:
        check = CertificateCheck(SystemClock(), Path(self.root_file), home=self.folder / "home")
        files = CertificateFiles(self.leaf_file, "", self.chain_file if chain else "")
        wanted = {"revocation": True} | given
        question = Question(files, HOST, at=NOW, allowed=frozenset(allowed), **wanted)
        return await check.look(question)

    def answer(
        self,
        status: ocsp.OCSPCertStatus = ocsp.OCSPCertStatus.GOOD,
        *,
        cert: x509.Certificate | None = None,
        signer: tuple[x509.Certificate, Any] | None = None,
        made: dt.datetime = NOW - dt.timedelta(hours=1),
        ends: dt.datetime = NOW + dt.timedelta(days=3),
        sent: bool = True,
    ) -> bytes:
        certificate, key = signer or (self.issuing.certificate, self.issuing.key)
        revoked = status is ocsp.OCSPCertStatus.REVOKED
        builder = ocsp.OCSPResponseBuilder().add_response(
            cert=cert or self.leaf.certificate,
            issuer=self.issuing.certificate,
            algorithm=hashes.SHA1(),
            cert_status=status,
            this_update=made,
            next_update=ends,
            revocation_time=made if revoked else None,
            revocation_reason=x509.ReasonFlags.key_compromise if revoked else None,
        )
        builder = builder.responder_id(ocsp.OCSPResponderEncoding.HASH, certificate)
        if signer and sent:
            builder = builder.certificates([certificate])
        return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.DER)

    def responder(self, *, by: Authority | None = None, days: float = 30, eku: bool = True) -> Any:
        uses = (ExtendedKeyUsageOID.OCSP_SIGNING,) if eku else (ExtendedKeyUsageOID.SERVER_AUTH,)
        issued = (by or self.issuing).issue(
            ekus=uses, subject="OCSP responder", days=days, start=NOW - dt.timedelta(days=10)
        )
        return issued.certificate, issued.key


def _uri(text: str) -> x509.UniformResourceIdentifier:
    return x509.UniformResourceIdentifier(text)


def rules(looked: Looked) -> set[str]:
    words = ("revo", "crl", "ocsp", "staple")
    return {f.rule for f in looked.report.findings if any(word in f.rule for word in words)}


async def test_good_by_ocsp_alone_and_by_crl_alone(site: Web, tmp_path: Path) -> None:
    by_ocsp = Hill(site, tmp_path, crl=False)
    site.bodies["/ocsp"] = by_ocsp.answer()
    assert rules(await by_ocsp.look("127.0.0.1")) == set()
    assert [one.split("/")[0] for one in site.asked] == ["GET "]
    by_crl = Hill(site, tmp_path, ocsp=False)
    site.bodies["/crl"] = by_crl.issuing.crl()
    looked = await by_crl.look("127.0.0.1")
    assert rules(looked) == set()
    assert any("fetched the CRL of CN=Issuing CA of the hill" in one for one in looked.gathered)


async def test_nothing_is_fetched_unasked_and_nowhere_private(site: Web, tmp_path: Path) -> None:
    hill = Hill(site, tmp_path)
    unasked = await hill.look("127.0.0.1", revocation=False)
    refused = await hill.look()
    assert site.asked == []
    assert "cert.revocation-unknown" in rules(unasked) & rules(refused)
    (unknown,) = [f for f in refused.report.findings if f.rule == "cert.revocation-unknown"]
    assert "127.0.0.1, which is not a public address" in unknown.message


async def test_revoked_by_either_refuses_the_path(site: Web, tmp_path: Path) -> None:
    hill = Hill(site, tmp_path)
    site.bodies["/crl"] = hill.issuing.crl(hill.leaf.certificate.serial_number)
    site.bodies["/ocsp"] = hill.answer()
    by_crl = await hill.look("127.0.0.1")
    site.bodies["/crl"] = hill.issuing.crl()
    site.bodies["/ocsp"] = hill.answer(ocsp.OCSPCertStatus.REVOKED)
    by_ocsp = await hill.look("127.0.0.1")
    for looked in (by_crl, by_ocsp):
        assert "cert.revoked" in rules(looked)
        assert not looked.report.path.accepted


async def test_a_delegated_responder_counts(site: Web, tmp_path: Path) -> None:
    hill = Hill(site, tmp_path, crl=False)
    site.bodies["/ocsp"] = hill.answer(signer=hill.responder())
    assert rules(await hill.look("127.0.0.1")) == set()


@pytest.mark.parametrize(
    "flaw",
    ["expired", "future", "stranger", "not-for-ocsp", "responder-over", "other-cert", "unknown"],
)
async def test_an_answer_that_proves_nothing_leaves_it_unknown(
    site: Web, tmp_path: Path, flaw: str
) -> None:
    hill = Hill(site, tmp_path, crl=False)
    day = dt.timedelta(days=1)
    stranger = Authority("Stranger")
    answers = {
        "expired": lambda: hill.answer(made=NOW - 9 * day, ends=NOW - 2 * day),
        "future": lambda: hill.answer(made=NOW + day),
        "stranger": lambda: hill.answer(signer=(stranger.certificate, stranger.key)),
        "not-for-ocsp": lambda: hill.answer(signer=hill.responder(eku=False)),
        "responder-over": lambda: hill.answer(signer=hill.responder(days=5)),
        "other-cert": lambda: hill.answer(cert=hill.issuing.issue("other.example").certificate),
        "unknown": lambda: hill.answer(ocsp.OCSPCertStatus.UNKNOWN),
    }
    site.bodies["/ocsp"] = answers[flaw]()
    assert "cert.revocation-unknown" in rules(await hill.look("127.0.0.1"))


async def test_get_that_is_not_answered_is_posted(site: Web, tmp_path: Path) -> None:
    hill = Hill(site, tmp_path, crl=False)
    refusal = ocsp.OCSPResponseBuilder.build_unsuccessful
    malformed = refusal(ocsp.OCSPResponseStatus.MALFORMED_REQUEST).public_bytes(Encoding.DER)
    asked: list[int] = []

    def respond(method: str, body: bytes) -> bytes:
        if method == "GET":
            return malformed
        asked.append(ocsp.load_der_ocsp_request(body).serial_number)
        return hill.answer()

    site.bodies["/ocsp"] = respond
    assert rules(await hill.look("127.0.0.1")) == set()
    assert asked == [hill.leaf.certificate.serial_number]
    site.bodies["/ocsp"] = refusal(ocsp.OCSPResponseStatus.TRY_LATER).public_bytes(Encoding.DER)
    looked = await hill.look("127.0.0.1")
    (unknown,) = [f for f in looked.report.findings if f.rule == "cert.revocation-unknown"]
    assert "the responder says: try later" in unknown.message


@pytest.mark.parametrize("body", [b"", b"<html>Sign in</html>", b"0\x80", b"\x30\x03\x0a\x01\x00"])
async def test_what_is_no_crl_or_answer_is_told(site: Web, tmp_path: Path, body: bytes) -> None:
    hill = Hill(site, tmp_path)
    site.bodies["/ocsp"] = site.bodies["/crl"] = body
    looked = await hill.look("127.0.0.1")
    (unknown,) = [f for f in looked.report.findings if f.rule == "cert.revocation-unknown"]
    assert "what is there is no CRL" in unknown.message


async def test_a_crl_of_a_stranger_proves_nothing(site: Web, tmp_path: Path) -> None:
    hill = Hill(site, tmp_path, ocsp=False)
    site.bodies["/crl"] = Authority("Issuing CA of the hill", key=new_key()).crl()
    assert "cert.revocation-unknown" in rules(await hill.look("127.0.0.1"))


async def test_the_sandbox_s_own_responder(tmp_path: Path) -> None:
    sandbox = Sandbox(SystemClock())
    await sandbox.start()
    try:
        issued = sandbox.issue([HOST])
        for name, text in (
            ("leaf.pem", issued.certificate_pem),
            ("chain.pem", issued.chain_pem),
            ("root.pem", sandbox.roots_pem),
        ):
            (tmp_path / name).write_text(text)
        check = CertificateCheck(SystemClock(), tmp_path / "root.pem")
        files = CertificateFiles(str(tmp_path / "leaf.pem"), "", str(tmp_path / "chain.pem"))
        question = Question(files, HOST, revocation=True, allowed=frozenset({"127.0.0.1"}))
        assert rules(await check.look(question)) == set()
        sandbox.revoke(issued.serial)
        assert "cert.revoked" in rules(await check.look(question))
    finally:
        await sandbox.stop()
