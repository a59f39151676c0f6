"""What the include tree of an SPF policy shows: its cost, branches that fail, and their records.

The record behind redirect= speaks for the domain itself (RFC 7208 section 6.1) and is judged as a
whole; of an included one only what harms the domain that includes it.
"""

from __future__ import annotations

from .spf_networks import lets_all_pass, network_findings
from .spf_record import Mechanism, Qualifier
from .spf_terms import SpfFindings, cut, judge_discouraged, judge_terms
from .spf_tree import LOOKUP_LIMIT, IncludeNode, contributions

NEAR_LIMIT = 8  # of RFC 7208 section 4.6.4's ten look-ups: our margin


def judge_tree(out: SpfFindings, tree: IncludeNode) -> None:
    if tree.total >= NEAR_LIMIT:
        by = ", ".join(f"{c.term} {c.lookups}" for c in contributions(tree)[:20])
        rule = "spf.too-many-lookups" if tree.total > LOOKUP_LIMIT else "spf.lookups-near-limit"
        out.add(rule, lookups=tree.total, limit=LOOKUP_LIMIT, by=by)
    seen: set[tuple[str, str]] = set()
    for node in tree.walk():
        for child in node.children:
            if (node.domain, child.via) not in seen:
                seen.add((node.domain, child.via))
                _judge_branch(out, child)
    _Drawn(out).below(tree, speaks=True, passes=True)


def _judge_branch(out: SpfFindings, node: IncludeNode) -> None:
    term = cut(node.via)
    if node.note:
        if node.note == "loop":
            out.add("spf.loop", term=term, domain=node.domain)
    elif node.status.is_temporary:
        out.add(
            "spf.lookup-failed", domain=node.domain, status=str(node.status), server=node.server
        )
    elif not node.texts:
        kind = "redirect" if _is_redirect(node) else "include"
        out.add(f"spf.{kind}-without-record", term=term, status=str(node.status))
    elif len(node.texts) > 1:
        out.add("spf.include-broken", term=term, reason=f"{len(node.texts)} SPF records")
    elif node.record is not None and node.record.faults:
        fault = node.record.faults[0]
        out.add("spf.include-broken", term=term, reason=f"{cut(fault.term)}: {fault.reason}")


def _is_redirect(node: IncludeNode) -> bool:
    return node.via.lower().startswith("redirect=")


class _Drawn:
    """Judges the records that the tree draws in, each once, as a finding on its own name."""

    def __init__(self, out: SpfFindings) -> None:
        self._out = out
        self._seen: set[str] = {out.subject.lower()}

    def below(self, node: IncludeNode, *, speaks: bool, passes: bool) -> None:
        """`speaks`: the node's result is the domain's; `passes`: its pass lets a sender pass."""
        includes = {}
        if node.record is not None:
            includes = {t.text: t for t in node.record.querying if isinstance(t, Mechanism)}
        for child in node.children:
            term = includes.get(child.via)
            own = speaks and term is None
            through = passes and (term is None or term.qualifier is Qualifier.PASS)
            if child.record is not None and child.domain.lower() not in self._seen:
                self._seen.add(child.domain.lower())
                self._judge(child, own, through)
            self.below(child, speaks=own, passes=through)

    def _judge(self, node: IncludeNode, speaks: bool, passes: bool) -> None:
        assert node.record is not None
        own = SpfFindings(node.domain)
        if speaks:
            judge_terms(own, node.record)
            own.found.extend(network_findings(node.domain, node.record))
        else:
            judge_discouraged(own, node.record)
            if passes and lets_all_pass(node.record):
                networks = network_findings(node.domain, node.record)
                own.found.extend(one for one in networks if one.rule == "spf.pass-all")
        self._out.found.extend(own.found)
