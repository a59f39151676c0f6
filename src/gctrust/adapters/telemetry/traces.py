"""OpenTelemetry traces of runs: one trace a run, a span an effect, exported by OTLP over HTTP.

The ids follow from the run's, so that whatever process performs a step, and whichever segment it is
in, its span joins the run's one trace. Times are the run's clock.
"""

from __future__ import annotations

import hashlib
import logging
from dataclasses import dataclass
from importlib.metadata import version
from threading import Thread
from typing import TYPE_CHECKING

from ...errors import Problem, ProblemKind, ProblemType

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.trace import Tracer

    from ...secret import Secret

NO_EXPORTER = ProblemType(
    "telemetry.no-exporter",
    "Traces are to be exported, and the exporter is not installed.",
    "It comes with an extra, since nothing else needs it.",
    "pip install 'gctrust[otel]', or unset OTEL_EXPORTER_OTLP_ENDPOINT.",
    kind=ProblemKind.USAGE,
    source="docs/guides/observability.md",
)
PROBLEMS = (NO_EXPORTER,)

FLUSH = 2.0  # seconds an end waits for the collector
_NANO = 1_000_000_000
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Performed:
    """One effect as it was performed. `kind` is "done", "failed" or "again"; Unix seconds."""

    run: str
    life: int
    step: int
    name: str
    kind: str
    problem: str
    tries: int
    started: float
    ended: float


class NoTraces:
    """Nothing was asked for, nothing is loaded."""

    active = False

    def effect(self, performed: Performed) -> None:
        """An effect was performed."""

    def run(self, run: str, started: float, ended: float, status: str, problem: str) -> None:
        """A run has ended."""

    def close(self) -> None:
        """Nothing was begun."""


class Traces(NoTraces):
    """`scope` tells runs of the same name in different stores apart. Raises telemetry.no-exporter.

    `endpoint` is the collector's base URL; `headers` are "name=value,..." as OTLP writes them.
    """

    active = True

    def __init__(self, endpoint: str, headers: Secret | None, scope: str) -> None:
        self._scope, self._ids = scope, _Ids()
        self._provider = _provider(endpoint, headers, self._ids)
        self._tracer: Tracer = self._provider.get_tracer("gctrust", version("gctrust"))

    def effect(self, performed: Performed) -> None:
        from opentelemetry.trace import (
            NonRecordingSpan,
            SpanContext,
            TraceFlags,
            set_span_in_context,
        )

        trace, root = self._ids_of(performed.run)
        parent = SpanContext(
            trace, root, is_remote=True, trace_flags=TraceFlags(TraceFlags.SAMPLED)
        )
        place = f"{performed.run} {performed.life}.{performed.step}"
        self._ids.trace, self._ids.span = trace, _number(self._scope, place, 8)
        _, _, effect = performed.name.partition(" ")
        attributes = {
            "gctrust.run": performed.run,
            "gctrust.step": performed.step,
            "gctrust.effect.key": effect.partition(" ")[2],
            "gctrust.outcome": performed.kind,
            "gctrust.problem": performed.problem,
            "gctrust.tries": performed.tries,
        }
        span = self._tracer.start_span(
            effect.partition(" ")[0],
            context=set_span_in_context(NonRecordingSpan(parent)),
            attributes=attributes,
            start_time=int(performed.started * _NANO),
        )
        self._end(span, performed.kind == "failed", performed.problem, performed.ended)

    def run(self, run: str, started: float, ended: float, status: str, problem: str) -> None:
        self._ids.trace, self._ids.span = self._ids_of(run)
        attributes = {"gctrust.run": run, "gctrust.status": status, "gctrust.problem": problem}
        name = run.partition(":")[0]
        span = self._tracer.start_span(name, attributes=attributes, start_time=int(started * _NANO))
        self._end(span, bool(problem), problem, ended)

    def close(self) -> None:
        """What is still to be exported goes out, as far as the collector takes it in a moment: the
        SDK itself would try each batch for as long as its timeout."""
        ending = Thread(target=self._provider.shutdown, daemon=True)
        ending.start()
        ending.join(FLUSH)
        if ending.is_alive():
            _LOG.warning("the collector of traces does not answer: spans are lost")

    def _ids_of(self, run: str) -> tuple[int, int]:
        return _number(self._scope, run, 16), _number(self._scope, run, 8)

    @staticmethod
    def _end(span: object, failed: bool, problem: str, ended: float) -> None:
        from opentelemetry.trace import Span, Status, StatusCode

        assert isinstance(span, Span)
        if failed:
            span.set_status(Status(StatusCode.ERROR, problem))
        span.end(int(ended * _NANO))


class _Ids:
    """The ids the next span takes: the SDK asks for them when the span is started."""

    trace = span = 0

    def generate_trace_id(self) -> int:
        return self.trace

    def generate_span_id(self) -> int:
        return self.span

    def is_trace_id_random(self) -> bool:
        return False


def _number(scope: str, text: str, octets: int) -> int:
    """Never 0, which would be no id (W3C Trace Context section 3.2.2.3)."""
    digest = hashlib.sha256(f"{octets} {scope} {text}".encode()).digest()
    return int.from_bytes(digest[:octets], "big") or 1


def _provider(endpoint: str, headers: Secret | None, ids: _Ids) -> TracerProvider:
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ModuleNotFoundError as error:
        raise Problem(NO_EXPORTER, {"seen": str(error)}) from None
    # It reports each failed attempt; an end without the collector is reported once, by us.
    logging.getLogger("opentelemetry").addHandler(logging.NullHandler())
    told = headers.reveal() if headers else ""
    pairs = [part.partition("=") for part in told.split(",") if "=" in part]
    exporter = OTLPSpanExporter(
        endpoint=f"{endpoint.rstrip('/')}/v1/traces",
        headers={name.strip(): value.strip() for name, _, value in pairs},
        timeout=10,
    )
    resource = Resource({"service.name": "gctrust", "service.version": version("gctrust")})
    provider = TracerProvider(resource=resource, id_generator=ids, shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(exporter))
    return provider
