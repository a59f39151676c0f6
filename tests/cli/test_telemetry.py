"""A real deployment with logs on and a collector listening: lines that parse, one trace."""

import json
import subprocess
import sys
from collections.abc import Iterator

import pytest
from collecting import Collector, collecting


@pytest.fixture
def collector() -> Iterator[Collector]:
    with collecting() as one:
        yield one


def test_a_run_is_one_trace_and_its_effects_are_spans_of_it(shell, collector):
    host = "traced.example.com"
    files = shell.web_files(host)
    made = shell.run(
        f"gctrust tls deploy --yes {host}",
        **files,
        GCTRUST_LOG="json",
        OTEL_EXPORTER_OTLP_ENDPOINT=collector.url,
        OTEL_EXPORTER_OTLP_HEADERS="x-key=abcd1234",
    )
    assert made.returncode == 0, made.stderr
    assert set(collector.keys) == {"abcd1234"}
    spans = {span.span_id: span for span in collector.spans}
    assert len({span.trace_id for span in spans.values()}) == 1
    (root,) = [span for span in spans.values() if not span.parent_span_id]
    assert root.name == "custom-domain"
    children = [span for span in spans.values() if span.parent_span_id == root.span_id]
    assert len(children) == len(spans) - 1
    assert {"AssessFiles", "UploadCertificate", "ProbeEdges"} <= {span.name for span in children}
    assert all(
        root.start_time_unix_nano <= s.start_time_unix_nano <= s.end_time_unix_nano
        for s in children
    )

    lines = [json.loads(line) for line in made.stderr.splitlines() if line.startswith("{")]
    calls = [line for line in lines if line["event"] == "call"]
    assert {line["run"] for line in calls if line["operation"] != "token"} >= {
        f"custom-domain:{host}@1"
    }
    assert all(line["correlation"] for line in calls)
    assert [line["status"] for line in lines if line["event"] == "run ended"] == ["succeeded"]
    told = made.stderr + made.stdout
    assert shell.addresses["client_secret"] not in told
    assert "abcd1234" not in told


def test_with_neither_nothing_is_loaded(shell):
    code = "import sys, gctrust.runner.runner; print('opentelemetry.sdk' in sys.modules)"
    made = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert made.stdout.strip() == "False"
