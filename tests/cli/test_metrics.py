"""`gctrust metrics` after a real deployment: what was learnt is shown, and can be parsed."""

import stat

from prometheus_client.parser import text_string_to_metric_families

from gctrust.pipelines.journeys import journeys
from gctrust.runner.metrics import METRICS


def families(text):
    return {family.name: family for family in text_string_to_metric_families(text)}


def by_label(family, label):
    return {sample.labels.get(label): sample.value for sample in family.samples}


def test_a_deployment_leaves_its_figures(shell):
    host = "metrics.example.com"
    files = shell.web_files(host)
    deployed = shell.run(f"gctrust tls deploy --yes {host}", **files)
    assert deployed.returncode == 0, deployed.stderr
    shown = shell.run("gctrust metrics")
    assert shown.returncode == 0, shown.stderr
    found = families(shown.stdout)
    names = {name.removesuffix("_total") for name in METRICS}
    assert found.keys() <= names
    failed = [s for s in found["gctrust_runs"].samples if s.labels["status"] == "failed"]
    assert {s.labels["journey"]: s.value for s in failed} == dict.fromkeys(journeys(), 0.0)
    assert by_label(found["probe_success"], "target") == {host: 1.0}
    ends = [sample.value for sample in found["ssl_file_cert_not_after"].samples]
    assert by_label(found["probe_ssl_earliest_cert_expiry"], "target")[host] <= ends[0]
    histogram = {
        (s.name, s.labels.get("le")): s.value
        for s in found["gctrust_tls_handshake_seconds"].samples
    }
    count = histogram["gctrust_tls_handshake_seconds_count", None]
    assert count == histogram["gctrust_tls_handshake_seconds_bucket", "+Inf"] > 0
    stages = by_label(found["gctrust_run_stage_seconds"], "stage")
    assert len(stages) > 2
    assert found["gctrust_ledger_entries"].samples[0].value >= 3


def test_the_textfile_is_put_whole_and_can_be_read_by_the_collector(shell):
    path = shell.home / "gctrust.prom"
    assert shell.run(f"gctrust metrics --textfile {path}").returncode == 0
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    assert "gctrust_build_info" in families(path.read_text())
    assert [p.name for p in shell.home.glob(".metrics-*")] == []
    refused = shell.run("gctrust metrics --textfile /nowhere/at/all.prom")
    assert refused.returncode == 2
    assert "cli.unwritable-file" in refused.stderr
