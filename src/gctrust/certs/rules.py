"""The certificate judge's catalogue, PATH and LINT apart, and the one way to make its findings."""

from __future__ import annotations

from ..errors import Fact
from ..findings import Finding, rule_catalogue
from . import rules_chain, rules_input, rules_web

RULES = rule_catalogue((*rules_input.ROWS, *rules_chain.ROWS, *rules_web.ROWS))


def found(rule: str, subject: str, **facts: Fact) -> Finding:
    """The finding of the rule of that id on `subject`."""
    row = RULES[rule]
    message = row.sentence.format_map({"subject": subject, **facts})
    return Finding(row.id, row.severity, subject, message, facts, row.fix, row.source)
