"""A case file as DNS: name servers with manners of their own, a parent zone, and the rest.

`zone` changes names of base.yaml (a type or name set to null is taken out). `servers` gives one
server another zone (`zone`), a failure for everything (`status`), or for one way (`tcp`, `edns`).
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import yaml

from gctrust.mailauth.looks import Ds, PolicyFile, Signature, SignedZone, Starttls
from gctrust.mailauth.questions import Answer, Question, Status
from gctrust.mailauth.zone import DictZone

CASES = Path(__file__).parents[1] / "cases" / "mail"
PARENT = "192.5.6.30"  # the server of com in base.yaml
Names = dict[str, dict[str, Any]]


def base() -> Names:
    names: Names = yaml.safe_load((CASES / "base.yaml").read_text("utf-8"))["zone"]
    return names


def changed(names: Names, changes: Mapping[str, Mapping[str, Any] | None]) -> Names:
    made = dict(names)
    for name, types in changes.items():
        if types is None:
            made.pop(name, None)
            continue
        merged = {**made.get(name, {}), **types}
        made[name] = {kind: value for kind, value in merged.items() if value is not None}
    return made


def zone_of(names: Names, *, ttl: int = 300, secure: tuple[str, ...] = ()) -> DictZone:
    data = {
        name: {kind: _value(kind, value) for kind, value in types.items()}
        for name, types in names.items()
    }
    return DictZone(data, ttl=ttl, secure=secure)


def _value(kind: str, value: Any) -> object:
    if isinstance(value, str) and value.startswith("!"):
        return Status(value[1:])
    read = {"POLICY": _policy, "STARTTLS": _starttls, "DNSSEC": _dnssec}.get(kind)
    return [read(one) for one in value] if read else value


def _policy(one: dict[str, Any]) -> PolicyFile:
    return PolicyFile(**{**one, "body": one["body"].encode()})


def _starttls(one: dict[str, Any]) -> Starttls:
    chain = tuple(base64.b64decode(text) for text in one.get("chain", ()))
    return Starttls(**{**one, "chain": chain})


def _dnssec(one: dict[str, Any]) -> SignedZone:
    return SignedZone(
        **{
            **one,
            "ds": tuple(Ds(*row) for row in one.get("ds", ())),
            "algorithms": tuple(one.get("algorithms", ())),
            "signatures": tuple(Signature(*row) for row in one.get("signatures", ())),
            "unsigned": tuple(one.get("unsigned", ())),
        }
    )


@dataclass
class World:
    names: Names
    ttl: int = 300
    secure: tuple[str, ...] = ("",)
    servers: dict[str, dict[str, Any]] = field(default_factory=dict)
    parent: tuple[str, ...] = ("ns1.example.com", "ns2.example.com")

    def __post_init__(self) -> None:
        self._seen = zone_of(self.names, ttl=self.ttl, secure=self.secure)
        self._own = {
            address: zone_of(changed(self.names, manners.get("zone", {})), ttl=self.ttl)
            for address, manners in {"": {}, **self.servers}.items()
        }

    def answer(self, question: Question) -> Answer:
        if question.server is None:
            return self._seen.answer(question)
        if question.server == PARENT:
            return Answer(Status.REFUSED, referral=self.parent)
        manners = self.servers.get(question.server, {})
        failure = manners.get("status") or (question.over and manners.get(question.over))
        if failure:
            return Answer(Status(failure), server=question.server, over=question.over)
        if manners.get("case_sensitive") and question.name != question.name.lower():
            return Answer(Status.NX_DOMAIN, server=question.server, authoritative=True)
        zone = self._own.get(question.server, self._own[""])
        return replace(zone.answer(replace(question, server=None)), server=question.server)
