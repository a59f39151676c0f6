"""Every metric that /metrics shows: name, kind, meaning, labels. The reference page is made of it.

Names and units follow Prometheus' practice. `ssl_*` and `probe_*` are those of ssl_exporter and
blackbox_exporter, with their labels, and the probed host in `target` (tests/exporters.toml).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

_UNFIT = re.compile("[\x00\ud800-\udfff]")
# Seconds: from a look at DNS to the three days a platform may take.
STAGE_BOUNDS = (1.0, 10.0, 60.0, 300.0, 1800.0, 3600.0, 21600.0, 86400.0, 259200.0)


@dataclass(frozen=True, slots=True)
class Metric:
    """`kind` is "gauge", "counter" or "histogram". `at_scrape`: asked of the store at each scrape;
    the others are kept as runs and checks learn them."""

    name: str
    kind: str
    help: str
    labels: tuple[str, ...] = ()
    at_scrape: bool = False


def _now(name: str, kind: str, help_: str, *labels: str) -> Metric:
    return Metric(name, kind, help_, labels, at_scrape=True)


_FILE = ("file", "serial_no", "issuer_cn", "cn", "dnsnames", "ips", "emails", "ou")

ALL = (
    # --- what runs and checks learnt last ------------------------------------------------------
    Metric("ssl_file_cert_not_after", "gauge", "End of a certificate file's validity, Unix time.",
           _FILE),
    Metric("ssl_file_cert_not_before", "gauge", "Start of a certificate file's validity.", _FILE),
    Metric("probe_success", "gauge", "1 when every handshake of the last probe succeeded.",
           ("target",)),
    Metric("probe_ssl_earliest_cert_expiry", "gauge",
           "The earliest end of validity in the chains that a target served, Unix time.",
           ("target",)),
    Metric("probe_tls_version_info", "gauge", "1 for each TLS version that a target negotiated.",
           ("target", "version")),
    Metric("gctrust_tls_handshake_seconds", "histogram",
           "Full handshakes with edges that succeeded, by their time."),
    Metric("gctrust_tls_handshakes_total", "counter", "Handshakes tried with edges, by result.",
           ("result",)),
    Metric("gctrust_email_domain_verified", "gauge",
           "1 when the platform calls the domain verified, 0 when not.", ("domain",)),
    Metric("gctrust_domain_record_ok", "gauge",
           "1 when the last look found nothing wrong with the record, 0 when it did.",
           ("domain", "record")),
    Metric("gctrust_domain_missing_records", "gauge",
           "Required records that were not on every name server at the last look.", ("domain",)),
    Metric("gctrust_pin_match_ratio", "gauge",
           "Share of handshakes accepted of those in which the certificate was shown.",
           ("certificate",)),
    Metric("gctrust_pin_handshakes_total", "counter",
           "Handshakes that presented a client certificate, by endpoint and result.",
           ("endpoint", "result")),
    Metric("gctrust_run_stage_seconds", "histogram",
           "How long ended runs stayed in each stage, by the run's clock.", ("journey", "stage")),
    # --- how things stand at the scrape --------------------------------------------------------
    _now("gctrust_runs", "gauge", "Runs by journey and status.", "journey", "status"),
    _now("gctrust_runs_oldest_seconds", "gauge", "Age of the oldest open run of a journey.",
         "journey"),
    _now("gctrust_runs_waiting", "gauge", "Open runs that wait for a time or a signal."),
    _now("gctrust_webhooks", "gauge", "Webhook deliveries by endpoint and status.",
         "endpoint", "status"),
    _now("gctrust_webhook_attempts_total", "counter",
         "Webhook requests sent, by endpoint and the answer's class.", "endpoint", "result"),
    _now("gctrust_webhook_oldest_seconds", "gauge",
         "Age of the oldest webhook that is still to be delivered."),
    _now("gctrust_ledger_entries", "gauge", "Entries in the ledger."),
    _now("gctrust_request_budget_allowed", "gauge", "Requests the platform allows in a window.",
         "budget"),
    _now("gctrust_request_budget_used", "gauge", "Requests counted in the window.", "budget"),
    _now("gctrust_circuit_open", "gauge", "1 while calls to a host are held back after failures.",
         "host"),
    _now("gctrust_leading", "gauge", "1 when this process drives runs."),
    _now("gctrust_build_info", "gauge", "1, with the version.", "version"),
)  # fmt: skip

METRICS: Mapping[str, Metric] = MappingProxyType({metric.name: metric for metric in ALL})


def series(name: str, labels: Iterable[tuple[str, str]] = ()) -> str:
    """A sample's name and labels as the text format has them."""
    told = ",".join(f'{label}="{_escaped(value)}"' for label, value in labels)
    return f"{name}{{{told}}}" if told else name


def _escaped(value: str) -> str:
    """A name in somebody's certificate may hold what no database keeps, a path what is no UTF-8."""
    return (
        _UNFIT.sub("\N{REPLACEMENT CHARACTER}", value)
        .replace("\\", r"\\")
        .replace("\n", r"\n")
        .replace('"', r"\"")
    )
