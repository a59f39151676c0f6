"""What may be given as certificate and key: containers, passphrases, permissions, roots."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    PublicFormat,
    pkcs7,
    pkcs12,
)

from gctrust.adapters.credentials.passphrase import key_passphrase
from gctrust.adapters.system import SystemClock
from gctrust.adapters.tls.certificate_check import CertificateCheck, Question
from gctrust.adapters.tls.root_stores import certifi_roots, system_roots
from gctrust.certs.report import CertificateReport
from gctrust.errors import Problem
from gctrust.pipelines.certificate_effects import CertificateFiles
from gctrust.secret import Secret

from ..certs.authority import NOW, Authority, Issued

HOST = "edge.example.org"
WORD = "corréct horse"


class Desk:
    """Files of one chain in a folder, and the judge over them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.root = Authority("Root of the desk")
        self.issuing = Authority("Issuing CA of the desk", self.root)
        self.leaf: Issued = self.issuing.issue(HOST)
        self.put("root.pem", self.root.pem)
        self.put("leaf.pem", self.leaf.pem)
        self.put("chain.pem", self.issuing.pem)

    def put(self, name: str, data: bytes, mode: int = 0o600) -> str:
        path = self.folder / name
        path.write_bytes(data)
        path.chmod(mode)
        return str(path)

    def judge(self, certificate: str, key: str = "", word: str | None = None) -> CertificateReport:
        check = CertificateCheck(SystemClock(), self.folder / "root.pem")
        chain = str(self.folder / "chain.pem")
        files = CertificateFiles(certificate, key, chain)
        secret = None if word is None else Secret(word)
        return check.judge(Question(files, HOST, at=NOW, passphrase=secret))


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def ids(report: CertificateReport) -> set[str]:
    return {f.rule for f in report.findings}


def _pkcs12(desk: Desk, word: str) -> bytes:
    how = BestAvailableEncryption(word.encode())
    others = [desk.issuing.certificate]
    return pkcs12.serialize_key_and_certificates(
        b"x", desk.leaf.key, desk.leaf.certificate, others, how
    )


def test_pkcs12_opens_with_its_passphrase_alone(desk: Desk) -> None:
    path = desk.put("all.p12", _pkcs12(desk, WORD))
    good = desk.judge(path, word=WORD)
    assert good.path.accepted
    assert "KEY-01" not in " ".join(good.not_judged)
    # the chain file still holds the issuer, so only the key and the leaf are missed
    assert "cert.key-passphrase" in ids(desk.judge(path, word="wrong"))
    assert "cert.key-encrypted" in ids(desk.judge(path))


@pytest.mark.parametrize("encoding", [Encoding.PEM, Encoding.DER])
def test_encrypted_keys(desk: Desk, encoding: Encoding) -> None:
    leaf = str(desk.folder / "leaf.pem")
    how = BestAvailableEncryption(WORD.encode())
    key = desk.leaf.key.private_bytes(encoding, PrivateFormat.PKCS8, how)
    path = desk.put("leaf.key", key)
    good = desk.judge(leaf, path, WORD)
    assert {one for one in ids(good) if "key" in one} == set()
    assert "cert.key-encrypted" in ids(desk.judge(leaf, path))
    wrong = desk.judge(leaf, path, "wrong")
    assert "cert.key-passphrase" in ids(wrong)
    assert "cert.unreadable" not in ids(wrong)
    assert WORD not in repr(wrong)


def test_pkcs7_holds_the_chain(desk: Desk) -> None:
    both = [desk.leaf.certificate, desk.issuing.certificate]
    for encoding in (Encoding.DER, Encoding.PEM):
        path = desk.put("chain.p7b", pkcs7.serialize_certificates(both, encoding))
        assert desk.judge(path).path.accepted


@pytest.mark.parametrize(("mode", "told"), [(0o600, False), (0o640, True), (0o604, True)])
def test_a_key_file_that_others_may_read(desk: Desk, mode: int, told: bool) -> None:
    key = desk.put("leaf.key", desk.leaf.key_pem(), mode)
    report = desk.judge(str(desk.folder / "leaf.pem"), key)
    assert ("cert.key-file-mode" in ids(report)) is told


@pytest.mark.parametrize(
    ("name", "seen"), [("", "a directory"), ("none.pem", "No such file"), ("fifo", "no regular")]
)
def test_what_is_no_file(desk: Desk, name: str, seen: str) -> None:
    import os

    os.mkfifo(desk.folder / "fifo")
    with pytest.raises(Problem) as told:
        desk.judge(str(desk.folder / name) if name else str(desk.folder))
    assert seen in str(told.value)


def test_garbage_is_a_finding(desk: Desk) -> None:
    for data in (b"", b"\0" * 100, b"-----BEGIN CERTIFICATE-----\nxx", desk.leaf.der[:-5]):
        report = desk.judge(desk.put("bad.pem", data))
        assert report.findings


def test_the_passphrase_s_sources(tmp_path: Path) -> None:
    file = tmp_path / "word"
    file.write_text(WORD + "\n", "utf-8")
    variable = {"GCTRUST_KEY_PASSPHRASE": "from the environment"}
    by_file = {"GCTRUST_KEY_PASSPHRASE_FILE": str(file)}

    def told(environ: dict[str, str], flag: str = "") -> str | None:
        found = key_passphrase(environ, flag)
        return found.reveal() if found else None

    assert told({}) is None
    assert told(variable | by_file) == "from the environment"
    assert told(by_file) == WORD
    assert told(variable, str(file)) == WORD
    for bad in (str(tmp_path), str(tmp_path / "none"), "\0"):
        with pytest.raises(Problem) as problem:
            key_passphrase({}, bad)
        assert problem.value.code == "config.unreadable-file"


def test_a_passphrase_is_not_in_the_question_s_repr(desk: Desk) -> None:
    question = Question(CertificateFiles("a", "", ""), passphrase=Secret(WORD))
    assert WORD not in repr(question)


def test_roots_by_name(desk: Desk) -> None:
    assert len(certifi_roots().certificates) > 100
    try:
        found = system_roots()
    except Problem:
        pytest.skip("this machine has no ca-certificates")
    assert found.certificates
    check = CertificateCheck(SystemClock(), desk.folder / "root.pem")
    files = CertificateFiles(str(desk.folder / "leaf.pem"), "", str(desk.folder / "chain.pem"))

    def accepted(**given: Any) -> bool:
        return check.judge(Question(files, HOST, at=NOW, **given)).path.accepted

    assert accepted()
    assert not accepted(roots="certifi")


def test_lists_of_weak_keys(desk: Desk) -> None:
    key = desk.leaf.certificate.public_key()
    der = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    listed = desk.put("weak", f"# mine\n{sha256(der).hexdigest()}\n".encode())
    other = desk.put("other", b"0" * 64)
    check = CertificateCheck(SystemClock(), desk.folder / "root.pem")
    files = CertificateFiles(str(desk.folder / "leaf.pem"), "", str(desk.folder / "chain.pem"))

    def told(*lists: str) -> bool:
        report = check.judge(Question(files, HOST, at=NOW, weak_keys=lists))
        return "cert.key-compromised" in ids(report)

    assert told(other, listed)
    assert not told(other)
    with pytest.raises(Problem):
        told(str(desk.folder))
