"""Finds the DMARC record and the organisational domain by the tree walk of RFC 9989 section 4.10.

All names of the walk (at most eight) are asked at once and read in order. The public suffix list is
the documented fallback and comparison; it comes in as a function, because reading it is I/O.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from .dmarc_record import DmarcRecord, is_dmarc, is_near_miss, parse_dmarc, text_of
from .questions import NOBODY, Answer, Judge, Question, Status, ask_all

OrganisationalDomain = Callable[[str], str]
"""The registrable domain of a name by the public suffix list; "" for a suffix itself."""

MAX_QUERIES = 8


@dataclass(frozen=True, slots=True)
class WalkStep:
    """What `_dmarc.<name>` holds. `discarded` are several records at one name: none counts.
    `server` is who was asked.
    """

    name: str
    status: Status
    record: DmarcRecord | None = None
    discarded: tuple[str, ...] = ()
    near_misses: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    chain: tuple[str, ...] = ()
    server: str = NOBODY


@dataclass(frozen=True, slots=True)
class Walk:
    """The steps in order, up to the one that ended the walk, and those that could not be made."""

    steps: tuple[WalkStep, ...]
    failed: tuple[WalkStep, ...] = ()

    @property
    def organisational_domain(self) -> str | None:
        """RFC 9989 section 4.10.2; None while a step could not be looked at."""
        if self.failed:
            return None
        start, last = self.steps[0], self.steps[-1]
        if last.record is not None and last.record.psd == "n":
            return last.name
        if last.record is not None and last.record.psd == "y" and last is not start:
            depth = last.name.count(".") + 2
            return ".".join(start.name.split(".")[-depth:])
        return self.holders[-1].name if self.holders else start.name

    @property
    def holders(self) -> tuple[WalkStep, ...]:
        """The steps that hold a policy record."""
        return tuple(step for step in self.steps if step.record is not None)

    def step(self, name: str) -> WalkStep | None:
        return next((step for step in self.steps if step.name == name), None)


@dataclass(frozen=True, slots=True)
class Organisation:
    """The organisational domain and by what it was found: "tree walk", "suffix list" or ""."""

    domain: str
    basis: str
    by_list: str


def walk_names(domain: str) -> tuple[str, ...]:
    """The domain, then its parents; a long name jumps to its last seven labels (step 4)."""
    labels = domain.split(".")
    above = labels[1:] if len(labels) < MAX_QUERIES else labels[-(MAX_QUERIES - 1) :]
    return (domain, *(".".join(above[at:]) for at in range(len(above))))


def tree_walk(domain: str, *, fresh: bool = False) -> Judge[Walk]:
    """Walk from `domain` (A-label form) to the root."""
    names = walk_names(domain)
    answers = yield from ask_all([Question(f"_dmarc.{n}", "TXT", fresh=fresh) for n in names])
    steps = []
    for name, answer in zip(names, answers, strict=True):
        steps.append(_step(name, answer))
        record = steps[-1].record
        if record is not None and record.psd in ("y", "n"):
            break
    return Walk(tuple(steps), tuple([step for step in steps if step.status.is_temporary]))


def _step(name: str, answer: Answer) -> WalkStep:
    if not answer.records:  # most names of a walk
        return WalkStep(name, answer.status, chain=answer.chain, server=answer.asked)
    texts = tuple(text_of(record) for record in answer.records)
    policies = tuple(text for text in texts if is_dmarc(text))
    near = tuple(text for text in texts if is_near_miss(text))
    return WalkStep(
        name=name,
        status=answer.status,
        record=parse_dmarc(policies[0]) if len(policies) == 1 else None,
        discarded=policies if len(policies) > 1 else (),
        near_misses=near,
        others=tuple(text for text in texts if text not in policies and text not in near),
        chain=answer.chain,
        server=answer.asked,
    )


def organisation(walk: Walk, by_list: OrganisationalDomain | None) -> Organisation:
    """By the tree walk; by the list when a step of the walk could not be looked at."""
    start = walk.steps[0].name
    listed = by_list(start) if by_list is not None else ""
    walked = walk.organisational_domain
    if walked is not None:
        return Organisation(walked, "tree walk", listed)
    return Organisation(listed, "suffix list" if listed else "", listed)


def policy_step(walk: Walk, owner: Organisation) -> WalkStep | None:
    """The step whose record applies: the author domain's, its organisation's, the PSD's."""
    start = walk.steps[0]
    if start.record is not None:
        return start
    if start.status.is_temporary:
        return None
    above = walk.step(owner.domain) if owner.domain else None
    if above is not None and above.record is not None:
        return above
    last = walk.steps[-1]
    return last if last.record is not None and last.record.psd == "y" else None
