"""Fault rules: which requests go wrong, and how. Seeded, so a run can be repeated.

A rule matches on method, path pattern, the nth matching request and a probability; its kind says
what happens. `reset`, `lost` and `truncate` are done to the real socket by listener.py.
"""

from __future__ import annotations

import fnmatch
import json
import math
import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import cast

from .answer import MalformedError


class FaultKind(StrEnum):
    """What a rule does; the effect is what the request would have changed."""

    STATUS = "status"  # answer this status instead; no effect
    RESET = "reset"  # TCP reset before anything is read into effect
    LOST = "lost"  # the effect happens, then TCP reset: no answer
    TRUNCATE = "truncate"  # the effect happens; the body stops short of its Content-Length
    MALFORMED = "malformed"  # the effect happens; the body is not JSON
    STALE = "stale"  # a read answers from before the last change
    DELAY = "delay"  # only slower
    SKEW = "skew"  # the Date header is `skew` seconds off


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. `delay` (wall seconds, before handling) goes with every kind."""

    kind: FaultKind
    name: str
    method: str = "*"
    path: str = "*"
    nth: tuple[int, ...] = ()  # counted per rule, from 1; empty means every one
    probability: float = 1.0
    times: int | None = None
    delay: float = 0.0
    skew: float = 0.0
    status: int = 503
    headers: tuple[tuple[str, str], ...] = ()
    body: object = None
    seed: int = 0

    def concerns(self, method: str, path: str) -> bool:
        return self.method in ("*", method) and fnmatch.fnmatchcase(path, self.path)


@dataclass(slots=True)
class _Live:
    rule: Rule
    dice: random.Random
    seen: int = 0
    fired: int = field(default=0)

    def fires(self) -> bool:
        """Count one matching request; say whether it goes wrong."""
        self.seen += 1
        rolled = self.dice.random() < self.rule.probability
        if self.rule.nth and self.seen not in self.rule.nth:
            return False
        if self.rule.times is not None and self.fired >= self.rule.times:
            return False
        self.fired += rolled
        return rolled


class FaultPlan:
    """The rules in force; the first that fires decides."""

    def __init__(self, rules: Sequence[Rule] = ()) -> None:
        self._live: list[_Live] = []
        self.replace(rules)

    def replace(self, rules: Sequence[Rule]) -> None:
        self._live = [_Live(rule, random.Random(rule.seed)) for rule in rules]

    def strike(self, method: str, path: str) -> Rule | None:
        struck: Rule | None = None
        for live in self._live:
            if live.rule.concerns(method, path) and live.fires() and struck is None:
                struck = live.rule
        return struck

    def counts(self) -> list[dict[str, object]]:
        return [
            {"name": live.rule.name, "seen": live.seen, "fired": live.fired} for live in self._live
        ]


MOST_DELAY, MOST_SKEW = 3600, 10 * 365 * 86_400
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+\Z")  # RFC 9110 section 5.6.2
_HEADER_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*\Z")

_KEYS: Mapping[str, tuple[type, ...]] = {
    "kind": (str,),
    "name": (str,),
    "method": (str,),
    "path": (str,),
    "nth": (int, list),
    "probability": (int, float),
    "times": (int,),
    "delay": (int, float),
    "skew": (int, float),
    "status": (int,),
    "headers": (dict,),
    "body": (object,),
    "seed": (int,),
}


def read_rules(text: str) -> list[Rule]:
    """Rules from a file's text. Raises MalformedError naming the fault."""
    try:
        return parse_rules(json.loads(text))
    except RecursionError:
        raise MalformedError("fault rules: nested too deep") from None
    except json.JSONDecodeError as error:
        raise MalformedError(f"fault rules: not JSON: {error}") from None


def parse_rules(document: object) -> list[Rule]:
    """Rules from a JSON list, or {"rules": [...]}. Raises MalformedError naming the fault."""
    listed = document.get("rules") if isinstance(document, dict) else document
    if not isinstance(listed, list):
        raise MalformedError("fault rules must be a list of objects")
    return [_parse_rule(item, number) for number, item in enumerate(listed)]


def _parse_rule(item: object, number: int) -> Rule:
    if not isinstance(item, dict):
        raise MalformedError(f"rule {number}: not an object")
    for key, value in item.items():
        if key not in _KEYS:
            raise MalformedError(f"rule {number}: unknown field {key}")
        known = _KEYS[key]
        if not isinstance(value, known) or (isinstance(value, bool) and object not in known):
            raise MalformedError(f"rule {number}: {key} has the wrong type")
    try:
        kind = FaultKind(item.get("kind", ""))
    except ValueError:
        raise MalformedError(f"rule {number}: kind must be one of {', '.join(FaultKind)}") from None
    read = cast(dict[str, object], {**item, "kind": kind})
    read["name"] = item.get("name", f"{kind}-{number}")
    read["method"] = str(item.get("method", "*")).upper()
    read["seed"] = item.get("seed", number)
    read["headers"] = tuple((str(k), str(v)) for k, v in item.get("headers", {}).items())
    read["nth"] = _numbers(item.get("nth", []), number)
    return _checked(Rule(**read), number)  # type: ignore[arg-type]


def _numbers(nth: int | list[object], number: int) -> tuple[int, ...]:
    listed = nth if isinstance(nth, list) else [nth]
    if not all(type(one) is int and one >= 1 for one in listed):
        raise MalformedError(f"rule {number}: nth must be whole numbers from 1")
    return tuple(cast(list[int], listed))


def _checked(rule: Rule, number: int) -> Rule:
    if not 0 <= rule.probability <= 1:
        raise MalformedError(f"rule {number}: probability must lie between 0 and 1")
    if not 0 <= rule.delay <= MOST_DELAY:
        raise MalformedError(f"rule {number}: delay must be 0 to {MOST_DELAY} seconds")
    if not 200 <= rule.status <= 599:
        raise MalformedError(f"rule {number}: status must be 200 to 599")
    if rule.times is not None and rule.times < 0:
        raise MalformedError(f"rule {number}: times must not be negative")
    if not math.isfinite(rule.skew) or abs(rule.skew) > MOST_SKEW:
        raise MalformedError(f"rule {number}: skew must be seconds, at most {MOST_SKEW} off")
    for name, value in rule.headers:
        if not _HEADER_NAME.match(name) or not _HEADER_VALUE.match(value):
            raise MalformedError(f"rule {number}: no HTTP header can be {name[:40]!r}")
    return rule
