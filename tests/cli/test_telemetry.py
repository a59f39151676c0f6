"""A real deployment with logs on and a collector listening: lines that parse, one trace."""

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)


class Collector(BaseHTTPRequestHandler):
    def do_POST(self):
        octets = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers.get("Content-Encoding") == "gzip":
            import gzip

            octets = gzip.decompress(octets)
        request = ExportTraceServiceRequest.FromString(octets)
        self.server.keys.append(self.headers.get("x-key"))
        for resource in request.resource_spans:
            for scope in resource.scope_spans:
                self.server.spans += scope.spans
        answer = ExportTraceServiceResponse().SerializeToString()
        self.send_response(200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_):
        pass


@pytest.fixture
def collector() -> Iterator[ThreadingHTTPServer]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Collector)
    server.spans, server.keys = [], []
    thread = Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_run_is_one_trace_and_its_effects_are_spans_of_it(shell, collector):
    host = "traced.example.com"
    files = shell.web_files(host)
    address = f"http://127.0.0.1:{collector.server_port}"
    made = shell.run(
        f"gctrust tls deploy --yes {host}",
        **files,
        GCTRUST_LOG="json",
        OTEL_EXPORTER_OTLP_ENDPOINT=address,
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
    import subprocess
    import sys

    made = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert made.stdout.strip() == "False"
