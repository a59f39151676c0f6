"""A dictionary as DNS: `DictZone` answers questions from plain data, `run` drives a judge with it.

For tests, dry runs and reconstructed zones. It follows CNAMEs, knows wildcards (RFC 4592) and empty
non-terminals (RFC 8020), and a type or a whole name may be made to fail with a `Status`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Protocol, TypeVar

from .looks import PolicyFile, SignedZone, Starttls
from .questions import Answer, Asks, Judge, Question, Rdata, Status

T = TypeVar("T")

MAX_CHAIN = 16
"""CNAMEs followed before the answer counts as broken; resolvers stop between 8 and 16."""


class DictZone:
    """`DictZone({"example.com": {"TXT": ["v=spf1 mx -all"], "MX": [(10, "mx.example.com")]}})`.

    A value list holds one entry a record: text for A, AAAA, CNAME, NS, PTR; text, bytes or a list
    of them (one per character-string) for TXT; tuples or lists for the rest, as `Rdata` says
    ("10 mx.example.com" is taken for MX too). A `Status` in place of the list makes that type fail,
    and the type "*" stands for every type not listed. A CNAME may stand beside other data, as no
    sane zone has it: the listed types answer, the others follow it. A wildcard is a name that
    begins with "*.". What lies beyond DNS is a type too: `{"POLICY": [PolicyFile(200, ...)]}`.

    `secure` names the zones whose answers are DNSSEC-secure ("example.com"; "" for all), as a
    resolver that validates would say. `servers` gives single servers a zone of their own, for
    questions with `Question.server`; a server not listed answers as the zone itself does.
    """

    def __init__(
        self,
        names: Mapping[str, Mapping[str, object]],
        *,
        ttl: int = 300,
        servers: Mapping[str, DictZone] | None = None,
        secure: Iterable[str] = (),
    ) -> None:
        self._ttl = ttl
        self._servers = dict(servers or {})
        self._secure = tuple(map(_fold, secure))
        self._data = {
            _fold(name): {
                kind.upper(): _entry(kind.upper(), value) for kind, value in types.items()
            }
            for name, types in names.items()
        }
        self._inner = {parent for name in self._data for parent in _parents(name)}
        self._known: dict[tuple[str, str], Answer] = {}
        self._void = {s: Answer(s, (), (), ttl, "zone", authoritative=True) for s in Status}

    def answer(self, question: Question) -> Answer:
        """The answer a server with this zone gives. Never raises."""
        if question.server is not None and question.server in self._servers:
            there = self._servers[question.server]
            return there.answer(Question(question.name, question.type, over=question.over))
        key = (question.name, question.type)
        found = self._known.get(key)
        if found is None:
            found = self._look_up(_fold(question.name), question.type.upper())
            if found.status is Status.FOUND:  # bounded by the zone but for spelling and wildcards
                if self._secure:
                    secure = self._is_secure(_fold(question.name))
                    found = replace(found, authentic=secure, authoritative=False)
                if len(self._known) > 100_000:
                    self._known.clear()
                self._known[key] = found
        return replace(found, over=question.over) if question.over else found

    def _look_up(self, name: str, kind: str) -> Answer:
        chain: list[str] = []
        while True:
            entry = self._entries(name)
            if entry is None:
                missing = Status.NO_DATA if name in self._inner else Status.NX_DOMAIN
                return self._made(missing, (), chain)
            value = entry.get(kind, entry.get("*") if "CNAME" not in entry else None)
            if isinstance(value, Status):
                return self._made(value, (), chain)
            if value:
                return self._made(Status.FOUND, value, chain)
            target = entry.get("CNAME")
            if isinstance(target, Status):
                return self._made(target, (), chain)
            if not target:
                return self._made(Status.NO_DATA, (), chain)
            if len(chain) >= MAX_CHAIN:
                return self._made(Status.SERVFAIL, (), chain)
            chain.append(str(target[0]))
            name = _fold(chain[-1])

    def _entries(self, name: str) -> Mapping[str, Status | tuple[Rdata, ...]] | None:
        exact = self._data.get(name)
        if exact is not None or name in self._inner:
            return exact
        for parent in _parents(name):  # RFC 4592 section 3.3.1: the closest encloser decides
            if (wild := self._data.get("*." + parent)) is not None:
                return wild
            if parent in self._data or parent in self._inner:
                return None
        return None

    def _is_secure(self, name: str) -> bool:
        """With `secure` parts the zone stands for a resolver that validates: AD there, never AA."""
        return not name or any(not zone or f".{name}".endswith(f".{zone}") for zone in self._secure)

    def _made(self, status: Status, records: tuple[Rdata, ...], chain: list[str]) -> Answer:
        if not records and not chain:
            return self._void[status]
        return Answer(status, records, tuple(chain), self._ttl, "zone", authoritative=True)


class Answers(Protocol):
    """Whatever answers a question at once, as DictZone does."""

    def answer(self, question: Question) -> Answer: ...


def run(judge: Judge[T], zone: Answers) -> T:
    """Drive `judge` to its end with the answers of `zone`."""
    try:
        asks: Asks = next(judge)
        while True:
            asks = judge.send(tuple([zone.answer(question) for question in asks.questions]))
    except StopIteration as done:
        result: T = done.value
        return result


def txt_strings(value: str | bytes) -> tuple[bytes, ...]:
    """Cut a text into the character-strings of at most 255 octets that a server would hold."""
    data = value.encode("utf-8", "surrogateescape") if isinstance(value, str) else value
    return tuple(data[at : at + 255] for at in range(0, len(data), 255)) or (b"",)


def _fold(name: str) -> str:
    return name.removesuffix(".").lower()


def _parents(name: str) -> Iterable[str]:
    while name:
        name = name.partition(".")[2]
        if name:
            yield name


def _entry(kind: str, value: object) -> Status | tuple[Rdata, ...]:
    if isinstance(value, Status):
        return value
    if isinstance(value, str | bytes):
        return (_record(kind, value),)
    if not isinstance(value, Iterable):
        raise TypeError(f"{kind} wants a list of records or a Status, not {value!r}")
    return tuple(_record(kind, item) for item in value)


def _record(kind: str, value: object) -> Rdata:
    if isinstance(value, PolicyFile | Starttls | SignedZone):
        return value
    if kind in ("TXT", "SPF"):
        if isinstance(value, str | bytes):
            return txt_strings(value)
        assert isinstance(value, Iterable)
        return tuple(
            part.encode("utf-8", "surrogateescape") if isinstance(part, str) else bytes(part)
            for part in value
        )
    if kind == "MX" and isinstance(value, str):
        value = value.split()
    if isinstance(value, str):
        return value.removesuffix(".") or "."
    assert isinstance(value, Iterable)
    fields = tuple(value)
    if kind == "MX":
        return (int(fields[0]), str(fields[1]).removesuffix(".") or ".")
    if kind == "TLSA" and isinstance(fields[3], str):
        return (*fields[:3], bytes.fromhex(fields[3]))
    return fields
