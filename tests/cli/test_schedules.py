"""`gctrust schedules`: added, done when due, kept, told on a change."""

from __future__ import annotations

from shell import Shell


def test_a_domain_and_the_store_are_looked_at_when_they_are_due(shell: Shell) -> None:
    for words in ("domain drift.example.com --every 1h --reason 'new brand'", "clean 90d"):
        assert shell.run(f"gctrust schedules add {words}").returncode == 0
    done = shell.answer("gctrust schedules run-due")
    assert done["runs"] == ["check:domain:drift.example.com@1", "check:clean:90d@1"]
    listed = {one["id"]: one for one in shell.answer("gctrust schedules list")["schedules"]}
    assert listed["clean:90d"]["result"] == "fine"
    before = listed["domain:drift.example.com"]["result"]
    assert before
    record = {"name": "drift.example.com", "type": "TXT", "value": "v=spf1 -all", "ttl": 60}
    shell.control("PUT", "/zones", {"records": [record]})
    shell.control("POST", "/clock", {"advance": 3700})
    assert shell.answer("gctrust schedules run-due")["runs"]
    shell.run("gctrust schedules pause clean:90d --ticket CHG-3")
    told = shell.answer("gctrust audit list")["entries"]
    assert [(e["entity"], e["data"]) for e in told if e["action"].startswith("schedule.")] == [
        ("domain:drift.example.com", {"every_seconds": 3600.0, "reason": "new brand"}),
        ("clean:90d", {}),
        ("clean:90d", {"ticket": "CHG-3"}),
    ]
    assert [e["entity"] for e in told if e["action"] == "check.domain.drifted"] == [
        "drift.example.com"
    ]
    refused = shell.run("gctrust schedules add rotation some-client")
    assert refused.returncode == 2


def test_to_look_at_schedules_needs_no_ledgers_key(shell: Shell) -> None:
    key = shell.home / "state" / "ledger.key"
    kept = key.rename(key.with_name("elsewhere"))
    refused = shell.run("gctrust schedules remove clean:90d")
    assert (refused.returncode, "ledger.key-lost" in refused.stderr) == (1, True)
    assert "clean:90d" in shell.run("gctrust schedules list").stdout, "nothing changes untold"
    kept.rename(key)
