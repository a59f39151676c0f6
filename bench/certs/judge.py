"""Figures of the certificate judge beside its peers, in one run: `python bench/certs/judge.py`.

They are calls a second of processor time, which on an idle machine are seconds: other work weighs
on nobody. Every contender gets the same 600 P-256 leaves under one intermediate and one root; the
rounds are taken in turn, and the figure is the median. pkilint and `openssl` are used where they
are there (pkilint in .bench/certs, its own environment).
"""

from __future__ import annotations

import datetime as dt
import json
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509 import verification
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from gctrust.certs.assess import assess_certificate
from gctrust.certs.bundle import read_bundle
from gctrust.certs.hostname import Target
from gctrust.certs.path import PathQuestion, Roots, judge_path
from gctrust.certs.transparency import shipped_logs, verify_sct

ROOT = Path(__file__).parents[2]
PEER = ROOT / ".bench" / "certs" / "bin" / "python"
NOW = dt.datetime(2026, 11, 21, 12, tzinfo=dt.UTC)
HOST = "mail.example.org"
LEAVES, ROUNDS, SECONDS = 600, 3, 1.0  # more leaves than any cache of the judge holds

PKILINT = """
import json, sys, time
from pkilint import finding_filter, loader
from pkilint.cabf import serverauth
from pkilint.pkix import certificate
pems, seconds = json.load(sys.stdin), float(sys.argv[1])
kind = serverauth.determine_certificate_type(loader.load_pem_certificate(pems[0], "leaf"))
validators = serverauth.create_decoding_validators(), serverauth.create_validators(kind)
check = certificate.create_pkix_certificate_validator_container(*validators)
filters = serverauth.create_serverauth_finding_filters(kind)
def lint(pem):
    found = check.validate(loader.load_pem_certificate(pem, "leaf").root)
    return finding_filter.filter_results(filters, found)
lint(pems[0])
count, start = 0, time.process_time()
while time.process_time() - start < seconds:
    lint(pems[count % len(pems)])
    count += 1
print(count / (time.process_time() - start))
"""


@dataclass(frozen=True, slots=True)
class Material:
    """The chain in every form the contenders take."""

    root: x509.Certificate
    middle: x509.Certificate
    leaves: tuple[x509.Certificate, ...]

    def pem(self, cert: x509.Certificate) -> bytes:
        return cert.public_bytes(Encoding.PEM)


def _issue(
    subject: str, issuer: str, key: ec.EllipticCurvePrivateKey, signer: ec.EllipticCurvePrivateKey
) -> x509.Certificate:
    ca = subject != HOST
    names = [
        x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)]) for text in (subject, issuer)
    ]
    builder = x509.CertificateBuilder().subject_name(names[0]).issuer_name(names[1])
    builder = builder.public_key(key.public_key()).serial_number(x509.random_serial_number())
    builder = builder.not_valid_before(NOW - dt.timedelta(days=5))
    builder = builder.not_valid_after(NOW + dt.timedelta(days=3650 if ca else 40))
    words = "digital_signature content_commitment key_encipherment data_encipherment key_agreement"
    words += " key_cert_sign crl_sign encipher_only decipher_only"
    used = ("key_cert_sign", "crl_sign") if ca else ("digital_signature",)
    usage = x509.KeyUsage(**{word: word in used for word in words.split()})
    aki = x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key())
    ski = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    builder = builder.add_extension(x509.BasicConstraints(ca, None), critical=True)
    builder = builder.add_extension(usage, critical=True)
    builder = builder.add_extension(ski, critical=False).add_extension(aki, critical=False)
    if not ca:
        san = x509.SubjectAlternativeName([x509.DNSName(HOST)])
        eku = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
        policy = x509.PolicyInformation(x509.ObjectIdentifier("2.23.140.1.2.1"), None)
        builder = builder.add_extension(san, critical=False).add_extension(eku, critical=False)
        builder = builder.add_extension(x509.CertificatePolicies([policy]), critical=False)
    return builder.sign(signer, hashes.SHA256())


def make() -> Material:
    top, middle = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    leaves = (
        _issue(HOST, "Middle", ec.generate_private_key(ec.SECP256R1()), middle)
        for _ in range(LEAVES)
    )
    return Material(
        _issue("Root", "Root", top, top), _issue("Middle", "Root", middle, top), tuple(leaves)
    )


