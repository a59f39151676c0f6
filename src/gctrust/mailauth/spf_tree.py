"""The include tree of an SPF policy: every record it draws in, and what each branch may cost.

The walk is bounded in names asked, in depth and in nodes, whatever the records say.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from .questions import NOBODY, Answer, Judge, Question, Status, ask, ask_all
from .spf_macros import expand, fit_name, is_query_name
from .spf_record import Mechanism, Modifier, SpfRecord, parse_spf, spf_texts

LOOKUP_LIMIT = 10  # RFC 7208 section 4.6.4
MAX_NAMES, MAX_DEPTH, MAX_NODES, MAX_OCTETS = 100, 20, 400, 200_000


@dataclass(frozen=True, slots=True)
class IncludeNode:
    """One record in the tree.

    `via` is the term that led here (empty at the root), `own` the terms of this record that need
    DNS, `total` those of the branch. `note` says why the walk did not go on: "loop", "macro"
    (the name depends on the sender) or "cut" (a bound of this walk). `server` is who was asked.
    """

    domain: str
    via: str
    status: Status
    texts: tuple[bytes, ...]
    record: SpfRecord | None
    own: int
    total: int
    children: tuple[IncludeNode, ...] = ()
    note: str = ""
    server: str = NOBODY

    def walk(self) -> Iterator[IncludeNode]:
        """This node and all below it, in the order a receiver meets them."""
        yield self
        for child in self.children:
            yield from child.walk()

    @property
    def is_walked(self) -> bool:
        """Whether its record was looked for at all."""
        return not self.note


@dataclass(frozen=True, slots=True)
class Contribution:
    """A term of the root record and the look-ups its branch may cost."""

    term: str
    lookups: int


@dataclass(frozen=True, slots=True)
class WhatIf:
    """What adding an include would do; `record` is the record to publish (empty without one now).

    `known` is False when the include leads to no usable record, so that `added` says little.
    """

    domain: str
    include: str
    before: int
    added: int
    contributors: tuple[Contribution, ...]
    record: str
    known: bool
    limit: int = LOOKUP_LIMIT

    @property
    def after(self) -> int:
        return self.before + self.added

    @property
    def fits(self) -> bool:
        return self.after <= self.limit


@dataclass(slots=True)
class _Known:
    """What the walk has asked and read, and the nodes and octets it may still spend."""

    answers: dict[str, Answer] = field(default_factory=dict)
    records: dict[str, SpfRecord | None] = field(default_factory=dict)
    nodes_left: int = MAX_NODES
    octets_left: int = MAX_OCTETS

    def record(self, name: str) -> SpfRecord | None:
        """The one SPF record at a name that was asked for; None also when the budget is spent."""
        if name not in self.records:
            texts = spf_texts(self.answers[name].records)
            fits = len(texts) == 1 and self.octets_left > 0
            self.octets_left -= sum(map(len, texts))
            self.records[name] = parse_spf(texts[0]) if fits else None
        return self.records[name]


def branch_target(term: Mechanism | Modifier, domain: str) -> str | None:
    """Where an include or redirect leads, None when that depends on the sender."""
    assert term.target is not None
    if term.target.is_plain:
        return term.target.name.lower()
    if not term.target.letters <= {"d"}:
        return None
    return fit_name(expand(term.target, {"d": domain})).lower()


def walk_tree(domain: str, answer: Answer) -> Judge[IncludeNode]:
    """The tree under `domain`, whose TXT answer is given; each level is asked for at once."""
    known = _Known({domain.lower(): answer})
    level = [domain.lower()]
    for _ in range(MAX_DEPTH):
        wanted = dict.fromkeys(
            target
            for name in level
            for target in _targets(name, known.record(name))
            if target not in known.answers and is_query_name(target)
        )
        level = list(wanted)[: MAX_NAMES - len(known.answers)]
        if not level:
            break
        answers = yield from ask_all(Question(name, "TXT") for name in level)
        known.answers.update(zip(level, answers, strict=True))
    return _node(domain, "", known, ())


def _targets(domain: str, record: SpfRecord | None) -> Iterator[str]:
    for term in record.querying if record is not None else ():
        if isinstance(term, Modifier) or term.name == "include":
            target = branch_target(term, domain)
            if target is not None:
                yield target


def _node(domain: str, via: str, known: _Known, path: tuple[str, ...]) -> IncludeNode:
    known.nodes_left -= 1
    name = domain.lower()
    if name in path:
        return _leaf(domain, via, "loop")
    answer = known.answers.get(name)
    if answer is None and not is_query_name(name):
        return IncludeNode(domain, via, Status.NX_DOMAIN, (), None, 0, 0)
    if answer is None or known.nodes_left < 0 or len(path) >= MAX_DEPTH:
        return _leaf(domain, via, "cut")
    texts = spf_texts(answer.records)
    record = known.record(name)
    if record is None and len(texts) == 1:
        return _leaf(domain, via, "cut")
    if record is None:
        return IncludeNode(domain, via, answer.status, texts, None, 0, 0, server=answer.asked)
    terms = record.querying
    children = tuple(
        _branch(term, domain, known, (*path, name))
        for term in terms
        if known.nodes_left > 0 and (isinstance(term, Modifier) or term.name == "include")
    )
    total = len(terms) + sum(child.total for child in children)
    return IncludeNode(domain, via, answer.status, texts, record, len(terms), total, children)


def _branch(
    term: Mechanism | Modifier, domain: str, known: _Known, path: tuple[str, ...]
) -> IncludeNode:
    target = branch_target(term, domain)
    if target is None:
        return _leaf(term.target.text if term.target else "", term.text, "macro")
    return _node(target, term.text, known, path)


def _leaf(domain: str, via: str, note: str) -> IncludeNode:
    return IncludeNode(domain, via, Status.FOUND, (), None, 0, 0, (), note)


def contributions(tree: IncludeNode) -> tuple[Contribution, ...]:
    """Who costs how much: each term of the root record with all that its branch may ask for."""
    if tree.record is None:
        return ()
    branches = {child.via: child.total for child in tree.children}
    return tuple(
        Contribution(term.text, 1 + branches.get(term.text, 0)) for term in tree.record.querying
    )


def what_if_include(domain: str, include: str) -> Judge[WhatIf]:
    """Simulate `include:INCLUDE` added to the policy of `domain`."""
    include = include.removesuffix(".").lower()
    first, second = yield from ask_all((Question(domain, "TXT"), Question(include, "TXT")))
    tree = yield from walk_tree(domain, first)
    branch = yield from walk_tree(include, second)
    present = any(child.domain.lower() == include for child in tree.children)
    return WhatIf(
        domain, include, tree.total, 0 if present else 1 + branch.total,
        (*contributions(tree), *(() if present else (_added(include, branch),))),
        with_include(tree.record, include), branch.record is not None,
    )  # fmt: skip


def _added(include: str, branch: IncludeNode) -> Contribution:
    return Contribution(f"include:{include}", 1 + branch.total)


def with_include(record: SpfRecord | None, include: str) -> str:
    """The record with the include put before its end, a new record when there is none."""
    if record is None:
        return f"v=spf1 include:{include} ~all"
    term = f"include:{include}"
    words = [word for word in record.text.split(" ") if word]
    if any(word.lower().lstrip("+") == term for word in words):
        return " ".join(words)
    ends = [at for at, word in enumerate(words) if word.lower().lstrip("+-~?") == "all"]
    at = ends[0] if ends else next(
        (at for at, word in enumerate(words) if "=" in word and at), len(words)
    )  # fmt: skip
    return " ".join((*words[:at], term, *words[at:]))


def fetch_tree(domain: str) -> Judge[IncludeNode]:
    """`walk_tree` for a domain whose TXT answer is still to be asked for."""
    answer = yield from ask(Question(domain, "TXT"))
    return (yield from walk_tree(domain, answer))
