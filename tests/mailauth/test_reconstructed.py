"""Zones of well-known domains, reconstructed from public knowledge and served by real DNS servers.

Each case file holds the zone, the date of the knowledge, and the findings expected of the standard;
a finding that is missing fails, and one that nobody expected fails too. `open` lists those that the
judges do not make yet: such a case fails as soon as they do, so that the entry is removed.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import yaml

from gctrust.adapters.dns.driver import drive
from gctrust.adapters.dns.resolver import Resolver
from gctrust.mailauth.assess import DomainReport, assess_domain
from gctrust.mailauth.rules import MAIL_RULES
from gctrust.mailauth.suffixes import registrable
from gctrust.names import DomainName
from gctrust.sandbox.zone.data import Record
from gctrust.sandbox.zone.server import ZoneServers

CASES = sorted((Path(__file__).parents[1] / "cases" / "reconstructed").glob("*.yaml"))
GUIDE = Path(__file__).parents[2] / "docs" / "guides" / "real-domains.md"
FAMILIES = ("spf", "dkim", "dmarc", "mx", "rdns")  # what the zones hold records of
LABEL = re.compile(r"from public knowledge of \d{4}-\d{2}\Z")


class HandClock:
    def now(self) -> float:
        return 1_800_000_000.0


@dataclass(frozen=True, slots=True)
class Case:
    domain: str
    label: str
    confidence: str
    selectors: tuple[str, ...]
    expected: tuple[tuple[str, str], ...]
    open: tuple[tuple[str, str], ...]
    zone: tuple[dict[str, object], ...]


def load(path: Path) -> Case:
    data = yaml.safe_load(path.read_text("utf-8"))
    return Case(
        data["domain"],
        data["reconstructed"],
        data["confidence"],
        tuple(data["selectors"]),
        pairs(data["expected"]),
        pairs(data.get("open", [])),
        tuple(data["zone"]),
    )


def pairs(rows: list[dict[str, str]]) -> tuple[tuple[str, str], ...]:
    return tuple((row["rule"], row["severity"]) for row in rows)


@pytest.fixture
async def zones() -> AsyncIterator[ZoneServers]:
    servers = ZoneServers(HandClock(), 2)
    await servers.start()
    yield servers
    await servers.stop()


async def look(case: Case, zones: ZoneServers) -> DomainReport:
    zones.put_records(Record.parse(row) for row in case.zone)
    judge = assess_domain(DomainName.parse(case.domain), case.selectors, by_list=registrable)
    async with Resolver(zones.addresses[:1], HandClock()) as resolver:
        return await drive(judge, resolver, deadline=30)


def difference(case: Case, report: DomainReport) -> list[str]:
    judged = [f for f in report.report.findings if f.rule.partition(".")[0] in FAMILIES]
    found = Counter((one.rule, one.severity.word) for one in judged)
    wanted = Counter(case.expected)
    lines = [f"missing {rule} {severity}" for rule, severity in (wanted - found).elements()]
    for rule, severity in (found - wanted).elements():
        said = [f.message for f in judged if f.rule == rule]
        lines.append(f"unexpected {rule} {severity}: {said}")
    return lines


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
async def test_findings_are_those_expected(path: Path, zones: ZoneServers) -> None:
    case = load(path)
    report = await look(case, zones)
    assert difference(case, report) == [f"missing {rule} {level}" for rule, level in case.open]


async def test_a_missing_and_an_unexpected_finding_are_both_seen(zones: ZoneServers) -> None:
    case = load(next(path for path in CASES if path.stem == "gmail.com"))
    without_dmarc = tuple(row for row in case.zone if row["name"] != "_dmarc.gmail.com")
    changed = replace(case, zone=without_dmarc)
    lines = difference(changed, await look(changed, zones))
    assert "missing dmarc.policy-none warn" in lines
    assert any(line.startswith("unexpected dmarc.missing error") for line in lines)


def test_there_are_at_least_thirty() -> None:
    assert len(CASES) >= 30


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_each_file_says_what_it_is(path: Path) -> None:
    case = load(path)
    assert case.domain == path.stem
    assert LABEL.match(case.label)
    levels = {str(row["confidence"]) for row in case.zone}
    assert case.confidence in ("known", "shape")
    assert levels <= {"known", "shape"}
    assert all(rule in MAIL_RULES for rule, _ in case.expected)
    assert set(case.open) <= set(case.expected)


def test_the_guide_lists_each_domain_and_the_date() -> None:
    guide = GUIDE.read_text("utf-8")
    for path in CASES:
        assert f"| {path.stem} |" in guide
        assert load(path).label.rpartition(" ")[2] in guide


SEED_SCRIPT = re.compile(r"<<'END'\n(.*?)^END$", re.MULTILINE | re.DOTALL)
SOURCE = "the sandbox's DNS: reconstructed from public knowledge of 2022-12 to 2024-12"


@pytest.fixture(scope="module")
def labelled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, str]]:
    """A home and a name server of the seed that the guide's own script makes."""
    home = tmp_path_factory.mktemp("home")
    script = SEED_SCRIPT.search(GUIDE.read_text("utf-8"))
    assert script is not None
    made = subprocess.run(
        [sys.executable, "-"], input=script[1], capture_output=True, text=True, check=True,
        cwd=GUIDE.parents[2],
    )  # fmt: skip
    (home / "zones.json").write_text(made.stdout)
    process = subprocess.Popen(
        [sys.executable, "-m", "gctrust.sandbox", "--home", str(home),
         "--seed", str(home / "zones.json")],
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    yield home, json.loads(process.stdout.readline())["addresses"]["nameservers"][0]
    process.terminate()
    assert process.wait(10) == 0


def check(home: Path, *tokens: str, **env: str) -> str:
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("GENESYS", "GCTRUST"))}
    done = subprocess.run(
        [sys.executable, "-m", "gctrust", "check", *tokens],
        env={**clean, "GCTRUST_HOME": str(home), "HOME": str(home), **env},
        capture_output=True, text=True, timeout=60, cwd=home,
    )  # fmt: skip
    assert "Traceback" not in done.stderr
    return done.stdout


