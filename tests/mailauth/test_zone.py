"""The dictionary zone answers as a name server would."""

from __future__ import annotations

import pytest

from gctrust.mailauth.questions import Answer, Question, Status
from gctrust.mailauth.zone import DictZone

ZONE = DictZone(
    {
        "Example.com.": {"TXT": ["x" * 300, ["a", b"b"]], "MX": ["10 mx.example.com.", (0, ".")]},
        "c.example.com": {"CNAME": ["D.example.com."], "A": Status.TIMEOUT},
        "d.example.com": {"TXT": [b"d"]},
        "l.example.com": {"CNAME": ["l.example.com"]},
        "*.w.example.com": {"A": ["192.0.2.1"]},
        "below.deep.w.example.com": {"A": ["192.0.2.2"]},
        "odd.example.com": {"A": ["192.0.2.3"], "*": Status.REFUSED},
    },
    servers={"192.0.2.53": DictZone({"example.com": {"A": ["192.0.2.9"]}})},
)


def answer(name: str, kind: str, server: str | None = None) -> Answer:
    return ZONE.answer(Question(name, kind, server))


@pytest.mark.parametrize(
    ("name", "kind", "status"),
    [
        ("EXAMPLE.com", "TXT", Status.FOUND),
        ("example.com", "A", Status.NO_DATA),
        ("com", "A", Status.NO_DATA),
        ("gone.example.com", "A", Status.NX_DOMAIN),
        ("c.example.com", "A", Status.TIMEOUT),
        ("c.example.com", "MX", Status.NO_DATA),
        ("l.example.com", "A", Status.SERVFAIL),
        ("any.w.example.com", "A", Status.FOUND),
        ("any.w.example.com", "TXT", Status.NO_DATA),
        ("w.example.com", "A", Status.NO_DATA),
        ("deep.w.example.com", "A", Status.NO_DATA),
        ("x.deep.w.example.com", "A", Status.NX_DOMAIN),
        ("odd.example.com", "MX", Status.REFUSED),
    ],
)
def test_status(name: str, kind: str, status: Status) -> None:
    assert answer(name, kind).status is status


def test_records_and_chains() -> None:
    assert answer("example.com", "TXT").records == ((b"x" * 255, b"x" * 45), (b"a", b"b"))
    assert answer("example.com", "MX").records == ((10, "mx.example.com"), (0, "."))
    followed = answer("c.example.com", "TXT")
    assert (followed.records, followed.chain) == (((b"d",),), ("D.example.com",))
    assert answer("c.example.com", "CNAME").chain == ()


def test_a_server_may_answer_for_itself() -> None:
    assert answer("example.com", "A", "192.0.2.53").records == ("192.0.2.9",)
    assert answer("example.com", "A", "192.0.2.54").status is Status.NO_DATA
