"""Run any limbo.json through the public certificate judge: `limbo_suite.py FILE`.

Each disagreement is listed with both verdicts; the last line is `N of M right, K crashed`. A
case is right when the strict verdict (`CertificateReport.conforms`: PATH, and the rules of
`certs.rules.STRICT` on the path's own certificates) is the expected one; the line before it tells
PATH alone.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from gctrust.certs.assess import CertificateReport, assess_certificate
from gctrust.certs.bundle import Bundle, read_bundle
from gctrust.certs.path import Roots
from gctrust.certs.revocation import read_crl

USES = {
    "emailProtection": "1.3.6.1.5.5.7.3.4",
    "codeSigning": "1.3.6.1.5.5.7.3.3",
    "timeStamping": "1.3.6.1.5.5.7.3.8",
    "OCSPSigning": "1.3.6.1.5.5.7.3.9",
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """One case: what was expected, PATH alone, PATH with LINT, and the reason."""

    case: str
    expected: bool
    path: bool
    both: bool
    reason: str
    crashed: bool = False


def read_cases(file: Path) -> list[dict[str, Any]]:
    data = json.loads(file.read_text())
    cases: list[dict[str, Any]] = data.get("testcases", [data])
    return cases


def run_case(case: dict[str, Any], now: datetime) -> Outcome:
    expected = case["expected_result"] == "SUCCESS"
    try:
        report = assess_case(case, now)
    except Exception as error:  # a crash is what is being counted
        return Outcome(case["id"], expected, False, False, repr(error)[:200], crashed=True)
    strict = "; ".join(f"{f.rule} ({f.subject})" for f in report.strict_findings)
    reason = strict or report.path.reason
    return Outcome(case["id"], expected, report.path.accepted, report.conforms, reason[:300])


def assess_case(case: dict[str, Any], now: datetime) -> CertificateReport:
    def load(pems: list[str]) -> Bundle:
        whole = Bundle()
        for pem in pems:
            whole = whole.plus(read_bundle(pem.encode()))
        return whole

    time, name = case["validation_time"], case.get("expected_peer_name")
    leaf = load([case["peer_certificate"]])
    sent = load(case["untrusted_intermediates"] or [])
    crls = [read_crl(pem.encode()) for pem in case.get("crls") or ()]
    return assess_certificate(
        leaf.plus(sent),
        host=name["value"] if name and name["kind"] in ("DNS", "IP") else None,
        at=datetime.fromisoformat(time).astimezone(UTC) if time else now,
        roots=Roots(load(case["trusted_certs"]).certificates),
        profile="client" if case["validation_kind"] == "CLIENT" else "public",
        leaf=leaf.certificates[0] if leaf.certificates else None,
        crls=[crl for crl in crls if crl is not None],
        max_depth=case.get("max_chain_depth"),
        strict=True,
        use=next((USES[u] for u in case.get("extended_key_usage") or () if u in USES), ""),
        names=[n["value"] for n in case.get("expected_peer_names") or ()],
    )


def run_file(file: Path) -> Iterator[Outcome]:
    now = datetime.now(UTC)
    for case in read_cases(file):
        yield run_case(case, now)


def main(files: list[str]) -> int:
    outcomes = [outcome for file in files for outcome in run_file(Path(file))]
    words = {True: "accepted", False: "refused"}
    for one in outcomes:
        if one.both != one.expected or one.path != one.expected:
            wrong = "WRONG" if one.both != one.expected else "right with LINT"
            print(
                f"{one.case}: {wrong}: expected {words[one.expected]}, "
                f"PATH {words[one.path]}, PATH and LINT {words[one.both]}: {one.reason}"
            )
    total = len(outcomes)
    alone = sum(1 for one in outcomes if one.path == one.expected)
    right = sum(1 for one in outcomes if one.both == one.expected and not one.crashed)
    print(f"PATH alone: {alone} of {total} right")
    print(f"{right} of {total} right, {sum(one.crashed for one in outcomes)} crashed")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
