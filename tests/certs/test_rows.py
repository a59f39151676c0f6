"""Each row of the catalogue: a case that gives the finding, and a near one that does not."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, mldsa, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID as Use

from gctrust.certs import served as srv
from gctrust.certs.assess import assess_certificate
from gctrust.certs.blocklist import read_blocklist
from gctrust.certs.bundle import Bundle, read_bundle, read_bundles
from gctrust.certs.certificate import read_certificate
from gctrust.certs.distrust import DISTRUSTED, judge_distrust
from gctrust.certs.evidence import CaaAnswer, Evidence, KeyFile, OcspAnswer, TlsaAnswer
from gctrust.certs.path import Roots
from gctrust.certs.revocation import read_crl
from gctrust.certs.rules import RULES, STRICT

from . import rows_made as made
from .authority import CLIENT, NOW, SERVER, Authority, Issued
from .rows_made import (
    DAY,
    HOST,
    MIDDLE,
    OTHER,
    ROOT,
    raw,
    replace_der,
    roots,
    strange,
    web,
)

Case = Callable[[], set[str]]
ROWS: dict[str, tuple[Case, Case]] = {}


def row(rule: str, trigger: Case, near: Case) -> None:
    assert rule not in ROWS, rule
    ROWS[rule] = (trigger, near)


def files(*parts: tuple[str, bytes], **more: Any) -> set[str]:
    return {f.rule for f in read_bundles(parts, **more).findings}


def judge(data: bytes | Bundle, **changes: Any) -> set[str]:
    given: dict[str, Any] = {"host": HOST, "at": NOW, "roots": roots(), "profile": "public"}
    bundle = data if isinstance(data, Bundle) else read_bundle(data)
    return {f.rule for f in assess_certificate(bundle, **{**given, **changes}).findings}


def good(**changes: Any) -> set[str]:
    return judge(web().pem + MIDDLE.pem, **changes)


def of(**changes: Any) -> set[str]:
    """Findings on a leaf that differs from the good one in `changes`."""
    return judge(web(**changes).pem + MIDDLE.pem)


def private(data: bytes, **changes: Any) -> set[str]:
    return judge(data, profile="private", **changes)


def below(authority: Authority, *more: Authority, **changes: Any) -> set[str]:
    """Findings on a good leaf issued by `authority`."""
    pems = b"".join(a.pem for a in (authority, *more))
    return judge(web(authority).pem + pems, **changes)


# -- IN ---------------------------------------------------------------------------------------

LEAF = web()
PEM, KEY = LEAF.pem, LEAF.key_pem()
row("cert.empty", lambda: files(("a", b" \n")), lambda: files(("a", PEM)))
row("cert.none", lambda: judge(KEY), lambda: judge(PEM))
row("cert.unreadable", lambda: files(("a", b"<html>")), lambda: files(("a", PEM)))
row("cert.pem-broken", lambda: files(("a", PEM[:-8])), lambda: files(("a", PEM + b"\n\n")))
row("cert.encoding", lambda: files(("a", b"\xef\xbb\xbf" + PEM)), lambda: files(("a", PEM)))
CSR = b"-----BEGIN CERTIFICATE REQUEST-----\nMAA=\n-----END CERTIFICATE REQUEST-----\n"
row("cert.unexpected-block", lambda: files(("a", CSR)), lambda: files(("a", PEM)))
row("cert.too-many", lambda: files(("a", PEM * 65)), lambda: files(("a", PEM * 64)))
row("cert.too-big", lambda: files(("a", b"x" * (1 << 21))), lambda: files(("a", PEM)))
row(
    "cert.too-many-names",
    lambda: judge(web(names=[f"h{n}.example.org" for n in range(1001)]).pem),
    lambda: judge(web(names=[f"h{n}.example.org" for n in range(50)]).pem),
)
row("cert.several-leaves", lambda: judge(PEM + web().pem), lambda: judge(PEM + PEM))
row("cert.ca-as-leaf", lambda: judge(MIDDLE.pem), lambda: judge(PEM))
row("cert.trailing-bytes", lambda: files(("a", LEAF.der + b"\0")), lambda: files(("a", LEAF.der)))
row(
    "cert.strict-refusal",
    lambda: judge(replace_der(LEAF.der, serial=b"\x02\x02\x00\x01")),
    lambda: judge(replace_der(LEAF.der, serial=b"\x02\x01\x01")),
)
row("cert.version", lambda: judge(replace_der(LEAF.der, version=1)), lambda: judge(PEM))
row("cert.algorithm-mismatch", lambda: judge(made.other_outer(LEAF.der)), lambda: judge(PEM))
row("cert.duplicate-extension", lambda: judge(made.twice(LEAF.der)), lambda: judge(PEM))
row(
    "cert.extension-unreadable",
    lambda: of(extra=(strange("2.5.29.31", b"garbage"),), crl=False),
    lambda: of(extra=(strange("1.2.3.4", b"garbage"),)),
)
row(
    "cert.unknown-critical",
    lambda: of(extra=(strange("1.2.3.4", b"\5\0", critical=True),)),
    lambda: of(extra=(strange("1.2.3.4", b"\5\0"),)),
)
OWN_ID = x509.SubjectKeyIdentifier(b"k" * 20)
row(
    "cert.critical-wrongly",
    lambda: of(extra=((OWN_ID, True),)),
    lambda: of(extra=((OWN_ID, False),)),
)
row("cert.precertificate", lambda: of(extra=((x509.PrecertPoison(), True),)), lambda: of())
row(
    "cert.key-in-certificate-file",
    lambda: files(("chain.pem", PEM + KEY), ("key.pem", KEY)),
    lambda: files(("both.pem", PEM + KEY), ("chain.pem", MIDDLE.pem)),
)

# -- KEY --------------------------------------------------------------------------------------

RSA = rsa.generate_private_key(65537, 2048)
LOCKED = LEAF.key_pem(b"right")
row("cert.key-mismatch", lambda: judge(PEM + web().key_pem()), lambda: judge(PEM + KEY))
row("cert.key-broken", lambda: judge(made.with_broken_key()), lambda: judge(PEM + KEY))
row("cert.key-encrypted", lambda: files(("k", LOCKED)), lambda: files(("k", KEY)))
row(
    "cert.key-passphrase",
    lambda: files(("k", LOCKED), passphrase=b"wrong"),
    lambda: files(("k", LOCKED), passphrase=b"right"),
)
row("cert.key-unreadable", lambda: files(("k", made.cut_short(KEY))), lambda: files(("k", KEY)))


def rsa_key(modulus: int, exponent: int = 65537) -> set[str]:
    """Findings on a leaf whose subject key was put in; its signature does not matter here."""
    return judge(replace_der(LEAF.der, spki=made.rsa_spki(modulus, exponent)))


N = RSA.public_key().public_numbers().n
P, Q = RSA.private_numbers().p, RSA.private_numbers().q
NEXT, SOUND = made.next_prime(P + 2), made.modulus_of(2048)
row("cert.key-short", lambda: rsa_key(made.modulus_of(1024)), lambda: rsa_key(N))
row("cert.key-odd-size", lambda: rsa_key(made.modulus_of(2050)), lambda: rsa_key(N))
row("cert.key-exponent", lambda: rsa_key(N, 1), lambda: rsa_key(N, 3))
row("cert.key-exponent-odd", lambda: rsa_key(N, 3), lambda: rsa_key(N))
row("cert.key-small-factor", lambda: rsa_key(P * 65521), lambda: rsa_key(N))
row("cert.key-modulus", lambda: rsa_key(P * P), lambda: rsa_key(N))
row("cert.key-fermat", lambda: rsa_key(P * NEXT), lambda: rsa_key(N))
row("cert.key-roca", lambda: rsa_key(made.roca(2048)), lambda: rsa_key(N))
row(
    "cert.key-curve",
    lambda: of(key=ec.generate_private_key(ec.SECP256K1())),
    lambda: of(key=ec.generate_private_key(ec.SECP521R1())),
)
row("cert.key-point", lambda: judge(made.off_curve(LEAF.der)), lambda: judge(PEM))
row("cert.key-explicit-curve", lambda: judge(made.explicit(LEAF.der)), lambda: judge(PEM))
row("cert.key-not-for-web", lambda: of(key=ed25519.Ed25519PrivateKey.generate()), lambda: of())
row(
    "cert.key-rare",
    lambda: private(web(key=mldsa.MLDSA44PrivateKey.generate()).pem),
    lambda: private(web(key=ed25519.Ed25519PrivateKey.generate()).pem),
)
row("cert.key-unknown", lambda: of(key=dsa.generate_private_key(1024)), lambda: of())
SPKI = read_certificate(LEAF.der).spki_sha256
row(
    "cert.key-compromised",
    lambda: good_with(SPKI),
    lambda: good_with("00" * 32),
)


def good_with(line: str) -> set[str]:
    return judge(PEM, compromised=read_blocklist(f"# mine\n{line}\n".encode()))


def pair_of(one: int, two: int) -> set[str]:
    ders = [replace_der(LEAF.der, spki=made.rsa_spki(n, 65537)) for n in (one, two)]
    return judge(Bundle(tuple(read_certificate(der) for der in ders)))


row("cert.key-shared-prime", lambda: pair_of(N, P * NEXT), lambda: pair_of(N, SOUND))
OLD = read_certificate(web(key=LEAF.key, start=NOW - 60 * DAY).der)
row(
    "cert.key-reused",
    lambda: judge(PEM, evidence=Evidence(previous=OLD)),
    lambda: judge(PEM, evidence=Evidence(previous=read_certificate(LEAF.der))),
)


def key_file(mode: int, owner: int) -> set[str]:
    return judge(PEM, evidence=Evidence(key_file=KeyFile("key.pem", mode, owner, 1000)))


row("cert.key-file-mode", lambda: key_file(0o640, 1000), lambda: key_file(0o400, 1000))
row("cert.key-file-owner", lambda: key_file(0o600, 33), lambda: key_file(0o600, 0))

# -- NAME -------------------------------------------------------------------------------------


def named(*names: str, **changes: Any) -> set[str]:
    return judge(web(names=list(names)).pem, **changes)


row("cert.no-san", lambda: of(names=[], subject=HOST), lambda: of())
row("cert.san-criticality", lambda: of(subject=HOST, san_critical=True), lambda: of(subject=HOST))
row("cert.name-mismatch", lambda: named("www.example.org"), lambda: named("*.example.org"))
row("cert.host-unusable", lambda: good(host="exa mple"), lambda: good(host="MAIL.example.org."))
row(
    "cert.host-mixed-script",
    lambda: good(host="xn--pypal-4ve.example.org"),
    lambda: good(host="xn--bcher-kva.example.org"),
)
row(
    "cert.wildcard-depth",
    lambda: named("*.example.org", host="a.b.example.org"),
    lambda: named("*.example.org", host="a.example.org"),
)
row("cert.bad-wildcard", lambda: named("ma*.example.org"), lambda: named("*.example.org"))
row("cert.bad-name", lambda: named("-x.example.org"), lambda: named("x-y.example.org"))
row("cert.address-as-name", lambda: of(names=[raw("192.0.2.7")]), lambda: of(names=["192.0.2.7"]))
row("cert.cn-variant", lambda: of(subject="Mail.Example.org"), lambda: of(subject=HOST))
row("cert.cn-not-in-san", lambda: of(subject="old.example.org"), lambda: of(subject=HOST))
row("cert.wildcard-on-suffix", lambda: named("*.co.uk"), lambda: named("*.example.co.uk"))
row(
    "cert.wildcard-on-private-suffix",
    lambda: named("*.github.io"),
    lambda: named("*.example.github.io"),
)
row("cert.internal-name", lambda: named("mail.local"), lambda: named("mail.locally.org"))
row(
    "cert.other-san-types",
    lambda: of(names=[HOST, x509.RFC822Name("a@example.org")]),
    lambda: of(names=[HOST, "192.0.2.7"]),
)
row(
    "cert.no-www",
    lambda: named("example.org", host="example.org"),
    lambda: named("example.org", "www.example.org", host="example.org"),
)


def hosts(*configured: str) -> set[str]:
    return judge(web(names=[HOST, "b.example.org"]).pem, evidence=Evidence(hosts=configured))


row("cert.hosts-uncovered", lambda: hosts(HOST, "c.example.org"), lambda: hosts("b.example.org"))
row("cert.names-unused", lambda: hosts(HOST), lambda: hosts("b.example.org"))

# -- CHAIN ------------------------------------------------------------------------------------

row("cert.no-path", lambda: judge(PEM), lambda: good())
row("cert.untrusted", lambda: judge(PEM), lambda: good())
row("cert.order", lambda: judge(MIDDLE.pem + PEM), lambda: good())
EXTRA = read_bundle(MIDDLE.pem).certificates
row("cert.missing-intermediate", lambda: judge(PEM, extra=EXTRA), lambda: good(extra=EXTRA))
row("cert.root-included", lambda: judge(PEM + MIDDLE.pem + ROOT.pem), lambda: good())
row("cert.duplicates", lambda: judge(PEM + MIDDLE.pem * 2), lambda: good())
STRANGER = Authority("Stranger", OTHER)
row("cert.unrelated", lambda: judge(PEM + MIDDLE.pem + STRANGER.pem), lambda: good())
IMPOSTOR = Authority("Middle", OTHER)
row("cert.bad-signature", lambda: judge(web(IMPOSTOR).pem + MIDDLE.pem), lambda: good())
row("cert.no-aki", lambda: of(aki=None), lambda: of())
row("cert.aki-issuer", lambda: of(aki=made.long_aki()), lambda: of())
row("cert.issuer-name-bytes", lambda: made.renamed(judge), lambda: judge(PEM))
row("cert.not-a-ca", lambda: below(Authority("No CA", ROOT, ca=False)), lambda: good())
row("cert.path-length", lambda: below(Authority("Low", MIDDLE), MIDDLE), lambda: good())
row(
    "cert.intermediate-first",
    lambda: below(Authority("S", ROOT, end=NOW + 9 * DAY)),
    lambda: good(),
)
NET = x509.NameConstraints([x509.DNSName("example.net")], None)
ORG = x509.NameConstraints([x509.DNSName("example.org")], None)
row(
    "cert.name-constraints",
    lambda: below(Authority("Net", ROOT, extra=((NET, True),))),
    lambda: below(Authority("Org", ROOT, extra=((ORG, True),))),
)
row(
    "cert.constraints-not-critical",
    lambda: below(Authority("Org", ROOT, extra=((ORG, False),))),
    lambda: below(Authority("Org", ROOT, extra=((ORG, True),))),
)
LIMIT = x509.PolicyConstraints(2, None)
row(
    "cert.policy-constraints-not-critical",
    lambda: below(Authority("P", ROOT, extra=((LIMIT, False),))),
    lambda: below(Authority("P", ROOT, extra=((LIMIT, True),))),
)


def own_root(**changes: Any) -> set[str]:
    pem, key = made.odd_root(**changes)
    anchors = Roots(read_bundle(pem).certificates)
    return judge(made.under(key).pem, roots=anchors)


row("cert.root-aki", lambda: own_root(aki=b"x" * 20), lambda: own_root())
row("cert.ca-no-ski", lambda: own_root(ski=False), lambda: own_root())
row("cert.ca-basic-not-critical", lambda: own_root(critical=False), lambda: own_root())
row("cert.root-eku", lambda: own_root(eku=True), lambda: own_root())
row("cert.depth", lambda: below(*made.ladder(3), max_depth=2), lambda: below(*made.ladder(2)))
row("cert.path-bounded", lambda: made.tangle(judge), lambda: good())
row(
    "cert.weak-signature",
    lambda: judge(made.sha1(LEAF.der)),
    lambda: judge(PEM),
)
row("cert.alternatives", lambda: made.cross_signed(judge), lambda: good())


ANCHOR = made.distrusted_root()
UNTIL = DISTRUSTED[ANCHOR.sha256]


def under_distrust(when: dt.datetime) -> set[str]:
    chain = (read_certificate(LEAF.der), ANCHOR)
    return {f.rule for f in judge_distrust(chain, (when,))}


row("cert.distrusted", lambda: under_distrust(UNTIL + DAY), lambda: under_distrust(UNTIL))
row("cert.distrust-next", lambda: under_distrust(UNTIL), lambda: under_distrust(UNTIL + DAY))

# -- TIME -------------------------------------------------------------------------------------

row("cert.expired", lambda: of(start=NOW - 46 * DAY), lambda: of(start=NOW - 44 * DAY))
row(
    "cert.expired-at-go-live",
    lambda: good(go_live=NOW + 100 * DAY),
    lambda: good(go_live=NOW + 2 * DAY),
)
row("cert.not-yet-valid", lambda: of(start=NOW + DAY), lambda: of(start=NOW))
row("cert.time-order", lambda: judge(made.backwards(LEAF.der)), lambda: judge(PEM))
row("cert.lifetime", lambda: of(days=201), lambda: of(days=199))
row("cert.lifetime-edge", lambda: of(days=200), lambda: of(days=199))
row("cert.renew-soon", lambda: of(start=NOW - 31 * DAY), lambda: of(start=NOW - 29 * DAY))
row("cert.time-encoding", lambda: judge(made.no_seconds(LEAF.der)), lambda: judge(PEM))
row("cert.coming-limit", lambda: of(days=150), lambda: of(days=40))

# -- PROF -------------------------------------------------------------------------------------

row("cert.no-eku", lambda: of(ekus=()), lambda: of())
row("cert.no-server-auth", lambda: of(ekus=(CLIENT,)), lambda: of(ekus=(SERVER, CLIENT)))
row("cert.eku-critical", lambda: of(eku_critical=True), lambda: of())
row("cert.foreign-eku", lambda: of(ekus=(SERVER, Use.CODE_SIGNING)), lambda: of())
MAIL = Use.EMAIL_PROTECTION


def mail(**flaw: Any) -> set[str]:
    leaf = web(**{"ekus": (MAIL,), "names": (x509.RFC822Name("a@example.org"),), **flaw})
    return client(leaf, use=MAIL.dotted_string)


row("cert.mail-profile", lambda: mail(ekus=(MAIL, SERVER)), lambda: mail())
row("cert.client-auth-ends", lambda: of(ekus=(SERVER, CLIENT)), lambda: of())
LATER = dt.datetime(2027, 3, 15, tzinfo=dt.UTC)
row(
    "cert.client-auth-ended",
    lambda: judge(web(ekus=(SERVER, CLIENT), start=LATER).pem, at=LATER),
    lambda: of(ekus=(SERVER, CLIENT)),
)


def client(issued: Issued, **changes: Any) -> set[str]:
    return judge(issued.pem + MIDDLE.pem, profile="client", host=None, **changes)


row("cert.no-client-auth", lambda: client(web()), lambda: client(web(ekus=(CLIENT,))))
row(
    "cert.client-from-public-ca",
    lambda: client(web(ekus=(CLIENT,)), public_roots=roots()),
    lambda: client(web(ekus=(CLIENT,)), public_roots=roots(OTHER)),
)
row("cert.no-digital-signature", lambda: of(usages=("key_agreement",)), lambda: of())
row("cert.usage-empty", lambda: of(usages=()), lambda: of())
TIED = x509.NameConstraints([x509.DNSName("example.org")], None)
row("cert.leaf-ca-extension", lambda: of(extra=((TIED, True),)), lambda: of())
row("cert.leaf-signs", lambda: of(usages=("digital_signature", "key_cert_sign")), lambda: of())
row(
    "cert.usage-not-for-key",
    lambda: of(usages=("digital_signature", "key_encipherment")),
    lambda: of(usages=("digital_signature", "key_encipherment"), key=RSA),
)
ML_DSA = mldsa.MLDSA44PrivateKey.generate()
row(
    "cert.usage-not-for-ml-dsa",
    lambda: of(usages=("digital_signature", "key_agreement"), key=ML_DSA),
    lambda: of(key=ML_DSA) | of(usages=("digital_signature", "key_agreement")),
)
row("cert.policy", lambda: of(policies=()), lambda: of())
row("cert.serial", lambda: judge(replace_der(LEAF.der, serial=b"\2\1\0")), lambda: judge(PEM))
row("cert.no-aia", lambda: of(aia=False), lambda: of())
OV = "2.23.140.1.2.2"
row("cert.subject-unit", lambda: of(unit="IT"), lambda: of())
row("cert.subject-attributes", lambda: of(policies=(OV,)), lambda: of())

# -- REV --------------------------------------------------------------------------------------

row("cert.no-revocation-pointer", lambda: of(crl=False), lambda: of(crl=False, days=6))
row("cert.crl-scheme", lambda: of(crl="https://crl.example.org/1"), lambda: of())
POINT = x509.UniformResourceIdentifier("http://crl.example.org/1.crl")
SOME = frozenset({x509.ReasonFlags.key_compromise})
PARTIAL = x509.CRLDistributionPoints([x509.DistributionPoint([POINT], None, SOME, None)])
row("cert.crl-point", lambda: of(crl=False, extra=((PARTIAL, False),)), lambda: of())
SERIAL = LEAF.certificate.serial_number


def with_crl(*serials: int, **changes: Any) -> set[str]:
    crl = read_crl(MIDDLE.crl(*serials, **changes))
    return good_leaf(crls=[crl])


def good_leaf(**changes: Any) -> set[str]:
    return judge(PEM + MIDDLE.pem, **changes)


row("cert.revoked", lambda: with_crl(SERIAL), lambda: with_crl(SERIAL + 1))
row("cert.crl-unusable", lambda: with_crl(at=NOW - 30 * DAY), lambda: with_crl())
row("cert.revocation-unknown", lambda: good_leaf(), lambda: with_crl())
STAPLE = x509.TLSFeature([x509.TLSFeatureType.status_request])
row(
    "cert.must-staple-without-ocsp",
    lambda: of(extra=((STAPLE, False),)),
    lambda: of(extra=((STAPLE, False),), ocsp=True),
)


def answered(stapled: bool, **changes: Any) -> set[str]:
    answer = OcspAnswer(made.ocsp(LEAF, **changes), stapled=stapled)
    return good_leaf(evidence=Evidence(ocsp=(answer,)))


row("cert.ocsp-unusable", lambda: answered(False, at=NOW - 30 * DAY), lambda: answered(False))
row("cert.staple-unusable", lambda: answered(True, at=NOW - 30 * DAY), lambda: answered(True))

# -- CT: test_transparency.py makes logs and certificates for them -----------------------------


def logged(*names: str, **changes: Any) -> set[str]:
    return made.logged(names, **changes)


row("cert.sct-unreadable", lambda: logged(broken=True), lambda: logged("a", "b"))
row("cert.sct-invalid", lambda: logged("a", "thief"), lambda: logged("a", "b"))
row("cert.sct-unknown-log", lambda: logged("a", "unlisted"), lambda: logged("a", "b"))
row("cert.ct-count", lambda: logged("a"), lambda: logged("a", "b"))
row("cert.ct-unproved", lambda: logged("a", "unlisted"), lambda: logged("a", "b"))
row("cert.ct-operators", lambda: logged("a", "a2"), lambda: logged("a", "b"))
row("cert.sct-log-state", lambda: logged("a", "retired"), lambda: logged("a", "b"))
row("cert.sct-leaf-index", lambda: logged("a", "tiled"), lambda: logged("a", "b"))
row("cert.ct-list-old", lambda: logged("a", "b", age=71), lambda: logged("a", "b", age=70))
row("cert.sct-time", lambda: logged("a", "b", late=True), lambda: logged("a", "b"))

# -- DNS --------------------------------------------------------------------------------------


def caa(
    *records: tuple[int, str, str], failed: str = "", issuer: str = "Let's Encrypt"
) -> set[str]:
    authority = Authority(issuer, ROOT)
    answer = CaaAnswer("example.org", records, failed)
    evidence = Evidence(caa=(CaaAnswer(HOST), answer))
    return judge(web(authority).pem + authority.pem, evidence=evidence)


LE = (0, "issue", "letsencrypt.org; validationmethods=dns-01")
row("cert.caa-forbids", lambda: caa((0, "issue", "other.example")), lambda: caa(LE))
row(
    "cert.caa-unproved",
    lambda: caa((0, "issue", "other.example"), issuer="Unheard"),
    lambda: caa((0, "issue", ";"), issuer="Unheard"),
)
row("cert.caa-critical", lambda: caa(LE, (128, "tbs", "x")), lambda: caa(LE, (0, "tbs", "x")))
row("cert.caa-unknown", lambda: caa(failed="SERVFAIL"), lambda: caa(LE))


def tlsa(data: bytes, **changes: Any) -> set[str]:
    answer = TlsaAnswer(f"_443._tcp.{HOST}", ((3, 1, 1, data),), **changes)
    return good_leaf(evidence=Evidence(tlsa=answer))


DIGEST = bytes.fromhex(SPKI)
row("cert.tlsa-mismatch", lambda: tlsa(b"x" * 32), lambda: tlsa(DIGEST))
row("cert.tlsa-unknown", lambda: tlsa(b"", failed="a time-out"), lambda: tlsa(DIGEST))

# -- SRV --------------------------------------------------------------------------------------

CHAIN = (LEAF.der, MIDDLE.certificate.public_bytes(Encoding.DER))


def shown(chain: tuple[bytes, ...] = CHAIN, **changes: Any) -> srv.Served:
    given: dict[str, Any] = {"version": "TLSv1.3", "cipher": "TLS_AES_128_GCM_SHA256"}
    return srv.Served("192.0.2.1:443", True, chain, **{**given, **changes})


def probe(*served: srv.Served, expected: bytes | None = None, **changes: Any) -> set[str]:
    facts = srv.ProbeFacts(HOST, served or (shown(),), **changes)
    wanted = read_certificate(expected) if expected else None
    known = () if changes.get("tried") else EXTRA
    found = srv.judge_served(facts, at=NOW, roots=roots(), expected=wanted, known=known)
    return {f.rule for f in found}


NEW = web()
BOTH = (NEW.der, CHAIN[1])
row(
    "served.other-certificate",
    lambda: probe(expected=NEW.der),
    lambda: probe(expected=LEAF.der),
)
NO_SNI = srv.Served("192.0.2.1:443", False, BOTH)
row(
    "served.other-without-sni",
    lambda: probe(shown(), NO_SNI, expected=LEAF.der),
    lambda: probe(expected=LEAF.der),
)
row("served.unreachable", lambda: probe(shown((), cause="refused")), lambda: probe())
row("served.mixed", lambda: probe(shown(), shown(BOTH)), lambda: probe(shown(), shown()))
WWW = web(names=["www.example.net"])
ANOTHER = shown((WWW.der, CHAIN[1]))
DEFAULT = replace(ANOTHER, sni=False)  # an edge without a certificate for the name shows both alike
row("served.other-name", lambda: probe(ANOTHER, DEFAULT), lambda: probe(shown(), DEFAULT))
row("served.unreadable", lambda: probe(shown((b"0\x03abc",))), lambda: probe())
row("served.incomplete", lambda: probe(shown(CHAIN[:1])), lambda: probe())
ALIEN = web(STRANGER)
row("served.no-path", lambda: probe(shown((ALIEN.der,))), lambda: probe())
row("served.legacy", lambda: probe(accepted=("TLSv1.1",)), lambda: probe(accepted=("TLSv1.2",)))
row("served.no-modern", lambda: probe(refused=("TLSv1.3",)), lambda: probe(refused=("TLSv1.1",)))
row("served.weak-cipher", lambda: probe(shown(cipher="RC4-SHA")), lambda: probe())
row(
    "served.no-hybrid",
    lambda: probe(groups=("X25519",)),
    lambda: probe(groups=("X25519", "X25519MLKEM768")),
)
MUST = web(extra=((STAPLE, False),), ocsp=True)
row("served.no-staple", lambda: probe(shown((MUST.der, CHAIN[1]))), lambda: probe())
FRESH, STALE = made.ocsp(LEAF), made.ocsp(LEAF, at=NOW - 30 * DAY)
GONE = made.ocsp(LEAF, revoked=True)
row("served.bad-staple", lambda: probe(shown(staple=STALE)), lambda: probe(shown(staple=FRESH)))
row("served.revoked", lambda: probe(shown(staple=GONE)), lambda: probe(shown(staple=FRESH)))
row(
    "served.failures",
    lambda: probe(tried=100, succeeded=97, causes=(("timeout", 3),)),
    lambda: probe(tried=100, succeeded=100),
)
row("served.alpn", lambda: probe(shown(alpn="h2"), shown(BOTH)), lambda: probe(shown(alpn="h2")))


def page(status: int, scheme: str = "https", **changes: str) -> set[str]:
    return probe(web=(srv.Web("192.0.2.1:443", status, scheme=scheme, **changes),))


row("served.hsts", lambda: page(200, hsts="max-age=60"), lambda: page(200, hsts="max-age=31536000"))
row(
    "served.no-redirect",
    lambda: page(200, "http"),
    lambda: page(301, "http", location=f"https://{HOST}/"),
)


# -- the tests --------------------------------------------------------------------------------


@pytest.mark.parametrize("rule", sorted(RULES))
def test_the_row_is_found_where_it_should_be_and_not_next_to_it(rule: str) -> None:
    trigger, near = ROWS[rule]
    assert rule in trigger()
    assert rule not in near()


def test_every_row_has_its_words_and_a_source() -> None:
    for rule in RULES.values():
        assert rule.source, rule.id
        assert rule.example, rule.id
        assert rule.verdict in ("PATH", "LINT"), rule.id
        assert re.fullmatch(r"(IN|KEY|NAME|CHAIN|TIME|PROF|REV|CT|DNS|SRV)-\d\d", rule.row), rule.id
    assert set(ROWS) == set(RULES)
    assert set(RULES) >= STRICT


def test_the_good_case_is_good() -> None:
    assert good() == {"cert.revocation-unknown"}
    assert with_crl() == set()
