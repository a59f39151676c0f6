"""The whole judge on certificates made here: each defect gives its finding and no other verdict."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa

from gctrust.certs.assess import CertificateReport, assess_certificate
from gctrust.certs.bundle import read_bundle, read_bundles
from gctrust.certs.path import Roots
from gctrust.certs.revocation import read_crl

from .authority import CLIENT, NOW, SERVER, Authority, Issued, new_key, usage

HOST = "mail.example.org"
ROOT = Authority("Root")
MIDDLE = Authority("Middle", ROOT, path_length=0)
OTHER = Authority("Other root")


def roots(*authorities: Authority) -> Roots:
    pems = b"".join(a.pem for a in authorities or (ROOT,))
    return Roots(read_bundle(pems).certificates)


def judge(data: bytes, **changes: Any) -> CertificateReport:
    arguments: dict[str, Any] = {
        "host": HOST,
        "at": NOW,
        "roots": roots(),
        "profile": "private",
    }
    return assess_certificate(read_bundle(data), **{**arguments, **changes})


def rules(report: CertificateReport) -> set[str]:
    return {f.rule for f in report.findings}


def good(**changes: Any) -> Issued:
    return MIDDLE.issue(changes.pop("host", HOST), **changes)


def test_a_good_chain_is_accepted_and_nothing_is_found() -> None:
    leaf = good()
    report = judge(leaf.pem + MIDDLE.pem + leaf.key_pem())
    assert report.path.accepted
    assert rules(report) == {"cert.revocation-unknown"}
    assert not report.blocks
    assert [c.label for c in report.path.chain][1:] == ["CN=Middle", "CN=Root"]
    assert report.leaf is not None
    assert report.leaf.names == (HOST,)
    assert report.leaf.lifetime_seconds == 90 * 86_400


def test_any_order_duplicates_root_and_strangers_are_repaired() -> None:
    leaf = good()
    mess = OTHER.pem + MIDDLE.pem + ROOT.pem + leaf.pem + MIDDLE.pem + leaf.key_pem()
    report = judge(mess)
    assert report.path.accepted
    assert {"cert.order", "cert.duplicates", "cert.root-included"} <= rules(report)
    repaired = report.repaired_chain
    assert repaired is not None
    assert repaired.pem.encode() == leaf.pem + MIDDLE.pem
    assert any("duplicate" in change for change in repaired.changes)
    assert not rules(judge(repaired.pem.encode())) & {"cert.order", "cert.root-included"}


def test_an_issuing_ca_that_is_itself_trusted_is_no_stranger() -> None:
    """A private platform anchors at the CA that issues, and its file holds that CA as well."""
    anchors = roots(ROOT, MIDDLE)
    report = judge(good().pem + MIDDLE.pem, roots=anchors)
    assert report.path.accepted
    assert "cert.unrelated" not in rules(report)
    stranger = judge(good().pem + MIDDLE.pem + Authority("Stranger").pem, roots=anchors)
    assert "cert.unrelated" in rules(stranger) or "cert.root-included" in rules(stranger)


def test_a_missing_intermediate_is_refused_named_and_completed() -> None:
    leaf = good()
    report = judge(leaf.pem)
    assert not report.path.accepted
    assert "CN=Middle" in report.path.paths[0]
    assert {"cert.no-path", "cert.untrusted"} <= rules(report)
    helped = judge(leaf.pem, extra=read_bundle(MIDDLE.pem).certificates)
    assert not helped.path.accepted
    assert "cert.missing-intermediate" in rules(helped)
    assert helped.repaired_chain is not None
    assert helped.repaired_chain.pem.encode() == leaf.pem + MIDDLE.pem


def test_a_stranger_s_key_is_a_mismatch() -> None:
    leaf, stranger = good(), good()
    assert "cert.key-mismatch" in rules(judge(leaf.pem + MIDDLE.pem + stranger.key_pem()))


def test_the_leaf_is_the_certificate_of_the_key() -> None:
    one, two = good(), good(host="other.example.org")
    report = judge(one.pem + two.pem + MIDDLE.pem + two.key_pem(), host="other.example.org")
    assert report.leaf is not None
    assert report.leaf.names == ("other.example.org",)
    assert "cert.several-leaves" in rules(report)


@pytest.mark.parametrize(
    ("host", "names", "rule"),
    [
        (HOST, ["www.example.org"], "cert.name-mismatch"),
        (HOST, ["*.example.org"], ""),
        ("a.b.example.org", ["*.example.org"], "cert.wildcard-depth"),
        ("example.org", ["*.example.org"], "cert.wildcard-depth"),
        ("MAIL.Example.ORG.", [HOST], ""),
        ("192.0.2.7", ["192.0.2.7"], ""),
        ("192.0.2.7", ["192.0.2.8"], "cert.name-mismatch"),
        ("bücher.example.org", ["xn--bcher-kva.example.org"], ""),
        ("not a host", [HOST], "cert.host-unusable"),
    ],
)
def test_names(host: str, names: list[str], rule: str) -> None:
    found = rules(judge(MIDDLE.issue(*names).pem + MIDDLE.pem, host=host))
    assert (rule in found) if rule else found == {"cert.revocation-unknown"}


def test_a_host_that_nobody_can_ask_for_has_no_path() -> None:
    for host in ("not a host", "*.example.org", "-x.example.org", ""):
        assert not judge(good().pem + MIDDLE.pem, host=host).path.accepted


def test_no_san_at_all() -> None:
    report = judge(MIDDLE.issue(subject=HOST).pem + MIDDLE.pem)
    assert not report.path.accepted
    assert "cert.no-san" in rules(report)


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"start": NOW - dt.timedelta(days=100), "days": 90}, "cert.expired"),
        ({"start": NOW + dt.timedelta(days=1)}, "cert.not-yet-valid"),
        ({"ekus": (CLIENT,)}, "cert.no-server-auth"),
        ({"usages": ("key_agreement",)}, "cert.no-digital-signature"),
        ({"extra": ((x509.PrecertPoison(), True),)}, "cert.precertificate"),
        (
            {"extra": ((x509.TLSFeature([x509.TLSFeatureType.status_request]), False),)},
            "cert.must-staple-without-ocsp",
        ),
        (
            {"extra": ((x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3"), b"x"), True),)},
            "cert.unknown-critical",
        ),
        ({"key": rsa.generate_private_key(65537, 1024)}, "cert.key-short"),
    ],
)
def test_each_defect_is_found_and_stops_an_upload(changes: dict[str, Any], rule: str) -> None:
    report = judge(good(**changes).pem + MIDDLE.pem)
    assert rule in rules(report)
    assert report.blocks


def test_expiry_before_go_live() -> None:
    leaf = good(days=10)
    later = judge(leaf.pem + MIDDLE.pem, go_live=NOW + dt.timedelta(days=20))
    assert "cert.expired-at-go-live" in rules(later)


def test_ed25519_serves_a_private_chain_and_no_public_one() -> None:
    leaf = good(key=ed25519.Ed25519PrivateKey.generate())
    private = judge(leaf.pem + MIDDLE.pem + leaf.key_pem())
    assert not private.blocks
    assert "cert.key-not-for-web" in rules(judge(leaf.pem + MIDDLE.pem, profile="public"))


def test_a_private_chain_signed_with_ed25519_is_judged_by_the_explorer() -> None:
    # cryptography's verifier refuses Ed25519 signatures by the web's profile
    from cryptography.hazmat.primitives.serialization import Encoding

    key = ed25519.Ed25519PrivateKey.generate()
    root = _self_signed("Ed root", key)
    leaf_key = new_key()
    builder = x509.CertificateBuilder().subject_name(x509.Name([])).issuer_name(root.subject)
    builder = builder.public_key(leaf_key.public_key()).serial_number(7)
    builder = builder.not_valid_before(NOW).not_valid_after(NOW + dt.timedelta(days=9))
    san = x509.SubjectAlternativeName([x509.DNSName(HOST)])
    leaf = builder.add_extension(san, critical=True).sign(key, None)
    anchors = Roots(read_bundle(root.public_bytes(Encoding.PEM)).certificates)
    pem = leaf.public_bytes(Encoding.PEM)
    assert judge(pem, roots=anchors).path.accepted
    assert not judge(pem, roots=anchors, host="else.example.org").path.accepted
    assert not judge(pem, roots=anchors, profile="public").path.accepted


def _self_signed(label: str, key: Any) -> x509.Certificate:
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, label)])
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(subject)
    builder = builder.public_key(key.public_key()).serial_number(5)
    builder = builder.not_valid_before(NOW - dt.timedelta(days=9))
    builder = builder.not_valid_after(NOW + dt.timedelta(days=900))
    builder = builder.add_extension(x509.BasicConstraints(True, None), critical=True)
    return builder.add_extension(usage("key_cert_sign"), critical=True).sign(key, None)


def test_a_client_certificate() -> None:
    client = MIDDLE.issue("client.example.org", ekus=(CLIENT,))
    report = judge(client.pem + MIDDLE.pem, host=None, profile="client", public_roots=roots())
    assert report.path.accepted
    assert "cert.client-from-public-ca" in rules(report)
    server = judge(good().pem + MIDDLE.pem, host=None, profile="client")
    assert not server.path.accepted
    assert "cert.no-client-auth" in rules(server)


@pytest.mark.parametrize(
    ("authority", "rule"),
    [
        (Authority("Not a CA", ROOT, ca=False), "cert.not-a-ca"),
        (Authority("Below", MIDDLE), "cert.path-length"),
        (
            Authority(
                "Bound",
                ROOT,
                extra=((x509.NameConstraints([x509.DNSName("example.net")], None), True),),
            ),
            "cert.name-constraints",
        ),
        (
            Authority(
                "Excluding",
                ROOT,
                extra=((x509.NameConstraints(None, [x509.DNSName("example.org")]), True),),
            ),
            "cert.name-constraints",
        ),
    ],
)
@pytest.mark.parametrize("profile", ["public", "private"])
def test_what_a_ca_may_not_do(authority: Authority, rule: str, profile: str) -> None:
    leaf = authority.issue(HOST)
    report = judge(leaf.pem + authority.pem + MIDDLE.pem, profile=profile)
    assert not report.path.accepted
    assert rule in rules(report)


def test_a_name_alone_is_no_issuer() -> None:
    impostor = Authority("Middle", OTHER)
    report = judge(impostor.issue(HOST).pem + MIDDLE.pem)
    assert not report.path.accepted
    assert "cert.bad-signature" in rules(report)


def test_an_intermediate_that_ends_first() -> None:
    middle = Authority("Short", ROOT, end=NOW + dt.timedelta(days=20))
    report = judge(middle.issue(HOST).pem + middle.pem)
    assert "cert.intermediate-first" in rules(report)


def test_a_tangle_of_cross_signed_cas_is_bounded() -> None:
    key = new_key()
    tangle = [Authority("Knot", OTHER, key=key) for _ in range(40)]
    tangle += [Authority("Knot", Authority("Knot"), key=new_key()) for _ in range(20)]
    leaf = tangle[0].issue(HOST)
    report = judge(leaf.pem + b"".join(a.pem for a in tangle))
    assert not report.path.accepted
    assert "cert.path-bounded" in rules(report)
    assert len(report.path.tried) <= 32


def test_revocation_is_good_revoked_or_unknown() -> None:
    leaf = good()
    serial = leaf.certificate.serial_number

    def state(crl: bytes) -> tuple[bool, set[str]]:
        report = judge(leaf.pem + MIDDLE.pem, crls=[read_crl(crl)])
        return report.path.accepted, rules(report) & {
            "cert.revoked",
            "cert.revocation-unknown",
            "cert.crl-unusable",
        }

    assert state(MIDDLE.crl()) == (True, set())
    assert state(MIDDLE.crl(serial)) == (False, {"cert.revoked"})
    stale = MIDDLE.crl(at=NOW - dt.timedelta(days=30))
    assert state(stale) == (True, {"cert.revocation-unknown", "cert.crl-unusable"})
    forged = Authority("Middle").crl(serial)
    assert state(forged) == (True, {"cert.revocation-unknown", "cert.crl-unusable"})


@pytest.mark.parametrize(
    ("issued", "days", "rule"),
    [
        ("2026-03-14", 398, "cert.lifetime-edge"),
        ("2026-03-14", 398.00002, "cert.lifetime"),
        ("2026-03-15", 200.00002, "cert.lifetime"),
        ("2026-03-15", 200, "cert.lifetime-edge"),
        ("2026-03-15", 199, ""),
        ("2027-03-14", 199, ""),
        ("2027-03-15", 101, "cert.lifetime"),
        ("2029-03-15", 48, "cert.lifetime"),
        ("2029-03-15", 46, ""),
    ],
)
def test_the_dated_limits(issued: str, days: float, rule: str) -> None:
    start = dt.datetime.fromisoformat(issued).replace(tzinfo=dt.UTC)
    leaf = good(start=start, days=days)
    report = judge(leaf.pem + MIDDLE.pem, at=start + dt.timedelta(days=1), profile="public")
    assert rules(report) & {"cert.lifetime", "cert.lifetime-edge"} == ({rule} if rule else set())


def test_client_auth_in_public_certificates_is_dated() -> None:
    both = (SERVER, CLIENT)
    before = judge(good(ekus=both).pem + MIDDLE.pem, profile="public")
    assert "cert.client-auth-ends" in rules(before)
    start = dt.datetime(2027, 3, 15, tzinfo=dt.UTC)
    after = judge(good(ekus=both, start=start).pem + MIDDLE.pem, at=start, profile="public")
    assert "cert.client-auth-ended" in rules(after)


def test_ten_thousand_names_are_a_finding() -> None:
    leaf = MIDDLE.issue(*(f"h{i}.example.org" for i in range(10_000)))
    assert "cert.too-many-names" in rules(judge(leaf.pem + MIDDLE.pem, host="h7.example.org"))


def test_no_private_key_shows_anywhere() -> None:
    leaf = good()
    bundle = read_bundles([("cert.pem", leaf.pem + MIDDLE.pem), ("key.pem", leaf.key_pem())])
    report = assess_certificate(bundle, host=HOST, at=NOW, roots=roots(), profile="private")
    text = repr(bundle) + repr(report)
    secret = leaf.key.private_numbers().private_value
    assert str(secret) not in text
    assert f"{secret:x}" not in text
    assert "PRIVATE KEY" not in text
