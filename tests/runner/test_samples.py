"""Figures read out of outcomes: what a dashboard shows is what was seen."""

from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from gctrust.adapters.store.samples import Samples
from gctrust.adapters.store.store import Store
from gctrust.findings import Rule, Severity, finding
from gctrust.pipelines import effects as fx
from gctrust.pipelines import pin_effects as px
from gctrust.runner.metrics import METRICS, series
from gctrust.runner.samples import Sample, samples_of, stage_samples

NOW = 1_800_000_000.0


def values(told):
    return {one.series: one.value for one in told}


def pem(name: str) -> str:
    key = ec.generate_private_key(ec.SECP256R1())
    units = [x509.NameAttribute(x509.NameOID.ORGANIZATIONAL_UNIT_NAME, unit) for unit in ("a", "b")]
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name), *units])
    names = [
        x509.DNSName(name),
        x509.IPAddress(ip_address("2001:db8::1")),
        x509.RFC822Name("p@x.io"),
    ]
    at = datetime.fromtimestamp(NOW, UTC)
    built = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(4711)
        .not_valid_before(at)
        .not_valid_after(at + timedelta(days=9))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .sign(key, hashes.SHA256())
    )
    return built.public_bytes(Encoding.PEM).decode()


def test_a_certificate_file_tells_its_validity_under_ssl_exporters_labels():
    files = fx.CertificateFiles("/a/leaf.pem")
    seen = fx.CertificateAssessment((), (), True, "CN=x", NOW, NOW + 9, "aa", "bb", (), pem("x.io"))
    told = values(samples_of(fx.AssessFiles(files, "x.io", "public"), seen))
    labels = 'file="/a/leaf.pem",serial_no="4711",issuer_cn="x.io",cn="x.io",dnsnames=",x.io,"'
    labels += ',ips=",2001:db8::1,",emails=",p@x.io,",ou=",a,b,"'
    assert told == {
        f"ssl_file_cert_not_after{{{labels}}}": NOW + 9,
        f"ssl_file_cert_not_before{{{labels}}}": NOW,
    }


def test_handshakes_fill_a_cumulative_histogram():
    counts = (1, 0, 2, *[0] * 8, 4)
    seen = fx.HandshakesSeen(
        8, 7, 1, 2, 3, (), ("TLSv1.3",), buckets=counts, seconds=41.0, earliest_not_after=NOW
    )
    told = values(samples_of(fx.ProbeEdges("h.io", 8), seen))
    assert told['probe_success{target="h.io"}'] == 0
    assert told['probe_ssl_earliest_cert_expiry{target="h.io"}'] == NOW
    assert told['probe_tls_version_info{target="h.io",version="TLS 1.3"}'] == 1
    assert told['gctrust_tls_handshakes_total{result="failed"}'] == 1
    name = "gctrust_tls_handshake_seconds"
    assert told[f'{name}_bucket{{le="0.005"}}'] == 1
    assert told[f'{name}_bucket{{le="0.025"}}'] == 3
    assert told[f'{name}_bucket{{le="10.0"}}'] == 3
    assert told[f'{name}_bucket{{le="+Inf"}}'] == told[f"{name}_count"] == 7
    assert told[f"{name}_sum"] == 41


def test_a_record_is_wrong_when_an_error_names_it_and_not_for_a_remark():
    error = Rule("spf.x", "SPF-99", Severity.ERROR, "a", "b", "c", "d", "e")
    remark = Rule("mx.x", "MX-99", Severity.WARN, "a", "b", "c", "d", "e")
    found = (finding(error, "d.io"), finding(remark, "d.io"))
    seen = fx.MailAssessment(found, (), False, ("TXT x", "TXT y"), NOW)
    told = values(samples_of(fx.AssessMail("d.io", (), (), ""), seen))
    states = {r: told[f'gctrust_domain_record_ok{{domain="d.io",record="{r}"}}'] for r in
              ("spf", "dkim", "dmarc", "mx")}  # fmt: skip
    assert states == {"spf": 0, "dkim": 1, "dmarc": 1, "mx": 1}
    assert told['gctrust_domain_missing_records{domain="d.io"}'] == 2


def test_the_pin_match_ratio_counts_only_handshakes_that_showed_the_certificate():
    seen = px.PinProbe(30, 10, 60, (("a:1", 30, 0), ("b:1", 0, 10)))
    told = values(samples_of(px.ProbePins(fx.CertificateFiles("c.pem"), 100), seen))
    assert told['gctrust_pin_match_ratio{certificate="c.pem"}'] == 0.75
    assert told['gctrust_pin_handshakes_total{endpoint="b:1",result="refused"}'] == 10


def test_stages_last_until_the_next_and_the_last_until_the_end():
    told = values(stage_samples("email-domain", [("look", 0.0), ("wait", 2.0)], 100.0))
    name = "gctrust_run_stage_seconds"
    assert told[f'{name}_sum{{journey="email-domain",stage="look"}}'] == 2
    assert told[f'{name}_sum{{journey="email-domain",stage="wait"}}'] == 98
    assert told[f'{name}_bucket{{journey="email-domain",stage="wait",le="60.0"}}'] == 0
    assert told[f'{name}_bucket{{journey="email-domain",stage="wait",le="300.0"}}'] == 1


def test_every_sample_is_of_a_metric_that_is_announced():
    seen = fx.EmailDomainSeen("1", "d.io", "verified", "VERIFIED", ())
    told = [*samples_of(fx.ReadEmailDomain("1"), seen), *stage_samples("x", [("s", 0.0)], 1.0)]
    assert {one.metric for one in told} <= METRICS.keys()


def test_label_values_are_escaped():
    assert series("m", [("l", 'a"b\\c\nd')]) == r'm{l="a\"b\\c\nd"}'
    assert series("m", [("l", "a\0b\udcff")]) == 'm{l="a\ufffdb\ufffd"}'


class Still:
    def now(self) -> float:
        return NOW

    async def sleep_until(self, at: float) -> None:
        raise AssertionError


def kept(place):
    store = Store(place)
    samples = Samples(store, Still())
    old = Sample("g", "d", 'g{v="1"}', 1.0)
    count = Sample("c", "", "c", 2.0, add=True)
    samples.keep([old, count, Sample("g", "other", 'g{v="9"}', 9.0)])
    samples.keep([Sample("g", "d", 'g{v="2"}', 5.0), count])
    told = {
        metric: {
            line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in lines.split("\n")
        }
        for metric, lines in samples.by_metric().items()
    }
    store.close()
    return told


def test_a_gauge_takes_the_place_of_its_thing_and_a_counter_counts_up(tmp_path, postgres):
    expected = {"c": {"c": 4.0}, "g": {'g{v="2"}': 5.0, 'g{v="9"}': 9.0}}
    assert kept(tmp_path / "a.db") == expected
    assert kept(postgres) == expected
