"""What an outcome says in figures. Pure: an effect and its outcome in, samples out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

from cryptography import x509

from ..findings import Severity
from ..mailauth.parts import Part
from ..pipelines import effects as fx
from ..pipelines import pin_effects as px
from .metrics import STAGE_BOUNDS, series

# By OpenSSL's names, those of Go, which both exporters tell.
_VERSIONS = {"TLSv1": "TLS 1.0", **{f"TLSv1.{n}": f"TLS 1.{n}" for n in (1, 2, 3)}}
_RECORDS = (Part.SPF, Part.DKIM, Part.DMARC, Part.MX)


@dataclass(frozen=True, slots=True)
class Sample:
    """`series` is name and labels in the text format. Samples that `add` count up; the others of
    one metric and `thing` take the place of all that stood there before."""

    metric: str
    thing: str
    series: str
    value: float
    add: bool = False


def samples_of(effect: object, outcome: object) -> tuple[Sample, ...]:
    """Nothing for the most: only what looks at certificates, edges, records and pins tells."""
    match effect, outcome:
        case fx.AssessFiles(), fx.CertificateAssessment():
            return tuple(_file(effect.files.certificate, outcome))
        case fx.ProbeEdges(), fx.HandshakesSeen():
            return tuple(_edges(effect.host, outcome))
        case fx.AssessMail(), fx.MailAssessment():
            return tuple(_mail(effect.domain, outcome))
        case _, fx.EmailDomainSeen(status=status, domain=domain):
            name, verified = "gctrust_email_domain_verified", float(status == "verified")
            return (_set(name, domain, (("domain", domain),), verified),)
        case px.ProbePins(), px.PinProbe():
            return tuple(_pins(effect.files.certificate, outcome))
    return ()


def stage_samples(
    journey: str, begun: Sequence[tuple[str, float]], ended: float
) -> tuple[Sample, ...]:
    """How long an ended run stayed in each of its stages, given with their begins in order."""
    found: list[Sample] = []
    for (stage, start), (_, end) in pairwise([*begun, ("", ended)]):
        labels = (("journey", journey), ("stage", stage))
        spent = max(0.0, end - start)
        counts = [int(spent <= bound) for bound in STAGE_BOUNDS]
        name = "gctrust_run_stage_seconds"
        found += _histogram(name, labels, STAGE_BOUNDS, counts, 1, spent)
    return tuple(found)


def _file(path: str, seen: fx.CertificateAssessment) -> Iterator[Sample]:
    if not seen.certificate:
        return
    leaf = x509.load_pem_x509_certificate(seen.certificate.encode())
    labels = (
        ("file", path),
        ("serial_no", str(leaf.serial_number)),
        ("issuer_cn", _common_name(leaf.issuer)),
        ("cn", _common_name(leaf.subject)),
        ("dnsnames", _listed(_alternatives(leaf, x509.DNSName))),
        ("ips", _listed(_alternatives(leaf, x509.IPAddress))),
        ("emails", _listed(_alternatives(leaf, x509.RFC822Name))),
        ("ou", _listed(_units(leaf.subject))),
    )
    yield _set("ssl_file_cert_not_after", path, labels, seen.not_after)
    yield _set("ssl_file_cert_not_before", path, labels, seen.not_before)


def _common_name(name: x509.Name) -> str:
    found = name.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
    return str(found[0].value) if found else ""


def _units(name: x509.Name) -> Sequence[object]:
    return [one.value for one in name.get_attributes_for_oid(x509.NameOID.ORGANIZATIONAL_UNIT_NAME)]


def _alternatives(leaf: x509.Certificate, kind: type[x509.GeneralName]) -> Sequence[object]:
    try:
        names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (x509.ExtensionNotFound, ValueError):
        return ()
    return [one.value for one in names if isinstance(one, kind)]


def _listed(values: Sequence[object]) -> str:
    """As ssl_exporter writes them: a comma before and after each."""
    return f",{','.join(map(str, values))}," if values else ""


def _edges(host: str, seen: fx.HandshakesSeen) -> Iterator[Sample]:
    target = (("target", host),)
    yield _set("probe_success", host, target, float(0 < seen.tried == seen.succeeded))
    if seen.earliest_not_after:
        name = "probe_ssl_earliest_cert_expiry"
        yield _set(name, host, target, seen.earliest_not_after)
    for version in seen.versions:
        labels = (*target, ("version", _VERSIONS.get(version, "unknown")))
        yield _set("probe_tls_version_info", host, labels, 1.0)
    failed = seen.tried - seen.succeeded
    for result, count in (("succeeded", seen.succeeded), ("failed", failed)):
        yield _add("gctrust_tls_handshakes_total", (("result", result),), count)
    if seen.buckets:
        below = list(accumulate(seen.buckets[:-1]))
        name, count = "gctrust_tls_handshake_seconds", sum(seen.buckets)
        yield from _histogram(name, (), fx.HANDSHAKE_BOUNDS, below, count, seen.seconds)


def _mail(domain: str, seen: fx.MailAssessment) -> Iterator[Sample]:
    wrong = {
        finding.rule.partition(".")[0]
        for finding in seen.findings
        if finding.severity >= Severity.ERROR
    }
    for record in _RECORDS:
        labels = (("domain", domain), ("record", record.value))
        yield _set("gctrust_domain_record_ok", domain, labels, float(record.value not in wrong))
    missing = float(len(seen.missing))
    yield _set("gctrust_domain_missing_records", domain, (("domain", domain),), missing)


def _pins(certificate: str, seen: px.PinProbe) -> Iterator[Sample]:
    shown = seen.matched + seen.refused
    if shown:
        labels = (("certificate", certificate),)
        yield _set("gctrust_pin_match_ratio", certificate, labels, seen.matched / shown)
    for endpoint, matched, refused in seen.by_endpoint:
        for result, count in (("matched", matched), ("refused", refused)):
            by = (("endpoint", endpoint), ("result", result))
            yield _add("gctrust_pin_handshakes_total", by, count)


def _set(metric: str, thing: str, labels: Sequence[tuple[str, str]], value: float) -> Sample:
    return Sample(metric, thing, series(metric, labels), value)


def _add(metric: str, labels: Sequence[tuple[str, str]], value: float, name: str = "") -> Sample:
    return Sample(metric, "", series(name or metric, labels), value, add=True)


def _histogram(
    metric: str,
    labels: Sequence[tuple[str, str]],
    bounds: Sequence[float],
    below: Sequence[int],
    count: int,
    total: float,
) -> Iterator[Sample]:
    """`below`: how many are at most each bound."""
    for bound, number in zip((*bounds, "+Inf"), (*below, count), strict=True):
        yield _add(metric, (*labels, ("le", str(bound))), number, f"{metric}_bucket")
    yield _add(metric, labels, total, f"{metric}_sum")
    yield _add(metric, labels, count, f"{metric}_count")
