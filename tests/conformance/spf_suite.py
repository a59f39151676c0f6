"""Runs an SPF suite in the openspf YAML format through the public API.

`python tests/conformance/spf_suite.py FILE` lists each disagreement (expected, got, why) and ends
with the line `N of M`; the exit code is 0 only when N equals M. Where the RFC leaves a choice, the
first result a test lists is the one wanted.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

from gctrust import DictZone, SpfResult, Status, check_spf

NO_EXPLANATION = "DEFAULT"
_RCODE = {0: Status.NO_DATA, 3: Status.NX_DOMAIN, 5: Status.REFUSED}


@dataclass(frozen=True, slots=True)
class Outcome:
    """One test: what was expected (preferred result, explanation or None), and what came."""

    scenario: str
    test: str
    expected: str
    explanation: str | None
    result: SpfResult

    @property
    def agrees(self) -> bool:
        if self.result.verdict != self.expected:
            return False
        return self.explanation is None or self.explanation == self.got_explanation

    @property
    def got_explanation(self) -> str:
        return self.result.explanation or NO_EXPLANATION

    def __str__(self) -> str:
        return (
            f"{self.scenario} / {self.test}: expected {self.expected}"
            f"{'' if self.explanation is None else f' {self.explanation!r}'}, "
            f"got {self.result.verdict} {self.got_explanation!r}, because {self.result.cause}"
        )


def suite_outcomes(path: Path) -> Iterator[Outcome]:
    """Run every test of every scenario in the file."""
    for scenario in yaml.safe_load_all(path.read_text(encoding="utf-8")):
        if not scenario:
            continue
        zone = suite_zone(scenario.get("zonedata") or {})
        for name, test in scenario["tests"].items():
            wanted = test["result"]
            sender = str(test["host"]), test.get("mailfrom") or "", test.get("helo") or ""
            yield Outcome(
                str(scenario.get("description", "")),
                name,
                wanted[0] if isinstance(wanted, list) else wanted,
                test.get("explanation"),
                check_spf(*sender, zone),
            )


def suite_zone(data: Mapping[str, list[object]]) -> DictZone:
    """A zone from the suite's tables.

    TIMEOUT, and an RCODE, are the answer for every type that is not listed; SPF records stand for
    TXT where the name lists no TXT of its own; `TXT: NONE` means that there are none.
    """
    names: dict[str, dict[str, object]] = {}
    for name, entries in data.items():
        types: dict[str, object] = {}
        for entry in entries:
            if entry == "TIMEOUT":
                types["*"] = Status.TIMEOUT
                continue
            assert isinstance(entry, dict)
            for kind, value in entry.items():
                if kind == "RCODE":
                    types["*"] = _RCODE.get(int(value), Status.SERVFAIL)
                    continue
                records = types.setdefault(kind, [])
                assert isinstance(records, list)
                if value != "NONE":
                    records.append(_rdata(kind, value))
        if "SPF" in types and "TXT" not in types:
            types["TXT"] = types["SPF"]
        if types.get("TXT") == []:
            del types["TXT"]
        names[str(name)] = types
    return DictZone(names)


def _rdata(kind: str, value: object) -> object:
    if kind not in ("TXT", "SPF"):
        return value
    # the suite writes an octet as the character of the same number
    strings = value if isinstance(value, list) else [value]
    return [str(part).encode("latin-1") for part in strings]


def main(arguments: list[str]) -> int:
    outcomes = [one for argument in arguments for one in suite_outcomes(Path(argument))]
    agreed = sum(one.agrees for one in outcomes)
    for one in outcomes:
        if not one.agrees:
            print(one)
    print(f"{agreed} of {len(outcomes)}")
    return 0 if agreed == len(outcomes) and outcomes else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
