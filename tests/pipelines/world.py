"""A dictionary world: performs effects from scripted answers, with a clock that waits jump."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from gctrust.errors import Problem
from gctrust.pipelines.effects import (
    Done,
    Effect,
    Instant,
    Now,
    Record,
    Recorded,
    Segment,
    Stage,
    Wait,
    Woken,
)
from gctrust.pipelines.orders import RunEnd
from gctrust.runner.codec import Codec

Answer = object | Callable[[Any], object]


class World:
    """Each effect class has one answer, or a list used up in order (the last one stays)."""

    def __init__(self, answers: Mapping[type, Answer], signals: Mapping[int, str] | None = None):
        self.answers = dict(answers)
        self.signals = dict(signals or {})  # wait number -> signal
        self.now = 1_000_000.0
        self.done: list[Effect[Any]] = []
        self.waits = 0
        self.resumed = 0
        self.deadline: float | None = None

    def cut(self, journey: Callable[..., Any], order: object) -> RunEnd:
        """Run the journey, beginning anew at every segment from its stored state alone."""
        pipeline, codec = journey(order), Codec()
        while True:
            end = self.run(pipeline, cut=True)
            if isinstance(end, RunEnd):
                return end
            state = codec.decode(codec.encode(end.state), object)
            pipeline.close()
            pipeline = journey(order, state)

    def run(self, pipeline: Any, cut: bool = False) -> Any:
        to_send: Any = None
        try:
            effect = next(pipeline)
            first = True
            while True:
                if cut and isinstance(effect, Segment) and not first:
                    return effect
                first = False
                try:
                    to_send = self._perform(effect)
                except Problem as problem:
                    effect = pipeline.throw(problem)
                else:
                    effect = pipeline.send(to_send)
        except StopIteration as stop:
            return stop.value

    def of(self, kind: type) -> list[Any]:
        return [effect for effect in self.done if isinstance(effect, kind)]

    def _perform(self, effect: Effect[Any]) -> object:
        self.done.append(effect)
        if isinstance(effect, Now):
            return Instant(self.now, self.deadline, self.resumed)
        if isinstance(effect, Stage | Segment):
            return Done()
        if isinstance(effect, Record):
            return Recorded(len(self.of(Record)))
        if isinstance(effect, Wait):
            return self._wait(effect)
        return self._answer(effect)

    def _wait(self, effect: Wait) -> Woken:
        self.waits += 1
        signal = self.signals.get(self.waits)
        if signal is None:
            self.now = max(self.now, effect.until)
        return Woken(self.now, signal)

    def _answer(self, effect: Effect[Any]) -> object:
        answer = self.answers[type(effect)]
        if isinstance(answer, list):
            answer = answer.pop(0) if len(answer) > 1 else answer[0]
        if callable(answer) and not isinstance(answer, Problem):
            answer = answer(effect)
        if isinstance(answer, Problem):
            raise answer
        return answer
