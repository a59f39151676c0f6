"""The include tree of an SPF policy, and what one more include would do to it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .output import Block, Heading, Table

if TYPE_CHECKING:
    from .. import app as composition
    from ..mailauth.spf_tree import IncludeNode, WhatIf


@dataclass(frozen=True, slots=True)
class Branch:
    """A record of the tree: `own` look-ups of its terms, `total` with all below it."""

    depth: int
    domain: str
    via: str
    own: int
    total: int
    note: str


@dataclass(frozen=True, slots=True)
class SpfPlan:
    """`what_if` is None when no include was to be tried; `answers_from` names a sandbox's DNS."""

    domain: str
    lookups: int
    limit: int
    branches: tuple[Branch, ...]
    what_if: WhatIf | None = None
    answers_from: str = ""

    @property
    def fits(self) -> bool:
        planned = self.what_if.after if self.what_if else self.lookups
        return planned <= self.limit


async def spf_plan(app: composition.App, domain: str, include: str) -> SpfPlan:
    from ..adapters.dns.driver import drive
    from ..mailauth.spf_tree import LOOKUP_LIMIT, fetch_tree, what_if_include

    tree = await drive(fetch_tree(domain), app.resolver)
    added = await drive(what_if_include(domain, include), app.resolver) if include else None
    branches = tuple(_branches(tree, 0))
    return SpfPlan(domain, tree.total, LOOKUP_LIMIT, branches, added, app.answers_from())


def _branches(node: IncludeNode, depth: int) -> Iterator[Branch]:
    yield Branch(depth, node.domain, node.via, node.own, node.total, _note(node))
    for child in node.children:
        yield from _branches(child, depth + 1)


def _note(node: IncludeNode) -> str:
    notes = {"loop": "leads back here", "macro": "depends on the sender", "cut": "not followed"}
    if node.note:
        return notes[node.note]
    if node.status.is_temporary:
        return f"could not be looked up ({node.status})"
    if node.record is None:
        return f"{len(node.texts)} SPF records" if node.texts else "no SPF record"
    return "has faults" if node.record.faults else ""


def plan_blocks(plan: SpfPlan) -> Iterator[Block]:
    if plan.answers_from:
        yield f"answers from {plan.answers_from}"
    yield Heading(f"{plan.lookups} of {plan.limit} look-ups  {plan.domain}")
    rows = tuple(
        ("  " * one.depth + one.domain, one.via, str(one.own), str(one.total), one.note)
        for one in plan.branches
    )
    yield Table(("record", "by", "own", "in all", ""), rows)
    if plan.what_if is not None:
        yield from _what_if_blocks(plan.what_if)


def _what_if_blocks(added: WhatIf) -> Iterator[Block]:
    verdict = "fits" if added.fits else "does not fit: receivers would answer permerror"
    if not added.known:
        verdict = f"{added.include} publishes no usable SPF record"
    yield Heading(f"with include:{added.include}: {added.after} look-ups  {verdict}")
    rows = tuple((one.term, str(one.lookups)) for one in added.contributors)
    yield Table(("term", "look-ups"), rows)
    yield f'{added.domain}. TXT "{added.record}"'
