"""Every row of the pin catalogue: a case that triggers its rule, and a near one that does not.

A case is a change of a sound plan (or of a sound observation); names stand for pins.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from gctrust.findings import Report, Severity
from gctrust.pins import rules
from gctrust.pins.choreography import Move, Roles, Step, full_choreography
from gctrust.pins.match_rate import MatchRate
from gctrust.pins.ownership import not_ours
from gctrust.pins.rotation import (
    Backup,
    Lifetime,
    Live,
    Policies,
    RotationPlan,
    Windows,
    assess_coverage,
    assess_match_rate,
    assess_rotation,
)
from gctrust.pins.spki import Pin, PinKind
from gctrust.pins.use import Shown, Watched, assess_use, assess_writer

FOLDER = Path(__file__).parents[1] / "cases" / "pins"
CASES = {path.stem: json.loads(path.read_text("utf-8")) for path in sorted(FOLDER.glob("*.json"))}
DAY = 86_400.0
# What a change may bring along: a kind of its own, or no backup, is a finding beside the rule's.
ALONG = {
    rules.NO_BACKUP.id: {"PIN-15"},
    rules.STILL_IN_USE.id: {"PIN-20"},
}


def pin(name: str, kind: str = "certificate") -> Pin:
    return Pin(PinKind(kind), hashlib.sha256(name.encode()).digest())


def plan(change: dict[str, Any]) -> RotationPlan:
    kind = change.get("kind", "certificate")
    texts = [
        name[1:] if name.startswith("!") else pin(name, change.get("live_kind", kind)).base64
        for name in change.get("live", ["old", "backup"])
    ]
    live = Live.read(change.get("mtls", True), change.get("live_kind", kind), tuple(texts))
    backup = change.get("backup", "backup")
    ours = [pin(n, kind) for n in ("new", change.get("old", "old"), backup) if n]
    others = tuple(p for p in live.pins if p not in ours and p.kind == kind)
    roles = Roles(ours[0], ours[1], ours[2] if backup else None, others)
    steps = {step.move: step for step in full_choreography(live.pins, roles)}
    return RotationPlan(
        client_id="c1",
        live=live,
        roles=roles,
        new_life=Lifetime(*change.get("new_life", (-DAY, 90 * DAY))),
        old_life=Lifetime(*change.get("old_life", (-80 * DAY, 10 * DAY))),
        start=0.0,
        windows=Windows(**{"soak": 120.0, "drain": 600.0} | change.get("windows", {})),
        same_key=change.get("same_key", False),
        backup=Backup(**{"last_use": -DAY} | change.get("backup_facts", {})),
        policies=policies(change.get("policies", {}), kind),
        compromised=change.get("compromised", False),
        steps=tuple(Step(Move(m), steps[Move(m)].live) for m in change.get("steps", ())),
    )


def policies(change: dict[str, Any], kind: str) -> Policies:
    hosts = change.get("hosts", ["client.example.com"])
    told = {name: value for name, value in change.items() if name not in ("hosts", "ca", "typed")}
    made = {name: tuple(v) if isinstance(v, list) else v for name, v in told.items()}
    return Policies(
        **{"issuer_paths": ("leaf -> CA",), "expiry": "none"} | made,
        not_ours=tuple(not_ours(hosts, is_ca=change.get("ca", False))),
        typed=pin(change["typed"], kind) if "typed" in change else None,
    )


def use(change: dict[str, Any]) -> Report:
    leaving = Shown(
        "old", change.get("accepted", 0), 0, change.get("last", 0.0), tuple(change.get("who", ()))
    )
    seen = Watched(
        "c1",
        leaving,
        now=0.0,
        drain=600.0,
        known=tuple(change.get("known", ())),
        switched=change.get("switched", False),
        unknown=tuple(tuple(item) for item in change.get("unknown", ())),
    )
    return assess_use(seen)


JUDGES = {
    "plan": lambda change: assess_rotation(plan(change)),
    "use": use,
    "writer": lambda change: assess_writer(
        "c1", tuple(change["seen"]), (("old", "backup"), ("new", "old", "backup"))
    ),
    "coverage": lambda change: assess_coverage(
        "c1", tuple(tuple(one) for one in change["endpoints"])
    ),
    "rate": lambda change: assess_match_rate("c1", MatchRate(**change), 0.997),
}


def seen(case: dict[str, Any], which: str) -> set[str]:
    return {found.rule for found in JUDGES[case["judge"]](case[which]).findings}


@pytest.mark.parametrize("name", CASES)
def test_the_case_triggers_its_rule_and_no_other(name):
    case = CASES[name]
    along = {rule for rule, rows in ALONG.items() if case["row"] in rows}
    found = seen(case, "triggers")
    assert case["rule"] in found
    assert found - along <= {case["rule"]}


@pytest.mark.parametrize("name", CASES)
def test_the_near_case_does_not(name):
    assert CASES[name]["rule"] not in seen(CASES[name], "near")


def test_every_row_of_the_catalogue_has_a_case():
    rows = {f"PIN-{number:02d}" for number in range(1, 26)}
    assert {case["row"] for case in CASES.values()} == rows
    assert {rule.row for rule in rules.PIN_RULES} == rows
    told = {case["rule"] for case in CASES.values()}
    # What only a finished emergency can show is tested on the sandbox.
    assert {rule.id for rule in rules.PIN_RULES} - told == {rules.EMERGENCY.id}


def test_every_rule_names_its_source_and_reads_well():
    for rule in rules.PIN_RULES:
        assert all((rule.sentence, rule.why, rule.fix, rule.source, rule.example)), rule.id


def test_a_sound_plan_has_no_finding():
    assert assess_rotation(plan({})).findings == ()


def test_transparency_stops_a_rotation_only_where_it_is_required():
    change = CASES["PIN-22-policy"]["triggers"]
    assert assess_rotation(plan(change)).worst is Severity.CRITICAL
    assert assess_rotation(plan(CASES["PIN-22"]["triggers"])).worst is Severity.WARN


def test_what_to_do_is_said_in_full():
    for case in CASES.values():
        for found in JUDGES[case["judge"]](case["triggers"]).findings:
            assert "{" not in found.fix + found.message, found.rule
