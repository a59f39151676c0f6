"""CAA and TLSA asked of a real DNS server, and what the certificate judge makes of them."""

from __future__ import annotations

import hashlib
from pathlib import Path

import dns.message
import dns.rcode
import dns.rdatatype
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from gctrust.adapters.system import SystemClock
from gctrust.adapters.tls.certificate_check import CertificateCheck, Question
from gctrust.adapters.tls.certificate_dns import ask_caa, ask_tlsa
from gctrust.certs.evidence import CaaAnswer
from gctrust.pipelines.certificate_effects import CertificateFiles

from ..certs.authority import NOW, Authority
from .dns_server import Server, answer, resolver

HOST = "chat.corp.example"


def _zone(zone: dict[tuple[str, str], str]) -> Server:
    """Record data by type and name; several are parted by " | "."""

    def reply(query: dns.message.Message, way: str) -> list[bytes]:
        question = query.question[0]
        name, kind = (
            question.name.to_text().rstrip(".").lower(),
            dns.rdatatype.to_text(question.rdtype),
        )
        value = zone.get((kind, name))
        if value == "SERVFAIL":
            return [answer(query, rcode=dns.rcode.SERVFAIL)]
        lines = [f"{name}. 300 {kind} {one}" for one in value.split(" | ")] if value else []
        return [answer(query, *lines)]

    return Server(reply)


async def test_the_climb_has_every_name_up_to_the_top() -> None:
    zone = {("CAA", "corp.example"): '0 issue "letsencrypt.org" | 128 tbs "x"'}
    async with _zone(zone) as server, resolver(server) as one:
        found = await ask_caa(one, f"*.{HOST}")
    assert [a.name for a in found] == [HOST, "corp.example", "example"]
    assert sorted(found[1].records) == [(0, "issue", "letsencrypt.org"), (128, "tbs", "x")]
    assert not found[0].records
    assert not found[2].records


async def test_no_answer_is_a_failure_and_no_absence() -> None:
    async with _zone({("CAA", "corp.example"): "SERVFAIL"}) as server, resolver(server) as one:
        found = await ask_caa(one, HOST)
        tlsa = await ask_tlsa(one, HOST)
    assert found[1] == CaaAnswer("corp.example", failed="servfail")
    assert (tlsa.name, tlsa.records, tlsa.failed) == (f"_443._tcp.{HOST}", (), "")


@pytest.mark.parametrize("fits", [True, False])
async def test_tlsa_and_caa_are_judged(tmp_path: Path, fits: bool) -> None:
    root = Authority("Root")
    leaf = root.issue(HOST)
    key = leaf.certificate.public_key().public_bytes(
        Encoding.DER, PublicFormat.SubjectPublicKeyInfo
    )
    digest = hashlib.sha256(key if fits else b"another").hexdigest()
    zone = {("TLSA", f"_443._tcp.{HOST}"): f"3 1 1 {digest}", ("CAA", "example"): '0 issue ";"'}
    async with _zone(zone) as server, resolver(server) as one:
        caa, tlsa = await ask_caa(one, HOST), await ask_tlsa(one, HOST)
    (tmp_path / "root.pem").write_bytes(root.pem)
    (tmp_path / "leaf.pem").write_bytes(leaf.pem)
    check = CertificateCheck(SystemClock(), tmp_path / "root.pem")
    files = CertificateFiles(str(tmp_path / "leaf.pem"), "", "")
    report = check.judge(Question(files, HOST, at=NOW, caa=caa, tlsa=tlsa))
    found = {f.rule for f in report.findings}
    assert ("cert.tlsa-mismatch" in found) is not fits
    assert "cert.caa-forbids" in found
