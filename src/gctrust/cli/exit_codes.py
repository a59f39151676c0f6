"""The exit codes, one table: what a script can rely on (docs/reference/exit-codes.md)."""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum

from ..errors import Problem, ProblemKind
from ..findings import Finding, Severity


class ExitCode(IntEnum):
    """`sentence` is the table's row."""

    FINE = 0
    FAILED = 1
    USAGE = 2
    ACCESS = 4
    WAITING = 8
    FINDINGS = 10
    CHANGES = 11
    INTERRUPTED = 130

    @property
    def sentence(self) -> str:
        return _SENTENCES[self]


_SENTENCES = {
    ExitCode.FINE: "Fine: what was asked for is so.",
    ExitCode.FAILED: "We failed: a Problem, with its code, the facts seen and the next step.",
    ExitCode.USAGE: "Usage: the command line or a setting is wrong; nothing was done.",
    ExitCode.ACCESS: "Login or permission: the platform refused the credentials, or a scope is "
    "missing.",
    ExitCode.WAITING: "Still waiting: the run goes on; the command to resume it is printed.",
    ExitCode.FINDINGS: "Findings at or above --fail-on; also a broken ledger, a hazard not "
    "allowed, a run that ended unverified, rolled back or cancelled.",
    ExitCode.CHANGES: "Changes: a dry run that would change something.",
    ExitCode.INTERRUPTED: "Interrupted with Ctrl-C; a durable run goes on where it was.",
}

_OF_PROBLEM = {
    ProblemKind.FAILED: ExitCode.FAILED,
    ProblemKind.USAGE: ExitCode.USAGE,
    ProblemKind.ACCESS: ExitCode.ACCESS,
}


def of_problem(problem: Problem) -> ExitCode:
    return _OF_PROBLEM[problem.type.kind]


def of_findings(findings: Iterable[Finding], fail_on: Severity = Severity.ERROR) -> ExitCode:
    bad = any(finding.severity >= fail_on for finding in findings)
    return ExitCode.FINDINGS if bad else ExitCode.FINE


def of_run(status: str) -> ExitCode:
    """`status` is that of a RunEnd: only "succeeded" is fine, an end without proof is not."""
    return ExitCode.FINE if status == "succeeded" else ExitCode.FINDINGS
