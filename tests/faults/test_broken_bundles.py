"""For each broken bundle the run stops before any POST, with the finding that says why.

Every case is planned, and every eighth is run; with GCTRUST_LONG=1 all of them are run.
"""

from __future__ import annotations

import os

from arena import arena
from authority import NOW
from broken import HOST, Forge, broken, written
from voyage import told, voyage

from gctrust.cli.tls_plan import planned_of
from gctrust.findings import Severity
from gctrust.pipelines.orders import CustomDomainOrder

EVERY = 1 if os.environ.get("GCTRUST_LONG") == "1" else 8


async def test_each_broken_bundle_is_refused_before_anything_is_sent(tmp_path):
    forge = Forge()
    (tmp_path / "roots.pem").write_bytes(forge.root.pem)
    cases = broken(forge)
    assert len(cases) >= 25
    wrong = {}
    with arena(tmp_path, "--clock-start", str(NOW.timestamp())) as house:
        async with voyage(house, GCTRUST_ROOTS_FILE=str(tmp_path / "roots.pem")) as trip:
            for number, (name, (rule, texts)) in enumerate(cases.items()):
                files = written(tmp_path / str(number), texts)
                order = CustomDomainOrder(HOST, files, profile="private", handshakes=2)
                _, planned, refused = await planned_of(trip.app, order)
                if not refused or rule not in {one.rule for one in planned}:
                    wrong[f"{name}, planned"] = (rule, sorted(one.rule for one in planned))
                if number % EVERY == 0:
                    row = await trip.ended(order)
                    found = {one.rule for one in row.end.findings} if row.end else {told(row)}
                    if row.status != "refused" or rule not in found:
                        wrong[name] = (row.status, rule, sorted(found))
            assert wrong == {}, "\n".join(f"{name}: {seen}" for name, seen in wrong.items())
            assert house.writes() == []
            good = written(tmp_path / "good", forge.texts(forge.good()))
            row = await trip.ended(CustomDomainOrder(HOST, good, profile="private", handshakes=2))
            assert row.status == "succeeded", told(row)
            worst = max((one.severity for one in row.end.findings), default=Severity.INFO)
            assert worst < Severity.ERROR, "the cases are broken in one way only"