def rate(work: Callable[[int], object]) -> float:
    """Calls a second over SECONDS, one call for warmth first."""
    work(0)
    count, start = 0, time.process_time()
    while time.process_time() - start < SECONDS:
        work(count)
        count += 1
    return count / (time.process_time() - start)


def contenders(made: Material) -> dict[str, Callable[[], float]]:
    anchors = Roots(read_bundle(made.pem(made.root)).certificates)
    target, logs = Target.parse(HOST), shipped_logs()
    (middle,) = read_bundle(made.pem(made.middle)).certificates
    leaves = [read_bundle(made.pem(leaf)).certificates[0] for leaf in made.leaves]
    store = verification.Store([made.root])
    chains = [made.pem(leaf) + made.pem(made.middle) for leaf in made.leaves]

    def path(n: int) -> None:
        question = PathQuestion(leaves[n % LEAVES], (middle,), anchors, NOW, target)
        assert judge_path(question).accepted

    def alone(n: int) -> None:
        builder = verification.PolicyBuilder().store(store).time(NOW.replace(tzinfo=None))
        verifier = builder.build_server_verifier(x509.DNSName(HOST))
        verifier.verify(made.leaves[n % LEAVES], [made.middle])

    def catalogue(n: int) -> None:
        bundle = read_bundle(chains[n % LEAVES])
        report = assess_certificate(bundle, host=HOST, at=NOW, roots=anchors, logs=logs)
        assert report.path.accepted

    key = ec.generate_private_key(ec.SECP256R1())
    octets = made.pem(made.middle)
    public, mode = key.public_key(), ec.ECDSA(hashes.SHA256())
    assert public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    signature = key.sign(octets, mode)

    def sct(_: int) -> None:
        assert verify_sct(public, signature, octets)

    rows: dict[str, Callable[[], float]] = {
        "PATH verdict: gctrust": lambda: rate(path),
        "PATH verdict: cryptography alone": lambda: rate(alone),
        "full catalogue: gctrust": lambda: rate(catalogue),
        "SCT signature: gctrust": lambda: rate(sct),
    }
    if shutil.which("openssl"):
        rows["PATH verdict: openssl verify, one process"] = lambda: _openssl(made)
    if PEER.exists():
        pems = [made.pem(leaf).decode() for leaf in made.leaves]
        rows["full catalogue: pkilint, fewer checks"] = lambda: _pkilint(pems)
    return rows


def _openssl(made: Material) -> float:
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        (place / "root.pem").write_bytes(made.pem(made.root))
        (place / "middle.pem").write_bytes(made.pem(made.middle))
        files = []
        for n in range(1000):
            file = place / f"{n}.pem"
            file.write_bytes(made.pem(made.leaves[n % LEAVES]))
            files.append(str(file))
        words = ["openssl", "verify", "-CAfile", str(place / "root.pem")]
        words += ["-untrusted", str(place / "middle.pem"), "-attime", str(int(NOW.timestamp()))]
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([*words, *files], check=True, capture_output=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        return len(files) / spent


def _pkilint(pems: list[str]) -> float:
    made = subprocess.run(
        [str(PEER), "-c", PKILINT, str(SECONDS)],
        input=json.dumps(pems),
        text=True,
        check=True,
        capture_output=True,
    )
    return float(made.stdout)


def main() -> int:
    rows = contenders(make())
    seen: dict[str, list[float]] = {name: [] for name in rows}
    for _ in range(ROUNDS):
        for name, measure in rows.items():
            seen[name].append(measure())
    middle = {name: statistics.median(rates) for name, rates in seen.items()}
    for name in sorted(middle):
        print(f"{name:45} {middle[name]:8.0f}/s")
    print(f"{'PATH, share of cryptography alone':45} {_share(middle, 'PATH'):8.0%}")
    if "full catalogue: pkilint, fewer checks" in middle:
        print(f"{'full catalogue, times pkilint':45} {_share(middle, 'full'):8.1f}")
    return 0


def _share(middle: dict[str, float], head: str) -> float:
    ours = next(v for k, v in middle.items() if k.startswith(head) and "gctrust" in k)
    words = "alone" if head == "PATH" else "pkilint"
    return ours / next(v for k, v in middle.items() if k.startswith(head) and words in k)


if __name__ == "__main__":
    sys.exit(main())