def test_the_command_says_that_the_zones_are_reconstructed(labelled: tuple[Path, str]) -> None:
    home, server = labelled
    shown = check(home, "domain", "example.com", "--nameserver", server)
    assert shown.splitlines()[0] == f"answers from {SOURCE}"
    told = json.loads(check(home, "domain", "example.com", "--nameserver", server, "--json"))
    assert told["answers_from"] == SOURCE


def test_check_spf_says_it_too(labelled: tuple[Path, str]) -> None:
    home, server = labelled
    told = check(
        home, "spf", "--ip", "192.0.2.1", "--mail-from", "a@example.com", "--json",
        GCTRUST_NAMESERVERS=server,
    )  # fmt: skip
    spoken = json.loads(told)
    assert (spoken["verdict"], spoken["answers_from"]) == ("fail", SOURCE)


@pytest.mark.parametrize(
    ("domain", "selector"), [("gmail.com", "20230601"), ("github.com", "google")]
)
def test_the_guide_shows_what_the_command_prints(
    labelled: tuple[Path, str], domain: str, selector: str
) -> None:
    home, server = labelled
    shown = check(home, "domain", domain, "--selector", selector, "--nameserver", server)
    lines = [line for line in shown.splitlines() if not line.startswith("not judged")]
    block = GUIDE.read_text("utf-8").partition(f"### {domain} (")[2].partition("```text\n")[2]
    assert block.partition("```")[0].splitlines() == lines


def test_another_server_is_not_taken_for_the_sandbox(labelled: tuple[Path, str]) -> None:
    home, _ = labelled
    quiet = ("--nameserver", "127.0.0.1#9", "--json")  # nobody listens on the discard port
    assert json.loads(check(home, "domain", "example.com", *quiet))["answers_from"] == ""
