"""The one codec: frozen dataclasses to JSON-able data and back, led by type hints.

It knows the classes it was given and refuses every other (TypeError at encode), so that a token, a
key or a secret can never be stored by accident. Fields it does not know are skipped, fields that
are absent take their defaults: stored runs outlive added fields.
"""

from __future__ import annotations

import hashlib
import json
import types
import typing
from collections.abc import Iterable, Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from enum import Enum
from typing import Any, TypeVar, cast

from ..errors import Problem, ProblemType
from ..findings import Finding
from ..pipelines import (
    check_effects,
    effects,
    gateway_effects,
    many_effects,
    orders,
    pin_effects,
    platform_orders,
    secret_effects,
    trust_effects,
)
from ..pipelines.effects import Effect

T = TypeVar("T")
TAG = "~"


class UnknownClass(TypeError):
    """Stored by a release that knows more classes."""


def _is_frozen(class_: object) -> bool:
    return (
        isinstance(class_, type)
        and is_dataclass(class_)
        and bool(class_.__dataclass_params__.frozen)  # type: ignore[attr-defined]
    )


def known_classes() -> tuple[type, ...]:
    """Every frozen dataclass that pipelines yield, receive, are ordered with or end in."""
    platform = (trust_effects, gateway_effects, secret_effects, platform_orders)
    modules = (effects, pin_effects, many_effects, check_effects, orders, *platform)
    found = {v for module in modules for v in vars(module).values() if _is_frozen(v)}
    return (*sorted(found, key=lambda c: c.__name__), ProblemType)


class Codec:
    """`classes` are the frozen dataclasses it may store; their names must differ."""

    def __init__(self, classes: Iterable[type] = ()) -> None:
        self._classes: dict[str, type] = {}
        for class_ in (Finding, *known_classes(), *classes):
            if not _is_frozen(class_):
                raise TypeError(f"{class_.__name__} is no frozen dataclass")
            if self._classes.setdefault(class_.__name__, class_) is not class_:
                raise TypeError(f"two classes are named {class_.__name__}")
        self._hints: dict[type, dict[str, Any]] = {}

    def encode(self, value: object) -> Any:
        """JSON-able data. Raises TypeError for anything that may not be stored."""
        if isinstance(value, Enum):
            return self.encode(value.value)
        if value is None or type(value) in (str, int, float, bool):
            return value
        if isinstance(value, (tuple, list)):
            return [self.encode(item) for item in value]
        if isinstance(value, (dict, types.MappingProxyType)):
            return {_text(name): self.encode(item) for name, item in value.items()}
        if self._classes.get(type(value).__name__) is not type(value):
            raise TypeError(f"{type(value).__name__} may not be stored")
        return {TAG: type(value).__name__} | {
            f.name: self.encode(getattr(value, f.name)) for f in fields(cast(Any, value)) if f.init
        }

    def decode(self, data: Any, class_: type[T]) -> T:
        """The value that `encode` made `data` of. Raises TypeError when it is no `class_`."""
        value = self._decode(data, class_)
        if not isinstance(value, class_):
            raise TypeError(f"stored data is {type(value).__name__}, not {class_.__name__}")
        return value

    def _decode(self, data: Any, hint: Any) -> Any:
        if isinstance(data, dict) and TAG in data:
            return self._instance(data)
        origin, arguments = typing.get_origin(hint), typing.get_args(hint)
        if origin in (typing.Union, types.UnionType):
            return self._decode(data, _branch(data, arguments))
        if isinstance(data, list):
            return self._sequence(data, origin, arguments)
        if isinstance(data, dict):
            inner = arguments[1] if len(arguments) == 2 else Any
            return {name: self._decode(item, inner) for name, item in data.items()}
        if isinstance(hint, type) and issubclass(hint, Enum):
            return hint(data)
        return float(data) if hint is float and type(data) is int else data

    def _sequence(self, data: list[Any], origin: Any, arguments: tuple[Any, ...]) -> Any:
        if origin is not tuple:
            inner = arguments[0] if arguments else Any
            return [self._decode(item, inner) for item in data]
        if len(arguments) == 2 and arguments[1] is Ellipsis:
            return tuple(self._decode(item, arguments[0]) for item in data)
        return tuple(
            self._decode(item, arguments[i] if i < len(arguments) else Any)
            for i, item in enumerate(data)
        )

    def _instance(self, data: Mapping[str, Any]) -> Any:
        class_ = self._classes.get(data[TAG])
        if class_ is None:
            raise UnknownClass(f"stored data is of the unknown class {data[TAG]}")
        if class_ not in self._hints:
            self._hints[class_] = typing.get_type_hints(class_)
        hints = self._hints[class_]
        names = {f.name for f in fields(class_) if f.init}
        return class_(
            **{n: self._decode(v, hints[n]) for n, v in data.items() if n in names and n != TAG}
        )

    def digest(self, effect: Effect[Any]) -> str:
        """What a stored outcome is bound to. Fields at their default do not count, so that an
        added field does not estrange the runs that were stored before it."""
        asked = {
            f.name: self.encode(getattr(effect, f.name))
            for f in fields(cast(Any, effect))
            if getattr(effect, f.name) != _default(f)
        }
        return hashlib.sha256(dumps([type(effect).__name__, asked]).encode()).hexdigest()

    def encode_problem(self, problem: Problem) -> Any:
        return {
            "type": self.encode(problem.type),
            "facts": self.encode(dict(problem.facts)),
            "hint": problem.hint,
            "retry_at": problem.retry_at,
        }

    def decode_problem(self, data: Mapping[str, Any]) -> Problem:
        type_ = self.decode(data["type"], ProblemType)
        return Problem(type_, data["facts"], data["hint"], data["retry_at"])


def _text(name: object) -> str:
    if not isinstance(name, str) or name == TAG:
        raise TypeError("a mapping to be stored has a name that is no text, or is reserved")
    return name


def _default(f: Field[Any]) -> object:
    return f.default_factory() if f.default_factory is not MISSING else f.default


def _branch(data: Any, arguments: tuple[Any, ...]) -> Any:
    """The member of a union that stored data can only be."""
    for hint in arguments:
        base = typing.get_origin(hint) or hint
        if not isinstance(base, type):
            continue
        if isinstance(data, list) and base in (tuple, list):
            return hint
        if isinstance(data, dict) and issubclass(base, Mapping):
            return hint
        if type(data) is base:
            return hint
    floats = float in arguments and type(data) is int
    enums = [h for h in arguments if isinstance(h, type) and issubclass(h, Enum)]
    return float if floats else enums[0] if enums and data is not None else Any


def dumps(data: Any) -> str:
    """Canonical JSON text. Raises ValueError for a NaN or an infinity."""
    return json.dumps(
        data, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )
