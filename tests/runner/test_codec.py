"""What is stored comes back equal; what may not be stored is refused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

import pytest

from gctrust.errors import Fact, Problem, ProblemKind, ProblemType, Retry
from gctrust.findings import Finding, Severity
from gctrust.pipelines.effects import (
    CertificateFiles,
    HandshakesSeen,
    MailAssessment,
    Now,
    RegisterEmailDomain,
    Wait,
)
from gctrust.pipelines.orders import CustomDomainOrder, PinRotationOrder, RunEnd
from gctrust.pipelines.pin_effects import WritePins
from gctrust.runner.codec import Codec, dumps
from gctrust.secret import Secret


class Colour(Enum):
    RED = "red"


@dataclass(frozen=True, slots=True)
class Inner:
    colour: Colour
    pair: tuple[str, int]
    facts: Mapping[str, Fact]
    maybe: float | None = None
    either: Colour | None = None


@dataclass(frozen=True, slots=True)
class Outer:
    inner: Inner
    many: tuple[Inner, ...] = ()
    added_later: str = "default"


@dataclass
class Thawed:
    x: int = 1


@dataclass(frozen=True)
class Holder:
    value: object


FINDING = Finding("spf.x", Severity.ERROR, "example.com", "It is.", {"n": 3, "l": ["a", "b"]})


@pytest.mark.parametrize(
    "value",
    [
        Outer(Inner(Colour.RED, ("a", 1), {"l": ["x"], "n": None, "b": True, "f": 1.5})),
        Outer(Inner(Colour.RED, ("a", 1), {}, 2.0, Colour.RED), (Inner(Colour.RED, ("b", 2), {}),)),
        MailAssessment((FINDING,), ("DMARC",), False, ("TXT x",), 1_800_000_000.25, 7),
        HandshakesSeen(4, 3, 1.0, 2.0, 3.0, (("127.0.0.1#1", "ab"),), causes=(("reset", 1),)),
        CustomDomainOrder("login.example.com", CertificateFiles("c.pem", "k.pem"), handshakes=9),
        RunEnd("succeeded", {"rate": 1.0, "n": 1}, (FINDING,), ("CT",)),
        Wait(5.0, "why", ("cancel", "advance")),
    ],
)
def test_comes_back_equal(value):
    import json

    codec = Codec([Outer, Inner])
    back = codec.decode(json.loads(dumps(codec.encode(value))), type(value))
    assert back == value
    assert type(back) is type(value)


def test_enum_and_float_types_survive():
    codec = Codec([Outer, Inner])
    data = codec.encode(Inner(Colour.RED, ("a", 1), {}, maybe=3))
    back = codec.decode(data, Inner)
    assert back.colour is Colour.RED
    assert type(back.maybe) is float
    severity = codec.decode(codec.encode(FINDING), Finding).severity
    assert severity is Severity.ERROR


def test_fields_added_or_dropped_are_tolerated():
    codec = Codec([Outer, Inner])
    data = codec.encode(Outer(Inner(Colour.RED, ("a", 1), {})))
    del data["added_later"]
    data["of_a_newer_version"] = 1
    assert codec.decode(data, Outer).added_later == "default"


@pytest.mark.parametrize(
    "value", [Secret("x"), Thawed(), b"bytes", {1: 2}, {"~": 1}, object(), {1, 2}, 1j]
)
def test_refuses_what_it_does_not_know(value):
    codec = Codec([Holder])
    with pytest.raises(TypeError):
        codec.encode(value)
    with pytest.raises(TypeError):
        codec.encode(Holder(value))


def test_refuses_a_namesake_and_a_thawed_class():
    namesake = dataclass(frozen=True)(type("Now", (), {"__annotations__": {}}))
    with pytest.raises(TypeError):
        Codec([namesake])
    with pytest.raises(TypeError):
        Codec([Thawed])
    with pytest.raises(TypeError):
        Codec().encode(namesake())


def test_refuses_stored_data_of_another_class():
    codec = Codec()
    with pytest.raises(TypeError):
        codec.decode(codec.encode(Now()), RunEnd)
    with pytest.raises(TypeError):
        codec.decode({"~": "Gone"}, RunEnd)


def test_nan_is_refused():
    with pytest.raises(ValueError):
        dumps(Codec().encode({"x": float("nan")}))


def test_problem_comes_back_whole():
    type_ = ProblemType("a.b", "S.", "W.", "F.", Retry.LATER, ProblemKind.ACCESS, "RFC 1")
    codec = Codec()
    back = codec.decode_problem(codec.encode_problem(Problem(type_, {"n": 1}, "do", 12.5)))
    assert (back.type, back.facts, back.hint, back.retry_at) == (type_, {"n": 1}, "do", 12.5)


def test_digest_tells_effects_apart_and_ignores_defaults():
    @dataclass(frozen=True)
    class RegisterEmailDomain2:
        domain: str
        added: tuple[str, ...] = field(default=())

    codec = Codec()
    assert codec.digest(RegisterEmailDomain("a")) != codec.digest(RegisterEmailDomain("b"))
    older = dataclass(frozen=True)(type("X", (), {"__annotations__": {"domain": str}}))
    newer = dataclass(frozen=True)(
        type("X", (), {"__annotations__": {"domain": str, "more": int}, "more": 0})
    )
    assert codec.digest(older("a")) == codec.digest(newer("a"))
    assert codec.digest(newer("a")) != codec.digest(newer("a", 1))


def test_every_order_and_effect_is_known():
    files = CertificateFiles("a")
    codec = Codec()
    codec.encode(PinRotationOrder("c", "s", files, files))
    codec.encode(WritePins("c", "e", "s", "certificate", "p", "f", "", "chain"))
