"""x509-limbo through the public judge, when the suites are there (GCTRUST_SUITES)."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.conformance.limbo_suite import assess_case, main, read_cases, run_case, run_file

from gctrust.findings import Severity

SUITES = Path(os.environ.get("GCTRUST_SUITES", Path(__file__).parents[3] / "shared" / "suites"))
GENERATED = SUITES / "pki" / "limbo-2023" / "limbo.json"
ONLINE = SUITES / "pki" / "limbo-online"
needs_suites = pytest.mark.skipif(not GENERATED.exists(), reason=f"no suites at {SUITES}")

# Where clients of the web and RFC 5280 part, or the suite contradicts itself: what the judge says.
KNOWN = {
    "pathlen::validation-ignores-pathlen-in-leaf": False,  # a CA as leaf: BR forbids it
    "pathlen::self-issued-certs-pathlen": False,  # browsers count self-issued certificates
    "pathlen::max-chain-depth-1-self-issued": False,
    "rfc5280::eku::ee-without-eku": False,  # webpki::eku::ee-without-eku says the contrary
    "rfc5280::nc::permitted-dns-match-noncritical": True,  # webpki:: says the contrary
    "rfc5280::nc::permitted-dn-match": False,  # the leaf has no name at all
}


def _online() -> Iterator[Path]:
    yield from sorted(ONLINE.glob("*.json"))


@needs_suites
def test_the_generated_cases() -> None:
    wrong = {o.case: o.both for o in run_file(GENERATED) if o.both != o.expected or o.crashed}
    assert wrong == KNOWN


@needs_suites
def test_path_alone_refuses_nothing_that_the_suite_accepts_but_the_known() -> None:
    refused = {o.case for o in run_file(GENERATED) if o.expected and not o.path}
    assert refused <= {case for case, verdict in KNOWN.items() if not verdict}


@needs_suites
def test_real_chains_are_accepted() -> None:
    now = datetime.now(UTC)
    outcomes = [run_case(case, now) for file in _online() for case in read_cases(file)]
    assert len(outcomes) == 14
    assert all(o.path and o.both and o.expected for o in outcomes)


@needs_suites
def test_a_linter_s_zeal_finds_no_error_in_real_chains() -> None:
    for file in _online():
        for case in read_cases(file):
            report = assess_case(case, datetime.now(UTC))
            assert report.as_report().at_least(Severity.ERROR) == (), case["id"]


@needs_suites
def test_the_runner_ends_with_the_count(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(GENERATED)]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "129 of 135 right, 0 crashed"
