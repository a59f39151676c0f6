"""Finding: "we looked, and this is wrong". Rule, Severity and Report, shared by the three judges.

A rule is a row of a catalogue (`mailauth/rules.py`, `certs/rules.py`, `pins/rules.py`). A finding
is that rule seen on a subject, with its facts. Rule ids are dotted words and append-only.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum

from .errors import Fact


class Severity(IntEnum):
    """Ordered: a report is as bad as its worst finding. CRITICAL stops a pipeline."""

    INFO = 0
    WARN = 1
    ERROR = 2
    CRITICAL = 3

    @property
    def word(self) -> str:
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class Rule:
    """One catalogue row. `sentence` is a format string over the finding's facts.

    `row` is the row number in the rule catalogue ("SPF-13"), `source` the citation, `example` what
    triggers it. `verdict` tells PATH rules (would peers accept it) from LINT rules (does it fit its
    profile) where the judge keeps the two apart.
    """

    id: str
    row: str
    severity: Severity
    sentence: str
    why: str
    fix: str
    source: str
    example: str = ""
    verdict: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """A rule seen on a subject.

    `subject` names the thing (a DNS owner name, a certificate's subject, a pin). `fix` is the exact
    record or command for this case, empty when the rule's general fix says it all.
    """

    rule: str
    severity: Severity
    subject: str
    message: str
    facts: Mapping[str, Fact] = field(default_factory=dict)
    fix: str = ""
    source: str = ""


def finding(
    rule: Rule, subject: str, *, severity: Severity | None = None, fix: str = "", **facts: Fact
) -> Finding:
    """Make the finding of `rule` on `subject`; the rule's sentence is filled with `facts`."""
    return Finding(
        rule=rule.id,
        severity=rule.severity if severity is None else severity,
        subject=subject,
        message=rule.sentence.format_map({"subject": subject, **facts}),
        facts=facts,
        fix=fix or rule.fix,
        source=rule.source,
    )


@dataclass(frozen=True, slots=True)
class Report:
    """What a judge says of one subject. `not_judged` names what was left unlooked-at, and why."""

    subject: str
    findings: tuple[Finding, ...] = ()
    not_judged: tuple[str, ...] = ()

    @property
    def worst(self) -> Severity | None:
        return max((f.severity for f in self.findings), default=None)

    def at_least(self, severity: Severity) -> tuple[Finding, ...]:
        return tuple(f for f in self.findings if f.severity >= severity)

    def passes(self, fail_on: Severity = Severity.ERROR) -> bool:
        return not self.at_least(fail_on)


def rule_catalogue(rules: Iterable[Rule]) -> dict[str, Rule]:
    """Index rules by id. Raises ValueError when an id is given twice."""
    rows = tuple(rules)
    index = {rule.id: rule for rule in rows}
    if len(index) != len(rows):
        raise ValueError("a rule id is listed twice")
    return index
